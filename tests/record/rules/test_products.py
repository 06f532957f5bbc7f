"""Matrix products: the same shapes as torch's, and its errors left to it."""

import itertools

import torch
import torch.nn.functional as F  # noqa: N812

from graphgrad.record.rules.products import RULES
from tests.record.rules.agreement import differs, meta, said

SHAPES = [(), (3,), (2, 3), (3, 2), (3, 3), (1, 2, 3), (4, 3, 2), (4, 2, 3), (5, 1, 3, 3), (0, 3), (3, 0)]


def test_of_two():
    found = []
    for name, left, right, turned in itertools.product(RULES, SHAPES, SHAPES, (False, True)):
        first, second = meta(*left), meta(*right)
        second = second.mT if turned and len(right) > 1 else second
        for space in (torch, torch.Tensor):
            if hasattr(space, name):
                found.append(differs(getattr(space, name), first, second))
    assert not any(found), "\n".join(filter(None, found))


def test_of_other_dtypes():
    found = []
    for left, right in itertools.product((torch.float32, torch.float64, torch.int32, torch.bool), repeat=2):
        found.append(differs(torch.matmul, meta(2, 3, dtype=left), meta(3, 2, dtype=right)))
        found.append(differs(F.linear, meta(2, 3, dtype=left), meta(2, 3, dtype=right)))
        found.append(differs(torch.addmm, meta(2, dtype=left), meta(2, 3, dtype=left), meta(3, 2, dtype=right)))
    assert not any(found), "\n".join(filter(None, found))


def test_linear_and_addmm():
    found = []
    for given, weight, bias in itertools.product(SHAPES, SHAPES, (None, (2,), (3,), (1,))):
        found.append(differs(F.linear, meta(*given), meta(*weight), None if bias is None else meta(*bias)))
        found.append(differs(torch.addmm, meta(*(bias or ())), meta(*given), meta(*weight)))
    assert not any(found), "\n".join(filter(None, found))
    assert said(F.linear, meta(5, 2, 3), meta(4, 3), meta(4)) == ((5, 2, 4), torch.float32, None)


def test_batches():
    assert said(torch.bmm, meta(4, 2, 3), meta(4, 3, 5)) == ((4, 2, 5), torch.float32, None)
    assert said(torch.matmul, meta(5, 1, 2, 3), meta(4, 3, 6)) == ((5, 4, 2, 6), torch.float32, None)
    assert said(torch.matmul, meta(2, 3), meta(2, 3)) is NotImplemented  # an error of torch's
