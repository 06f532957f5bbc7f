"""Broadcasting, and how a result lies in memory."""

import pytest
import torch

from graphgrad.record.rules.results import axes, broadcast, elementwise, plain
from tests.record.rules.agreement import form, meta

SHAPES = [((3, 1), (4,)), ((), (2, 3)), ((2, 3), (2, 3)), ((0,), (1,)), ((5, 1, 2), (3, 1)), ((2,), (3,)), ((0,), (2,))]


@pytest.mark.parametrize(("left", "right"), SHAPES, ids=str)
def test_shapes_broadcast_as_torch_broadcasts_them(left, right):
    try:
        wanted = tuple(torch.broadcast_shapes(left, right))
    except RuntimeError:
        wanted = None
    assert broadcast(left, right) == wanted


def test_a_result_lies_in_memory_as_its_operands_do():
    turned = meta(4, 3).t()
    assert form(elementwise(torch.float32, turned)) == ((3, 4), torch.float32, (1, 3))
    assert form(elementwise(torch.float32, turned, meta(4))) == ((3, 4), torch.float32, (1, 3))
    assert form(elementwise(torch.float32, meta(3, 4), turned)) == ((3, 4), torch.float32, None)


def test_what_torch_does_not_agree_on_is_left_to_it():
    turned = meta(4, 1, 3).permute(2, 1, 0)
    assert elementwise(torch.float32, turned) is NotImplemented
    assert elementwise(torch.float32, meta(4, 3).t(), meta(3, 4), alike=True) is NotImplemented
    assert elementwise(torch.float32, meta(2), meta(3)) is NotImplemented


def test_axes():
    assert axes(None, 3) == (0, 1, 2)
    assert axes((0, -1), 3) == (0, 2)
    assert axes(3, 3) is None
    assert axes((0, -3), 3) is None


def test_plain_tensors_are_strided_and_without_memory():
    assert plain(meta(2), meta(2, dtype=torch.bool))
    assert not plain(torch.zeros(2))
    assert not plain(meta(2, dtype=torch.complex64).conj())
    assert not plain(meta(2, dtype=torch.float8_e4m3fn))
    assert not plain(1.0)
