"""The empty tensors that rules answer with, and what all rules ask of their arguments.

A rule takes a torch function's arguments, tensors on the meta device among them, and returns the tensors that
torch would return: of the same shape, dtype and strides. Where it is not sure, or the call is wrong, it returns
`NotImplemented`, and torch itself answers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

Rule = Callable[..., Any]

FLOATS = frozenset((torch.float32, torch.float64, torch.float16, torch.bfloat16))
INTS = frozenset((torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8))
COMPLEX = frozenset((torch.complex64, torch.complex128))
REALS = FLOATS | INTS
USUAL = REALS | COMPLEX | {torch.bool}

_NUMBERS = frozenset((int, float, bool))


def plain(*operands: Any) -> bool:
    """Whether these are tensors of which nothing but shape, dtype and strides counts."""
    return all(
        type(each) is torch.Tensor
        and each.is_meta
        and each.layout is torch.strided
        and each.dtype in USUAL
        and not (each.dtype.is_complex and each.is_conj())
        and not each.is_neg()
        for each in operands
    )


def is_number(operand: Any) -> bool:
    """Whether this is a plain real Python number."""
    return type(operand) in _NUMBERS


def of_dtype(dtypes: frozenset[torch.dtype]) -> Callable[[Rule], Rule]:
    """A rule for those calls alone whose first argument is a plain tensor of such a dtype."""

    def bounded(rule: Rule) -> Rule:
        @functools.wraps(rule)
        def call(input: Any, *args: Any, **kwargs: Any) -> Any:
            if not plain(input) or input.dtype not in dtypes:
                return NotImplemented
            return rule(input, *args, **kwargs)

        return call

    return bounded


def empty(shape: Iterable[int], dtype: torch.dtype) -> torch.Tensor:
    """A contiguous result."""
    return torch.empty(tuple(shape), dtype=dtype, device="meta")


def elementwise(dtype: torch.dtype, *operands: torch.Tensor, alike: bool = False) -> Any:
    """The result of an operation on each element of these, broadcast to one shape.

    Args:
        dtype: the result's.
        operands: plain tensors.
        alike: whether operands whose memory is ordered in different ways are left to torch.
    """
    shape: Sequence[int] = operands[0].shape
    if any(each.shape != shape for each in operands[1:]):
        joint = broadcast(*[each.shape for each in operands])
        if joint is None:
            return NotImplemented
        shape = joint
    if all(each.is_contiguous() for each in operands):
        return empty(shape, dtype)
    if 1 in shape or (len(operands) > 1 and (alike or any(0 in each.stride() for each in operands))):
        return NotImplemented  # torch's kernels do not agree on the order of such axes
    return torch.empty_strided(shape, _strides(shape, operands), dtype=dtype, device="meta")


def broadcast(*shapes: Sequence[int]) -> tuple[int, ...] | None:
    """The shape that all of these broadcast to, None if there is none."""
    rank = max(map(len, shapes))
    sizes = [1] * rank
    for shape in shapes:
        for axis, size in enumerate(shape, rank - len(shape)):
            if size != 1 and sizes[axis] not in (1, size):
                return None
            if size != 1:
                sizes[axis] = size
    return tuple(sizes)


def _strides(shape: Sequence[int], operands: Sequence[torch.Tensor]) -> tuple[int, ...]:
    """The strides in which torch lays out a result: those of the operands if they agree, else ordered as they are."""
    alike = operands[0].stride()
    if all(each.shape == shape and each.stride() == alike and _dense(each) for each in operands):
        return alike
    rank = len(shape)
    given = []
    for each in operands:
        if each.dim():
            missing = rank - each.dim()
            pairs = zip(each.shape, each.stride(), shape[missing:], strict=True)
            given.append((0,) * missing + tuple(0 if size == 1 and full != 1 else step for size, step, full in pairs))
    order = _order(shape, given)  # fastest axis first
    strides, step = [0] * rank, 1
    for axis in order:
        strides[axis] = step
        step *= max(shape[axis], 1)
    return tuple(strides)


def _order(shape: Sequence[int], given: Sequence[Sequence[int]]) -> list[int]:
    """The axes from the fastest to the slowest, by insertion as in torch's iterator: the order is a partial one."""
    order = list(reversed(range(len(shape))))
    for start in range(1, len(order)):
        place = start
        for other in range(start - 1, -1, -1):
            swap = _slower(order[other], order[place], shape, given)
            if swap > 0:
                order[other], order[place] = order[place], order[other]
                place = other
            elif swap < 0:
                break
    return order


def _slower(first: int, second: int, shape: Sequence[int], given: Sequence[Sequence[int]]) -> int:
    """1 if the first axis has larger strides than the second, -1 if it has smaller ones, 0 if nobody knows."""
    for strides in given:
        if not strides[first] or not strides[second]:
            continue
        if strides[first] != strides[second]:
            return 1 if strides[first] > strides[second] else -1
        if shape[first] > shape[second]:
            return 1
    return 0


def _dense(tensor: torch.Tensor) -> bool:
    """Whether its elements fill its memory, each its own place."""
    step = 1
    for stride, size in sorted(zip(tensor.stride(), tensor.shape, strict=True)):
        if size == 1:
            continue
        if stride != step:
            return False
        step *= size
    return True


def axes(dim: Any, rank: int) -> tuple[int, ...] | None:
    """The axes that a `dim` argument names, all of them for None; None where it is wrong."""
    if dim is None:
        return tuple(range(rank))
    named = tuple(dim) if isinstance(dim, (tuple, list)) else (dim,)
    if not all(type(each) is int and -rank <= each < rank for each in named):
        return None
    found = tuple(each % rank for each in named)
    return found if len(set(found)) == len(found) else None
