"""Learning rates as numbers and as tensors, where kernels are followed and where they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import graphgrad as gg
from graphgrad.train import kernels, rates
from tests.train.test_kernels import KERNELS, arguments


class Names(TorchDispatchMode):
    """The kernels that it is handed."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(func._schema.name)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", KERNELS)
def test_a_rate_that_is_followed_gives_the_same_bits_and_is_not_read(name: str, dtype: torch.dtype) -> None:
    kernel, settings = KERNELS[name]
    lists = [[tensor.to(dtype) for tensor in each] for each in arguments(kernel)]
    rate = torch.tensor(settings[0], dtype=torch.float32)
    plain = kernel(*lists, rate, *settings[1:])
    with Names() as seen:
        followed = kernel(*lists, rate, *settings[1:])
    assert "aten::_local_scalar_dense" not in seen.names
    assert all(torch.equal(a, b) for x, y in zip(plain, followed, strict=True) for a, b in zip(x, y, strict=True))


@pytest.mark.parametrize("rate", [0.001, torch.tensor(0.001)], ids=["number", "tensor"])
def test_the_rate_of_adam_is_the_same_where_it_is_followed(rate: Any) -> None:
    for step in range(1, 40):
        powers = torch.tensor(0.9**step), torch.tensor(0.999**step)
        with Names() as seen:
            followed = kernels.adam_rate(rate, *powers)
        assert torch.equal(followed, kernels.adam_rate(rate, *powers)) and followed.dtype is torch.float64
        assert "aten::_local_scalar_dense" not in seen.names


def test_known_reads_a_rate_only_where_nobody_follows() -> None:
    variables, rate = [torch.ones(2)], torch.tensor(0.5)
    assert rates.known(0.25, variables) == 0.25 and type(rates.known(rate, variables)) is float
    assert not rates.followed()
    with Names():
        assert rates.followed() and rates.known(rate, variables) is rate


def _rate(kind: str) -> Any:
    if kind == "number":
        return 0.01
    return gg.train.exponential_decay(0.01, gg.train.get_or_create_global_step(), 2, 0.5)


OPTIMIZERS: dict[str, Callable[[Any], gg.train.Optimizer]] = {
    "gradient descent": gg.train.GradientDescentOptimizer,
    "momentum": lambda rate: gg.train.MomentumOptimizer(rate, 0.9),
    "no momentum": lambda rate: gg.train.MomentumOptimizer(rate, 0.0),
    "Adam": gg.train.AdamOptimizer,
    "Adagrad": gg.train.AdagradOptimizer,
    "Adadelta": gg.train.AdadeltaOptimizer,
    "RMSProp": lambda rate: gg.train.RMSPropOptimizer(rate, momentum=0.5, centered=True),
    "FTRL": gg.train.FtrlOptimizer,
}


@pytest.fixture(autouse=True)
def graph() -> Iterator[None]:
    with gg.Graph().as_default():
        yield


@pytest.mark.parametrize("kind", ["number", "schedule"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_is_traced_whole_with_the_same_numbers(name: str, kind: str) -> None:
    x, w = gg.placeholder(gg.float32, [4, 3]), gg.Variable(torch.linspace(-1, 1, 6).reshape(3, 2))
    step = gg.train.get_or_create_global_step()
    train = OPTIMIZERS[name](_rate(kind)).minimize(gg.reduce_sum(gg.sin(x @ w)), global_step=step)
    batches, courses = torch.linspace(-2, 2, 60).reshape(5, 4, 3), []
    for compile in ("", "trace"):
        with gg.Session(compile=compile) as session:
            session.run(gg.global_variables_initializer())
            for batch in batches:
                session.run(train, {x: batch})
            courses.append(session.run(gg.global_variables()))
            assert "without compile=" not in str(session.report())
    assert all(np.array_equal(a, b) for a, b in zip(*courses, strict=True))
