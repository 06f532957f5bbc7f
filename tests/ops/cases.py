"""Table-driven checks of a name: a call, arrays, and what numpy or a hand says that it gives.

A case is checked when recorded with known sizes, with unknown ones, and at once in eager mode; its gradients are
checked against differences of its own values in float64.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch

import graphgrad as gg


class Case(NamedTuple):
    """`call(gg, *tensors)` gives `wanted(*arrays)`; with the gradients of `slopes` arguments, the floating ones."""

    call: Callable[..., Any]
    arrays: tuple[Any, ...]
    wanted: Callable[..., Any]
    slopes: bool = True
    unknown: bool = True
    close: float = 1e-9


def leaves(nest: Any) -> list[Any]:
    if isinstance(nest, (list, tuple)):
        return [leaf for item in nest for leaf in leaves(item)]
    return [nest]


def same(found: Any, wanted: Any, close: float) -> None:
    """Values, shapes and kinds of dtype agree."""
    have, want = leaves(found), leaves(wanted)
    assert len(have) == len(want)
    for one, other in zip(have, want, strict=True):
        one, other = np.asarray(one), np.asarray(other)
        assert one.shape == other.shape, (one.shape, other.shape)
        assert one.dtype.kind == other.dtype.kind, (one.dtype, other.dtype)
        np.testing.assert_allclose(one, other, rtol=close, atol=close)


def test_with_known_sizes(case: Case, run: Callable[..., Any]) -> None:
    same(run(case.call(gg, *[gg.constant(array) for array in case.arrays])), case.wanted(*case.arrays), case.close)


def test_with_unknown_sizes(case: Case, run: Callable[..., Any]) -> None:
    """Fed with placeholders that know their rank only."""
    holders = [gg.placeholder(gg.as_dtype(array.dtype), [None] * array.ndim) for array in map(np.asarray, case.arrays)]
    feeds = dict(zip(holders, case.arrays, strict=True))
    same(run(case.call(gg, *holders), feeds), case.wanted(*case.arrays), case.close)


def test_at_once(case: Case) -> None:
    with gg.eager_execution():
        found = case.call(gg, *[gg.constant(array) for array in case.arrays])
    plain = [leaf.resolve_conj().detach() if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves(found)]
    same(
        [leaf.numpy() if isinstance(leaf, torch.Tensor) else leaf for leaf in plain],
        case.wanted(*case.arrays),
        case.close,
    )


def test_its_gradients(case: Case, run: Callable[..., Any]) -> None:
    """Gradients of a weighted sum of the floating results, against central differences."""
    step = 1e-6
    holders = [gg.placeholder(gg.as_dtype(array.dtype), array.shape) for array in map(np.asarray, case.arrays)]
    results = [each for each in leaves(case.call(gg, *holders)) if each.dtype.is_floating_point]
    if not results:
        return
    generator = np.random.default_rng(0)
    terms = []
    for each, value in zip(results, leaves(run(results, dict(zip(holders, case.arrays, strict=True)))), strict=True):
        terms.append(gg.reduce_sum(each * gg.constant(generator.standard_normal(np.shape(value)))))
    total = gg.add_n([gg.cast(term, gg.float64) for term in terms])
    xs = [holder for holder in holders if holder.dtype is torch.float64]
    grads = gg.gradients(total, xs, unconnected_gradients="zero")
    with gg.Session() as session:
        feeds = dict(zip(holders, map(np.asarray, case.arrays), strict=True))
        found = session.run(grads, feeds)
        for x, gradient in zip(xs, found, strict=True):
            numeric = np.zeros_like(feeds[x])
            for place in np.ndindex(numeric.shape):
                ends = []
                for sign in (1, -1):
                    moved = feeds[x].copy()
                    moved[place] += sign * step
                    ends.append(session.run(total, {**feeds, x: moved}))
                numeric[place] = (ends[0] - ends[1]) / (2 * step)
            np.testing.assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-6)


def has_slopes(case: Case) -> bool:
    return case.slopes and any(np.asarray(array).dtype == np.float64 for array in case.arrays)
