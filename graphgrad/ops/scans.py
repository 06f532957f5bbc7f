"""Functions along the first axis of tensors: `map_fn`, `scan`, `foldl`, `foldr`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..graph.body import home
from ..graph.graph import Graph
from ..graph.operation import Value
from ..ground.errors import message
from ..ground.spec import WORLDS, ArraySpec, IntSpec, Spec, as_dtype, declared, spec
from ..record.flow import Scan
from ..record.infer import rebuild
from ..record.nested import Body, assigned_in, flat, handed_on, promote, state_in, trace
from ..record.tensor import Tensor
from ..record.variable import State
from .branches import added, after, converting
from .loops import check_rounds, flattened, graph_of, results
from .plain_loops import acts_at_once, plain_walk
from .sources import named
from .table import tensor


def _scanned(
    fn: Callable[..., Any], elems: Any, initial: Any, name: str, back_prop: bool, last: bool, reverse: bool = False
) -> Any:
    """The operation that goes along the first axis of elems, `fn(state, item)` or, without a state, `fn(item)`."""
    if not callable(fn):
        raise TypeError(f"fn is {fn!r}, not a function")
    if acts_at_once(elems, initial):
        return plain_walk(fn, elems, initial, back_prop, last, reverse)
    nest, values = flattened([elems])
    rows = [_item(value) for value in values]
    _check_lengths(values)
    start, first = flattened([] if initial is None else [initial])
    state = [declared((), v.spec.dtype) if isinstance(v.spec, IntSpec) else v.spec for v in first]
    width = len(first)

    def arranged(tensors: Sequence[Any]) -> list[Any]:
        items = rebuild(nest, lambda leaf: tensors[width + leaf.index])
        return [*rebuild(start, lambda leaf: tensors[leaf.index]), *items]

    graph = home(graph_of([*values, *first]))
    names = [value.op.name.rpartition("/")[2] for value in (*first, *values)]
    body = trace(graph, converting(fn), [*state, *rows], names, arranged)
    if initial is not None:
        check_rounds(Body(body.graph, (), body.outputs, [body.structure]), start, state)
    states = assigned_in([body])
    kept = () if last else body.outputs
    body = _with_variables(graph, body, states, width, () if initial is None else body.outputs, kept)
    first += [state_in(graph, each) for each in states]
    used, total = body.captured, len(first) + len(values)
    flow = Scan(
        body, len(first), len(values), last, reverse, len(states), places=(tuple(range(total, total + len(used))),)
    )
    specs = [*state] if last else [_stacked(values[0].spec, value.spec) for value in kept]
    given = added(
        graph, "Scan", name, [*first, *values, *used], [*specs, *(each.spec for each in states)], flow, (body,)
    )
    assigns = handed_on(graph, states, given[len(specs) :])
    with graph.as_default():
        return after(assigns, results([body.structure], given, back_prop))[0]


def _with_variables(
    graph: Graph, body: Body, states: Sequence[State], width: int, handed: Sequence[Value], kept: Sequence[Value]
) -> Body:
    """The body with the variables that it assigns as part of the state: after the user's, before the items."""
    ends = [state_in(body.graph, each) for each in states]
    for each in states:
        promote(body, state_in(graph, each))
    count = len(body.inputs) - len(states)
    inputs = (*body.inputs[:width], *body.inputs[count:], *body.inputs[width:count])
    return Body(body.graph, inputs, (*handed, *ends, *kept), body.structure)


def _check_lengths(values: Sequence[Value]) -> None:
    if not values:
        raise ValueError("elems is empty: there is no tensor to go along")
    known = {value.spec.shape[0]: value for value in values if value.spec.shape}
    known.pop(None, None)
    if len(known) > 1:
        told = ", ".join(f"{value.name} {value.spec!r}" for value in known.values())
        raise ValueError(f"the tensors of elems have different numbers of items: {told}")


def _item(value: Value) -> Spec:
    """What is known of the items along the first axis."""
    known = value.spec
    if isinstance(known, ArraySpec):
        raise TypeError(message("a TensorArray has no first axis to go along: stack() it", value.op))
    if known.shape is None:
        return declared(None, known.dtype)
    if not known.shape:
        raise ValueError(message(f"{value.name} is a single value: there is no axis to go along", value.op))
    worlds = None if known.worlds is None else tuple(None if w is None else w[1:] for w in known.worlds)  # type: ignore[index]
    sizes = known.shape[1:]
    return spec(sizes, known.dtype, None, worlds if None in sizes else None)


def _stacked(along: Any, item: Any) -> Spec:
    """What is known of results stacked along a first axis as long as that of `along`."""
    if isinstance(item, ArraySpec):
        raise TypeError("fn returned a TensorArray, and a TensorArray can't be stacked: return what stack() gives")
    if item.shape is None or along.shape is None:
        return declared(None, item.dtype)
    shape = (along.shape[0], *item.shape)
    if None not in shape:
        return spec(shape, item.dtype)
    worlds = [
        None if a is None or i is None else (a[0], *i)
        for a, i in zip(_worlds(along), _worlds(item), strict=True)
    ]  # fmt: skip
    return spec(shape, item.dtype, None, tuple(worlds))


