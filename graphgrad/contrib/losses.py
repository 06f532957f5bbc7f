"""`gg.contrib.losses`, which is also `slim.losses`: the losses of `gg.losses`, predictions first, labels second."""

from __future__ import annotations

from typing import Any

from ..ops import losses
from ..ops.losses import add_loss, get_losses, get_regularization_losses, get_total_loss
from .arguments import add_arg_scope

__all__ = [
    "absolute_difference", "add_loss", "cosine_distance", "get_losses", "get_regularization_losses", "get_total_loss",
    "hinge_loss", "log_loss", "mean_squared_error", "sigmoid_cross_entropy", "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]  # fmt: skip


@add_arg_scope
def softmax_cross_entropy(
    logits: Any, onehot_labels: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None
) -> Any:
    """`losses.softmax_cross_entropy`, with the logits first.

    >>> import graphgrad as gg
    >>> loss = gg.contrib.losses.softmax_cross_entropy(gg.zeros([2, 4]), gg.one_hot([1, 3], 4))
    >>> with gg.Session() as sess:
    ...     round(float(sess.run(loss)), 4)  # log(4)
    1.3863
    """
    return losses.softmax_cross_entropy(onehot_labels, logits, weights, label_smoothing, scope)


@add_arg_scope
def sparse_softmax_cross_entropy(logits: Any, labels: Any, weights: Any = 1.0, scope: str | None = None) -> Any:
    """`losses.sparse_softmax_cross_entropy`, with the logits first."""
    return losses.sparse_softmax_cross_entropy(labels, logits, weights, scope)


@add_arg_scope
def sigmoid_cross_entropy(
    logits: Any, multi_class_labels: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None
) -> Any:
    """`losses.sigmoid_cross_entropy`, with the logits first."""
    return losses.sigmoid_cross_entropy(multi_class_labels, logits, weights, label_smoothing, scope)


@add_arg_scope
def log_loss(
    predictions: Any, labels: Any = None, weights: Any = 1.0, epsilon: float = 1e-7, scope: str | None = None
) -> Any:
    """`losses.log_loss`, with the predictions first."""
    return losses.log_loss(labels, predictions, weights, epsilon, scope)


@add_arg_scope
def hinge_loss(logits: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None) -> Any:
    """`losses.hinge_loss`, with the logits first."""
    return losses.hinge_loss(labels, logits, weights, scope)


@add_arg_scope
def mean_squared_error(predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None) -> Any:
    """`losses.mean_squared_error`, with the predictions first."""
    return losses.mean_squared_error(labels, predictions, weights, scope)


@add_arg_scope
def absolute_difference(predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None) -> Any:
    """`losses.absolute_difference`, with the predictions first."""
    return losses.absolute_difference(labels, predictions, weights, scope)


@add_arg_scope
def cosine_distance(
    predictions: Any, labels: Any = None, axis: int | None = None, weights: Any = 1.0, scope: str | None = None,
    dim: int | None = None,
) -> Any:  # fmt: skip
    """`losses.cosine_distance`, with the predictions first; `dim` is another spelling of axis."""
    return losses.cosine_distance(labels, predictions, axis if dim is None else dim, weights, scope)
