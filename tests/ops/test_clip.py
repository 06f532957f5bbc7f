"""Clipping by norms against numpy, and its derivatives against finite differences by hand."""

import numpy as np
import pytest
import torch

import graphgrad as gg

A, B = np.array([[3.0, 4.0], [0.0, 0.0]]), np.array([1.0, -2.0, 2.0])


@pytest.fixture
def a():
    return gg.constant(A)


@pytest.fixture
def b():
    return gg.constant(B)


@pytest.mark.parametrize("limit", [2.0, 100.0, "tensor"])
def test_clip_by_norm(run, a, limit):
    given = gg.constant(2.0) if limit == "tensor" else limit
    number = 2.0 if limit == "tensor" else limit
    np.testing.assert_allclose(run(gg.clip_by_norm(a, given)), A * min(1, number / 5), rtol=1e-12)


def test_clip_by_norm_along_axes(run, a):
    np.testing.assert_allclose(run(gg.clip_by_norm(a, 2.0, axes=[1])), [[1.2, 1.6], [0, 0]])
    np.testing.assert_allclose(run(gg.clip_by_norm(a, 3.5, axes=0)), [[3.0, 3.5], [0, 0]])


def test_a_negative_norm_counts_as_zero(run, a):
    assert not run(gg.clip_by_norm(a, -1.0)).any()
    assert not run(gg.clip_by_norm(a, gg.constant(-1.0))).any()


def test_clipping_zeros_has_a_derivative(run):
    x = gg.constant([0.0, 0.0])
    assert run(gg.gradients(gg.clip_by_norm(x, 1.0), x)[0]).tolist() == [1, 1]


def test_clip_by_average_norm(run, b):
    np.testing.assert_allclose(run(gg.clip_by_average_norm(b, 0.5)), B * 0.5 / (3 / 3))
    np.testing.assert_allclose(run(gg.clip_by_average_norm(b, 9.0)), B)
    np.testing.assert_allclose(run(gg.clip_by_average_norm(b, gg.constant(0.5, gg.float64))), B * 0.5)


def test_global_norm(run, a, b):
    assert run(gg.global_norm([a, None, b])) == pytest.approx(np.sqrt(25 + 9))
    assert run(gg.global_norm((a,), name="norm")) == 5
    half = gg.constant(np.float16([3, 4]))
    assert run(gg.global_norm([half])).dtype == np.float32
    assert run(gg.global_norm([half, b])) == pytest.approx(np.sqrt(25 + 9))


@pytest.mark.parametrize("limit", [2.5, "tensor"])
def test_clip_by_global_norm(run, a, b, limit):
    given = gg.constant(2.5, gg.float64) if limit == "tensor" else limit
    clipped, norm = gg.clip_by_global_norm([a, None, b], given)
    assert clipped[1] is None
    first, last, length = run([clipped[0], clipped[2], norm])
    np.testing.assert_allclose(first, A * 2.5 / np.sqrt(34), rtol=1e-12)
    np.testing.assert_allclose(last, B * 2.5 / np.sqrt(34), rtol=1e-12)
    assert length == pytest.approx(np.sqrt(34))


def test_a_norm_below_the_limit_changes_nothing(run, a, b):
    clipped, _ = gg.clip_by_global_norm([a, b], 100.0)
    for have, want in zip(run(clipped), (A, B), strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-15)
    zeros, norm = gg.clip_by_global_norm([gg.zeros([3])], 1.0)
    assert run(zeros[0]).tolist() == [0, 0, 0] and run(norm) == 0


def test_a_norm_that_is_known(run, a):
    clipped, norm = gg.clip_by_global_norm([a], 1.0, use_norm=gg.constant(10.0, gg.float64))
    np.testing.assert_allclose(run(clipped[0]), A / 10)
    assert run(norm) == 10


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_a_norm_that_is_not_finite_makes_everything_nan(run, b, bad):
    clipped, _ = gg.clip_by_global_norm([gg.constant([bad, 1.0]), b], 1.0)
    assert all(np.isnan(value).all() for value in run(clipped))


def test_several_tensors_are_scaled_by_one_operation(a, b):
    before = len(gg.get_default_graph())
    gg.clip_by_global_norm([a, b] * 50, 1.0)
    assert len(gg.get_default_graph()) - before < 20


def test_dtypes_of_clipped_tensors(run):
    values = [torch.ones(2, dtype=dtype) for dtype in (torch.float16, torch.float32, torch.float64)]
    clipped, _ = gg.clip_by_global_norm([gg.constant(value) for value in values], 0.5)
    assert [value.dtype for value in clipped] == [value.dtype for value in values]
    for value in run(clipped):
        np.testing.assert_allclose(value, 0.5 / np.sqrt(6), rtol=1e-3)


def test_derivatives_through_clipping(run):
    """Of a clipped by the norm of both: central differences in numpy."""
    x, y = gg.placeholder(gg.float64, [2]), gg.placeholder(gg.float64, [3])
    clipped, _ = gg.clip_by_global_norm([x, y], 2.5)
    found = gg.gradients(clipped[0][0] * 3.0 + gg.reduce_sum(clipped[1] ** 2), [x, y])

    def by_hand(values):
        norm = np.sqrt((values**2).sum())
        scaled = values * 2.5 / norm
        return scaled[0] * 3 + (scaled[2:] ** 2).sum()

    point = np.array([3.0, 4.0, 1.0, -2.0, 2.0])
    steps = np.eye(5) * 1e-6
    wanted = [(by_hand(point + step) - by_hand(point - step)) / 2e-6 for step in steps]
    have = np.concatenate(run(found, {x: point[:2], y: point[2:]}))
    np.testing.assert_allclose(have, wanted, atol=1e-8)
    second = gg.gradients(found[0][0], [x, y])
    values = np.concatenate(run(second, {x: point[:2], y: point[2:]}))
    assert np.isfinite(values).all() and values.any()


def test_names(a, b):
    clipped, _ = gg.clip_by_global_norm([a, b], 1.0, name="clipped")
    assert [each.op.name for each in clipped] == ["clipped_0", "clipped_1"]
    assert gg.clip_by_norm(a, 1.0, name="short").op.name == "short"


def test_clipping_in_eager_mode():
    with gg.eager_execution():
        clipped, norm = gg.clip_by_global_norm([torch.tensor([3.0]), None, torch.tensor([4.0])], 2.5)
        assert (clipped[0].item(), clipped[1], clipped[2].item(), norm.item()) == (1.5, None, 2.0, 5.0)
        assert gg.clip_by_norm(torch.tensor([3.0, 4.0]), 1.0).tolist() == pytest.approx([0.6, 0.8])


def test_what_is_refused(a):
    for wrong in (a, "ab", {a: 1}, 3):
        with pytest.raises(TypeError, match="a list or tuple of tensors"):
            gg.clip_by_global_norm(wrong, 1.0)
    with pytest.raises(ValueError, match="nothing but None"):
        gg.global_norm([None])
