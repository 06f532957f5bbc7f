"""Branches inside a graph: `cond`, `case`, `switch_case`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ..graph.body import home
from ..graph.graph import Graph, control_dependencies
from ..graph.operation import Operation, Value
from ..ground.errors import ArgumentTypeError, message
from ..ground.spec import ArraySpec, IntSpec, Spec, array_spec, declared
from ..record.dims import Dim
from ..record.flow import Branches, Flow
from ..record.infer import Leaf, rebuild
from ..record.nested import Body, Nested, add, assigned_in, handed_on, state_in, structured, trace
from ..record.record import record
from ..record.tensor import Tensor
from .plain_loops import acts_at_once, plain_case
from .sources import convert_to_tensor, group, identity, named, no_op
from .table import tensor
from .tensor_arrays import TensorArray


def cond(
    pred: Any, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None,
    strict: bool = False, name: str | None = None, fn1: Any = None, fn2: Any = None,
) -> Any:  # fmt: skip
    """One of two branches, chosen in the run; only its operations are executed.

    Branches may read any tensor from outside. The gradient goes through the branch that was taken; what only
    the other one reads gets zeros, and None what none reads, pred itself included. That holds at every order: a
    second derivative is None only if no branch has one.

    An assign in a branch happens if the branch is taken. A read after it, inside `control_dependencies`, sees it.
    A tensor from inside gets out by being returned only. `gradients` works inside, with respect to tensors from
    outside as well; `ValueError` if its ys also read something else that was computed outside from the same x,
    whose part would be missing.

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
    if isinstance(pred, (bool, np.bool_)):
        raise TypeError("pred is a Python bool: use an ordinary if")
    if acts_at_once(pred):
        return chosen[0]() if bool(pred) else chosen[1]()
    choice = _scalar(pred, "pred", torch.bool)
    return _choose(choice, chosen, ("true_fn", "false_fn"), named(name, "cond"), strict)


def _scalar(given: Any, what: str, dtype: torch.dtype) -> Any:
    found = tensor(given)
    spec = found._value.spec
    if spec.dtype is not dtype:
        wanted = str(dtype).removeprefix("torch.")
        raise ArgumentTypeError(message(f"{what} is {found!r}, not a {wanted} tensor", found.op))
    if spec.shape not in ((), None):
        raise ValueError(message(f"{what} is {found!r}: it has to be a single value", found.op))
    return found


def _choose(
    choice: Any, functions: Sequence[Callable[[], Any]], labels: Sequence[str], name: str, strict: bool = True
) -> Any:
    """The operation of several branches, and its results as the branches return them."""
    graph = home(choice.graph)
    bodies = [trace(graph, converting(function), (), ()) for function in functions]
    _check_alike(bodies, labels)
    width, states = len(bodies[0].outputs), assigned_in(bodies)
    for body in bodies:
        body.outputs += tuple(state_in(body.graph, state) for state in states)
    reads = list(dict.fromkeys([choice._value, *(value for body in bodies for value in body.captured)]))
    if choice._value in reads[1:]:
        reads.remove(choice._value)
    places = tuple(tuple(reads.index(value) for value in body.captured) for body in bodies)
    specs = [_union([body.outputs[n].spec for body in bodies]) for n in range(len(bodies[0].outputs))]
    values = added(graph, "Cond", name, reads, specs, Branches(tuple(bodies), places=places), bodies)
    assigns = handed_on(graph, states, values[width:])
    with graph.as_default():
        result = after(assigns, structured(bodies[0].structure, values[:width]))
    return result[0] if not strict and isinstance(result, list) and len(result) == 1 else result


def added(
    graph: Graph, type: str, name: str, reads: Sequence[Value], specs: Sequence[Spec | IntSpec], flow: Flow,
    bodies: Sequence[Body],
) -> tuple[Value, ...]:  # fmt: skip
    signature = flow.signature = Nested([value.spec for value in reads], specs, flow, bodies)
    return add(graph, type, name, reads, signature)


