"""The registry of gradients by name, and operations that have one of those in place of their own."""

from __future__ import annotations

import functools
from typing import Any

import torch

from ..graph.body import home
from ..graph.graph import get_default_graph
from ..graph.operation import Operation, Value, handle_of
from ..ground.mode import executing_eagerly
from ..record import record as recording
from ..record.canonical import NAMESPACES, SPELLINGS, Canonical
from ..record.custom import Prevented
from ..record.nested import Nested, add
from .rules import Rule, as_list, ruled
from .sources import convert_to_tensor, named

# One registry per process, as in TF1. None stands for no gradient.
_registry: dict[str, Rule | None] = {}

# Types of operations that no callable of torch gives its name to.
_TYPES = frozenset(
    "Argument Assign AssignAdd AssignSub Capture Cond Const EagerPyFunc Gradients Identity IdentityN NoOp "
    "PartitionedCall Placeholder PreventGradient PyFunc ReadVariable Recompute Scan ShapeOf StridedSlice While".split()
)


class RegisterGradient:
    """A decorator that registers a gradient under a name, for `Graph.gradient_override_map`.

    It takes the operation and the gradient of each of its outputs, and returns those of its inputs, None where there
    is none; it may read `op.inputs` and `op.outputs`. As a rule of `gg.custom_gradient`, it is recorded when such an
    operation is, once, and differentiated for higher orders. Operations keep torch's gradients unless a map says
    otherwise: the name of a type that exists is taken.

    Args:
        op_type: the name, for the whole process.

    Raises:
        TypeError: if the name is no string.
        KeyError: if it is taken.

    Source: `tf.RegisterGradient`.

    >>> import graphgrad as gg
    >>> @gg.RegisterGradient("Clipped")
    ... def clipped(op, upstream):
    ...     return gg.minimum(upstream, gg.ones_like(upstream)) * op.inputs[0]
    >>> x = gg.constant(3.0)
    >>> with gg.get_default_graph().gradient_override_map({"Square": "Clipped"}):
    ...     y = gg.square(x)
    >>> with gg.Session() as sess:
    ...     float(sess.run(gg.gradients(5.0 * y, x)[0]))
    3.0
    """

    def __init__(self, op_type: str) -> None:
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string")
        self.op_type = op_type

    def __call__(self, f: Rule) -> Rule:
        _register(self.op_type, f)
        return f


def NotDifferentiable(op_type: str) -> None:  # TF1's name
    """Register a name whose operations pass no gradient, for `Graph.gradient_override_map`.

    Args and errors are those of `RegisterGradient`. `gg.NoGradient` and `gg.no_gradient` are the same.

    >>> import graphgrad as gg
    >>> gg.NotDifferentiable("Constant")
    >>> x = gg.constant(3.0)
    >>> with gg.get_default_graph().gradient_override_map({"Square": "Constant"}):
    ...     y = gg.square(x)
    >>> gg.gradients(y, x)
    [None]
    """
    if not isinstance(op_type, str):
        raise TypeError("op_type must be a string")
    _register(op_type, None)


def _register(op_type: str, rule: Rule | None) -> None:
    if op_type in _registry:
        raise KeyError(f"Registering two gradient with name {op_type!r}")
    if op_type in _types():
        text = f"Registering two gradient with name {op_type!r}: operations of this type have torch's; choose another"
        raise KeyError(f"{text} name, and gradient_override_map({{{op_type!r}: name}})")
    _registry[op_type] = rule


@functools.cache
def _types() -> frozenset[str]:
    """Every type that an operation can have, and what TF1 calls it."""
    owners = [owner for label, owner in NAMESPACES if label != "torch.nn.init"]
    names = {name for owner in owners for name in dir(owner) if _is_function(getattr(owner, name, None), name)}
    return frozenset({Canonical(None, name).type for name in names} | _TYPES | set(SPELLINGS))


def _is_function(found: Any, name: str) -> bool:
    called = callable(found) and not isinstance(found, type)
    return called and name.islower() and not name.startswith("_") and not name.endswith("_")


def overridden(op: Operation, wanted: str) -> tuple[Value, ...]:
    """The outputs of an operation just recorded, with the gradient of another name.

    What has that gradient takes over the operation's name and type; the one that computes is `NAME/forward`.
    """
    if wanted == op.type or not op.reads or not torch.is_grad_enabled():
        return op.values
    name = op.name
    op.name = op.graph.unique(f"{name}/forward")
    if wanted in _registry:
        values = _with_gradient(op, wanted, name)
    else:
        text = f"no gradient is registered as {wanted!r}, which gradient_override_map names for {op.type}"
        values = _prevented(op.values, text, name, op.type)
    if values:
        values[0].op.name = name
    return values


def _with_gradient(op: Operation, wanted: str, name: str) -> tuple[Value, ...]:
    rule = _registry[wanted]

    def gradients(*seeds: Any) -> list[Any]:
        if rule is None:
            return [None] * len(op.reads)
        with get_default_graph().name_scope(f"{name.rpartition('/')[2]}_grad"):
            return as_list(rule(op, *seeds), len(op.reads), wanted, f"inputs of {name}")

    return ruled(op.graph, op.values, op.reads, gradients, wanted, name, op.type, True)


recording.overridden.append(overridden)


def prevent_gradient(input: Any, message: str = "", name: str | None = None) -> Any:
    """The same tensor; asking for a gradient through it raises `LookupError` with this message.

    >>> import graphgrad as gg
    >>> x = gg.constant(3.0)
    >>> y = gg.prevent_gradient(x * x, message="differentiate the logits")
    >>> try:
    ...     gg.gradients(y, x)
    ... except LookupError as error:
    ...     print("differentiate the logits" in str(error))
    True
    """
    if executing_eagerly():
        raise RuntimeError("prevent_gradient needs a graph; in eager mode use tensor.detach()")
    value = convert_to_tensor(input)._value
    return handle_of(_prevented((value,), message, named(name, "PreventGradient"))[0])


def _prevented(values: tuple[Value, ...], text: str, name: str, type: str = "PreventGradient") -> tuple[Value, ...]:
    flow = Prevented(text, places=())
    specs = [value.spec for value in values]
    signature = flow.signature = Nested(specs, specs, flow, ())
    signature.aliases = tuple(range(len(values)))
    return add(home(values[0].op.graph), type, name, values, signature)
