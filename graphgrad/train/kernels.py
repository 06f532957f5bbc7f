"""The update rules of TF1's optimizers, over lists of tensors: torch's fused kernels where the formula is the same.

A `Kernel` called as a function leaves its arguments as they are and returns new tensors, which is what a graph
records. Its `in_place` changes them, which is what a run may do where nobody reads the old ones again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from .rates import Number, Tensors, add_quotients, followed, known, subtract


class Kernel:
    """An update of lists of tensors, as a function and in place.

    Attributes:
        in_place: changes the tensors of its first `changed` arguments, and returns nothing.
        changed: how many of the arguments, each a list, are changed; the function returns as many lists.
    """

    def __init__(self, in_place: Callable[..., None], changed: int) -> None:
        self.in_place = in_place
        self.changed = changed
        self.__module__ = in_place.__module__
        self.__name__ = self.__qualname__ = in_place.__name__.rstrip("_")
        self.__doc__ = in_place.__doc__

    def __call__(self, *arguments: Any, **options: Any) -> tuple[list[torch.Tensor], ...]:
        with torch.no_grad():
            copies = tuple([tensor.detach().clone() for tensor in each] for each in arguments[: self.changed])
            if not any(tensor.is_meta for tensor in copies[0]):
                self.in_place(*copies, *arguments[self.changed :], **options)
        return copies

    def __repr__(self) -> str:
        return f"<kernel {self.__name__}>"


def _dense(gradients: Tensors, variables: Tensors) -> list[torch.Tensor]:
    """The gradients with memory in reading order; kernels that go by address check neither shapes nor strides."""
    found = []
    for gradient, variable in zip(gradients, variables, strict=True):
        if gradient.shape != variable.shape:
            raise ValueError(f"a gradient of shape {list(gradient.shape)} for a variable of {list(variable.shape)}")
        dense = gradient if gradient.layout is torch.strided else gradient.to_dense()
        found.append(dense.contiguous())
    return found


def _plain(*lists: Tensors) -> bool:
    """Whether all of these lie in memory in reading order, so that a kernel may go by address."""
    return all(tensor.is_contiguous() for each in lists for tensor in each)


def _number(number: Number) -> float:
    return float(number)


# Fused kernels correct a bias by the number of steps; after so many there is none.
_NEVER_ENDING = math.inf


def adam_rate(rate: Number, beta1_power: torch.Tensor, beta2_power: torch.Tensor) -> torch.Tensor:
    """Adam's learning rate with the bias of both averages in it, from the powers of its betas."""
    if beta1_power.is_cpu and not followed() and not isinstance(beta1_power, torch._subclasses.FakeTensor):
        corrected = _number(rate) * math.sqrt(1 - beta2_power.item()) / (1 - beta1_power.item())
        return torch.tensor(corrected, dtype=torch.float64)
    powers = beta1_power.double(), beta2_power.double()
    return rate * (1 - powers[1]).sqrt() / (1 - powers[0])


def apply_adam_(
    variables: Tensors, means: Tensors, squares: Tensors, gradients: Tensors, rate: Number, beta1: Number,
    beta2: Number, epsilon: Number, decay: Number = 0.0,
) -> None:  # fmt: skip
    """Adam with TF1's epsilon, which is added to the root of the squares before their bias is corrected.

    `rate` is that of `adam_rate`. Each variable first loses the share `decay` of itself.
    """
    gradients = _dense(gradients, variables)
    rate, beta1, beta2 = known(rate, variables), _number(beta1), _number(beta2)
    epsilon, decay = _number(epsilon), _number(decay)
    if decay:
        torch._foreach_mul_(variables, 1 - decay)
    if _plain(variables, means, squares):
        steps = [torch.full((), _NEVER_ENDING, device=variables[0].device)] * len(variables)
        torch._fused_adam_(
            variables, gradients, means, squares, [], steps, lr=rate, beta1=beta1, beta2=beta2, weight_decay=0.0,
            eps=epsilon, amsgrad=False, maximize=False,
        )  # fmt: skip
        return
    torch._foreach_lerp_(means, gradients, 1 - beta1)
    torch._foreach_mul_(squares, beta2)
    torch._foreach_addcmul_(squares, gradients, gradients, 1 - beta2)
    below = torch._foreach_sqrt(squares)
    torch._foreach_add_(below, epsilon)
    subtract(variables, torch._foreach_div(means, below), rate)


def apply_momentum_(
    variables: Tensors, sums: Tensors, gradients: Tensors, rate: Number, momentum: Number, nesterov: bool
) -> None:
    """`sum = momentum * sum + gradient; variable -= rate * sum`, or with Nesterov's look ahead."""
    gradients = _dense(gradients, variables)
    rate, momentum = known(rate, variables), _number(momentum)
    if momentum and _plain(variables, sums):  # without momentum torch's kernel would leave the sums alone
        torch._fused_sgd_(
            variables, gradients, sums, weight_decay=0.0, momentum=momentum, lr=rate, dampening=0.0,
            nesterov=nesterov, maximize=False, is_first_step=False,
        )  # fmt: skip
        return
    torch._foreach_mul_(sums, momentum)
    torch._foreach_add_(sums, gradients)
    steps = torch._foreach_mul(sums, momentum if nesterov else 1.0)
    if nesterov:
        torch._foreach_add_(steps, gradients)
    subtract(variables, steps, rate)


