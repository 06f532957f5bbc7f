"""Jacobians, Hessians and their products, beside torch's and beside single gradients."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.autograd import functional

import graphgrad as gg

DATA = np.random.default_rng(0).normal(size=(4, 3))
WEIGHTS = torch.from_numpy(np.random.default_rng(1).normal(size=(3, 2)))


def layer(x: Any, w: Any) -> Any:
    return torch.tanh(x @ w) ** 2


@pytest.fixture(params=[[4, 3], [None, 3], [None, None]], ids=["known", "examples-unknown", "unknown"])
def x(request: pytest.FixtureRequest) -> Any:
    return gg.placeholder(gg.float64, request.param, name="x")


@pytest.fixture
def w() -> Any:
    return gg.Variable(WEIGHTS, name="w")


def by_torch(function: Any, *more: Any) -> Any:
    return function(*more[:1], (torch.from_numpy(DATA), WEIGHTS.clone()), *more[1:])


# -- jacobian -----------------------------------------------------------------------------------------


def test_a_jacobian_is_torch_s(run, x, w):
    found = run(gg.jacobian(layer(x, w), [x, w]), {x: DATA})
    for ours, theirs in zip(found, by_torch(functional.jacobian, layer), strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-12, atol=1e-15)


def test_a_row_of_a_jacobian_is_a_gradient(run, x, w):
    y = layer(x, w)
    matrix, row = run([gg.jacobian(y, w), gg.gradients(y[1, 0], w)[0]], {x: DATA})
    np.testing.assert_allclose(matrix[1, 0], row, rtol=1e-12)


def test_its_result_is_given_as_x_was(x, w):
    y = layer(x, w)
    assert isinstance(gg.jacobian(y, x), gg.Tensor)
    assert isinstance(gg.jacobian(y, [x]), list) and isinstance(gg.jacobian(y, (x, w)), tuple)


def test_its_shape_is_known_as_far_as_those_of_y_and_x():
    x = gg.placeholder(gg.float32, [None, 3])
    assert repr(gg.jacobian((x**2).sum(0), x)).endswith("float32[3, ?, 3]>")


def test_of_a_scalar_it_is_the_gradient(run):
    x = gg.constant([1.0, 2.0])
    assert run(gg.jacobian((x**2).sum(), x)).tolist() == [2.0, 4.0]


def test_all_rows_are_one_sweep(x, w):
    text = gg.Session().source([gg.jacobian(layer(x, w), w)], [x])
    assert text.count("= batched_grad(") == 1 and "torch.autograd.grad(" not in text


def test_without_a_path_it_is_none_zeros_or_an_error(run, x, w):
    y = layer(x, w)
    apart = gg.constant([1.0, 2.0])
    assert gg.jacobian(y, [w, apart])[1] is None
    (zeros,) = run(gg.jacobian(y, [apart], unconnected_gradients="zero"), {x: DATA})
    assert zeros.shape == (4, 2, 2) and not zeros.any()
    with pytest.raises(ValueError, match="no gradient reaches"):
        gg.jacobian(y, apart, unconnected_gradients="raise")
    assert gg.jacobian((y * 255).int(), w) is None


def test_stops_make_it_partial(run):
    a = gg.constant([1.0, 2.0])
    b = 2 * a
    y = a * b
    assert run(gg.jacobian(y, [a, b], stop_gradients=[b])[0]).tolist() == [[2.0, 0.0], [0.0, 4.0]]
    assert run(gg.jacobian(y, a)).tolist() == [[4.0, 0.0], [0.0, 8.0]]


def test_no_rows_are_no_rows(run, x, w):
    if not x.op.values[0].spec.static:
        found = run(gg.jacobian(layer(x, w), [x, w]), {x: np.empty([0, 3])})
        assert [each.shape for each in found] == [(0, 2, 0, 3), (0, 2, 3, 2)]


def test_what_can_t_be_vectorised_goes_row_by_row(run):
    x = gg.constant([1.0, 2.0, 3.0])
    y = gg.py_function(lambda a: a**2, [x], gg.float32)
    with pytest.raises(ValueError, match="unknown rank"):
        gg.jacobian(y, x)
    y.set_shape([3])
    assert run(gg.jacobian(y, x)).tolist() == [[2.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 6.0]]
    looped = gg.while_loop(lambda i, a: i < 2, lambda i, a: (i + 1, a * x), (0, x))[1]
    np.testing.assert_allclose(run(gg.jacobian(looped, x)), np.diag([3.0, 12.0, 27.0]))


class Numbered(torch.autograd.Function):
    """A square whose derivative needs to see numbers."""

    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(tensor)
        return tensor**2

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        if float(gradient.sum()) == 0:
            raise AssertionError("a row of zeros")
        return 2 * ctx.saved_tensors[0] * gradient


def test_a_backward_that_sees_numbers_is_called_for_each_row(run):
    x = gg.constant([1.0, 2.0])
    assert run(gg.jacobian(gg.record(Numbered.apply, x), x)).tolist() == [[2.0, 0.0], [0.0, 4.0]]


def test_it_is_differentiated_like_anything_else(run):
    x = gg.constant(DATA[0])
    (third,) = gg.gradients(gg.jacobian(x**3, x).sum(), x)
    np.testing.assert_allclose(run(third), 6 * DATA[0])


def test_what_is_random_is_drawn_once(run):
    x = gg.ones([64])
    y = torch.nn.functional.dropout(x, 0.5)
    matrix, value = run([gg.jacobian(y, x), y])
    assert np.array_equal(matrix, np.diag(value)) and 0 < value.sum() < 128


@pytest.mark.parametrize("function", [gg.jacobian, gg.batch_jacobian], ids=["jacobian", "batch_jacobian"])
def test_bad_arguments(function: Any, x, w):
    y = layer(x, w)
    with pytest.raises(TypeError, match="y is a list"):
        function([y], x)
    with pytest.raises(TypeError, match="y is complex"):
        function(y + 1j, x)
    with pytest.raises(TypeError, match="not a tensor"):
        function(y, "x")
    with pytest.raises(ValueError, match="unconnected_gradients"):
        function(y, x, unconnected_gradients="nothing")


def test_the_graph_stays_as_it_is_if_it_is_finalized(x, w):
    y = layer(x, w)
    y.graph.finalize()
    with pytest.raises(RuntimeError, match="finalized"):
        gg.jacobian(y, x)


# -- batch_jacobian -----------------------------------------------------------------------------------


def test_a_batch_jacobian_is_the_diagonal_of_blocks(run, x, w):
    y = layer(x, w)
    blocks, whole = run([gg.batch_jacobian(y, x), gg.jacobian(y, x)], {x: DATA})
    assert blocks.shape == (4, 2, 3)
    np.testing.assert_allclose(blocks, np.stack([whole[b, :, b] for b in range(4)]), rtol=1e-12)


def test_examples_of_any_rank(run):
    x = gg.placeholder(gg.float64, [None, 2, 3])
    data = np.random.default_rng(2).normal(size=(5, 2, 3))
    found = run(gg.batch_jacobian(torch.sin(x).transpose(1, 2), x), {x: data})
    assert found.shape == (5, 3, 2, 2, 3)
    wanted = np.einsum("bji,jk,il->bijkl", np.cos(data), np.eye(2), np.eye(3))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    assert run(gg.batch_jacobian((x**2).sum((1, 2)), x), {x: data}).shape == (5, 2, 3)


def test_batch_jacobian_needs_as_many_examples():
    x = gg.placeholder(gg.float32, [4, 2])
    with pytest.raises(ValueError, match=r"first sizes.*differ"):
        gg.batch_jacobian(x[1:] ** 2, x)
    with pytest.raises(ValueError, match="y is a scalar"):
        gg.batch_jacobian(x.sum(), x)


# -- hessians -----------------------------------------------------------------------------------------


def test_hessians_are_the_blocks_of_torch_s(run, x, w):
    found = run(gg.hessians(layer(x, w).sum() ** 2, [x, w]), {x: DATA})
    blocks = by_torch(functional.hessian, lambda x, w: layer(x, w).sum() ** 2)
    for n in range(2):
        np.testing.assert_allclose(found[n], blocks[n][n].numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", [[], [1], [2, 3], [2, 1, 2]], ids=str)
def test_hessians_of_linear_functions_are_zeros(run, shape):
    x, apart = gg.ones(shape), gg.ones([2])
    found = run(gg.hessians([3 * x, x.sum()], [x, apart]))
    assert [each.shape for each in found] == [(*shape, *shape), (2, 2)]
    assert not any(each.any() for each in found)


def test_ys_of_a_hessian_are_summed(run):
    x = gg.constant([1.0, 2.0])
    assert run(gg.hessians([x**2, x[0] ** 3], x))[0].tolist() == [[8.0, 0.0], [0.0, 2.0]]


# -- products -----------------------------------------------------------------------------------------


def test_a_hessian_vector_product_is_torch_s(run, x, w):
    vs = np.cos(DATA), np.sin(WEIGHTS.numpy())
    found = run(gg.hessian_vector_product(layer(x, w), [x, w], vs), {x: DATA})
    wanted = by_torch(functional.hvp, lambda x, w: layer(x, w).sum(), tuple(map(torch.from_numpy, vs)))[1]
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-10, atol=1e-12)


def test_its_vector_is_a_constant(run):
    x = gg.constant([1.0, 2.0])
    assert run(gg.hessian_vector_product((x**3).sum(), x, x))[0].tolist() == [6.0, 24.0]
    assert run(gg.hessian_vector_product(x.sum(), x, x))[0].tolist() == [0.0, 0.0]


def test_a_jvp_is_torch_s(run, x, w):
    vs = np.cos(DATA), np.sin(WEIGHTS.numpy())
    (found,) = run(gg.jvp(layer(x, w), [x, w], vs), {x: DATA})
    wanted = by_torch(functional.jvp, layer, tuple(map(torch.from_numpy, vs)))[1]
    np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-10, atol=1e-12)


def test_a_jvp_has_zeros_where_nothing_moves(run):
    x, apart = gg.constant([1.0, 2.0]), gg.constant([5.0])
    moved, still = run(gg.jvp([x * 3, apart], x, [[1.0, 1.0]]))
    assert moved.tolist() == [3.0, 3.0] and still.tolist() == [0.0]
    assert run(gg.jvp(apart, x, [[1.0, 1.0]]))[0].tolist() == [0.0]


def test_a_jvp_holds_stops_constant(run):
    a = gg.constant(2.0)
    b = 3 * a
    assert run(gg.jvp(a * b, a, 1.0, stop_gradients=[b])) == [6.0]
    assert run(gg.jvp(a * b, a, 1.0)) == [12.0]


@pytest.mark.parametrize("function", [gg.jvp, gg.hessian_vector_product], ids=["jvp", "hvp"])
def test_bad_directions(function: Any):
    x = gg.ones([2])
    with pytest.raises(ValueError, match="2 (tangents|vs) for 1 xs"):
        function(x**2, x, [x, x])
    with pytest.raises(ValueError, match=r"(tangents|vs)\[0\] has shape \[3\]"):
        function(x**2, x, gg.ones([3]))


# -- beside the rest of the library ---------------------------------------------------------------------


def test_traced_they_are_the_same(x, w):
    y = layer(x, w)
    fetches = [gg.jacobian(y, [x, w]), gg.batch_jacobian(y, x), gg.hessians(y, w), gg.jvp(y, w, [WEIGHTS])]
    found = []
    for compile in ("", "trace"):
        with gg.Session(compile=compile) as session:
            session.run(gg.global_variables_initializer())
            found.append(session.run(fetches, {x: DATA}))
    assert all(map(np.array_equal, leaves(found[0]), leaves(found[1])))


def leaves(nest: Any) -> list[Any]:
    return [leaf for item in nest for leaf in leaves(item)] if isinstance(nest, list) else [nest]


def test_watches_and_pictures_take_them(x, w):
    y = layer(x, w)
    rows = gg.jacobian(y, w)
    assert gg.explain(rows, w)[0].connected
    assert "<svg" in gg.plot(rows, w).svg()
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        plain = session.run(rows, {x: DATA})
        watched = session.run(rows, {x: DATA}, watch=[gg.watch.NaN(), gg.watch.Profile()])
    np.testing.assert_allclose(watched, plain, rtol=1e-12)
