"""Packed sequences of lengths that are known while recording."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import graphgrad as gg

DATA = np.random.default_rng(0).normal(size=(5, 2, 3)).astype(np.float32)


@pytest.mark.parametrize("lengths", [[5, 3], [2, 5], torch.tensor([4, 4])])
def test_a_packed_sequence_through_a_layer(run, lengths):
    layer = nn.GRU(3, 4)

    def model(x):
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        return pad_packed_sequence(layer(packed)[0])

    x = gg.placeholder(gg.float32, [5, 2, 3])
    output, sizes = gg.record(model, x)
    wanted, wanted_sizes = model(torch.from_numpy(DATA))
    found, found_sizes, slope = run([output, sizes, gg.gradients((output**2).sum(), x)[0]], {x: DATA})
    np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=1e-5, atol=1e-6)
    assert found_sizes.tolist() == wanted_sizes.tolist()
    leaf = torch.from_numpy(DATA).requires_grad_()
    want = torch.autograd.grad((model(leaf)[0] ** 2).sum(), leaf)[0]
    np.testing.assert_allclose(slope, want.numpy(), rtol=1e-4, atol=1e-6)


def test_lengths_that_a_run_decides_are_refused():
    x, lengths = gg.placeholder(gg.float32, [5, 2, 3]), gg.placeholder(gg.int64, [2], name="lengths")
    with pytest.raises(gg.errors.RecordingError, match=r"a run decides the lengths(.|\n)*lengths"):
        gg.record(lambda x, n: pack_padded_sequence(x, n, enforce_sorted=True), x, lengths)
