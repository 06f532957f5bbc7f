"""Sizes that only a run knows: arithmetic on them, shapes that hold them, and what they refuse."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

import graphgrad as gg

SIZES = [1, 2, 5, 17]


def test_heads_are_split_and_joined_at_any_batch_size(run):
    x = gg.placeholder(gg.float32, [None, None, 8])
    B, T, C = x.shape  # noqa: N806
    h = 2
    y = x.view(B, T, h, C // h).transpose(1, 2)
    z = y.transpose(1, 2).reshape(B, T, C)
    assert y.get_shape().as_list() == [None, 2, None, 4]
    assert z.shape.as_list() == [None, None, 8]
    for batch in SIZES:
        data = np.random.rand(batch, batch + 1, 8).astype(np.float32)
        heads, again = run([y, z], {x: data})
        assert heads.shape == (batch, 2, batch + 1, 4)
        np.testing.assert_array_equal(again, data)


CASES = {
    "reshape": lambda x: x.reshape(x.shape[0], -1),
    "view": lambda x: x.view(x.size(0) * 3, 4),
    "floor division": lambda x: x.reshape(-1, x.shape[0] // 1 * 6),
    "flatten": lambda x: torch.flatten(x, 1),
    "expand": lambda x: x[:, :1].expand(x.shape[0], 5, 4),
    "factory": lambda x: x.sum() + torch.ones(3).expand((x.shape[0], 3)),
    "new_zeros": lambda x: x.new_zeros(x.shape[0], 2) + x[:, 0, :1],
    "cat": lambda x: torch.cat([x, x, x[:1]], 0),
    "stack": lambda x: torch.stack([x, x], 1),
    "slice": lambda x: x[1:],
    "slice to a size": lambda x: x[: x.shape[0] - 1],
    "short slice": lambda x: x[:5],
    "negative step back": lambda x: x.flip(0)[::2],
    "matmul": lambda x: x @ x.transpose(1, 2),
    "batch gram": lambda x: torch.einsum("bij,cij->bc", x, x),
    "mean": lambda x: x.mean(0),
    "numel": lambda x: x.sum() / x.numel(),
    "size in arithmetic": lambda x: x * x.shape[0],
    "size divides": lambda x: x / x.size(0),
    "repeat": lambda x: x.repeat(2, 1, 1),
    "tile": lambda x: gg.tile(x, [2, 1, 1]),
    "pad": lambda x: F.pad(x, (1, 2, 0, 0, 3, 0)),
    "split": lambda x: x.split(2, dim=1)[1],
    "chunk": lambda x: x.chunk(3, dim=1)[2],
    "unbind": lambda x: x.unbind(1)[0],
    "topk": lambda x: x.topk(2, dim=2).values,
    "sort": lambda x: x.sort(0).values,
    "cumsum": lambda x: x.cumsum(0),
    "layer_norm": lambda x: F.layer_norm(x, x.shape[1:]),
    "mask": lambda x: x.masked_fill(torch.ones(3, 4).tril() == 0, 0.0),
    "causal": lambda x: x + torch.ones(4, 4).tril()[:3, :],
    "softmax": lambda x: x.softmax(0),
    "outer": lambda x: x.reshape(-1, 1) * x.reshape(1, -1),
    "arange": lambda x: gg.record(lambda t: torch.arange(t.shape[0]) + t.sum(), x),
    "zeros in record": lambda x: gg.record(lambda t: torch.zeros(t.shape[0], 2) + t[:, 0, :2], x),
    "unsqueeze": lambda x: x[:, None] - x[None],
    "gather rows": lambda x: x[torch.tensor([0, 0])],
    "boolean mask": lambda x: x[x > 0.5],
    "nonzero": lambda x: torch.nonzero(x > 0.5),
    "unfold": lambda x: x.unfold(1, 2, 1),
    "conv": lambda x: F.conv1d(x, torch.ones(2, 3, 2)),
    "interpolate": lambda x: F.interpolate(x, scale_factor=2.0),
    "diagonal": lambda x: torch.diagonal(x, dim1=1, dim2=2),
    "where": lambda x: torch.where(x > 0.5, x, 0.0),
    "cdist": lambda x: torch.cdist(x, x),
    "movedim": lambda x: x.movedim(0, -1),
    "index_select": lambda x: torch.index_select(x, 1, torch.tensor([0, 2])),
    "var": lambda x: torch.var(x, 0, correction=0),
    "squeeze": lambda x: x[:, :1].squeeze(1),
}


@pytest.mark.parametrize("name", CASES)
def test_an_unknown_batch_runs_at_every_size_as_eager_torch(run, name):
    build = CASES[name]
    x = gg.placeholder(gg.float32, [None, 3, 4])
    y = build(x)
    for batch in SIZES:
        data = torch.rand(batch, 3, 4)
        with gg.eager_execution() if name in ("tile",) else torch.no_grad():
            wanted = eager(name, build, data)
        found = run(y, {x: data})
        np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-5, atol=1e-6)
        assert all(size in (None, have) for size, have in zip(y.shape.as_list(), np.shape(found), strict=True))


def eager(name, build, data):
    if name == "arange":
        return torch.arange(data.shape[0]) + data.sum()
    if name == "zeros in record":
        return torch.zeros(data.shape[0], 2) + data[:, 0, :2]
    return build(data)


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("nonzero",)])
def test_gradients_with_an_unknown_batch_agree_with_eager_torch(run, name):
    build = CASES[name]
    x = gg.placeholder(gg.float64, [None, 3, 4])
    y = build(x) if name != "conv" else F.conv1d(x, torch.ones(2, 3, 2).double())
    (g,) = gg.gradients(gg.reduce_sum(y * y), x, unconnected_gradients="zero")
    for batch in (2, 5):
        data = torch.rand(batch, 3, 4, dtype=torch.float64, requires_grad=True)
        with gg.eager_execution():
            wanted = eager(name, build, data) if name != "conv" else F.conv1d(data, torch.ones(2, 3, 2).double())
        (want,) = torch.autograd.grad(wanted.square().sum(), data, allow_unused=True)
        want = torch.zeros_like(data) if want is None else want
        np.testing.assert_allclose(run(g, {x: data.detach()}), want.numpy(), rtol=1e-9, atol=1e-12)


def test_a_known_size_stays_known_through_ops():
    x = gg.placeholder(gg.float32, [None, 6])
    assert x.reshape(-1, 2, 3).shape.as_list() == [None, 2, 3]
    assert (x @ torch.ones(6, 5)).shape.as_list() == [None, 5]
    assert x.sum(0).shape == [6]
    assert torch.cat([x, x], 1).shape.as_list() == [None, 12]


def test_a_slice_of_an_unknown_size_is_not_taken_for_full():
    x = gg.placeholder(gg.float32, [None, 6])
    assert x[:5].shape.as_list() == [None, 6]
    assert x[:1].shape.as_list()[0] in (None, 1)


def test_unknown_broadcasts_with_known(run):
    x, y = gg.placeholder(gg.float32, [None, 3]), gg.placeholder(gg.float32, [4, 3])
    z = x + y
    for batch in (1, 4):
        assert run(z, {x: np.ones((batch, 3)), y: np.ones((4, 3))}).tolist() == [[2] * 3] * 4
    (g,) = gg.gradients(z, x)
    assert run(g, {x: np.ones((1, 3)), y: np.ones((4, 3))}).tolist() == [[4] * 3]
    assert run(g, {x: np.ones((4, 3)), y: np.ones((4, 3))}).tolist() == [[1] * 3] * 4


def test_unknown_broadcasts_with_unknown(run):
    x, y = gg.placeholder(gg.float32, [None, 1]), gg.placeholder(gg.float32, [None])
    z = x * y
    assert z.shape.as_list() == [None, None]
    assert run(z, {x: [[1], [2]], y: [1, 2, 3]}).tolist() == [[1, 2, 3], [2, 4, 6]]


def test_two_unknown_sizes_that_must_agree_fail_in_the_run(run):
    x, y = gg.placeholder(gg.float32, [None]), gg.placeholder(gg.float32, [None])
    z = torch.dot(x, y)
    assert run(z, {x: [1, 2], y: [3, 4]}) == 11.0
    with pytest.raises(gg.errors.InvalidArgumentError):
        run(z, {x: [1, 2], y: [3, 4, 5]})


def test_an_unknown_size_that_must_equal_a_known_one(run):
    x = gg.placeholder(gg.float32, [None, None])
    y = x @ torch.ones(7, 2)
    assert y.shape.as_list() == [None, 2]
    assert run(y, {x: np.ones((3, 7))}).tolist() == [[7, 7]] * 3


def test_unknown_rank(run):
    x = gg.placeholder(gg.float32)
    y = gg.reduce_sum(torch.sin(x) * 2.0)
    (g,) = gg.gradients(y, x)
    for shape in ((), (3,), (2, 3), (2, 1, 3)):
        data = np.float32(np.random.rand(*shape))
        np.testing.assert_allclose(run(g, {x: data}), 2 * np.cos(data), rtol=1e-5)


def test_the_shape_of_unknown_rank_has_no_sizes():
    shape = gg.placeholder(gg.float32).shape
    assert shape.ndims is None and not shape.is_fully_defined()
    with pytest.raises(ValueError, match="rank"):
        shape.as_list()
    with pytest.raises(ValueError, match="rank"):
        len(shape)
    with pytest.raises(ValueError, match="rank"):
        list(shape)


def test_the_habits_of_shapes():
    shape = gg.placeholder(gg.float32, [None, 784]).shape
    assert shape.as_list() == [None, 784] and shape.ndims == 2 and len(shape) == 2
    assert shape[0].value is None and shape[1].value == 784 and shape[1] == 784
    assert not shape.is_fully_defined() and gg.zeros([2, 3]).shape.is_fully_defined()
    assert gg.zeros([2, 3]).shape == (2, 3) == torch.Size([2, 3])
    assert gg.zeros([2, 3]).shape != [2, 4] and gg.zeros([2, 3]).shape.numel() == 6
    assert shape[1:] == [784] and repr(shape) == "TensorShape([?, 784])"
    assert gg.zeros([2, 3]).shape.num_elements() == 6


def test_size_arithmetic(run):
    x = gg.placeholder(gg.float32, [None])
    n = x.shape[0]
    fetches = [n + 1, 1 + n, n - 1, 10 - n, n * 3, 3 * n, n // 2, 20 // n, n % 3, 20 % n, -n, n**2, 2**n]
    assert run(fetches, {x: np.zeros(5)}) == [6, 6, 4, 5, 15, 15, 2, 4, 2, 0, -5, 25, 32]


def test_a_size_times_a_tensor(run):
    x = gg.placeholder(gg.float32, [None])
    n = x.shape[0]
    assert run([n * x, x / n, x + n], {x: [1, 2]})[1].tolist() == [0.5, 1.0]


@pytest.mark.parametrize(
    "use",
    [int, float, bool, lambda n: n > 1, lambda n: n == 3, lambda n: range(n), lambda n: [1, 2][n], lambda n: n / 2,
     lambda n: n * 0.5],
)  # fmt: skip
def test_what_needs_the_number_is_refused_with_the_users_line(use):
    n = gg.placeholder(gg.float32, [None]).shape[0]
    with pytest.raises(TypeError, match="no value yet") as caught:
        use(n)
    assert "test_dims.py" in str(caught.value)


def test_a_size_is_equal_to_itself():
    x = gg.placeholder(gg.float32, [None])
    n = x.shape[0]
    assert n == n and x.shape[0] is n


def test_data_dependent_shapes(run):
    x = gg.placeholder(gg.float32, [4])
    rows = torch.nonzero(x)
    picked = x[x > 0]
    assert rows.shape.as_list() == [None, 1] and picked.shape.as_list() == [None]
    found = run([rows, picked, *gg.gradients(picked * picked, x)], {x: [0, 1, -2, 3]})
    assert [each.tolist() for each in found] == [[[1], [2], [3]], [1, 3], [0, 2, 0, 6]]
    assert run(torch.unique(x), {x: [3, 1, 3, 1]}).tolist() == [1, 3]


def test_set_shape_checks():
    x = gg.placeholder(gg.float32, [None, 3])
    x.set_shape([5, 3])
    for shape in ([5, 4], [3], [None, 2]):
        with pytest.raises(ValueError, match="has shape"):
            x.set_shape(shape)


def test_set_shape_merges_what_is_known():
    x = gg.placeholder(gg.float32, [None, 3])
    x.set_shape([5, None])
    assert x.shape.as_list() == [5, 3]
