"""`gradients()`: decides the connection, then adds one operation that stands for the sweep."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from ..graph.body import BodyGraph
from ..graph.graph import Graph
from ..graph.operation import Role, Value, handle_of
from ..ground.errors import UnconnectedError
from ..ground.mode import executing_eagerly
from ..ground.spec import WORLDS, IntSpec, Spec, merged
from ..record.record import handlers, record
from ..record.tensor import Tensor
from . import arguments
from . import custom as _custom  # noqa: F401  answers for rules, branches and loops
from .adjoint import GradientCall
from .arguments import UnconnectedGradients
from .explain import explain
from .inward import brought_inside
from .reach import Reach, reach


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str | None = "gradients",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: int | None = None,
    stop_gradients: Any = None,
    unconnected_gradients: str | UnconnectedGradients = "none",
) -> list[Any]:
    """The symbolic derivatives of the sum of `ys` with respect to each x in `xs`.

    The results are ordinary tensors of the graph: fetch them, compute with them, differentiate them again.
    Connection is decided here, from the graph alone; the numbers come from `torch.autograd.grad` in a run.

    Args:
        ys: a tensor or a list of tensors, any shape, floating or complex.
        xs: a tensor, variable or parameter, or a list of them. Any tensor of the graph will do.
        grad_ys: the gradient that each y receives, of its shape and dtype; None for ones. Tensors, arrays
            or numbers, as many as there are ys.
        name: the scope of the operations that are added.
        colocate_gradients_with_ops: whether each gradient stays on the device of its x's operation.
        gate_gradients: whether a run computes all gradients of this call before any is used, or
            only those that it fetches.
        aggregation_method: a constant of `gg.AggregationMethod`.
        stop_gradients: tensors that count as constants in this call. A stop that is itself an x receives its
            partial derivative.
        unconnected_gradients: 'none', 'zero' or 'raise', or a constant of `gg.UnconnectedGradients`: what an
            x that no y depends on gets. 'raise' explains.

    Returns:
        A list with one entry per x: a symbolic tensor of x's shape and dtype, or None.

    Raises:
        ValueError: for arguments that can't be right (`ArgumentTypeError` where their kind is wrong).
        LookupError: if an operation on the path has no derivative.
        RuntimeError: in eager mode, or if the graph is finalized.

    Source: the semantics of `tf.gradients` in TensorFlow 1, with stops per tensor.

    >>> import graphgrad as gg
    >>> a = gg.constant(0.0)
    >>> b = 2 * a
    >>> with gg.Session() as sess:
    ...     sess.run([gg.gradients(a + b, [a, b], stop_gradients=[a, b]), gg.gradients(a + b, [a, b])])
    [[np.float32(1.0), np.float32(1.0)], [np.float32(3.0), np.float32(1.0)]]
    """
    refuse_eager("gradients")
    option = arguments.unconnected(unconnected_gradients)
    aggregation = arguments.aggregation(aggregation_method)
    given = [] if grad_ys is None else arguments.sequence(grad_ys)
    asked = arguments.question(ys, xs, stop_gradients, given)
    starts = arguments.checked_grads(asked.ys, grad_ys)
    switches = Switches(aggregation, bool(gate_gradients), bool(colocate_gradients_with_ops))
    return differentiated(asked, starts, name, option, switches)


def refuse_eager(function: str) -> None:
    """`RuntimeError` in eager mode."""
    if executing_eagerly():
        raise RuntimeError(f"{function}() needs a graph; in eager mode use torch.autograd.grad(ys, xs)")


class Switches(NamedTuple):
    """How a sweep is done.

    Attributes:
        aggregation, gated, colocated: as of the arguments of `gradients()`.
        batched: whether each start is a stack of them; then so are the results.
    """

    aggregation: str = "default"
    gated: bool = False
    colocated: bool = False
    batched: bool = False


def differentiated(
    asked: arguments.Question, starts: list[Any], name: str | None, option: UnconnectedGradients, switches: Switches
) -> list[Any]:
    """What gradients() gives, from checked arguments."""
    graph = asked.graph
    if graph is None:
        return [None] * len(asked.x_items)
    if graph.finalized:
        raise RuntimeError("the graph is finalized: gradients() can't add operations to it")
    if isinstance(graph, BodyGraph) and graph.captures:
        asked = brought_inside(graph, asked)
    found = reached(asked)
    lost = [x for x, group in zip(asked.x_items, asked.groups, strict=True) if found.live.isdisjoint(group)]
    if lost and option is UnconnectedGradients.RAISE:
        raise UnconnectedError(str(explain(asked.y_items, lost, stop_gradients=asked.stop_items)))
    with graph.as_default(), graph.name_scope("gradients" if name is None else name):
        results = _connected(asked, graph, found, starts, switches)
        zero = option is UnconnectedGradients.ZERO
        return [
            _zeros(x) if result is None and zero else result for result, x in zip(results, asked.x_items, strict=True)
        ]


def reached(asked: arguments.Question) -> Reach:
    """What a gradient reaches.

    Raises:
        LookupError: if that is an operation that torch can't differentiate; it says on which ways it gets there.
    """
    try:
        return reach(asked.ys, {value for group in asked.groups for value in group}, asked.stops)
    except LookupError as error:
        ways = explain(asked.y_items, asked.x_items, asked.stop_items).lacking()
        raise LookupError("\n".join([str(error), *(f"  way      {way}" for way in ways[:3])])) from None


def _connected(
    asked: arguments.Question, graph: Graph, found: Reach, starts: list[Any], switches: Switches
) -> list[Any]:
    """The gradients of the connected xs, None for the others."""
    seeds = [arguments.seed(graph, y, start) for y, start in zip(asked.ys, starts, strict=True)]
    start = [(y, seed) for y, seed in zip(asked.ys, seeds, strict=True) if y in found.live and y.spec.differentiable]
    connected: dict[tuple[Value, ...], int] = {}
    whole: dict[tuple[Value, ...], Any] = {}
    for group in asked.groups:
        if found.live.isdisjoint(group):
            continue
        if group[0].spec.differentiable:
            connected.setdefault(group, len(connected))
        else:
            whole[group] = _of_integers(group[0], asked.ys, seeds)
    handles: list[Any] = []
    if connected:
        ys, given = tuple(y for y, _ in start), tuple(seed for _, seed in start)
        call = GradientCall(ys, given, tuple(connected), asked.stops, found.path, *switches)
        reads = (*ys, *(seed for seed in given if seed is not None))
        specs = [group[0].spec for group in connected]
        if switches.batched:
            specs = [_stacked(spec, given[0]) for spec in specs]
        op = graph.add(Role.GRADIENT, "Gradients", "vjp", reads, specs, payload=call)
        handles = [handle_of(value) for value in op.values]
    return [handles[connected[group]] if group in connected else whole.get(group) for group in asked.groups]


def _stacked(spec: Spec | IntSpec, seed: Value | None) -> Spec:
    """What is known of as many tensors like this one as there are seeds in a stack."""
    assert seed is not None and isinstance(spec, Spec) and isinstance(seed.spec, Spec)
    shapes: list[Any] = []
    for world in range(len(WORLDS)):
        stack, one = (each.shape if each.static else (each.worlds or ())[world] for each in (seed.spec, spec))
        shapes.append(None if stack is None or one is None else (*stack[:1], *one))
    return merged(tuple(shapes), spec.dtype, None)


def _of_integers(x: Value, ys: list[Value], seeds: list[Value | None]) -> Any:
    """The gradient of integers to themselves: the seeds of those ys that are this very tensor."""
    total: Any = None
    for y, seed in zip(ys, seeds, strict=True):
        if y is x:
            term = record(torch.ones_like, (handle_of(x),), {}) if seed is None else handle_of(seed)
            total = term if total is None else total + term
    return total


def _zeros(x: Any) -> Any:
    """Zeros of x's dtype and run-time shape, for an uninitialised variable too."""
    shape = x.shape
    if isinstance(shape, tuple) and not any(isinstance(size, torch.SymInt) for size in shape):
        return record(torch.zeros, (tuple(shape),), {"dtype": x.dtype})
    return record(torch.zeros_like, (x,), {})


def _autograd_grad(
    outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: Any = None, create_graph: bool = False,
    only_inputs: bool = True, allow_unused: bool | None = None, is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:  # fmt: skip
    """`torch.autograd.grad` on symbolic tensors: gradients(), with torch's result and strictness."""
    if is_grads_batched:
        raise NotImplementedError("torch.autograd.grad(is_grads_batched=True) on symbolic tensors")
    strict = not allow_unused and not materialize_grads
    option = UnconnectedGradients.RAISE if strict else UnconnectedGradients.NONE
    if materialize_grads:
        option = UnconnectedGradients.ZERO
    return tuple(gradients(outputs, inputs, grad_outputs, unconnected_gradients=option))


handlers[torch.autograd.grad] = _autograd_grad


def stop_gradient(input: Any, name: str | None = None) -> Any:
    """The same tensor, as a constant: no gradient passes from what reads it to what it was made of.

    >>> import graphgrad as gg
    >>> x = gg.constant(3.0)
    >>> gg.gradients(gg.stop_gradient(x) ** 2, x)
    [None]
    """
    if isinstance(input, Tensor):
        return record(torch.Tensor.detach, (input,), {}, name or "StopGradient")
    return torch.as_tensor(input).detach()