def _worlds(known: Any) -> Any:
    return known.worlds if known.worlds is not None else (known.shape,) * len(WORLDS)


def map_fn(
    fn: Callable[..., Any], elems: Any, dtype: Any = None, parallel_iterations: int | None = None,
    back_prop: bool = True, swap_memory: bool = False, infer_shape: bool = True, name: str | None = None,
) -> Any:  # fmt: skip
    """The results of `fn` for the items along the first axis of elems, stacked.

    fn may read tensors from outside, draw, assign variables and call modules that keep statistics: it is run once an
    item, one after the other, and what the last one leaves is assigned. Where there are no items, sizes of results
    that nothing tells are 0.

    Args:
        fn: takes an item (a nest of them if elems is one), returns a tensor or a nest.
        elems: a tensor [n, ...] or a nest of tensors with the same n.
        dtype: the dtypes of the results, checked if given.
        parallel_iterations, swap_memory, infer_shape: taken for TF1's sake.
        back_prop: whether gradients pass.
        name: the operation's name.

    >>> import graphgrad as gg
    >>> x = gg.constant([1.0, 2.0, 3.0])
    >>> with gg.Session() as sess:
    ...     sess.run(gg.map_fn(lambda row: row * row, x))
    array([1., 4., 9.], dtype=float32)
    """
    result = _scanned(fn, elems, None, named(name, "map"), back_prop, last=False)
    if dtype is not None:
        tensors, dtypes = list(flat(result)), list(flat(dtype))
        if len(tensors) != len(dtypes):
            raise ValueError(f"fn returned {len(tensors)} tensors, dtype has {len(dtypes)}")
        for found, wanted in zip(tensors, dtypes, strict=True):
            if found.dtype is not as_dtype(wanted):
                op = found.op if isinstance(found, Tensor) else None
                raise TypeError(message(f"fn returned {found!r}, dtype says {wanted!r}", op))
    return result


def scan(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, infer_shape: bool = True, reverse: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """All states of a loop `state = fn(state, item)` along the first axis of elems, stacked.

    Args:
        fn: takes a state and an item, returns a state of the same nest, dtypes and shapes.
        elems: a tensor [n, ...] or a nest of tensors with the same n.
        initializer: the state before the first item; the first item itself if None.
        reverse: whether to go from the last item to the first.
        parallel_iterations, back_prop, swap_memory, infer_shape, name: as in `map_fn`.

    >>> import graphgrad as gg
    >>> with gg.Session() as sess:
    ...     sess.run(gg.scan(lambda total, x: total + x, gg.constant([1.0, 2.0, 3.0])))
    array([1., 3., 6.], dtype=float32)
    """
    if initializer is not None:
        return _scanned(fn, elems, initializer, named(name, "scan"), back_prop, False, reverse)
    first, rest = _split(elems, reverse)
    states = _scanned(fn, rest, first, named(name, "scan"), back_prop, False, reverse)
    pairs = zip(flat(first), flat(states), strict=True)
    whole = [torch.cat([more, one.unsqueeze(0)] if reverse else [one.unsqueeze(0), more]) for one, more in pairs]
    counter = iter(whole)
    return rebuild(states, lambda _: next(counter))


def _split(elems: Any, reverse: bool) -> tuple[Any, Any]:
    """The first item in the order of the loop, and the others."""
    tensors = rebuild(elems, tensor)
    first = rebuild(tensors, lambda each: each[-1] if reverse else each[0])
    return first, rebuild(tensors, lambda each: each[:-1] if reverse else each[1:])


def _folded(fn: Any, elems: Any, initializer: Any, back_prop: bool, name: str, reverse: bool) -> Any:
    if initializer is None:
        initializer, elems = _split(elems, reverse)
    return _scanned(fn, elems, initializer, name, back_prop, True, reverse)


def foldl(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The last state of a loop `state = fn(state, item)` along the first axis of elems; arguments as in `scan`.

    >>> import graphgrad as gg
    >>> with gg.Session() as sess:
    ...     float(sess.run(gg.foldl(lambda total, x: 10 * total + x, gg.constant([1.0, 2.0, 3.0]))))
    123.0
    """
    return _folded(fn, elems, initializer, back_prop, named(name, "foldl"), False)


def foldr(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The same from the last item to the first; arguments as in `scan`.

    >>> import graphgrad as gg
    >>> with gg.Session() as sess:
    ...     float(sess.run(gg.foldr(lambda total, x: 10 * total + x, gg.constant([1.0, 2.0, 3.0]))))
    321.0
    """
    return _folded(fn, elems, initializer, back_prop, named(name, "foldr"), True)
