"""Branches and loops inside a graph: `cond`, `case`, `switch_case`, `while_loop`, `map_fn`, `scan`, `foldl`, `foldr`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..graph.body import home
from ..graph.graph import Graph, get_default_graph
from ..graph.operation import Operation, Value
from ..ground.errors import ArgumentTypeError, message
from ..ground.mode import executing_eagerly
from ..ground.spec import WORLDS, IntSpec, Spec, as_dtype, declared, format_shape, spec
from ..record.flow import Branches, Flow, Loop, Scan
from ..record.infer import Leaf, rebuild
from ..record.nested import Body, Nested, add, flat, structured, trace
from ..record.record import record
from ..record.tensor import Tensor
from ..record.variable import Variable, may_equal
from .sources import convert_to_tensor, named
from .table import tensor


def cond(
    pred: Any, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None,
    strict: bool = False, name: str | None = None, fn1: Any = None, fn2: Any = None,
) -> Any:  # fmt: skip
    """One of two branches, chosen in the run; only its operations are executed.

    Branches may read any tensor from outside. The gradient goes through the branch that was taken; what only
    the other one reads gets zeros.

    Args:
        pred: a bool tensor of rank 0.
        true_fn, false_fn: functions without arguments that return the same nest of tensors, of one dtype each.
        strict: whether a list of a single tensor stays a list.
        name: the operation's name.
        fn1, fn2: older spellings of true_fn and false_fn.

    Raises:
        TypeError: if pred is a Python bool or no bool tensor, or a branch is not callable.
        ValueError: if the branches return different nests or dtypes.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [])
    >>> y = gg.cond(x > 0, lambda: x * x, lambda: -x)
    >>> with gg.Session() as sess:
    ...     sess.run([y, gg.gradients(y, x)[0]], {x: 3.0}), sess.run([y, gg.gradients(y, x)[0]], {x: -3.0})
    ([np.float32(9.0), np.float32(6.0)], [np.float32(3.0), np.float32(-1.0)])
    """
    chosen = (true_fn if true_fn is not None else fn1), (false_fn if false_fn is not None else fn2)
    for label, function in zip(("true_fn", "false_fn"), chosen, strict=True):
        if not callable(function):
            raise TypeError(f"{label} is {function!r}, not a function")
    if isinstance(pred, bool):
        raise TypeError("pred is a Python bool: use an ordinary if")
    if executing_eagerly() and not isinstance(pred, Tensor):
        return chosen[0]() if bool(pred) else chosen[1]()  # type: ignore[misc]
    choice = _scalar(pred, "pred", torch.bool)
    return _choose(choice, chosen, ("true_fn", "false_fn"), named(name, "cond"), strict)  # type: ignore[arg-type]


def _scalar(given: Any, what: str, dtype: torch.dtype) -> Any:
    found = tensor(given)
    spec = found._value.spec
    if spec.dtype is not dtype:
        raise TypeError(f"{what} is {found!r}, not a {str(dtype).removeprefix('torch.')} tensor")
    if spec.shape not in ((), None):
        raise ValueError(f"{what} is {found!r}: it has to be a single value")
    return found


def _choose(
    choice: Any, functions: Sequence[Callable[[], Any]], labels: Sequence[str], name: str, strict: bool = True
) -> Any:
    """The operation of several branches, and its results as the branches return them."""
    graph = home(choice.graph)
    bodies = [trace(graph, function, (), ()) for function in functions]
    _check_alike(bodies, labels)
    reads = list(dict.fromkeys([choice._value, *(value for body in bodies for value in body.captured)]))
    if choice._value in reads[1:]:
        reads.remove(choice._value)
    places = tuple(tuple(reads.index(value) for value in body.captured) for body in bodies)
    specs = [_union([body.outputs[n].spec for body in bodies]) for n in range(len(bodies[0].outputs))]
    values = _added(graph, "Cond", name, reads, specs, Branches(tuple(bodies), places=places), bodies)
    structure = bodies[0].structure
    if isinstance(structure, Operation) or structure is None:
        return values[0].op if values else None
    result = structured(structure, values)
    return result[0] if not strict and isinstance(result, list) and len(result) == 1 else result


def _added(
    graph: Graph, type: str, name: str, reads: Sequence[Value], specs: Sequence[Spec | IntSpec], flow: Flow,
    bodies: Sequence[Body],
) -> tuple[Value, ...]:  # fmt: skip
    signature = flow.signature = Nested([value.spec for value in reads], specs, flow, bodies)
    return add(graph, type, name, reads, signature)


def _shape_of(nest: Any) -> Any:
    """A nest without what is in it, for comparing."""
    return rebuild(nest, lambda leaf: "tensor" if type(leaf) is Leaf else None)


def _check_alike(bodies: Sequence[Body], labels: Sequence[str]) -> None:
    first = bodies[0]
    for label, body in zip(labels[1:], bodies[1:], strict=True):
        if _shape_of(first.structure) != _shape_of(body.structure):
            raise ValueError(
                f"{labels[0]} and {label} return different nests: {_shape_of(first.structure)!r} and "
                f"{_shape_of(body.structure)!r}"
            )
        for number, (one, other) in enumerate(zip(first.outputs, body.outputs, strict=True)):
            if one.spec.dtype is not other.spec.dtype:
                what = f"result {number} of {labels[0]} is {one.spec!r}, that of {label} {other.spec!r}"
                raise ValueError(message(what, other.op, "cast one of them"))


def _union(specs: Sequence[Spec | IntSpec]) -> Spec | IntSpec:
    """What is known of a value that is one of several."""
    first = specs[0]
    if all(spec is first for spec in specs):
        return first
    shapes = [spec.shape for spec in specs]
    if any(shape is None or len(shape) != len(shapes[0] or ()) for shape in shapes):
        return declared(None, first.dtype)
    sizes = [column[0] if len(set(column)) == 1 else None for column in zip(*shapes, strict=True)]  # type: ignore[arg-type]
    return declared(sizes, first.dtype)


def case(
    pred_fn_pairs: Any, default: Callable[[], Any] | None = None, exclusive: bool = False, strict: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The first branch whose predicate is true, else the default.

    Args:
        pred_fn_pairs: (bool tensor, function) pairs, or a dict of them.
        default: what is called if none is true; without it the last branch.
        exclusive: whether a run fails if two predicates are true.
        strict, name: as in `cond`.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [])
    >>> y = gg.case([(x < 0, lambda: -x), (x > 10, lambda: x * 0 + 10)], default=lambda: x * 1)
    >>> with gg.Session() as sess:
    ...     [float(sess.run(y, {x: number})) for number in (-3.0, 3.0, 30.0)]
    [3.0, 3.0, 10.0]
    """
    pairs = list(pred_fn_pairs.items()) if isinstance(pred_fn_pairs, dict) else list(pred_fn_pairs)
    if not pairs:
        raise ValueError("case needs at least one pair of a predicate and a function")
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not callable(pair[1]):
            raise TypeError(f"{pair!r} is no pair of a predicate and a function")
    functions = [function for _, function in pairs] + ([] if default is None else [default])
    if default is not None and not callable(default):
        raise TypeError(f"default is {default!r}, not a function")
    holds = [_scalar(predicate, "a predicate", torch.bool) for predicate, _ in pairs]
    number = _first(holds, exclusive)
    labels = [f"branch {position}" for position in range(len(functions))]
    return _choose(number, functions, labels, named(name, "case"), strict)


