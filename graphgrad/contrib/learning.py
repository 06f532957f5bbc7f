"""`slim.learning`: the operation that takes a training step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..graph.graph import control_dependencies, get_default_graph
from ..ops.checks import check_numerics as checked
from ..ops.clip import clip_by_norm
from ..ops.keys import GraphKeys
from ..ops.refused_names import refusal
from ..ops.sources import identity
from ..train.steps import get_or_create_global_step

_USUAL = object()

__all__ = ["clip_gradient_norms", "create_train_op", "multiply_gradients"]
__getattr__ = refusal(__name__, "gg.contrib.slim.learning")


def clip_gradient_norms(gradients_to_variables: Sequence[Any], max_norm: float) -> list[Any]:
    """Pairs of gradient and variable, each gradient no longer than this."""
    return [(None if g is None else clip_by_norm(g, max_norm), v) for g, v in gradients_to_variables]


def multiply_gradients(grads_and_vars: Sequence[Any], gradient_multipliers: dict[Any, Any]) -> list[Any]:
    """Pairs of gradient and variable, the gradients of some variables (or of their names) times a number."""
    found = []
    for gradient, variable in grads_and_vars:
        name = variable.name.removesuffix(":0")
        factor = next((f for key, f in gradient_multipliers.items() if key is variable or key == name), None)
        if factor is not None and gradient is None:
            raise ValueError(f"there is no gradient of {name} to multiply")
        found.append((gradient if factor is None else gradient * factor, variable))
    return found


def create_train_op(
    total_loss: Any, optimizer: Any, global_step: Any = _USUAL, update_ops: Sequence[Any] | None = None,
    variables_to_train: Sequence[Any] | None = None, transform_grads_fn: Any = None,
    clip_gradient_norm: float = 0, summarize_gradients: bool = False, gate_gradients: int = 1,
    aggregation_method: int | None = None, colocate_gradients_with_ops: bool = False,
    gradient_multipliers: dict[Any, Any] | None = None, check_numerics: bool = True,
) -> Any:  # fmt: skip
    """The loss, as a tensor whose run takes a training step.

    Args:
        total_loss: the loss.
        optimizer: an optimizer of `gg.train`.
        global_step: what counts the steps; the graph's own, made if need be, if not given; None for none.
        update_ops: operations that run before the loss; those of `GraphKeys.UPDATE_OPS` if None.
        variables_to_train: the trainable ones if None.
        transform_grads_fn: a function of the pairs of gradient and variable.
        clip_gradient_norm: the longest that a gradient may be; 0 for any.
        summarize_gradients: must be False: write summaries of what you compute.
        gate_gradients, aggregation_method, colocate_gradients_with_ops: as of `Optimizer.compute_gradients`.
        gradient_multipliers: variables or their names -> factors of their gradients.
        check_numerics: whether a loss that is no number is an error.

    >>> import graphgrad as gg
    >>> slim = gg.contrib.slim
    >>> y = slim.fully_connected(gg.ones([4, 3]), 1, activation_fn=None)
    >>> step = slim.learning.create_train_op(gg.reduce_mean(y**2), gg.train.GradientDescentOptimizer(0.1))
    >>> with gg.Session() as sess:
    ...     sess.run(gg.global_variables_initializer())
    ...     sess.run(step) > sess.run(step)
    np.True_
    """
    if summarize_gradients:
        raise NotImplementedError("summarize_gradients: add gg.summary.histogram of the gradients you want to see")
    step = get_or_create_global_step() if global_step is _USUAL else global_step
    updates = get_default_graph().get_collection(GraphKeys.UPDATE_OPS) if update_ops is None else list(update_ops)
    if updates:
        with control_dependencies(updates):
            total_loss = identity(total_loss)
    pairs = optimizer.compute_gradients(
        total_loss, variables_to_train, gate_gradients, aggregation_method, colocate_gradients_with_ops
    )
    pairs = multiply_gradients(pairs, gradient_multipliers) if gradient_multipliers else pairs
    pairs = transform_grads_fn(pairs) if transform_grads_fn else pairs
    pairs = clip_gradient_norms(pairs, clip_gradient_norm) if clip_gradient_norm > 0 else pairs
    applied = optimizer.apply_gradients(pairs, step)
    loss = checked(total_loss, "LossTensor is inf or nan") if check_numerics else total_loss
    with control_dependencies([applied, *updates]):
        return identity(loss, "train_op")
