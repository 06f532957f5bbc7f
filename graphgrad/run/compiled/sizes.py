"""One flat graph for feeds of all sizes: integers in it become expressions in the sizes of the feeds.

The program is traced once more, on tensors without memory whose unknown dimensions are torch's symbolic integers. Both
traces must have the same kernels in the same order; an integer of the first is what the second says that it is. What
torch had to know of the sizes on the way, to choose between kernels, is checked before each run.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.fx import Node
from torch.utils._python_dispatch import TorchDispatchMode

from ...ground.optional import optional
from ...ground.spec import Spec
from ..program import Program
from ..runtime import Run
from ..store import leaf
from .flat import Flat, Untraceable
from .made import Made
from .opaque import Opaque
from .quiet import quiet
from .wording import Wording

# Sizes at which other kernels and other broadcasts are right.
_ALONE = (0, 1)


@dataclass(frozen=True, slots=True)
class Guard:
    """What feeds have to be like.

    Attributes:
        places: name -> where that size is found first: (feed, dimension).
        shapes: of each feed; a name stands for its size.
        holds: whether torch's choices are the same for such sizes.
        text: what that asks, to be read.
    """

    places: dict[str, tuple[int, int]]
    shapes: tuple[tuple[int | str, ...], ...]
    holds: Callable[..., bool]
    text: str

    def admits(self, feeds: Sequence[torch.Tensor]) -> bool:
        """Whether feeds are like that: of these shapes, in order in memory."""
        sizes = {name: feeds[feed].shape[axis] for name, (feed, axis) in self.places.items() if self._has(feeds, feed)}
        if len(sizes) < len(self.places) or any(size in _ALONE for size in sizes.values()):
            return False
        for shape, each in zip(self.shapes, feeds, strict=True):
            wanted = [sizes[size] if isinstance(size, str) else size for size in shape]
            if list(each.shape) != wanted or not each.is_contiguous():
                return False
        return self.holds(**sizes)

    def narrowed(self, conditions: Sequence[Callable[..., bool]]) -> Guard:
        """This, and what else has to hold for the sizes."""
        if not conditions:
            return self
        every = (self.holds, *conditions)
        return replace(self, holds=lambda **sizes: all(each(**sizes) for each in every))

    def scaled(self, feeds: Sequence[torch.Tensor]) -> Callable[[Callable[[int], int]], list[torch.Tensor]]:
        """Makes feeds of other sizes, of the same numbers over and over, given what becomes of a size."""

        def make(change: Callable[[int], int]) -> list[torch.Tensor]:
            found = []
            for shape, each in zip(self.shapes, feeds, strict=True):
                for axis, size in enumerate(shape):
                    if isinstance(size, str):
                        rows = torch.arange(change(each.shape[axis]), device=each.device) % each.shape[axis]
                        each = each.index_select(axis, rows)
                found.append(each.contiguous())
            return found

        return make

    def _has(self, feeds: Sequence[torch.Tensor], feed: int) -> bool:
        return feeds[feed].dim() == len(self.shapes[feed])


def generalized(
    flat: Flat, program: Program, feeds: Sequence[torch.Tensor], state: Sequence[torch.Tensor], orders: Sequence[str]
) -> Guard:
    """Make a flat graph, traced of these feeds, one for feeds of other sizes, too.

    Returns:
        what these must be like.

    Raises:
        Untraceable: if it is one for these sizes only; the graph is as it was then.
    """
    if any(isinstance(node.target, Opaque) for node in flat.graph.nodes):
        raise Untraceable("operations that stay as they are may rely on any size")
    if not all(each.is_contiguous() for each in feeds):
        raise Untraceable("a feed has an order in memory of its own")
    shapes = optional("torch.fx.experimental.symbolic_shapes", "test")
    fake = optional("torch._subclasses.fake_tensor", "test")
    env = shapes.ShapeEnv(duck_shape=True, specialize_zero_one=True)
    mode = fake.FakeTensorMode(shape_env=env, allow_non_fake_inputs=True)
    with quiet():
        pairs = zip(feeds, program.plan.feeds, strict=True)
        given = [_fake(mode, shapes, each.detach(), value.spec) for each, value in pairs]
        places = _places(given)
        if not places:
            raise Untraceable("sizes of 0 and 1 have programs of their own")
        calls, results = _symbolic(mode, program, given, state, orders)
    wording = Wording({name: feeds[feed].shape[axis] for name, (feed, axis) in places.items()})
    guard = Guard(places, tuple([tuple(map(_size, each.shape)) for each in given]), *wording.guard(env))
    changes = list(_matched(flat, given, calls, results, wording))
    for change in changes:
        change()
    flat.sizes = places
    return guard


def _fake(mode: Any, shapes: Any, tensor: torch.Tensor, spec: Any) -> torch.Tensor:
    """A tensor without memory; sizes that the user has left open are symbols."""
    known: Any = spec.shape if isinstance(spec, Spec) and spec.shape is not None else [None] * tensor.dim()
    kinds = shapes.DimDynamic
    dynamic = [kinds.DUCK if size is None else kinds.STATIC for size in known]
    context = shapes.StatelessSymbolicContext(dynamic_sizes=dynamic)
    made: torch.Tensor = mode.from_tensor(tensor, symbolic_context=context)
    return made


def _size(size: Any) -> int | str:
    return str(size.node.expr) if isinstance(size, torch.SymInt) else int(size)


def _places(given: Sequence[torch.Tensor]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for feed, each in enumerate(given):
        shape: Any = each.shape
        for axis, size in enumerate(shape):
            if isinstance(size, torch.SymInt):
                found.setdefault(str(size.node.expr), (feed, axis))
    return found


# -- the trace -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Call:
    """A kernel's call, its tensors as marks, and what it gave."""

    target: Any
    args: Any
    kwargs: Any
    made: Any


