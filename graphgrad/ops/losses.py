"""`gg.losses`: TF1's losses, weighted, reduced and listed in a collection."""

from __future__ import annotations

from typing import Any

import torch

from ..graph.graph import get_default_graph, name_scope
from ..record.variable import may_equal
from . import nn
from .keys import GraphKeys
from .sources import add_n, constant, named_result
from .table import tensor


class Reduction:
    """How the weighted losses of a batch become one.

    NONE leaves them, SUM adds them up, MEAN divides the sum by that of the weights, SUM_OVER_BATCH_SIZE by the number
    of losses, SUM_BY_NONZERO_WEIGHTS (the default) by the number of losses whose weight is not 0.
    """

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """All of them."""
        return (cls.NONE, cls.SUM, cls.MEAN, cls.SUM_OVER_BATCH_SIZE, cls.SUM_BY_NONZERO_WEIGHTS)

    @classmethod
    def validate(cls, key: str) -> None:
        """`ValueError` if the key is none of them."""
        if key not in cls.all():
            raise ValueError(f"reduction is {key!r}; use one of {', '.join(cls.all())}")


_DEFAULT = Reduction.SUM_BY_NONZERO_WEIGHTS


def safe_div(numerator: Any, denominator: Any) -> Any:
    """The quotient, 0 where the denominator is 0, with a gradient that is a number there, too."""
    positive = denominator != 0
    divisor = torch.where(positive, denominator, torch.ones_like(denominator))
    return torch.where(positive, numerator / divisor, torch.zeros_like(numerator))


def check_weights(weights: Any, values: Any) -> None:
    """`ValueError` unless the weights are a scalar, or have the values' axes, each of size 1 or the same."""
    if isinstance(weights, torch.Tensor) and weights.dim() == 0:
        return
    have, want = _static(weights), _static(values)
    if len(have) != len(want) or any(h != 1 and not may_equal([h], [w]) for h, w in zip(have, want, strict=True)):
        raise ValueError(
            f"weights of shape {weights.shape} can't be broadcast to {values.shape}: "
            "each axis has size 1 or the same size"
        )


def _static(values: Any) -> list[int | None]:
    shape = values.shape
    return shape.as_list() if hasattr(shape, "as_list") else list(shape)


