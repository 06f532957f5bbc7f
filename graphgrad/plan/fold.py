"""Constant folding: which operations depend on constants alone, and are computed once for all runs.

Never from a variable, a feed or a draw, nor where a gradient passes, nor what must keep its identity in this run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from typing import Any

from ..graph.operation import Operation, Role, Value
from ..ground.spec import Spec
from ..record.infer import Signature

# A result of more bytes is computed in each run rather than kept: TF1's limit.
_MOST = 10 * 2**20

# Whose functions are known to compute, and to do nothing else, but for these; the user's own may do anything.
_KNOWN = ("", "torch", "operator", "_operator", "builtins", "graphgrad")
_BUT = ("graphgrad.ops.kernels.checks", "graphgrad.ops.summaries", "graphgrad.record.functions")


def foldable(
    order: Sequence[Operation], tape: Set[Operation], identity: Set[Value], same: Mapping[Value, Value],
    fetches: Sequence[Value] = (),
) -> dict[Value, None]:  # fmt: skip
    """The values to be computed once: made of constants alone, and used by what is not.

    Args:
        order: what will run, in order.
        tape: the operations that autograd sees.
        identity: values that are an x, y, stop, grad_y or fed in this run.
        same: a value -> the equal one that is computed in its place.
        fetches: what the run returns.
    """

    def reads(op: Operation) -> list[Value]:
        return [] if op.role is Role.GRADIENT else [same.get(read, read) for read in op.reads]

    constant: set[Value] = set()
    made: set[Operation] = set()
    for op in order:
        if not identity.isdisjoint(op.values):
            continue
        if op.role is Role.CONSTANT:
            constant.update(op.values)
        elif op.role is Role.CALL and op not in tape and _computes(op) and constant.issuperset(reads(op)):
            constant.update(op.values)
            made.add(op)
    once: set[Operation] = set()  # those of them that something else in the program needs, directly or not
    for op in reversed(order):
        if op in once or not (op in made or (op.role is Role.ASSIGN and op.target is None)):
            once.update(value.op for value in reads(op) if value.op in made)
    used = {value for op in order if op not in once for value in reads(op)}.union(same.get(f, f) for f in fetches)
    return {value: None for op in order if op in once for value in op.values if value in used}


def _computes(op: Operation) -> bool:
    """Whether an operation does nothing but compute, the same in each run, a result that is small enough."""
    signature = op.signature
    if type(signature) is not Signature or signature.random or op.controls:
        return False
    target = op.target
    module = getattr(target, "__module__", None) or ""
    if module.partition(".")[0] not in _KNOWN or module in _BUT or type(target).__module__ in _BUT:
        return False
    return all(_small(value.spec) for value in op.values)


def _small(spec: Any) -> bool:
    if not isinstance(spec, Spec) or not spec.static:
        return False
    return math.prod(spec.in_world(0)) * spec.dtype.itemsize <= _MOST
