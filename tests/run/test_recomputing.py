"""What autograd would keep is computed again when it asks for it."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from graphgrad.run.recomputing import Again, drawing_as, generators
from graphgrad.run.runtime import Run


def test_the_gradient_is_that_of_the_function_and_is_computed_from_a_second_call() -> None:
    calls: list[Any] = []

    def function(run: Run, x: torch.Tensor) -> torch.Tensor:
        calls.append(x)
        return torch.exp(torch.sin(x))

    x = torch.tensor([0.5, 1.0], requires_grad=True)
    y = Run().again(function, x)
    assert len(calls) == 1
    (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    assert len(calls) == 2 and calls[1] is not x
    torch.testing.assert_close(slope, torch.exp(torch.sin(x)) * torch.cos(x))
    (second,) = torch.autograd.grad(slope.sum(), x)
    torch.testing.assert_close(second, torch.exp(torch.sin(x)) * (torch.cos(x) ** 2 - torch.sin(x)))


def test_the_second_call_ends_with_the_last_tensor_that_is_needed() -> None:
    reached: list[str] = []

    def function(run: Run, x: torch.Tensor) -> torch.Tensor:
        y = torch.sin(torch.cos(x))
        reached.append("end")
        return y + 1

    x = torch.tensor(0.5, requires_grad=True)
    torch.autograd.grad(Run().again(function, x), x)
    assert reached == ["end"]


def test_draws_come_again_and_generators_stay_as_they_were() -> None:
    def function(run: Run, x: torch.Tensor) -> torch.Tensor:
        return torch.sin(x * run.draw(1, lambda: torch.rand(8))) * run.draw(2, lambda: torch.rand(8)) * x

    x = torch.linspace(0.1, 0.8, 8, requires_grad=True)
    state = torch.get_rng_state()
    y = function(Run(), x)
    (wanted,) = torch.autograd.grad(y.sum(), x)
    after = torch.get_rng_state()
    torch.set_rng_state(state)
    y = Run().again(function, x)
    assert torch.equal(torch.get_rng_state(), after)
    (slope,) = torch.autograd.grad(y.sum(), x)
    assert torch.equal(slope, wanted) and torch.equal(torch.get_rng_state(), after)


@pytest.mark.parametrize("on", [True, False])
def test_the_grad_mode_is_put_back(on: bool) -> None:
    def function(run: Run, x: torch.Tensor) -> torch.Tensor:
        torch._C._set_grad_enabled(True)
        return torch.exp(torch.sin(x))

    x = torch.tensor(0.5, requires_grad=True)
    part = Again(lambda x: function(Run(), x), [x, 3], Run()._replaying)
    with torch.autograd.graph.saved_tensors_hooks(part.pack, part.unpack):
        y = function(Run(), x)
    with torch.set_grad_enabled(on), pytest.raises(TypeError, match="positional"):
        part.unpack(0)  # called with two arguments
    with torch.set_grad_enabled(on):
        assert torch.is_grad_enabled() is on
    assert y.requires_grad


def test_a_block_that_draws_as_from_a_state() -> None:
    states = [each.get_state() for each in generators()]
    first = torch.rand(3)
    before = torch.get_rng_state()
    with drawing_as(states):
        assert torch.equal(torch.rand(3), first)
    assert torch.equal(torch.get_rng_state(), before)
