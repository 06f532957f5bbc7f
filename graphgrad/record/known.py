"""What is known while recording after all: tensors made of constants, and sizes as far as a run will check them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import torch

from ..graph.graph import Graph
from ..graph.operation import Operation, Role, Value
from ..graph.walk import upstream
from ..ground.spec import Spec
from .dims import Dim, SizeRecorder, listening, no_size
from .infer import leaves, trial
from .tensor import Recorder

# What may be computed to answer a question while recording.
_OPERATIONS = 500
_ELEMENTS = 2**20


def known_tensor(value: Value) -> torch.Tensor | None:
    """The tensor that a value is in every run: computed from constants alone, or None if it is not known.

    Only where a module or a function is recorded, whose factory calls (`torch.triu(torch.ones(T, T))`)
    would have been tensors in eager torch.
    """
    if not listening.everything:
        return None
    found: list[Operation] = []
    for op in upstream([value.op]):
        found.append(op)
        if len(found) > _OPERATIONS or not _plain(op):
            return None
    values: dict[Value, Any] = {}
    with trial(), torch.no_grad(), torch._C.DisableTorchFunction():
        for op in sorted(found, key=lambda op: op.id):
            if op.role is Role.CONSTANT:
                values[op.values[0]] = op.payload
                continue
            result = op.target(*_with(op.args, values), **_with(op.kwargs, values))
            values.update(zip(op.values, _tensors(result), strict=False))
    answer = values.get(value)
    return answer if isinstance(answer, torch.Tensor) else None


def _plain(op: Operation) -> bool:
    """Whether an operation gives the same in every run, and quickly."""
    small = all(
        isinstance(value.spec, Spec) and value.spec.static and _elements(value.spec) <= _ELEMENTS for value in op.values
    )
    if op.role is Role.CONSTANT:
        return small
    return op.role is Role.CALL and op.signature is not None and not op.signature.random and small


def _elements(spec: Spec) -> int:
    return int(torch.Size([size or 0 for size in spec.shape or ()]).numel())


def _with(nest: Any, values: dict[Value, Any]) -> Any:
    if type(nest) is Value:
        return values[nest]
    if isinstance(nest, (tuple, list)):
        return type(nest)(_with(item, values) for item in nest)
    if type(nest) is slice:
        return slice(_with(nest.start, values), _with(nest.stop, values), _with(nest.step, values))
    if isinstance(nest, dict):
        return {key: _with(item, values) for key, item in nest.items()}
    return nest


def _tensors(result: Any) -> list[Any]:
    return [leaf for leaf in leaves(result) if isinstance(leaf, torch.Tensor)]


# -- guards -------------------------------------------------------------------------------------------

_SIGNS = {operator.eq: "==", operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">="}


def check_sizes(left: int, sign: str, right: int, expected: bool) -> None:
    """Raise `ValueError` unless the comparison of two sizes comes out as it did when it was recorded."""
    function = next(function for function, text in _SIGNS.items() if text == sign)
    if function(left, right) is not expected:
        raise ValueError(
            f"a branch was recorded for runs in which `size {sign} size` is {expected}; "
            f"this run has {left} {sign} {right}. Record it again with such sizes declared"
        )


# The operations that have to run with what is being recorded; the floor above fills it.
guards: list[Callable[[Operation], None]] = []


def compare(function: Callable[[Any, Any], bool], left: Dim, right: Any) -> bool:
    """`B == C`, `T > 1` in a recorded module: answered as for typical sizes, and checked in every run.

    Sizes in a plain script have no answer, since nothing says which runs the answer is for.
    """
    if not listening.everything or not isinstance(right, (int, Dim)):
        if function is operator.eq and not isinstance(right, (int, Dim)):
            return False
        raise no_size(left, "a comparison")
    if isinstance(right, Dim) and left.key is not None and left.key == right.key:
        return bool(function(1, 1))
    answers = [
        None if a is None or b is None else function(a, b) for a, b in zip(_worlds(left), _worlds(right), strict=True)
    ]
    typical = [answer for answer in answers[:3] if answer is not None]  # the last world is that of size 1
    if not typical or any(answer is not typical[0] for answer in typical):
        raise no_size(left, "a comparison whose answer depends on the size")
    reads = tuple(dim._value for dim in (left, right) if isinstance(dim, Dim))
    args = (left._value, _SIGNS[function], right._value if isinstance(right, Dim) else right, typical[0])
    guard = _graph(reads).add(Role.CALL, "CheckSizes", "check_sizes", reads, (), target=check_sizes, args=args)
    for attach in guards:
        attach(guard)
    return typical[0]


def _graph(reads: tuple[Value, ...]) -> Graph:
    return reads[0].op.graph


def _worlds(size: Any) -> Iterator[int | None]:
    if isinstance(size, Dim):
        yield from size._value.spec.worlds  # type: ignore[misc]
    else:
        yield from [int(size)] * 4


SizeRecorder.compare = staticmethod(compare)
Recorder.known = staticmethod(known_tensor)
