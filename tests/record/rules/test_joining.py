"""Tensors put together, and made like others."""

import itertools

import torch
import torch.nn.functional as F  # noqa: N812

from tests.record.rules.agreement import differs, meta, said

LISTS = [
    [meta(2, 3)], [meta(2, 3), meta(2, 3)], [meta(2, 3), meta(4, 3)], [meta(2, 3), meta(2)], [meta(0), meta(2, 3)],
    [meta(2, 3), meta(2, 3, dtype=torch.int64)], [meta(3, 2).t(), meta(2, 3)], [meta(), meta()],
    [meta(2, 3, 4), meta(2, 1, 4)], [],
]  # fmt: skip


def test_cat_and_stack():
    pairs = itertools.product((torch.cat, torch.stack), LISTS, (0, 1, -1, -2, 2))
    found = [differs(target, tensors, dim) for target, tensors, dim in pairs]
    assert not any(found), "\n".join(filter(None, found))
    assert said(torch.cat, [meta(2, 3), meta(4, 3)]) == ((6, 3), torch.float32, None)
    assert said(torch.stack, [meta(2, 3), meta(2, 3)], -1) == ((2, 3, 2), torch.float32, None)


def test_likenesses():
    inputs = [meta(2, 3), meta(3, 2).t(), meta(2, 3, 4).permute(2, 0, 1), meta(2, 1).expand(2, 3), meta()]
    found = []
    for target, given, dtype in itertools.product((torch.zeros_like, torch.ones_like), inputs, (None, torch.int64)):
        found += [differs(target, given), differs(target, given, dtype=dtype)]
        found.append(differs(torch.full_like, given, 2.0, dtype=dtype))
    assert not any(found), "\n".join(filter(None, found))


def test_rows_of_a_matrix():
    index = meta(2, 5, dtype=torch.int64)
    found = [
        differs(F.embedding, index, meta(7, 3)),
        differs(F.embedding, index.int(), meta(7, 3)),
        differs(F.embedding, meta(2), meta(7, 3)),
        differs(F.embedding, index, meta(7, 3, 2)),
        differs(F.embedding, index, meta(7, 3), padding_idx=2),
    ]
    assert not any(found), "\n".join(filter(None, found))
    assert said(F.embedding, index, meta(7, 3)) == ((2, 5, 3), torch.float32, None)
