"""Loops inside a graph: `while_loop`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ..graph.body import home
from ..graph.graph import Graph, get_default_graph
from ..graph.operation import Role, Value
from ..ground.errors import ArgumentTypeError, message
from ..ground.spec import ArraySpec, IntSpec, Spec, declared, format_shape
from ..record.flow import Loop
from ..record.infer import Leaf, rebuild
from ..record.nested import Body, assigned_in, flat, handed_on, promote, state_in, structured, trace
from ..record.tensor import Tensor
from ..record.variable import Variable, may_equal
from .branches import added, after, converting, shape_of
from .plain_loops import acts_at_once, plain_while
from .sources import convert_to_tensor, named
from .tensor_arrays import TensorArray


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, shape_invariants: Any = None,
    parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
    maximum_iterations: Any = None, return_same_structure: bool = False,
) -> Any:  # fmt: skip
    """Repeat `body` on its own results while `cond` of them holds; differentiable at every order.

    In eager mode that is Python's own `while` on torch tensors.

    First values and tensors from outside that body reads get gradients, zeros if the run has no use for them;
    counters and what cond alone reads get None, and so do first values of variables that have no way into the
    result. After no round at all the gradient is that of the first values. `gradients` works inside; in its round
    a loop variable is independent of everything from outside, the first value included.

    body may assign variables and call modules that keep statistics: what the last round leaves is assigned.

    Args:
        cond: takes the loop variables, returns a bool tensor of rank 0.
        body: takes the loop variables, returns as many, of the same dtypes and shapes.
        loop_vars: their first values: a list or tuple of nests of tensors.
        shape_invariants: a shape for each, None where a size changes from round to round.
        parallel_iterations, swap_memory: taken for TF1's sake: one round runs after the other.
        back_prop: whether gradients pass through the loop.
        name: the operation's name.
        maximum_iterations: a number of rounds that ends the loop.
        return_same_structure: whether a single loop variable comes back in its list.

    Raises:
        TypeError: if cond or body is not callable, or a dtype changes.
        ValueError: if a shape changes that is no invariant, or body returns another nest.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [])
    >>> _, power = gg.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [0, gg.ones([])])
    >>> with gg.Session() as sess:
    ...     sess.run([power, gg.gradients(power, x)[0]], {x: 2.0})
    [np.float32(8.0), np.float32(12.0)]
    """
    for label, function in (("cond", cond), ("body", body)):
        if not callable(function):
            raise TypeError(f"{label} is {function!r}, not a function")
    if not isinstance(parallel_iterations, int) or parallel_iterations < 1:
        raise TypeError(f"parallel_iterations is {parallel_iterations!r}, not a positive integer")
    given = list(loop_vars) if isinstance(loop_vars, (list, tuple)) else [loop_vars]
    if not given:
        raise ValueError("no loop variables provided")
    if acts_at_once(given, maximum_iterations):
        return plain_while(cond, body, given, maximum_iterations, back_prop, return_same_structure)
    structure, first = flattened(given)
    specs = _invariants([value.spec for value in first], structure, shape_invariants)
    names = [value.op.name.rpartition("/")[2] for value in first]
    graph = home(graph_of(first))
    opened = _opener(structure)
    condition = trace(graph, converting(cond), specs, names, opened)
    _check_condition(condition)
    rounds = trace(graph, converting(_as_list(body)), specs, names, opened)
    check_rounds(rounds, structure, specs)
    limit, maximum = _limit(maximum_iterations)
    if limit is not None:
        return _limited(cond, body, given, shape_invariants, limit, name, back_prop, return_same_structure)
    width, states = len(first), assigned_in([rounds])
    for state in states:  # a variable that body assigns is one more loop variable
        value = state_in(graph, state)
        rounds.outputs += (state_in(rounds.graph, state),)
        promote(condition, value)
        promote(rounds, value)
        first.append(value)
        specs.append(state.spec)
    rounds.apart = _apart(rounds)
    count = len(first)
    used = list(dict.fromkeys([*condition.captured, *rounds.captured]))
    places = tuple(tuple(count + used.index(value) for value in each.captured) for each in (condition, rounds))
    loop = Loop(condition, rounds, count, maximum, places=places)
    known = [known_after(spec, output) for spec, output in zip(specs, rounds.outputs, strict=True)]
    values = added(graph, "While", named(name, "while"), [*first, *used], known, loop, (condition, rounds))
    assigns = handed_on(graph, states, values[width:])
    with graph.as_default():
        result = after(assigns, results(structure, values, back_prop))
    return result[0] if len(result) == 1 and not return_same_structure else result


def _as_list(body: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(body)
    def listed(*state: Any) -> Any:
        found = body(*state)
        return list(found) if isinstance(found, (list, tuple)) and not hasattr(found, "_fields") else [found]

    return listed


def flattened(nest: list[Any]) -> tuple[Any, list[Value]]:
    """The nest with Leaf objects, and the values in it."""
    values: list[Value] = []

    def place(leaf: Any) -> Leaf:
        found = leaf if isinstance(leaf, (Tensor, TensorArray)) else convert_to_tensor(leaf)
        values.append(found.read() if isinstance(found, Variable) else found._value)
        return Leaf(len(values) - 1)

    return rebuild(nest, place), values


def graph_of(values: Sequence[Value]) -> Graph:
    current = get_default_graph()
    for value in values:
        if home(value.op.graph) is not current:
            return home(value.op.graph)
    return current


def _opener(structure: Any) -> Callable[[Sequence[Any]], Any]:
    return lambda tensors: rebuild(structure, lambda leaf: tensors[leaf.index])


def results(structure: Any, values: Sequence[Value], back_prop: bool) -> Any:
    result = structured(structure, values)
    if back_prop:
        return result
    return rebuild(result, _cut)


def _cut(each: Any) -> Any:
    """A result of a loop that no gradient passes."""
    if isinstance(each, TensorArray):
        return each.detached()
    return each.detach() if each.dtype.is_floating_point else each


def _invariants(specs: list[Spec | IntSpec], structure: Any, given: Any) -> list[Spec | IntSpec]:
    """What is known of the loop variables in every round."""
    plain: list[Spec | IntSpec] = [declared((), spec.dtype) if isinstance(spec, IntSpec) else spec for spec in specs]
    if given is None:
        return plain
    shapes = list(given) if isinstance(given, (list, tuple)) else [given]
    found = []
    for number, (known, shape) in enumerate(zip(plain, _shapes(shapes, structure), strict=True)):
        if not may_equal(known.shape, shape):
            have, want = format_shape(known.shape), format_shape(shape)
            raise ValueError(f"loop variable {number} starts with shape {have}, which is not its invariant {want}")
        found.append(known if isinstance(known, ArraySpec) else declared(shape, known.dtype))
    return found  # type: ignore[return-value]


def _shapes(shapes: list[Any], structure: Any) -> list[Any]:
    """A shape for each loop variable, from a nest of them."""
    flat_structure = list(flat(structure))
    if len(shapes) != len(structure):
        raise ValueError(f"{len(shapes)} shape invariants for {len(structure)} loop variables")
    found: list[Any] = []

    def collect(part: Any, shape: Any) -> None:
        if type(part) is Leaf:
            sizes = None if shape is None or getattr(shape, "rank", 0) is None else [_size(size) for size in shape]
            found.append(sizes)
        else:
            items = part.values() if isinstance(part, dict) else part
            given = shape.values() if isinstance(shape, dict) else shape
            for item, its in zip(items, given, strict=True):
                collect(item, its)

    for part, shape in zip(structure, shapes, strict=True):
        collect(part, shape)
    assert len(found) == len(flat_structure)
    return found


def _size(size: Any) -> int | None:
    known = getattr(size, "value", size)
    return None if known is None else int(known)


def check_rounds(rounds: Body, structure: Any, specs: Sequence[Spec | IntSpec]) -> None:
    if shape_of(rounds.structure) != shape_of(structure):
        raise ValueError(f"body returned {shape_of(rounds.structure)!r} for the loop variables {shape_of(structure)!r}")
    for number, (spec, output) in enumerate(zip(specs, rounds.outputs, strict=True)):
        if output.spec.dtype is not spec.dtype or isinstance(spec, ArraySpec) is not isinstance(output.spec, ArraySpec):
            what = f"loop variable {number} is {spec!r}, body returned {output.spec!r}"
            raise ArgumentTypeError(message(what, output.op, "cast it in body"))
        if isinstance(spec, ArraySpec):
            _check_array(number, spec, output)
        have, want = output.spec.shape, spec.shape
        fixed = want is None or (
            have is not None and len(have) == len(want)
            and all(w is None or h == w for h, w in zip(have, want, strict=True))
        )  # fmt: skip
        if not fixed:
            what = f"loop variable {number} has shape {format_shape(want)}, body returned {format_shape(have)}"
            raise ValueError(message(what, output.op, "shape_invariants=[...] with None where a size changes"))


def _apart(rounds: Body) -> frozenset[Value]:
    """The loop variable that a round's other arguments can't depend on: they all come from outside.

    It is the only one that gradients pass, and each round makes it anew.
    """
    pairs = [pair for pair in zip(rounds.inputs, rounds.outputs, strict=True) if pair[0].spec.differentiable]
    if len(pairs) == 1 and pairs[0][1].op.role is Role.CALL and not isinstance(pairs[0][0].spec, ArraySpec):
        return frozenset({pairs[0][0]})
    return frozenset()


def _check_array(number: int, spec: ArraySpec, output: Value) -> None:
    """A loop hands on an array that is as long as the one it began with, unless both may grow."""
    found = output.spec
    assert isinstance(found, ArraySpec)
    if (spec.size, spec.dynamic) != (found.size, found.dynamic):
        what = f"loop variable {number} is an array of another size or another dynamic_size than body returned"
        raise ValueError(message(what, output.op, "return what write() gave"))


def known_after(spec: Spec | IntSpec, output: Value) -> Spec | IntSpec:
    """What is known of a loop variable after the loop: of an array also what body wrote to it."""
    return output.spec if isinstance(spec, ArraySpec) and spec.element.shape is None else spec


def _limit(maximum: Any) -> tuple[Any, int | None]:
    """The number of rounds at most, as a tensor or as a number."""
    if maximum is None:
        return None, None
    if isinstance(maximum, torch.Tensor):
        return maximum, None
    if isinstance(maximum, bool) or not isinstance(maximum, (int, np.integer)):
        raise TypeError(f"maximum_iterations is {maximum!r}, not an integer")
    return None, max(int(maximum), 0)


def _check_condition(condition: Body) -> None:
    if type(condition.structure) is not Leaf:
        raise TypeError(f"cond returned {shape_of(condition.structure)!r}, not a bool tensor")
    (found,) = condition.outputs
    if found.spec.dtype is not torch.bool:
        raise ArgumentTypeError(message(f"cond returned {found.spec!r}, not a bool tensor", found.op))
    if found.spec.shape not in ((), None):
        raise ValueError(message(f"cond returned {found.spec!r}: it has to be a single value", found.op))
    for state in assigned_in([condition]):
        raise ValueError(f"cond assigns {state.name}: only body can")


def _limited(
    cond: Any, body: Any, given: list[Any], shapes: Any, limit: Any, name: str | None, back_prop: bool, same: bool
) -> Any:
    """A loop with a counter beside its variables, where the number of rounds is a tensor."""
    invariants = None if shapes is None else [[], *shapes]
    result = while_loop(
        lambda count, *state: torch.logical_and(count < limit, cond(*state)),
        lambda count, *state: [count + 1, *_as_list(body)(*state)],
        [convert_to_tensor(0, limit.dtype), *given], invariants, back_prop=back_prop, name=name,
    )[1:]  # fmt: skip
    return result[0] if len(result) == 1 and not same else result
