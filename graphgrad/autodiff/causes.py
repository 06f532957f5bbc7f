"""Why no gradient passes a node, in the words that `explain` uses, and what to do about it."""

from __future__ import annotations

import re

from ..graph.operation import Operation, Role
from ..record.custom import Ruled
from .adjoint import Node, derivative_of
from .within import has_bodies


def cut_kind(node: Node) -> str:
    """Why no gradient passes a node, whatever the stops."""
    if not any(value.spec.differentiable for value in node.values):
        return "integer"
    if is_detached(node):
        return "stop_gradient"
    return "no_grad" if is_quiet(node) else "no derivative"


def is_detached(node: Node) -> bool:
    """Whether it hands its input on as a constant."""
    return isinstance(node, Operation) and node.type in ("StopGradient", "Data")


def is_quiet(node: Node) -> bool:
    """Whether it was recorded under torch.no_grad()."""
    return isinstance(node, Operation) and node.signature is not None and not node.signature.modes.grad


def never(node: Node) -> bool:
    """Whether the operation has no derivative by its nature."""
    return isinstance(node, Operation) and node.signature is not None and node.signature.no_derivative


def is_ruled(node: Node) -> bool:
    """Whether a rule of the user's stands for its derivative, as that of a custom_gradient."""
    return isinstance(node, Operation) and isinstance(node.target, Ruled)


_SAYS = {
    "stop": "it is in stop_gradients",
    "integer": "integer tensors are constants",
    "stop_gradient": "it is the output of stop_gradient",
    "detach": "it is detached: detach() makes a constant",
    "data": "it is detached: .data makes a constant",
    "no_grad": "it was recorded under torch.no_grad()",
    "no derivative": "nothing flows through this operation: its derivative does not depend on that input",
    "linear": "the derivative of this operation does not depend on that input: it is constant in it",
    "assign": "what a variable is assigned is a constant",
    "ruled": "the rule that was written for its gradient gives none for that",
    "choice": "it only chooses the branch, or how many rounds there are",
    "not implemented": "torch has no gradient for",
}
_HINTS = {
    "stop": "leave it out of stop_gradients",
    "integer": "differentiate before the cast, or unconnected_gradients='zero'",
    "integer x": "a floating x",
    "stop_gradient": "use the tensor that went into it",
    "no_grad": "record it outside torch.no_grad()",
    "no derivative": "a differentiable operation in its place, or unconnected_gradients='zero'",
    "linear": "unconnected_gradients='zero', if zeros are what you expect",
    "ruled": "return a gradient for it from the rule; what the function only captures, make its argument",
    "assign": "differentiate with respect to the variable, or use the tensor that was assigned",
    "not implemented": "cut it with stop_gradients=[...] or gg.stop_gradient, or compute it from other ops",
}


def reason(kind: str, node: Node, k: int, i: int) -> tuple[str, str]:
    """What is said of a break, and what to do."""
    said, hint = _SAYS[kind], _HINTS[kind]
    if kind == "not implemented":
        op = node if isinstance(node, Operation) else node.op
        order = "" if node is op else "the derivative of "
        said = f"{said} {order}{op.type}: {derivative_of(node).missing[k, i]}"
    elif kind == "no derivative" and has_bodies(node):
        said = _SAYS["choice"]
    elif kind == "integer" and not node.reads[i].spec.differentiable:
        hint = _HINTS["integer x"]
    elif kind == "no derivative" and not isinstance(node, Operation):
        said, hint = _SAYS["linear"], _HINTS["linear"]
    elif kind == "no derivative" and isinstance(node, Operation) and node.role is Role.ASSIGN:
        said, hint = _SAYS["assign"], _HINTS["assign"]
    elif kind == "no derivative" and is_ruled(node):
        said, hint = _SAYS["ruled"], _HINTS["ruled"]
    elif kind == "stop_gradient" and isinstance(node, Operation):
        detached = re.fullmatch(r"(?:.*/)?detach(_\d+)?", node.name)
        said = _SAYS["data" if node.type == "Data" else "detach" if detached else kind]
    return said, hint