class _Symbolic(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down kernels on tensors without memory."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[_Call] = []
        self.constants = 0

    def mark(self, tensor: torch.Tensor, mark: Any) -> None:
        tensor._graphgrad_mark = (self, mark)  # type: ignore[attr-defined]

    def marked(self, item: Any) -> Any:
        if not isinstance(item, torch.Tensor):
            return item
        owner, mark = getattr(item, "_graphgrad_mark", (None, None))
        if owner is not self:
            mark = ("constant", self.constants)
            self.constants += 1
            self.mark(item, mark)
        return _Mark(mark)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if func.namespace == "prim" or "sym_" in func.name():
            return result
        number = len(self.calls)
        given = _mapped(args, self.marked), _mapped(kwargs, self.marked)
        if isinstance(result, torch.Tensor):
            self.mark(result, (number, None))
            made: Any = _made(result)
        else:
            parts = result if isinstance(result, (tuple, list)) else ()
            made = [_made(each) if isinstance(each, torch.Tensor) else None for each in parts]
            for place, each in enumerate(parts):
                if isinstance(each, torch.Tensor):
                    self.mark(each, (number, place))
        self.calls.append(_Call(func, *given, made))
        return result


@dataclass(frozen=True, slots=True)
class _Mark:
    """A tensor: an argument of the program, a constant, or what a kernel gave."""

    place: Any


def _made(tensor: torch.Tensor) -> Made | None:
    if tensor.layout is not torch.strided:
        return None
    return Made(tensor.shape, tensor.stride(), tensor.storage_offset(), tensor.dtype, tensor.device)  # type: ignore[arg-type]


def _symbolic(
    mode: Any, program: Program, given: Sequence[torch.Tensor], state: Sequence[torch.Tensor], orders: Sequence[str]
) -> tuple[list[_Call], list[Any]]:
    watcher = _Symbolic()

    def fake(tensor: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = mode.from_tensor(tensor.detach(), static_shapes=True)
        return made

    with mode:
        copies = [leaf(fake(each)) for each in state]
        constants = [fake(each) if isinstance(each, torch.Tensor) else each for each in program.constants]
        tensors = (*given, *copies, *(each for each in constants if isinstance(each, torch.Tensor)))
        for number, tensor in enumerate(tensors):
            watcher.mark(tensor, ("given", number))
        grad = torch.is_grad_enabled()
        try:
            with watcher:
                outputs, renamed = program.call(list(given), copies, constants, Run(orders))
            return watcher.calls, [watcher.marked(each) for each in (*outputs, *renamed)]
        except Exception as error:
            lines = str(error).strip().splitlines()
            raise Untraceable(f"{type(error).__name__}: {lines[0] if lines else ''}") from error
        finally:
            torch._C._set_grad_enabled(grad)


# -- both traces side by side --------------------------------------------------------------------------


def _matched(
    flat: Flat, feeds: Sequence[torch.Tensor], calls: list[_Call], results: list[Any], wording: Wording
) -> Iterator[Callable[[], None]]:
    """The changes that make the graph one for other sizes; none is made before all are known."""
    marks: dict[Node, Any] = {}
    given, constants, left = 0, 0, iter(enumerate(calls))
    numbers: dict[Node, int] = {}
    for node in flat.graph.nodes:
        if node.op == "placeholder":
            if given < len(feeds):
                made = _sized(node.meta["made"], _made(feeds[given]), wording)
                yield lambda node=node, made=made: node.meta.update(made=made)  # type: ignore[misc]
            marks[node], given = ("given", given), given + 1
        elif node.op == "get_attr":
            marks[node], constants = ("constant", constants), constants + 1
        elif node.op == "output":
            (args,) = _joined(node.args, (list(results),), marks, wording, None)
            yield lambda node=node, args=args: setattr(node, "args", (args,))  # type: ignore[misc]
        elif node.target is operator.getitem:
            marks[node] = (numbers[node.args[0]], node.args[1])
            made = _sized(node.meta["made"], calls[numbers[node.args[0]]].made[node.args[1]], wording)
            yield lambda node=node, made=made: node.meta.update(made=made)  # type: ignore[misc]
        else:
            number, call = next(left, (0, None))
            if call is None or call.target is not node.target:
                raise Untraceable(f"other sizes lead to other kernels than {node.target}", flat.ops.get(node))
            marks[node], numbers[node] = (number, None), number
            args = _joined(node.args, call.args, marks, wording, flat.ops.get(node))
            kwargs = _joined(node.kwargs, call.kwargs, marks, wording, flat.ops.get(node))
            made = _sized(node.meta.get("made"), call.made, wording)
            yield lambda node=node, args=args, kwargs=kwargs, made=made: _change(node, args, kwargs, made)  # type: ignore[misc]
    if next(left, None) is not None:
        raise Untraceable("other sizes lead to more kernels")


def _change(node: Node, args: Any, kwargs: Any, made: Any) -> None:
    node.args, node.kwargs = args, kwargs
    node.meta["made"] = made


def _joined(traced: Any, symbolic: Any, marks: dict[Node, Any], wording: Wording, op: Any) -> Any:
    """Arguments of the first trace, with the symbolic numbers of the second."""
    if isinstance(traced, Node):
        if not isinstance(symbolic, _Mark) or marks[traced] != symbolic.place:
            raise Untraceable("other sizes lead to other tensors", op)
        return traced
    if isinstance(symbolic, (torch.SymInt, torch.SymFloat)):
        number = symbolic.node.maybe_as_int() if isinstance(symbolic, torch.SymInt) else None
        return wording.sized(symbolic, traced) if number is None else traced
    if isinstance(traced, (tuple, list)) and isinstance(symbolic, (tuple, list)) and len(traced) == len(symbolic):
        return type(traced)([_joined(a, b, marks, wording, op) for a, b in zip(traced, symbolic, strict=True)])
    if isinstance(traced, dict) and isinstance(symbolic, dict) and traced.keys() == symbolic.keys():
        return {name: _joined(item, symbolic[name], marks, wording, op) for name, item in traced.items()}
    if type(traced) is not type(symbolic) or repr(traced) != repr(symbolic):
        raise Untraceable(f"other sizes lead to another argument than {traced!r}", op)
    return traced


def _sized(traced: Any, symbolic: Any, wording: Wording) -> Any:
    """What is known of a tensor, or of several, in terms of sizes."""
    if isinstance(traced, list):
        return [_sized(a, b, wording) for a, b in zip(traced, symbolic or traced, strict=True)]
    if not isinstance(traced, Made) or not isinstance(symbolic, Made):
        return traced
    if (traced.dtype, traced.device) != (symbolic.dtype, symbolic.device):
        raise Untraceable("other sizes lead to another dtype")
    before, now = [(tuple(each.shape), each.stride, each.offset) for each in (traced, symbolic)]
    shape, stride, offset = _joined(before, now, {}, wording, None)
    return Made(shape, stride, offset, traced.dtype, traced.device)


def _mapped(nest: Any, function: Callable[[Any], Any]) -> Any:
    if isinstance(nest, (tuple, list)):
        return type(nest)([_mapped(item, function) for item in nest])
    if isinstance(nest, dict):
        return {name: _mapped(item, function) for name, item in nest.items()}
    return function(nest)


# -- the proof -----------------------------------------------------------------------------------------


def differing(
    flat: Program, original: Program, guard: Guard, feeds: Sequence[torch.Tensor], state: Sequence[torch.Tensor],
    orders: Sequence[str], exact: bool = True,
) -> str | None:  # fmt: skip
    """What is wrong with a program for many sizes, tried at others than it was traced with; None if nothing is.

    Args:
        exact: whether its numbers must be the same to the last bit, and lie in memory the same way.
    """
    others = next((each for each in map(guard.scaled(feeds), _CHANGES) if guard.admits(each)), None)
    if others is None:
        return "there are hardly other sizes at which it would be right"
    with quiet():
        try:
            expected = _results(original, others, state, orders)
        except Exception:  # what is fed may mean something that other sizes do not
            return None
        try:
            found = _results(flat, others, state, orders)
        except Exception as error:
            return f"at other sizes it fails: {type(error).__name__}"
    alike = _same if exact else _close
    return None if all(map(alike, expected, found)) else "at other sizes it gives other numbers"


# What rounding may change, beside the largest number.
_ROUNDED = 1e-3

_CHANGES: tuple[Callable[[int], int], ...] = (
    lambda size: size + 1,
    lambda size: 2 * size,
    lambda size: max(size - 1, 2),
)


def _results(program: Program, feeds: Sequence[torch.Tensor], state: Sequence[torch.Tensor], orders: Any) -> list[Any]:
    torch.manual_seed(0)
    copies = [leaf(each.detach().clone()) for each in state]
    outputs, renamed = program.call([each.detach() for each in feeds], copies, program.constants, Run(orders))
    return [*outputs, *renamed, *copies]


def _same(a: Any, b: Any) -> bool:
    if not isinstance(a, torch.Tensor) or not isinstance(b, torch.Tensor):
        return bool(a == b)
    alike = (a.shape, a.stride(), a.dtype) == (b.shape, b.stride(), b.dtype)
    return alike and bool(((a == b) | ((a != a) & (b != b))).all())


def _close(a: Any, b: Any) -> bool:
    """Whether numbers are the same but for rounding: this finds what was computed for another size."""
    if not isinstance(a, torch.Tensor) or not isinstance(b, torch.Tensor):
        return bool(a == b)
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return False
    a, b = a.detach(), b.detach()
    finite = a[a.isfinite()].abs()
    largest = float(finite.max()) if finite.numel() else 0.0
    return torch.allclose(b, a, rtol=_ROUNDED, atol=_ROUNDED * largest, equal_nan=True)
