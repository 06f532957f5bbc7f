"""Convolutions, pooling, normalization and losses: the same shapes as torch's."""

import itertools

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from tests.record.rules.agreement import differs, meta, said


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_convolutions(rank):
    target = getattr(F, f"conv{rank}d")
    found = []
    for size, width, stride, padding, dilation, groups in itertools.product(
        (1, 5, 8), (1, 3), (1, 2, (2,) * rank), (0, 1, (1,) * rank, "same", -1), (1, 2), (1, 2)
    ):
        images, weight = meta(2, 2 * groups, *[size] * rank), meta(4, 2, *[width] * rank)
        for bias in (None, meta(4), meta(3)):
            found.append(differs(target, images, weight, bias, stride, padding, dilation, groups))
    assert not any(found), "\n".join(filter(None, found))
    assert said(target, meta(2, 3, *[8] * rank), meta(4, 3, *[3] * rank)) is not NotImplemented


def test_pooling():
    found = []
    for size, kernel, stride, padding, dilation, ceil in itertools.product(
        (1, 5, 8), (1, 2, 3, (2, 1)), (None, 1, 2), (0, 1), (1, 2), (False, True)
    ):
        found.append(differs(F.max_pool2d, meta(2, 3, size, size), kernel, stride, padding, dilation, ceil))
    assert not any(found), "\n".join(filter(None, found))
    assert said(F.max_pool2d, meta(2, 3, 8, 6), 2) == ((2, 3, 4, 3), torch.float32, None)


def test_layer_norm():
    found = []
    for shape, scale, bias in itertools.product(((4,), (3, 4), [4], (3,), ()), (None, (4,), (3, 4)), (None, (4,))):
        given = [None if each is None else meta(*each) for each in (scale, bias)]
        found.append(differs(F.layer_norm, meta(2, 3, 4), shape, *given))
    assert not any(found), "\n".join(filter(None, found))
    assert said(F.layer_norm, meta(2, 3), (3,), meta(3), meta(3)) == ((2, 3), torch.float32, None)


def test_attention():
    attend = F.scaled_dot_product_attention
    found = []
    for dtype, width, length, causal in itertools.product(
        (torch.float32, torch.bfloat16, torch.int64), (4, 5), (3, 7), (False, True)
    ):
        query, key = meta(2, 3, 7, 4, dtype=dtype), meta(2, 3, length, 4, dtype=dtype)
        value = meta(2, 3, length, width, dtype=dtype)
        found.append(differs(attend, query, key, value, is_causal=causal))
        found.append(differs(attend, query.transpose(1, 2).contiguous().transpose(1, 2), key, value, scale=0.5))
        found.append(differs(attend, query[:, :1], key, value))
        found.append(differs(attend, query[0], key[0], value[0]))
    assert not any(found), "\n".join(filter(None, found))
    assert said(attend, meta(2, 3, 7, 4), meta(2, 3, 5, 4), meta(2, 3, 5, 6)) == ((2, 3, 7, 6), torch.float32, None)


def test_dropout_in_attention_is_left_to_torch_since_it_is_random():
    given = [meta(2, 3, 7, 4)] * 3
    assert said(F.scaled_dot_product_attention, *given, dropout_p=0.5) is NotImplemented


LOSSES = (F.mse_loss, F.l1_loss, F.binary_cross_entropy_with_logits, F.cross_entropy, F.nll_loss)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_losses(loss):
    classes = meta(2, dtype=torch.int64)
    found = []
    for given, target, reduction in itertools.product(
        (meta(2, 3), meta(2, 3, 4), meta(3), meta(2, 3, dtype=torch.int64), meta(0, 3)),
        (meta(2, 3), classes, meta(2, 4, dtype=torch.int64), meta()),
        ("mean", "sum", "none", "other"),
    ):
        found.append(differs(loss, given, target, reduction=reduction))
    assert not any(found), "\n".join(filter(None, found))
    fitting = classes if loss in (F.cross_entropy, F.nll_loss) else meta(2, 3)
    assert said(loss, meta(2, 3), fitting) == ((), torch.float32, None)
