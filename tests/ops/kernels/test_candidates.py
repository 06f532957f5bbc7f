"""The kernels of samplers, on tensors."""

import pytest
import torch

from graphgrad.ops.kernels import candidates

TRUE = torch.tensor([[0], [2]])


def test_a_class_without_weight_is_never_drawn():
    ids, true, expected = candidates.weighted(TRUE, 1000, False, (0.0, 1.0, 3.0))
    assert set(ids.tolist()) == {1, 2}
    assert true.flatten().tolist() == [0, 750] and expected[ids == 1].unique().tolist() == [250]


def test_distinct_classes_come_in_the_order_of_their_first_draw():
    torch.manual_seed(0)
    firsts = [candidates.weighted(TRUE, 2, True, (1.0, 0.0, 3.0))[0][0].item() for _ in range(400)]
    assert abs(firsts.count(2) / 400 - 0.75) < 0.1
    with pytest.raises(ValueError, match="only 2 can be drawn"):
        candidates.weighted(TRUE, 3, True, (1.0, 0.0, 3.0))


def test_hits():
    found = candidates.hits(torch.tensor([[1, 5], [3, 3]]), torch.tensor([3, 1, 2]))
    assert found.tolist() == [[False, True, False], [True, False, False]]