def converting(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with tensors in place of the numbers that it returns."""

    def convert(leaf: Any) -> Any:
        return (
            leaf if leaf is None or isinstance(leaf, (Tensor, Operation, Dim, TensorArray)) else convert_to_tensor(leaf)
        )

    return lambda *arguments: rebuild(function(*arguments), convert)


def after(assigns: Sequence[Operation], result: Any) -> Any:
    """A nest of tensors that are there once these assigns have run."""

    def settled(leaf: Any) -> Any:
        if isinstance(leaf, Operation) or leaf is None:
            return group(*assigns) if assigns else no_op()
        if isinstance(leaf, TensorArray):
            return leaf.identity() if assigns else leaf
        return identity(leaf) if assigns else leaf

    with control_dependencies(assigns):
        return rebuild(result, settled)


def shape_of(nest: Any) -> Any:
    """A nest without what is in it, for comparing."""
    return rebuild(nest, lambda leaf: "tensor" if type(leaf) is Leaf else None)


def _check_alike(bodies: Sequence[Body], labels: Sequence[str]) -> None:
    first = bodies[0]
    for label, body in zip(labels[1:], bodies[1:], strict=True):
        if shape_of(first.structure) != shape_of(body.structure):
            raise ValueError(
                f"{labels[0]} and {label} return different nests: {shape_of(first.structure)!r} and "
                f"{shape_of(body.structure)!r}"
            )
        for number, (one, other) in enumerate(zip(first.outputs, body.outputs, strict=True)):
            if one.spec.dtype is not other.spec.dtype or type(one.spec) is not type(other.spec):
                what = f"result {number} of {labels[0]} is {one.spec!r}, that of {label} {other.spec!r}"
                raise ValueError(message(what, other.op, "cast one of them"))


def _union(specs: Sequence[Spec | IntSpec]) -> Spec | IntSpec:
    """What is known of a value that is one of several."""
    first = specs[0]
    if all(spec is first for spec in specs):
        return first
    if isinstance(first, ArraySpec):
        return _union_of_arrays([spec for spec in specs if isinstance(spec, ArraySpec)])
    shapes = [spec.shape for spec in specs]
    if any(shape is None or len(shape) != len(shapes[0] or ()) for shape in shapes):
        return declared(None, first.dtype)
    sizes = [column[0] if len(set(column)) == 1 else None for column in zip(*shapes, strict=True)]
    return declared(sizes, first.dtype)


def _union_of_arrays(specs: Sequence[ArraySpec]) -> ArraySpec:
    """What is known of an array that is one of several."""
    element = _union([spec.element for spec in specs])
    assert isinstance(element, Spec)
    sizes = {spec.size for spec in specs}
    return array_spec(
        element, all(spec.alike for spec in specs), any(spec.clears for spec in specs),
        any(spec.dynamic for spec in specs), sizes.pop() if len(sizes) == 1 else None,
    )  # fmt: skip


def case(
    pred_fn_pairs: Any, default: Callable[[], Any] | None = None, exclusive: bool = False, strict: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The first branch whose predicate is true, else the default.

    Args:
        pred_fn_pairs: (bool tensor, function) pairs, or a dict of them.
        default: what is called if none is true; without it a run fails in which none is.
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
    if acts_at_once([predicate for predicate, _ in pairs]):
        return plain_case(pairs, default, exclusive)
    holds = [_scalar(predicate, "a predicate", torch.bool) for predicate, _ in pairs]
    stacked = torch.stack([hold.reshape(()) for hold in holds])
    number = record(_first_true, (stacked, default is None, exclusive), {})
    labels = [f"branch {position}" for position in range(len(functions))]
    return _choose(number, functions, labels, named(name, "case"), strict)


def _first_true(holds: torch.Tensor, some: bool, only: bool) -> torch.Tensor:
    """The position of the first that is true, or how many there are; ValueError if `some` or this `only` shall be."""
    if holds.device.type != "meta":
        if some and not bool(holds.any()):
            raise ValueError("case without a default: no predicate is true")
        if only and int(holds.sum()) > 1:
            raise ValueError("case(exclusive=True): more than one predicate is true")
    padded = torch.cat([holds, torch.ones(1, dtype=torch.bool, device=holds.device)])
    return padded.to(torch.int64).argmax()


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
        op = index.op if isinstance(index, Tensor) else None
        raise ArgumentTypeError(message(f"branch_index is {index!r}, not an integer tensor", op))
    table = dict(pairs)
    wrong = [key for key in table if not isinstance(key, int) or key < 0]
    if wrong:
        raise ArgumentTypeError(f"a branch's number is {wrong[0]!r}; use integers from 0 on")
    size = max(table) + 1
    other = default if default is not None else table[max(table)]
    if acts_at_once(index):
        return table.get(int(index), other)()
    functions = [table.get(number, other) for number in range(size)] + [other]
    bounded = torch.where((index < 0) | (index >= size), size, index)
    labels = [f"branch {number}" for number in range(size + 1)]
    return _choose(bounded, functions, labels, named(name, "switch_case"))
