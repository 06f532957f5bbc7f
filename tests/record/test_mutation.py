"""Calls that turn out to change their arguments move the handles on these."""

import numpy as np
import pytest
import torch
from torch import nn

import graphgrad as gg
from graphgrad.record.mutation import OnCopies

DATA = np.float32([1.0, -2.0, 3.0])


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [3], name="x")


def test_the_callable_works_on_copies():
    first, second = torch.ones(2), torch.ones(2)
    call = OnCopies(torch._foreach_add_, ((0, 0, 1),))
    _, copies = call([first, second], 2.0)
    assert second.tolist() == [1, 1] and copies[0].tolist() == [3, 3]


def test_a_user_function_that_marks_its_input_dirty(x, run):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, tensor):
            tensor.mul_(2.0)
            ctx.mark_dirty(tensor)
            return tensor

        @staticmethod
        def backward(ctx, gradient):
            return gradient * 2.0

    y = x * 1.0
    result = Double.apply(y)
    found = run([y, result, gg.gradients(result, x)[0]], {x: DATA})
    for have, want in zip(found, [2 * DATA, 2 * DATA, [2, 2, 2]], strict=True):
        np.testing.assert_allclose(have, want)


def test_a_buffer_that_a_call_changes_is_updated():
    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("total", torch.zeros(3))

        def forward(self, x):
            torch._foreach_add_([self.total], [x.detach()])
            return x * 1.0

    module = Sum()
    x = gg.placeholder(gg.float32, [3])
    y = module(x)
    with gg.Session() as session:
        for _ in range(2):
            session.run(y, {x: DATA})
        assert session.state_dict(module)["total"].tolist() == (2 * DATA).tolist()


def test_a_plain_tensor_that_a_call_would_change_is_refused(x):
    plain = torch.zeros(3)
    with pytest.raises(gg.errors.RecordingError, match="plain tensor"):
        torch._foreach_add_([plain], [x])
    assert plain.tolist() == [0, 0, 0]
