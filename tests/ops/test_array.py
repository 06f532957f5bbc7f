"""TF1's functions of shapes and layouts against numpy, recorded and at once."""

import numpy as np
import pytest
import torch

import graphgrad as gg

DATA = np.arange(24.0).reshape(2, 3, 4)


@pytest.fixture(params=["recorded", "eager"])
def call(request, run):
    """What a function of arrays gives, in a session or at once, as arrays in its structure."""

    def recorded(function, *arrays):
        return run(function(*[gg.constant(array) for array in arrays]))

    def eager(function, *arrays):
        with gg.eager_execution():
            found = function(*[gg.constant(array) for array in arrays])
        if isinstance(found, list):
            return [each.numpy() for each in found]
        assert type(found) is torch.Tensor
        return found.numpy()

    return recorded if request.param == "recorded" else eager


CASES = {
    "shape": (lambda x: gg.shape(x), lambda a: np.int32(a.shape)),
    "shape int64": (lambda x: gg.shape(x, out_type=gg.int64), lambda a: np.int64(a.shape)),
    "size": (lambda x: gg.size(x), lambda a: np.int32(a.size)),
    "rank": (lambda x: gg.rank(x), lambda a: np.int32(a.ndim)),
    "reshape": (lambda x: gg.reshape(x, [4, -1]), lambda a: a.reshape(4, -1)),
    "reshape flat": (lambda x: gg.reshape(x, [-1]), np.ravel),
    "transpose": (lambda x: gg.transpose(x), np.transpose),
    "transpose perm": (lambda x: gg.transpose(x, [1, 0, 2]), lambda a: a.transpose(1, 0, 2)),
    "expand_dims": (lambda x: gg.expand_dims(x, 1), lambda a: a[:, None]),
    "expand_dims last": (lambda x: gg.expand_dims(x, axis=-1), lambda a: a[..., None]),
    "expand_dims dim": (lambda x: gg.expand_dims(x, dim=0), lambda a: a[None]),
    "squeeze": (lambda x: gg.squeeze(gg.reshape(x, [1, 24, 1])), np.ravel),
    "squeeze axis": (lambda x: gg.squeeze(gg.reshape(x, [1, 24, 1]), 0), lambda a: a.reshape(24, 1)),
    "squeeze axes": (lambda x: gg.squeeze(gg.reshape(x, [1, 24, 1]), [0, -1]), np.ravel),
    "concat": (lambda x: gg.concat([x, x * 2], axis=1), lambda a: np.concatenate([a, a * 2], 1)),
    "concat last": (lambda x: gg.concat((x, x), -1), lambda a: np.concatenate([a, a], -1)),
    "stack": (lambda x: gg.stack([x, x]), lambda a: np.stack([a, a])),
    "stack axis": (lambda x: gg.stack([x, x], axis=-1), lambda a: np.stack([a, a], -1)),
    "gather": (lambda x: gg.gather(x, [1, 0, 1]), lambda a: a.take([1, 0, 1], 0)),
    "gather matrix": (lambda x: gg.gather(x, [[1], [0]]), lambda a: a.take([[1], [0]], 0)),
    "gather scalar": (lambda x: gg.gather(x, 1), lambda a: a[1]),
    "gather axis": (lambda x: gg.gather(x, [2, 0], axis=1), lambda a: a.take([2, 0], 1)),
    "gather last axis": (lambda x: gg.gather(x, [3, 0], axis=2), lambda a: a.take([3, 0], 2)),
    "gather negative axis": (lambda x: gg.gather(x, [1, 0], axis=-1), lambda a: a.take([1, 0], -1)),
    "where": (lambda x: gg.where(x > 10.0, x, -x), lambda a: np.where(a > 10, a, -a)),
    "where number": (lambda x: gg.where(x > 10.0, x, 0.5), lambda a: np.where(a > 10, a, 0.5)),
    "where numbers": (lambda x: gg.where(x > 10.0, 1.0, 0.0), lambda a: np.where(a > 10, 1, 0).astype(np.float32)),
    "where indices": (lambda x: gg.where(x > 20.0), lambda a: np.argwhere(a > 20)),
    "tile": (lambda x: gg.tile(x, [2, 1, 3]), lambda a: np.tile(a, [2, 1, 3])),
    "pad": (lambda x: gg.pad(x, [[1, 0], [0, 2], [1, 1]]), lambda a: np.pad(a, [(1, 0), (0, 2), (1, 1)])),
    "pad value": (
        lambda x: gg.pad(x, [[1, 0], [0, 2], [1, 1]], constant_values=-1),
        lambda a: np.pad(a, [(1, 0), (0, 2), (1, 1)], constant_values=-1),
    ),
    "pad reflect": (
        lambda x: gg.pad(x, [[0, 0], [1, 2], [3, 1]], "REFLECT"),
        lambda a: np.pad(a, [(0, 0), (1, 2), (3, 1)], "reflect"),
    ),
    "fill": (lambda x: gg.fill([2, 3], 1.5), lambda a: np.full([2, 3], 1.5, np.float32)),
    "fill int": (lambda x: gg.fill([2], 7), lambda a: np.full([2], 7, np.int32)),
    "fill bool": (lambda x: gg.fill([2], True), lambda a: np.full([2], True)),
    "fill tensor": (lambda x: gg.fill([2, 3], x[0, 0, 1]), lambda a: np.full([2, 3], a[0, 0, 1])),
    "fill numpy": (lambda x: gg.fill([2], np.int64(7)), lambda a: np.full([2], 7, np.int64)),
    "zeros": (lambda x: gg.zeros([2, 3]), lambda a: np.zeros([2, 3], np.float32)),
    "zeros int": (lambda x: gg.zeros((2,), gg.int32), lambda a: np.zeros(2, np.int32)),
    "ones": (lambda x: gg.ones([2, 3], gg.float64), lambda a: np.ones([2, 3])),
    "zeros_like": (lambda x: gg.zeros_like(x), np.zeros_like),
    "ones_like": (lambda x: gg.ones_like(x, dtype=gg.int32), lambda a: np.ones_like(a, np.int32)),
    "range": (lambda x: gg.range(4), lambda a: np.arange(4, dtype=np.int32)),
    "range from": (lambda x: gg.range(1, 10, 3), lambda a: np.arange(1, 10, 3, np.int32)),
    "range down": (lambda x: gg.range(3, 0, -1), lambda a: np.arange(3, 0, -1, np.int32)),
    "range float": (lambda x: gg.range(0.0, 1.0, 0.25), lambda a: np.arange(0, 1, 0.25, np.float32)),
    "range dtype": (lambda x: gg.range(3, dtype=gg.float64), lambda a: np.arange(3.0)),
    "linspace": (lambda x: gg.linspace(0.0, 1.0, 5), lambda a: np.linspace(0, 1, 5, dtype=np.float32)),
    "one_hot": (lambda x: gg.one_hot([0, 2], 3), lambda a: np.eye(3, dtype=np.float32)[[0, 2]]),
    "one_hot matrix": (lambda x: gg.one_hot([[1], [0]], 2), lambda a: np.eye(2, dtype=np.float32)[[[1], [0]]]),
    "one_hot out of range": (lambda x: gg.one_hot([-1, 3], 3), lambda a: np.zeros([2, 3], np.float32)),
    "one_hot last": (lambda x: gg.one_hot([0, 2], 3, axis=-1), lambda a: np.eye(3, dtype=np.float32)[[0, 2]]),
    "one_hot values": (
        lambda x: gg.one_hot([0, 2], 3, 5.0, -1.0),
        lambda a: np.where(np.eye(3)[[0, 2]] == 1, 5, -1).astype(np.float32),
    ),
    "one_hot dtype": (lambda x: gg.one_hot([1], 2, dtype=gg.int64), lambda a: np.eye(2, dtype=np.int64)[[1]]),
    "one_hot takes the dtype of its values": (
        lambda x: gg.one_hot([1], 2, on_value=5, off_value=1),
        lambda a: np.int32([[1, 5]]),
    ),
    "one_hot bool": (
        lambda x: gg.one_hot([1], 2, on_value=True, off_value=False, dtype=gg.bool),
        lambda a: np.array([[False, True]]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_function_gives_what_numpy_does(call, name):
    function, reference = CASES[name]
    found, wanted = call(function, DATA), np.asarray(reference(DATA))
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert np.shape(found) == wanted.shape and found.dtype == wanted.dtype


@pytest.mark.parametrize("parts", [2, [1, 3], [4]], ids=str)
@pytest.mark.parametrize("axis", [2, -1])
def test_split(call, parts, axis):
    found = call(lambda x: gg.split(x, parts, axis), DATA)
    wanted = np.split(DATA, parts if parts == 2 else np.cumsum(parts)[:-1], 2)
    assert [each.tolist() for each in found] == [each.tolist() for each in wanted]


def test_split_into_unequal_parts_is_refused():
    with pytest.raises(ValueError, match="3 equal parts"):
        gg.split(gg.ones([4]), 3)
    with pytest.raises(ValueError):
        gg.split(gg.ones([4]), [1, 1])


def test_split_of_an_unknown_size(run):
    x = gg.placeholder(gg.float32, [None])
    parts = gg.split(x, 2)
    assert len(parts) == 2
    assert [each.tolist() for each in run(parts, {x: [1, 2, 3, 4]})] == [[1, 2], [3, 4]]
    with pytest.raises((gg.errors.InvalidArgumentError, ValueError)):
        run(parts, {x: [1, 2, 3]})


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_unstack(call, axis):
    found = call(lambda x: gg.unstack(x, axis=axis), DATA)
    assert [each.tolist() for each in found] == [each.tolist() for each in np.moveaxis(DATA, axis, 0)]


def test_unstack_of_another_number_than_asked_for_is_refused():
    with pytest.raises(ValueError):
        gg.unstack(gg.ones([3, 2]), num=2)


def test_squeeze_of_another_size_is_refused():
    with pytest.raises(ValueError, match="its size is not 1"):
        gg.squeeze(gg.ones([1, 2]), [1])


@pytest.mark.parametrize("mode", ["WRAP", "EDGE"])
def test_an_unknown_mode_of_padding_is_refused(mode):
    with pytest.raises(ValueError, match=mode):
        gg.pad(gg.ones([2]), [[1, 1]], mode)


def test_one_hot_along_another_axis_is_refused_or_right(run):
    try:
        y = gg.one_hot([0, 2], 3, axis=0)
    except NotImplementedError as error:
        assert "transpose" in str(error)
    else:
        assert run(y).tolist() == np.eye(3)[[0, 2]].T.tolist()


@pytest.mark.parametrize("depth", [3, np.int64(3)], ids=repr)
def test_one_hot_of_an_unknown_length(run, depth):
    k = gg.placeholder(gg.int32, [None])
    assert run(gg.one_hot(k, depth), {k: [2, 0]}).tolist() == np.eye(3)[[2, 0]].tolist()


# -- sizes known only at run time -----------------------------------------------------------------------


def test_shapes_of_unknown_sizes_are_what_they_are_when_it_runs(run):
    x = gg.placeholder(gg.float32, [None, 3])
    found = run([gg.shape(x), gg.size(x), gg.rank(x), gg.shape(x)[0]], {x: np.ones((5, 3))})
    assert [np.asarray(each).tolist() for each in found] == [[5, 3], 15, 2, 5]


RESHAPES = {
    "a size of the shape tensor": lambda x: gg.reshape(x, [gg.shape(x)[0], 6]),
    "the whole shape tensor": lambda x: gg.reshape(gg.reshape(x, [-1]), gg.shape(x)),
    "a symbolic size": lambda x: gg.reshape(x, [x.shape[0] * 2, 3]),
    "minus one": lambda x: gg.reshape(x, (-1, 6)),
}


@pytest.mark.parametrize("how", RESHAPES)
def test_a_reshape_to_sizes_known_at_run_time(run, how):
    x = gg.placeholder(gg.float32, [None, 2, 3])
    assert run(RESHAPES[how](x), {x: np.ones((5, 2, 3))}).size == 30


@pytest.mark.parametrize("make", [gg.zeros, gg.ones, lambda s: gg.fill(s, 2.0), lambda s: gg.tile(gg.ones([1, 1]), s)])
def test_a_tensor_made_with_the_sizes_of_another(run, make):
    x = gg.placeholder(gg.float32, [None, 3])
    assert run(make([x.shape[0], 2]), {x: np.ones((5, 3))}).shape == (5, 2)
    assert run(make(gg.shape(x)), {x: np.ones((5, 3))}).shape == (5, 3)


def test_a_shape_may_be_another_tensor(run):
    n = gg.placeholder(gg.int32, [2])
    for shape in (n, [n[0], 3]):
        found = gg.zeros(shape)
        assert found.shape.ndims == 2 and run(found, {n: [2, 3]}).shape == (2, 3)
    with pytest.raises(TypeError, match="integers"):
        gg.zeros(gg.placeholder(gg.float32, [2]))


def test_lists_of_tensors_are_packed(run):
    a, b = gg.constant(1.0), gg.constant(2.0)
    assert run(gg.reduce_sum([a, b])) == 3.0
    assert run(gg.convert_to_tensor([[a, b], [b, 0.5]])).tolist() == [[1, 2], [2, 0.5]]
    assert run(gg.gather_nd([5, 6, 7], [[gg.constant(2)]])).tolist() == [7]


def test_older_names(run):
    x = gg.constant([[1, 2], [3, 4]])
    assert run(gg.pack([x, x])).shape == (2, 2, 2) and len(gg.unpack(x)) == 2
    assert run(gg.concat_v2([x, x], 1)).shape == (2, 4) and run(gg.reverse_v2(x, [0])).tolist() == [[3, 4], [1, 2]]
    assert run([gg.mul(2, 3), gg.sub(2, 3), gg.neg(2)]) == [6, -1, -2]


def test_identity_n(run):
    assert run(gg.identity_n([gg.constant(1), 2.5])) == [1, 2.5]


def test_squeeze_of_an_axis_that_the_run_decides(run):
    x = gg.placeholder(gg.float32, [None, 2])
    y = gg.squeeze(x, [0])
    assert run(y, {x: np.ones((1, 2))}).shape == (2,)
    with pytest.raises(gg.errors.InvalidArgumentError, match="not 1"):
        run(y, {x: np.ones((3, 2))})


def test_split_of_what_is_left(run):
    parts = gg.split(gg.range(6), [1, -1, 2])
    assert [part.tolist() for part in run(parts)] == [[0], [1, 2, 3], [4, 5]]


# -- names ----------------------------------------------------------------------------------------------

NAMED = {
    "shape": lambda n: gg.shape(gg.ones([2]), name=n), "size": lambda n: gg.size(gg.ones([2]), name=n),
    "rank": lambda n: gg.rank(gg.ones([2]), name=n), "reshape": lambda n: gg.reshape(gg.ones([2]), [2, 1], name=n),
    "transpose": lambda n: gg.transpose(gg.ones([2, 1]), name=n), "concat": lambda n: gg.concat([[1.0]], 0, name=n),
    "stack": lambda n: gg.stack([1.0], name=n), "unstack": lambda n: gg.unstack([1.0, 2.0], name=n)[0],
    "split": lambda n: gg.split(gg.ones([2]), 2, name=n)[0], "gather": lambda n: gg.gather([1.0], [0], name=n),
    "where": lambda n: gg.where([True], [1.0], [2.0], name=n), "tile": lambda n: gg.tile([1.0], [2], name=n),
    "pad": lambda n: gg.pad([1.0], [[1, 1]], name=n), "one_hot": lambda n: gg.one_hot([1], 2, name=n),
    "one_hot of values": lambda n: gg.one_hot([1], 2, 5.0, 1.0, name=n), "zeros": lambda n: gg.zeros([2], name=n),
    "fill": lambda n: gg.fill([2], 1.0, name=n), "fill tensor": lambda n: gg.fill([2], gg.constant(1.0), name=n),
    "zeros_like": lambda n: gg.zeros_like([1.0], name=n), "ones_like": lambda n: gg.ones_like([1.0], name=n),
    "range": lambda n: gg.range(3, name=n), "linspace": lambda n: gg.linspace(0.0, 1.0, 3, name=n),
    "squeeze": lambda n: gg.squeeze([[1.0]], name=n), "expand_dims": lambda n: gg.expand_dims([1.0], 0, name=n),
}  # fmt: skip


@pytest.mark.parametrize("function", NAMED)
def test_the_name_given_is_the_results(function):
    assert NAMED[function]("wanted").name == "wanted:0"