def apply_rmsprop_(
    variables: Tensors, squares: Tensors, momenta: Tensors, gradients: Tensors, rate: Number, decay: Number,
    momentum: Number, epsilon: Number,
) -> None:  # fmt: skip
    """RMSProp with TF1's epsilon, which is under the root, and the learning rate inside the momentum."""
    gradients, decay = _dense(gradients, variables), _number(decay)
    torch._foreach_mul_(squares, decay)
    torch._foreach_addcmul_(squares, gradients, gradients, 1 - decay)
    below = torch._foreach_add(squares, _number(epsilon))
    _move(variables, momenta, gradients, below, rate, momentum)


def apply_centered_rmsprop_(
    variables: Tensors, squares: Tensors, means: Tensors, momenta: Tensors, gradients: Tensors, rate: Number,
    decay: Number, momentum: Number, epsilon: Number,
) -> None:  # fmt: skip
    """RMSProp that divides by the gradient's standard deviation."""
    gradients, decay = _dense(gradients, variables), _number(decay)
    torch._foreach_mul_(squares, decay)
    torch._foreach_addcmul_(squares, gradients, gradients, 1 - decay)
    torch._foreach_lerp_(means, gradients, 1 - decay)
    below = torch._foreach_add(squares, _number(epsilon))
    torch._foreach_addcmul_(below, means, means, -1.0)
    _move(variables, momenta, gradients, below, rate, momentum)


def _move(
    variables: Tensors, momenta: Tensors, gradients: Tensors, below: Tensors, rate: Number, momentum: Number
) -> None:
    """`momentum * momenta + rate * gradients / sqrt(below)`, and the variables less that."""
    rate = known(rate, variables)
    torch._foreach_sqrt_(below)
    torch._foreach_mul_(momenta, _number(momentum))
    add_quotients(momenta, gradients, below, rate)
    torch._foreach_sub_(variables, momenta)


def apply_adagrad_(variables: Tensors, sums: Tensors, gradients: Tensors, rate: Number) -> None:
    """`sum += gradient ** 2; variable -= rate * gradient / sqrt(sum)`."""
    gradients, rate = _dense(gradients, variables), known(rate, variables)
    if variables[0].is_cpu and _plain(variables, sums):
        steps = [torch.ones(())] * len(variables)
        torch._fused_adagrad_(
            variables, gradients, sums, steps, lr=rate, lr_decay=0.0, weight_decay=0.0, eps=0.0, maximize=False
        )
        return
    torch._foreach_addcmul_(sums, gradients, gradients, 1.0)
    below = torch._foreach_sqrt(sums)
    subtract(variables, torch._foreach_div(gradients, below), rate)


def apply_adadelta_(
    variables: Tensors, sums: Tensors, moves: Tensors, gradients: Tensors, rate: Number, rho: Number, epsilon: Number
) -> None:
    """Adadelta: the gradient times the root of past moves over that of past gradients."""
    gradients, rho, epsilon = _dense(gradients, variables), _number(rho), _number(epsilon)
    torch._foreach_mul_(sums, rho)
    torch._foreach_addcmul_(sums, gradients, gradients, 1 - rho)
    steps = torch._foreach_add(moves, epsilon)
    torch._foreach_div_(steps, torch._foreach_add(sums, epsilon))
    torch._foreach_sqrt_(steps)
    torch._foreach_mul_(steps, gradients)
    torch._foreach_mul_(moves, rho)
    torch._foreach_addcmul_(moves, steps, steps, 1 - rho)
    subtract(variables, steps, known(rate, variables))


def apply_ftrl_(
    variables: Tensors, sums: Tensors, linears: Tensors, gradients: Tensors, rate: Number, power: float,
    l1: float, l2: float, shrinkage: float, beta: float,
) -> None:  # fmt: skip
    """FTRL-Proximal; variables whose linear part is within `l1` become zero."""
    rate = known(rate, variables)
    for variable, total, linear, gradient in zip(variables, sums, linears, _dense(gradients, variables), strict=True):
        grown = total + gradient * gradient
        before, after = total.pow(-power), grown.pow(-power)
        linear += gradient + 2 * shrinkage * variable - (after - before) / rate * variable
        kept = (l1 * linear.sign() - linear) / ((after + beta) / rate + 2 * l2)
        variable.copy_(torch.where(linear.abs() > l1, kept, torch.zeros_like(kept)))
        total.copy_(grown)


apply_adam = Kernel(apply_adam_, changed=3)
apply_momentum = Kernel(apply_momentum_, changed=2)
apply_rmsprop = Kernel(apply_rmsprop_, changed=3)
apply_centered_rmsprop = Kernel(apply_centered_rmsprop_, changed=4)
apply_adagrad = Kernel(apply_adagrad_, changed=2)
apply_adadelta = Kernel(apply_adadelta_, changed=3)
apply_ftrl = Kernel(apply_ftrl_, changed=3)
