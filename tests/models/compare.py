"""A module recorded on placeholders, beside a deep copy in eager torch: outputs, gradients, training."""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

import graphgrad as gg

STEPS = 5
RATE = 0.05
Arrays = Sequence[np.ndarray[Any, Any]]
Axes = Sequence[tuple[int, ...]]


def apply(module: nn.Module, *inputs: Any) -> Any:
    return module(*inputs)


def compare(
    module: nn.Module, arrays: Arrays, unknown: Axes = (), call: Callable[..., Any] = apply, rtol: float = 1e-8
) -> None:
    """Record `call(module, *placeholders)` and compare it with the same call on a deep copy in eager torch.

    Args:
        module: float64 unless `rtol` says otherwise; it stays as it is.
        arrays: what the placeholders are fed.
        unknown: per input, the axes whose size is unknown before the run.
        call: how the module is called; returns a nest of tensors.
        rtol: the relative tolerance, also the absolute one.
    """
    eager = copy.deepcopy(module)
    feeds = {placeholder(array, axes): array for array, axes in _with_axes(arrays, unknown)}
    plain = [torch.from_numpy(array) for array in arrays]
    outputs, wanted = floats(call(module, *feeds)), floats(call(eager, *plain))
    assert outputs and len(outputs) == len(wanted)
    names = [name for name, _ in module.named_parameters()]
    loss = score(outputs)
    gradients = gg.gradients(loss, list(module.parameters())) if names else []
    step = gg.train.GradientDescentOptimizer(RATE).minimize(loss) if names else None
    expected = torch.autograd.grad(score(wanted), list(eager.parameters()), allow_unused=True) if names else []
    with gg.Session() as session:
        if gg.global_variables():
            session.run(gg.global_variables_initializer())
        for have, want in zip(session.run(outputs, feeds), wanted, strict=True):
            close(have, want, rtol, "output")
        present = [gradient for gradient in gradients if gradient is not None]
        values = iter(session.run(present, feeds))
        for name, gradient, want in zip(names, gradients, expected, strict=True):
            assert (gradient is None) == (want is None), f"only one of the two gives {name} a gradient"
            if want is not None:
                close(next(values), want, rtol, f"gradient of {name}")
        if step is not None:
            losses = [session.run([loss, step], feeds)[0] for _ in range(STEPS)]
            close(losses, trained(eager, plain, call), rtol, "losses of the training")
            moved = any(want is not None and want.abs().max() > 1e-6 for want in expected)
            assert losses[0] != losses[-1] or not moved


def trained(module: nn.Module, inputs: Sequence[torch.Tensor], call: Callable[..., Any]) -> list[float]:
    """The losses of five steps of `torch.optim.SGD`."""
    optimizer = torch.optim.SGD(module.parameters(), lr=RATE)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = score(floats(call(module, *inputs)))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def score(outputs: Sequence[Any]) -> Any:
    """A loss that notices every element, also of outputs that are normalised."""
    total: Any = 0.0
    for output in outputs:
        total = total + torch.sin(3 * output + 0.5).mean()
    return total


def placeholder(array: np.ndarray[Any, Any], unknown: tuple[int, ...] = ()) -> Any:
    """A placeholder for arrays like this one."""
    shape = [None if axis in unknown else size for axis, size in enumerate(array.shape)]
    return gg.placeholder(torch.from_numpy(array).dtype, shape)


def floats(nest: Any) -> list[Any]:
    """The floating tensors of a nest, in order."""
    return [tensor for tensor in _tensors(nest) if tensor.dtype.is_floating_point]


def close(have: Any, want: Any, rtol: float, what: str) -> None:
    want = want.detach().numpy() if isinstance(want, torch.Tensor) else want
    np.testing.assert_allclose(have, want, rtol=rtol, atol=rtol, err_msg=what)


def normal(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.randn(*shape)


def _with_axes(arrays: Arrays, unknown: Axes) -> list[tuple[Any, tuple[int, ...]]]:
    axes = [*unknown, *[()] * (len(arrays) - len(unknown))]
    return list(zip(arrays, axes, strict=True))


def _tensors(nest: Any) -> Iterator[Any]:
    if isinstance(nest, torch.Tensor):
        yield nest
    elif isinstance(nest, dict):
        for item in nest.values():
            yield from _tensors(item)
    elif isinstance(nest, (tuple, list)):
        for item in nest:
            yield from _tensors(item)
