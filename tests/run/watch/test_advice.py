"""The hints: each well-known reason is recognised from the figures."""

import re

import pytest
import torch

from graphgrad.run.watch.advice import backward_advice, forward_advice
from graphgrad.run.watch.measure import measure

INF, NAN = float("inf"), float("nan")


def figures(*numbers: float, dtype: torch.dtype = torch.float32) -> object:
    return measure(torch.tensor(numbers, dtype=dtype))


@pytest.mark.parametrize(
    ("kind", "reads", "found", "said"),
    [
        ("Log", [(0.0, 1.0)], (-INF, 0.0), "numbers above 0"),
        ("Sqrt", [(-1.0,)], (NAN,), "not negative"),
        ("RealDiv", [(1.0,), (0.0,)], (INF,), "^the divisor holds zeros"),
        ("RealDiv", [(0.0,), (0.0,)], (NAN,), "both sides hold zeros"),
        ("Exp", [(100.0,)], (INF,), "about 89: subtract the maximum"),
        ("Pow", [(-1.0,), (0.5,)], (NAN,), "not whole"),
        ("Pow", [(0.0,)], (INF,), "no negative power"),
        ("Std", [(1.0,)], (NAN,), "correction=0"),
        ("Acos", [(2.0,)], (NAN,), "clip_by_value"),
        ("Mean", [()], (NAN,), "given nothing"),
        ("MatMul", [(1e30,), (1e30,)], (INF,), "too large for their dtype"),
        ("MatMul", [(1e30,), (1e30,)], (NAN,), "^$"),
    ],
)
def test_forward(kind: str, reads: list[tuple[float, ...]], found: tuple[float, ...], said: str) -> None:
    assert re.search(said, forward_advice(kind, [figures(*read) for read in reads], figures(*found)))


def test_the_largest_exponent_goes_by_the_dtype() -> None:
    read, found = figures(800.0, dtype=torch.float64), figures(INF, dtype=torch.float64)
    assert "about 710" in forward_advice("Exp", [read], found)


@pytest.mark.parametrize(
    ("kind", "arrived", "made", "said"),
    [
        ("Sqrt", (0.0, 1.0), (NAN, 1.0), "both branches are differentiated"),
        ("Mul", (0.0, 1.0), (NAN, 1.0), "both branches are differentiated"),
        ("Sqrt", (1.0, 1.0), (INF, 1.0), "slope is infinite at 0: add a small number"),
        ("Log", (1.0,), (INF,), r"\(or divisor\) is 0"),
        ("MatMul", (1e38,), (INF,), "too large"),
    ],
)
def test_backward(kind: str, arrived: tuple[float, ...], made: tuple[float, ...], said: str) -> None:
    assert re.search(said, backward_advice(kind, [figures(*arrived)], [figures(*made)]))