def _first(holds: list[Any], exclusive: bool) -> Any:
    """The position of the first that is true, or how many there are."""
    return _FIRST[exclusive](torch.stack([hold.reshape(()) for hold in holds]))


def _first_true(holds: torch.Tensor) -> torch.Tensor:
    padded = torch.cat([holds, torch.ones(1, dtype=torch.bool, device=holds.device)])
    return padded.to(torch.int64).argmax()


def _only_true(holds: torch.Tensor) -> torch.Tensor:
    if holds.device.type != "meta" and int(holds.sum()) > 1:
        raise ValueError("case(exclusive=True): more than one predicate is true")
    return _first_true(holds)


def _recorded(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda holds: record(function, (holds,), {})


_FIRST = {False: _recorded(_first_true), True: _recorded(_only_true)}


def switch_case(branch_index: Any, branch_fns: Any, default: Any = None, name: str | None = None) -> Any:
    """The branch of this number; the default, or else the last one, for a number that has none.

    Args:
        branch_index: an integer tensor of rank 0.
        branch_fns: functions without arguments, a list of them or a dict from number to function.
        default: the function for all other numbers.
        name: the operation's name.

    >>> import graphgrad as gg
    >>> n = gg.placeholder(gg.int32, [])
    >>> y = gg.switch_case(n, [lambda: gg.constant(1.0), lambda: gg.constant(2.0)])
    >>> with gg.Session() as sess:
    ...     float(sess.run(y, {n: 1}))
    2.0
    """
    pairs = list(branch_fns.items()) if isinstance(branch_fns, dict) else list(enumerate(branch_fns))
    if pairs and isinstance(pairs[0][1], (tuple, list)):
        pairs = [tuple(pair) for _, pair in pairs]
    if not pairs or not all(callable(function) for _, function in pairs):
        raise TypeError(f"branch_fns is {branch_fns!r}: use functions, or numbers with functions")
    index = tensor(branch_index)
    if index.dtype.is_floating_point or index.dtype is torch.bool:
        raise TypeError(f"branch_index is {index!r}, not an integer tensor")
    table = dict(pairs)
    size = max(table) + 1
    other = default if default is not None else table[max(table)]
    functions = [table.get(number, other) for number in range(size)] + [other]
    bounded = torch.where((index < 0) | (index >= size), size, index)
    labels = [f"branch {number}" for number in range(size + 1)]
    return _choose(bounded, functions, labels, named(name, "switch_case"))


# -- loops --------------------------------------------------------------------------------------------


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, shape_invariants: Any = None,
    parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
    maximum_iterations: Any = None, return_same_structure: bool = False,
) -> Any:  # fmt: skip
    """Repeat `body` on its own results while `cond` of them holds; differentiable at every order.

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
    structure, first = _flattened(given)
    specs = _invariants([value.spec for value in first], structure, shape_invariants)
    width = len(first)
    names = [value.op.name.rpartition("/")[2] for value in first]
    graph = home(_graph_of(first))
    opened = _opener(structure)
    condition = trace(graph, cond, specs, names, opened)
    if len(condition.outputs) != 1 or condition.outputs[0].spec.dtype is not torch.bool:
        raise TypeError(f"cond returned {_shape_of(condition.structure)!r}, not a bool tensor")
    rounds = trace(graph, _as_list(body), specs, names, opened)
    _check_rounds(rounds, structure, specs)
    limit, maximum = _limit(maximum_iterations)
    if limit is not None:
        return _limited(cond, body, given, shape_invariants, limit, name, back_prop, return_same_structure)
    used = list(dict.fromkeys([*condition.captured, *rounds.captured]))
    places = tuple(tuple(width + used.index(value) for value in each.captured) for each in (condition, rounds))
    loop = Loop(condition, rounds, width, maximum, places=places)
    values = _added(graph, "While", named(name, "while"), [*first, *used], specs, loop, (condition, rounds))
    result = _results(structure, values, back_prop)
    return result[0] if len(result) == 1 and not return_same_structure else result


def _as_list(body: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(body)
    def listed(*state: Any) -> Any:
        found = body(*state)
        return list(found) if isinstance(found, (list, tuple)) and not hasattr(found, "_fields") else [found]

    return listed


def _flattened(nest: list[Any]) -> tuple[Any, list[Value]]:
    """The nest with Leaf objects, and the values in it."""
    values: list[Value] = []

    def place(leaf: Any) -> Leaf:
        found = leaf if isinstance(leaf, Tensor) else convert_to_tensor(leaf)
        values.append(found.read() if isinstance(found, Variable) else found._value)
        return Leaf(len(values) - 1)

    return rebuild(nest, place), values


def _graph_of(values: Sequence[Value]) -> Graph:
    current = get_default_graph()
    for value in values:
        if home(value.op.graph) is not current:
            return home(value.op.graph)
    return current


def _opener(structure: Any) -> Callable[[Sequence[Any]], Any]:
    return lambda tensors: rebuild(structure, lambda leaf: tensors[leaf.index])


def _results(structure: Any, values: Sequence[Value], back_prop: bool) -> Any:
    result = structured(structure, values)
    if back_prop:
        return result
    return rebuild(result, lambda each: each.detach() if each.dtype.is_floating_point else each)


def _invariants(specs: list[Spec | IntSpec], structure: Any, given: Any) -> list[Spec | IntSpec]:
    """What is known of the loop variables in every round."""
    plain: list[Spec | IntSpec] = [declared((), spec.dtype) if isinstance(spec, IntSpec) else spec for spec in specs]
    if given is None:
        return plain
    shapes = list(given) if isinstance(given, (list, tuple)) else [given]
    found = []
    for number, (spec, shape) in enumerate(zip(plain, _shapes(shapes, structure), strict=True)):
        if not may_equal(spec.shape, shape):
            have, want = format_shape(spec.shape), format_shape(shape)
            raise ValueError(f"loop variable {number} starts with shape {have}, which is not its invariant {want}")
        found.append(declared(shape, spec.dtype))
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


def _check_rounds(rounds: Body, structure: Any, specs: Sequence[Spec | IntSpec]) -> None:
    if _shape_of(rounds.structure) != _shape_of(structure):
        raise ValueError(f"body returned {_shape_of(rounds.structure)!r} for the loop variables {_shape_of(structure)!r}")
    for number, (spec, output) in enumerate(zip(specs, rounds.outputs, strict=True)):
        if output.spec.dtype is not spec.dtype:
            what = f"loop variable {number} is {spec!r}, body returned {output.spec!r}"
            raise ArgumentTypeError(message(what, output.op, "cast it in body"))
        have, want = output.spec.shape, spec.shape
        fixed = want is None or (
            have is not None and len(have) == len(want)
            and all(w is None or h == w for h, w in zip(have, want, strict=True))
        )  # fmt: skip
        if not fixed:
            what = f"loop variable {number} has shape {format_shape(want)}, body returned {format_shape(have)}"
            raise ValueError(message(what, output.op, "shape_invariants=[...] with None where a size changes"))


def _limit(maximum: Any) -> tuple[Any, int | None]:
    """The number of rounds at most, as a tensor or as a number."""
    if maximum is None:
        return None, None
    if isinstance(maximum, torch.Tensor):
        return maximum, None
    return None, max(int(maximum), 0)


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


# -- along an axis ------------------------------------------------------------------------------------


def _scanned(
    fn: Callable[..., Any], elems: Any, initial: Any, name: str, back_prop: bool, last: bool, reverse: bool = False
) -> Any:
    """The operation that goes along the first axis of elems, `fn(state, item)` or, without a state, `fn(item)`."""
    if not callable(fn):
        raise TypeError(f"fn is {fn!r}, not a function")
    nest, values = _flattened([elems])
    rows = [_item(value) for value in values]
    start, first = _flattened([] if initial is None else [initial])
    state = [declared((), v.spec.dtype) if isinstance(v.spec, IntSpec) else v.spec for v in first]
    width = len(first)

    def arranged(tensors: Sequence[Any]) -> list[Any]:
        items = rebuild(nest, lambda leaf: tensors[width + leaf.index])
        return [*rebuild(start, lambda leaf: tensors[leaf.index]), *items]

    graph = home(_graph_of([*values, *first]))
    names = [value.op.name.rpartition("/")[2] for value in (*first, *values)]
    body = trace(graph, fn, [*state, *rows], names, arranged)
    if initial is not None:
        _check_rounds(Body(body.graph, (), body.outputs, [body.structure]), start, state)
    if not last:
        kept = body.outputs if initial is None else body.outputs * 2
        body = Body(body.graph, body.inputs, kept, body.structure)
    used = body.captured
    places = (tuple(range(width + len(values), width + len(values) + len(used))),)
    flow = Scan(body, width, len(values), last, reverse, places=places)
    specs = state if last else [_stacked(values[0].spec, value.spec) for value in body.outputs[width:]]
    given = _added(graph, "Scan", name, [*first, *values, *used], specs, flow, (body,))
    return _results([body.structure], given, back_prop)[0]


def _item(value: Value) -> Spec:
    """What is known of the items along the first axis."""
    known = value.spec
    if known.shape is None:
        return declared(None, known.dtype)
    if not known.shape:
        raise ValueError(message(f"{value.name} is a single value: there is no axis to go along", value.op))
    worlds = None if known.worlds is None else tuple(None if w is None else w[1:] for w in known.worlds)  # type: ignore[index]
    sizes = known.shape[1:]
    return spec(sizes, known.dtype, None, worlds if None in sizes else None)


def _stacked(along: Any, item: Any) -> Spec:
    """What is known of results stacked along a first axis as long as that of `along`."""
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
        for found, wanted in zip(flat(result), flat(dtype), strict=True):
            if found.dtype is not as_dtype(wanted):
                raise TypeError(message(f"fn returned {found!r}, dtype says {wanted!r}", found.op))
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
