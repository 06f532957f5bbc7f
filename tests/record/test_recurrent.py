"""Recurrent layers of unknown length: recorded as quickly as others, with the shapes of eager torch."""

import numpy as np
import pytest
import torch
from torch import nn

import graphgrad as gg


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_an_unknown_length(run, kind, batch_first):
    layer = kind(3, 4, 2, bidirectional=True, batch_first=batch_first)
    x = gg.placeholder(gg.float32, [None, None, 3])
    output, _ = layer(x)
    assert output.shape.as_list() == [None, None, 8]
    slope = gg.gradients((output**2).sum(), x)[0]
    for steps in (1, 2, 7):
        data = np.random.default_rng(steps).normal(size=(steps, 5, 3)).astype(np.float32)
        found, gradient = run([output, slope], {x: data})
        leaf = torch.from_numpy(data).requires_grad_()
        wanted = layer(leaf)[0]
        np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=1e-5, atol=1e-6)
        want = torch.autograd.grad((wanted**2).sum(), leaf)[0]
        np.testing.assert_allclose(gradient, want.numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("size", [[40, 3], [None, 3]])
def test_without_a_batch(run, size):
    layer = nn.GRU(3, 4)
    x = gg.placeholder(gg.float32, size)
    data = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    np.testing.assert_allclose(
        run(layer(x)[0], {x: data}), layer(torch.from_numpy(data))[0].detach().numpy(), rtol=1e-5, atol=1e-6
    )
