"""Clipping by a norm: of one tensor, its average, or of many tensors together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..ground.errors import ArgumentTypeError
from ..ground.mode import executing_eagerly
from ..record.record import record
from .sources import convert_to_tensor, named_result


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """The tensor, scaled down where its L2 norm exceeds a limit.

    Args:
        t: a floating tensor.
        clip_norm: the largest norm; a number or a scalar tensor. A negative one counts as zero.
        axes: the axes over which norms are taken, one norm for each position along the others; all if None.
        name: the operation's name.

    >>> import graphgrad as gg
    >>> with gg.Session() as sess:
    ...     sess.run(gg.clip_by_norm(gg.constant([3.0, 4.0]), 1.0))
    array([0.6, 0.8], dtype=float32)
    """
    values = convert_to_tensor(t)
    limit = clip_norm.clamp(min=0).to(values.dtype) if isinstance(clip_norm, torch.Tensor) else max(clip_norm, 0)
    squares = (values * values).sum(tuple(range(values.dim())) if axes is None else axes, keepdim=True)
    some = squares > 0  # the derivative of the root at zero is none that a product with zero would make zero
    norm = torch.where(some, torch.where(some, squares, torch.ones_like(squares)).sqrt(), squares)
    above = torch.maximum(norm, limit) if isinstance(limit, torch.Tensor) else norm.clamp(min=limit)
    return named_result(values * limit / above, name)


def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Any:
    """The tensor, scaled down if its L2 norm divided by the number of its elements exceeds a limit.

    Args:
        t: a floating tensor.
        clip_norm: the largest average; a number or a scalar tensor.
        name: the operation's name.

    >>> import graphgrad as gg
    >>> with gg.Session() as sess:
    ...     sess.run(gg.clip_by_average_norm(gg.constant([3.0, 4.0]), 0.5))
    array([0.6, 0.8], dtype=float32)
    """
    values = convert_to_tensor(t)
    inverse = (values * values).sum().rsqrt() * values.numel()
    limit = clip_norm if isinstance(clip_norm, torch.Tensor) else torch.full_like(inverse, clip_norm)
    return named_result(values * limit * torch.minimum(inverse, 1 / limit), name)


def global_norm(t_list: Sequence[Any], name: str | None = None) -> Any:
    """The L2 norm of all elements of several tensors; None among them counts as nothing.

    Args:
        t_list: floating tensors and None.
        name: the operation's name.

    Raises:
        TypeError: if it is no list or tuple.
        ValueError: if there is nothing but None in it.

    >>> import graphgrad as gg
    >>> with gg.Session() as sess:
    ...     sess.run(gg.global_norm([gg.constant([3.0]), None, gg.constant([[4.0]])]))
    np.float32(5.0)
    """
    present = [tensor for tensor in _tensors(t_list) if tensor is not None]
    if not present:
        raise ValueError("global_norm needs a tensor, and there is nothing but None in the list")
    norms = _at_once(torch._foreach_norm, present)
    wide = torch.float64 if any(norm.dtype is torch.float64 for norm in norms) else torch.float32
    norms = [norm if norm.dtype is wide else norm.to(wide) for norm in norms]
    return named_result(torch.linalg.vector_norm(torch.stack(norms)), name)


def clip_by_global_norm(
    t_list: Sequence[Any], clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Any]:
    """Several tensors, scaled down together if their global norm exceeds a limit; and that norm.

    A norm that is not finite makes every result NaN, so that nobody trains on with zeros by mistake.

    Args:
        t_list: floating tensors and None, which stays None.
        clip_norm: the largest norm; a number or a scalar tensor.
        use_norm: the norm, if it has been computed already.
        name: the scope of the operations.

    Raises:
        TypeError: if `t_list` is no list or tuple.

    >>> import graphgrad as gg
    >>> clipped, norm = gg.clip_by_global_norm([gg.constant([3.0]), None, gg.constant([4.0])], 2.5)
    >>> with gg.Session() as sess:
    ...     sess.run([clipped, norm])
    [[array([1.5], dtype=float32), None, array([2.], dtype=float32)], np.float32(5.0)]
    """
    tensors = _tensors(t_list)
    present = [tensor for tensor in tensors if tensor is not None]
    norm = global_norm(present) if use_norm is None else convert_to_tensor(use_norm)
    limit = clip_norm if isinstance(clip_norm, torch.Tensor) else torch.full_like(norm, clip_norm)
    scale = limit * torch.minimum(1 / norm, 1 / limit) + (norm - norm)
    scaled = iter(_at_once(scale_each, present, scale))
    clipped = [None if tensor is None else next(scaled) for tensor in tensors]
    if name is not None:
        clipped = [named_result(tensor, f"{name}_{number}") for number, tensor in enumerate(clipped)]
    return clipped, norm


def scale_each(tensors: list[torch.Tensor], scale: torch.Tensor) -> list[torch.Tensor]:
    """Each tensor times a scalar; at once where no derivative is asked for, since torch knows none of that."""
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in (*tensors, scale)):
        return [tensor * scale for tensor in tensors]
    return list(torch._foreach_mul(tensors, scale))


def _tensors(t_list: Any) -> list[Any]:
    if not isinstance(t_list, (list, tuple)):
        raise ArgumentTypeError(f"a list or tuple of tensors is needed, got {t_list!r}")
    return [None if item is None else convert_to_tensor(item) for item in t_list]


def _at_once(function: Any, tensors: list[Any], *more: Any) -> list[Any]:
    """A call of one of torch's functions over a list: one operation for all tensors, where it may have thousands."""
    if executing_eagerly():
        return list(function(tensors, *more))
    return list(record(function, (tensors, *more), {}))