def compute_weighted_loss(
    losses: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Any:  # fmt: skip
    """Losses times weights, reduced to one number.

    Args:
        losses: a floating tensor.
        weights: a scalar, or a tensor with the axes of `losses`, each of size 1 or the same.
        scope: the name scope.
        loss_collection: where to list the result; nowhere if None.
        reduction: see `Reduction`.

    Raises:
        ValueError: for weights that do not fit, and for an unknown reduction.

    >>> import graphgrad as gg
    >>> with gg.Session() as sess:
    ...     sess.run(gg.losses.compute_weighted_loss([1.0, 2.0, 3.0], [1.0, 0.0, 2.0]))
    np.float32(3.5)
    """
    Reduction.validate(reduction)
    with name_scope(scope, "weighted_loss"):
        values = tensor(losses)
        own = values.dtype
        values, scale = values.to(torch.float32), tensor(weights).to(torch.float32)
        check_weights(scale, values)
        weighted = values * scale
        result = weighted if reduction == Reduction.NONE else _reduced(weighted, values, scale, reduction)
        result = result.to(own)
    if loss_collection:
        get_default_graph().add_to_collection(loss_collection, result)
    return result


def _reduced(weighted: Any, values: Any, scale: Any, reduction: str) -> Any:
    total = weighted.sum()
    if reduction == Reduction.SUM:
        return total
    full = torch.ones_like(values) * scale
    if reduction == Reduction.MEAN:
        return safe_div(total, full.sum())
    counted = torch.ones_like(full) if reduction == Reduction.SUM_OVER_BATCH_SIZE else (full != 0).to(full.dtype)
    return safe_div(total, counted.sum())


def _pair(labels: Any, predictions: Any) -> tuple[Any, Any]:
    """Both as floats of the predictions' shape."""
    if labels is None or predictions is None:
        raise ValueError("labels and predictions must not be None")
    values = tensor(predictions).to(torch.float32)
    wanted = tensor(labels).to(torch.float32)
    if not may_equal(_static(wanted), _static(values)):
        raise ValueError(f"labels of shape {wanted.shape} and predictions of shape {values.shape} differ")
    return wanted, values


def absolute_difference(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _DEFAULT,
) -> Any:  # fmt: skip
    """The absolute value of predictions - labels; the other arguments as of `compute_weighted_loss`."""
    with name_scope(scope, "absolute_difference"):
        wanted, values = _pair(labels, predictions)
        losses = torch.abs(values - wanted)
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def mean_squared_error(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _DEFAULT,
) -> Any:  # fmt: skip
    """The square of predictions - labels; the other arguments as of `compute_weighted_loss`.

    >>> import graphgrad as gg
    >>> with gg.Session() as sess:
    ...     sess.run(gg.losses.mean_squared_error([1.0, 2.0], [2.0, 4.0]))
    np.float32(2.5)
    """
    with name_scope(scope, "mean_squared_error"):
        wanted, values = _pair(labels, predictions)
        losses = torch.square(values - wanted)
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def huber_loss(
    labels: Any, predictions: Any, weights: Any = 1.0, delta: float = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _DEFAULT,
) -> Any:  # fmt: skip
    """Half the square of errors up to delta, and linear beyond."""
    with name_scope(scope, "huber_loss"):
        wanted, values = _pair(labels, predictions)
        size = torch.abs(values - wanted)
        quadratic = torch.clamp(size, max=delta)
        losses = 0.5 * quadratic * quadratic + delta * (size - quadratic)
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def log_loss(
    labels: Any, predictions: Any, weights: Any = 1.0, epsilon: float = 1e-7, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _DEFAULT,
) -> Any:  # fmt: skip
    """The cross entropy of labels and predicted probabilities; epsilon keeps the logarithms finite."""
    with name_scope(scope, "log_loss"):
        wanted, values = _pair(labels, predictions)
        losses = -wanted * torch.log(values + epsilon) - (1 - wanted) * torch.log(1 - values + epsilon)
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def hinge_loss(
    labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _DEFAULT,
) -> Any:  # fmt: skip
    """How far logits fall short of 1 on the right side; labels are 0 or 1."""
    with name_scope(scope, "hinge_loss"):
        wanted, values = _pair(labels, logits)
        losses = torch.relu(1 - (2 * wanted - 1) * values)
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def cosine_distance(
    labels: Any, predictions: Any, axis: int | None = None, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _DEFAULT, dim: int | None = None,
) -> Any:  # fmt: skip
    """1 less the product of unit vectors along an axis (`dim` is its older name), which keeps size 1."""
    along = dim if axis is None else axis
    if along is None:
        raise ValueError("cosine_distance needs an axis")
    with name_scope(scope, "cosine_distance_loss"):
        wanted, values = _pair(labels, predictions)
        losses = 1 - (values * wanted).sum(along, keepdim=True)
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def mean_pairwise_squared_error(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
) -> Any:  # fmt: skip
    """The mean square of how pairwise differences inside each example differ; with weights per example."""
    with name_scope(scope, "mean_pairwise_squared_error"):
        wanted, values = _pair(labels, predictions)
        scale = tensor(weights).to(torch.float32)
        check_weights(scale, values)
        differences = values - wanted
        axes = list(range(1, differences.dim()))
        total, squares = differences, differences * differences
        if axes:
            total, squares = total.sum(axes, keepdim=True), squares.sum(axes, keepdim=True)
        present = torch.ones_like(differences) * (scale != 0).to(differences.dtype)
        count = present.sum(axes, keepdim=True) if axes else present
        positive = safe_div(2 * squares, torch.clamp(count - 1, min=0))
        negative = safe_div(2 * total * total, count * torch.clamp(count - 1, min=0))
        losses = (positive - negative) * scale
        result = torch.where((count.sum() > 0), losses.sum(), torch.zeros_like(losses.sum()))
    if loss_collection:
        get_default_graph().add_to_collection(loss_collection, result)
    return result


def _smoothed(labels: Any, smoothing: float, classes: Any) -> Any:
    """Labels moved towards 1 / classes."""
    return labels if not smoothing else labels * (1 - smoothing) + smoothing / classes


def sigmoid_cross_entropy(
    multi_class_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _DEFAULT,
) -> Any:  # fmt: skip
    """The cross entropy of each label and sigmoid(logit); smoothing moves labels towards 1/2."""
    with name_scope(scope, "sigmoid_cross_entropy_loss"):
        values = tensor(logits)
        labels = _smoothed(tensor(multi_class_labels).to(values.dtype), label_smoothing, 2)
        losses = nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=values)
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def softmax_cross_entropy(
    onehot_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _DEFAULT,
) -> Any:  # fmt: skip
    """The cross entropy of labels and softmax(logits) along the last axis; no gradient flows to the labels."""
    with name_scope(scope, "softmax_cross_entropy_loss"):
        values = tensor(logits)
        labels = tensor(onehot_labels).to(values.dtype)
        if not may_equal(_static(labels), _static(values)):
            raise ValueError(f"labels of shape {labels.shape} and logits of shape {values.shape} differ")
        labels = _smoothed(labels, label_smoothing, labels.shape[-1])
        losses = nn.softmax_cross_entropy_with_logits_v2(labels=labels.detach(), logits=values)
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def sparse_softmax_cross_entropy(
    labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = _DEFAULT,
) -> Any:  # fmt: skip
    """The cross entropy of class numbers and softmax(logits); labels and weights may have a last axis of size 1."""
    with name_scope(scope, "sparse_softmax_cross_entropy_loss"):
        values, classes = tensor(logits), tensor(labels)
        scale = tensor(weights)
        rank = values.dim() - 1
        classes = classes.squeeze(-1) if classes.dim() == rank + 1 else classes
        scale = scale.squeeze(-1) if scale.dim() == rank + 1 else scale
        losses = nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=values)
        return compute_weighted_loss(losses, scale, None, loss_collection, reduction)


# -- the lists ------------------------------------------------------------------------------------------


def add_loss(loss: Any, loss_collection: str | None = GraphKeys.LOSSES) -> None:
    """List a loss that was computed elsewhere."""
    if loss_collection:
        get_default_graph().add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: str = GraphKeys.LOSSES) -> list[Any]:
    """The losses that are listed; with a scope, those whose name matches it."""
    return get_default_graph().get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """The losses that regularizers have listed; with a scope, those whose name matches it."""
    return get_default_graph().get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(scope: str | None = None, name: str = "total_regularization_loss") -> Any:
    """The sum of the losses that regularizers have listed; 0 if there are none."""
    found = get_regularization_losses(scope)
    return add_n(found, name=name) if found else constant(0.0)


def get_total_loss(add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None) -> Any:
    """The sum of all losses that are listed.

    >>> import graphgrad as gg
    >>> loss = gg.losses.mean_squared_error([1.0], [3.0])
    >>> gg.losses.add_loss(gg.constant(1.0))
    >>> with gg.Session() as sess:
    ...     sess.run(gg.losses.get_total_loss())
    np.float32(5.0)
    """
    found = get_losses(scope)
    if add_regularization_losses:
        found = found + get_regularization_losses(scope)
    return named_result(add_n(found), name)
