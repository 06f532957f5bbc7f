"""Functions of each element: the same dtypes and layouts as torch's, over random operands."""

import operator
import random

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from graphgrad.record.rules.elementwise import ACTIVATIONS, OPERATORS, RULES
from tests.record.rules.agreement import differs, meta, said

DTYPES = (
    *[torch.float32] * 6,
    *[torch.float64, torch.bfloat16, torch.int64, torch.int32, torch.uint8, torch.bool, torch.complex64, torch.float16],
)
NUMBERS = (2, -1, 0, 0.5, True, -0.0)
TERNARY = (torch.lerp, torch.addcmul, torch.addcdiv)
FUNCTIONS = sorted(
    {getattr(torch, name, None) or getattr(torch.Tensor, name) for name in RULES} - {torch.where, *TERNARY}, key=str
)


def drawn(draw: random.Random, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """A tensor of this shape, its memory in some order, with gaps, or shared by elements."""
    rank, kind = len(shape), draw.random()
    if kind < 0.4 or not rank:
        return meta(*shape, dtype=dtype)
    if kind < 0.7:
        order = draw.sample(range(rank), rank)
        return meta(*[shape[axis] for axis in order], dtype=dtype).permute([order.index(n) for n in range(rank)])
    if kind < 0.85:
        return meta(*shape[:-1], 2 * shape[-1], dtype=dtype)[..., ::2]
    return meta(*[1 if draw.random() < 0.5 else size for size in shape], dtype=dtype).expand(shape)


def shape_of(draw: random.Random) -> tuple[int, ...]:
    return tuple(draw.choice((1, 2, 3, 4, 4, 3, 2, 0)) for _ in range(draw.randrange(4)))


def part_of(draw: random.Random, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that broadcasts to this one."""
    sizes = [1 if draw.random() < 0.25 else size for size in shape]
    return tuple(sizes[draw.choice((0, 0, 0, 1)) :])


def operands(draw: random.Random, count: int) -> list:
    """A tensor and others, or numbers, that mostly broadcast with it."""
    shape, dtype = shape_of(draw), draw.choice(DTYPES)
    made = [drawn(draw, shape, dtype)]
    for _ in range(count - 1):
        other = part_of(draw, shape) if draw.random() < 0.9 else shape_of(draw)
        number = draw.random() < 0.25
        made.append(draw.choice(NUMBERS) if number else drawn(draw, other, draw.choice((dtype, draw.choice(DTYPES)))))
    if draw.random() < 0.3:
        made.reverse()
    return made


def test_of_one_and_two_operands():
    draw = random.Random(5)
    found = []
    for target in [*FUNCTIONS, *OPERATORS]:
        for _ in range(20):
            found.append(differs(target, *operands(draw, draw.choice((1, 2, 2)))))
    assert not any(found), "\n".join(filter(None, found))


def test_of_three_operands():
    draw = random.Random(6)
    found = []
    for _ in range(200):
        found.append(differs(draw.choice(TERNARY), *operands(draw, 3)))
        first, *others = operands(draw, 3)
        shape = first.shape if isinstance(first, torch.Tensor) else (2,)
        found.append(differs(torch.where, drawn(draw, part_of(draw, tuple(shape)), torch.bool), *others))
    assert not any(found), "\n".join(filter(None, found))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    draw = random.Random(7)
    target = getattr(F, name)
    found = [differs(target, *operands(draw, 1)) for _ in range(20)]
    assert not any(found), "\n".join(filter(None, found))
    assert said(target, meta(2, 3)) == ((2, 3), torch.float32, None)


def test_numbers_count_by_their_type():
    assert said(torch.add, meta(2, dtype=torch.int64), 0.5) == ((2,), torch.float32, None)
    assert said(operator.truediv, 1, meta(2, dtype=torch.int64)) == ((2,), torch.float32, None)
    assert said(torch.mul, meta(2, dtype=torch.float16), meta(dtype=torch.float64)) == ((2,), torch.float16, None)
    assert said(torch.lt, meta(2), 3) == ((2,), torch.bool, None)


def test_what_would_change_its_argument_is_left_to_torch():
    assert said(F.relu, meta(2), inplace=True) is NotImplemented
    assert said(F.leaky_relu, meta(2), 0.1, True) is NotImplemented
