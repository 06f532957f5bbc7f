"""How TF1 describes a sliding window."""

import pytest
import torch

from graphgrad.ops.kernels.windows import amounts, channels_last, inward, outward, padded, per_axis, symmetric


def test_same_padding_is_one_more_after_where_odd():
    # TF1's rule: out = ceil(in / stride); the total is (out - 1) * stride + reach - in, the smaller half before
    assert amounts("SAME", [4], [3], [2], [1]) == [(0, 1)]
    assert amounts("SAME", [5], [3], [2], [1]) == [(1, 1)]
    assert amounts("same", [6, 7], [2, 5], [1, 3], [1, 1]) == [(0, 1), (2, 2)]
    assert amounts("SAME", [7], [3], [1], [2]) == [(2, 2)]
    assert amounts("SAME", [4], [1], [2], [1]) == [(0, 0)]
    assert amounts("VALID", [4, 4], [3, 3], [2, 2], [1, 1]) == [(0, 0), (0, 0)]
    assert amounts([[0, 0], [1, 2], [0, 3], [0, 0]], [4, 4], [3, 3], [1, 1], [1, 1]) == [(1, 2), (0, 3)]
    with pytest.raises(ValueError, match="FULL"):
        amounts("FULL", [4], [3], [2], [1])


def test_the_spellings_of_a_number_per_axis():
    assert per_axis(None, 2, True, "strides") == [1, 1]
    assert per_axis(3, 2, True, "strides") == per_axis([3], 2, True, "strides") == [3, 3]
    assert per_axis([2, 3], 2, True, "strides") == [2, 3]
    assert per_axis([1, 2, 3, 1], 2, True, "strides") == per_axis([1, 1, 2, 3], 2, False, "strides") == [2, 3]
    for wrong in ([2, 1, 1, 1], [1, 1, 1, 2], [1, 2, 3]):
        with pytest.raises(ValueError, match="strides"):
            per_axis(wrong, 2, True, "strides")


def test_where_the_channels_are():
    assert channels_last(None, 2) and channels_last("NHWC", 2) and channels_last("NWC", 1) and channels_last("NHWC", 1)
    assert not channels_last("NCHW", 2) and not channels_last("NCDHW", 3) and not channels_last("NCHW", 1)
    with pytest.raises(ValueError, match="CHWN"):
        channels_last("CHWN", 2)
    images = torch.empty(1, 2, 3, 4)
    assert inward(images, True).shape == (1, 4, 2, 3) and outward(inward(images, True), True).shape == images.shape
    assert inward(images, False) is images


def test_what_is_padded():
    assert padded(torch.ones(1, 1, 2), [(1, 2)], 5.0).tolist() == [[[5, 1, 1, 5, 5]]]
    assert padded(torch.ones(1, 1, 1, 1), [(1, 0), (0, 1)]).tolist() == [[[[0, 0], [1, 0]]]]
    assert symmetric([(1, 1), (0, 0)]) and not symmetric([(0, 1)])
