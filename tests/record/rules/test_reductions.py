"""Functions along axes: the same shapes and dtypes as torch's."""

import itertools

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from graphgrad.record.rules.reductions import RULES
from tests.record.rules.agreement import differs, meta, said

OPTIONS = [
    {}, {"dim": 0}, {"dim": -1}, {"dim": (0, 1)}, {"dim": [-1]}, {"dim": ()}, {"dim": None}, {"dim": (0, 0)},
    {"dim": 7}, {"keepdim": True}, {"dim": 0, "keepdim": True}, {"dim": None, "keepdim": True},
    {"dim": 1, "dtype": torch.float64}, {"dtype": torch.int64},
]  # fmt: skip
INPUTS = [meta(2, 3, 4), meta(3, 2), meta(2, 3).t(), meta(4), meta(), meta(0, 3), meta(2, 1, 3).transpose(0, 2)]
DTYPES = (torch.float32, torch.bfloat16, torch.int32, torch.uint8, torch.bool, torch.complex64)


@pytest.mark.parametrize("name", RULES)
def test_as_torch_has_it(name):
    found = []
    for space, given, dtype, options in itertools.product((torch, torch.Tensor), INPUTS, DTYPES, OPTIONS):
        if hasattr(space, name):
            found.append(differs(getattr(space, name), given.to(dtype), **options))
    assert not any(found), "\n".join(filter(None, found))


def test_sums_of_integers_are_wide():
    assert said(torch.sum, meta(2, 3, dtype=torch.int8), 0) == ((3,), torch.int64, None)
    assert said(torch.mean, meta(2, 3), (0, 1), True) == ((1, 1), torch.float32, None)
    assert said(torch.argmax, meta(2, 3), 1) == ((2,), torch.int64, None)
    assert said(torch.mean, meta(2, 3, dtype=torch.int64)) is NotImplemented  # an error of torch's


def test_softmax_needs_an_axis():
    assert said(F.softmax, meta(2, 3), dim=1) == ((2, 3), torch.float32, None)
    assert said(F.softmax, meta(2, 3)) is NotImplemented
