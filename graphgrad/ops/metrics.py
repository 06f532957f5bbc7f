"""`gg.metrics`: numbers that many runs add up in local variables, with TF1's (value, update) pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..record.variable import Variable
from .keys import GraphKeys, add_to_collections
from .losses import check_weights, safe_div
from .scopes import variable_scope
from .table import tensor
from .variables import new_variable


def _counter(name: str) -> Variable:
    """A float variable that is neither trained nor saved, and starts at 0."""
    listed = [GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES]
    return new_variable(0.0, trainable=False, collections=listed, name=name)


def mean(
    values: Any, weights: Any = None, metrics_collections: Sequence[str] | str | None = None,
    updates_collections: Sequence[str] | str | None = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The (weighted) mean of all values of all runs of the update.

    Args:
        values: a tensor.
        weights: a scalar, or a tensor with the axes of the values, each of size 1 or the same; ones if None.
        metrics_collections, updates_collections: where to list the value and the update.
        name: the scope of the local variables `total` and `count`, 'mean' if None.

    Returns:
        The mean so far, 0 before the first update; and the update, which gives the mean with the present values.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [None])
    >>> value, update = gg.metrics.mean(x)
    >>> with gg.Session() as sess:
    ...     sess.run(gg.local_variables_initializer())
    ...     sess.run(update, {x: [1.0, 2.0]})
    ...     sess.run(update, {x: [6.0]})
    ...     sess.run(value)
    np.float32(1.5)
    np.float32(3.0)
    np.float32(3.0)
    """
    with variable_scope(name, "mean"):
        total, count = _counter("total"), _counter("count")
        given = tensor(values).to(torch.float32)
        if weights is None:
            amount = torch.ones_like(given).sum()
        else:
            scale = tensor(weights).to(torch.float32)
            check_weights(scale, given)
            amount, given = (torch.ones_like(given) * scale).sum(), given * scale
        value = safe_div(total.value(), count.value())
        update = safe_div(total.assign_add(given.sum()), count.assign_add(amount))
    add_to_collections(metrics_collections, value)
    add_to_collections(updates_collections, update)
    return value, update


def accuracy(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Sequence[str] | str | None = None,
    updates_collections: Sequence[str] | str | None = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """How often predictions equal labels: the share over all runs of the update; see `mean`.

    >>> import graphgrad as gg
    >>> value, update = gg.metrics.accuracy(labels=[1, 2, 3, 4], predictions=[1, 0, 3, 4])
    >>> with gg.Session() as sess:
    ...     sess.run(gg.local_variables_initializer())
    ...     sess.run(update)
    np.float32(0.75)
    """
    found = tensor(predictions)
    right = found == tensor(labels).to(found.dtype)
    return mean(right, weights, metrics_collections, updates_collections, name or "accuracy")


def _ratio(
    counted: Any, of: Any, weights: Any, names: tuple[str, str], scope: str, metrics: Any, updates: Any
) -> tuple[Any, Any]:
    """How much of some elements is counted: their weights over those of all of them, over all runs."""
    with variable_scope(None, scope):
        hits, misses = _counter(names[0]), _counter(names[1])
        given = 1.0 if weights is None else tensor(weights).to(torch.float32)
        scale = torch.ones_like(of.to(torch.float32)) * given
        right = ((counted & of).to(torch.float32) * scale).sum()
        wrong = ((~counted & of).to(torch.float32) * scale).sum()
        value = safe_div(hits.value(), hits.value() + misses.value())
        first, second = hits.assign_add(right), misses.assign_add(wrong)
        update = safe_div(first, first + second)
    add_to_collections(metrics, value)
    add_to_collections(updates, update)
    return value, update


def precision(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The share of true labels among the positive predictions; see `mean`."""
    true, found = tensor(labels).to(torch.bool), tensor(predictions).to(torch.bool)
    names = ("true_positives/count", "false_positives/count")
    return _ratio(true, found, weights, names, name or "precision", metrics_collections, updates_collections)


def recall(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The share of positive predictions among the true labels; see `mean`."""
    true, found = tensor(labels).to(torch.bool), tensor(predictions).to(torch.bool)
    names = ("true_positives/count", "false_negatives/count")
    return _ratio(found, true, weights, names, name or "recall", metrics_collections, updates_collections)


def mean_squared_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The mean of (predictions - labels) squared; see `mean`."""
    found = tensor(predictions)
    squares = torch.square(found - tensor(labels, found))
    return mean(squares, weights, metrics_collections, updates_collections, name or "mean_squared_error")
