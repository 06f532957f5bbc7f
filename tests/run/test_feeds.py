"""Feeds: what TF takes is taken, and no number changes silently."""

import collections

import numpy as np
import pytest
import torch

import graphgrad as gg


@pytest.fixture
def sess():
    with gg.Session() as session:
        yield session


def fed(sess, dtype, value, shape=None):
    x = gg.placeholder(dtype, shape, name="x")
    return sess.run(x, {x: value})


# -- what is taken --------------------------------------------------------------------------------------

MATRIX = np.arange(6, dtype=np.float32).reshape(2, 3)
READ_ONLY = MATRIX.copy()
READ_ONLY.setflags(write=False)
UNALIGNED = np.frombuffer(b"\0" + MATRIX.tobytes(), np.uint8)[1:].view(np.float32).reshape(2, 3)


@pytest.mark.parametrize(
    "array",
    [
        MATRIX, MATRIX.astype(">f4"), np.asfortranarray(MATRIX), MATRIX[:, ::-1][:, ::-1], READ_ONLY, UNALIGNED,
        MATRIX.astype(np.float64), MATRIX.astype(np.int64), MATRIX.astype(np.uint8), MATRIX.astype(np.float16),
        MATRIX.tolist(), [*MATRIX], torch.from_numpy(MATRIX), torch.from_numpy(MATRIX.T.copy()).T,
        [[0, 1, 2], [3, 4, np.float32(5)]], (tuple(MATRIX[0]), tuple(MATRIX[1])),
        torch.from_numpy(MATRIX).double(), torch.from_numpy(MATRIX).requires_grad_(), np.ma.array(MATRIX),
    ],
    ids=lambda array: type(array).__name__,
)  # fmt: skip
def test_arrays_of_any_layout_and_origin(sess, array):
    found = fed(sess, gg.float32, array, [2, 3])
    assert found.dtype == np.float32 and found.tolist() == MATRIX.tolist()


@pytest.mark.parametrize("number", [1, 1.0, True, np.float64(1), np.int8(1), np.array(1), torch.tensor(1)], ids=repr)
def test_numbers_of_any_kind(sess, number):
    found = fed(sess, gg.float32, number, [])
    assert found == 1.0 and type(found) is np.float32


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, -0.0, 1e-45], ids=repr)
def test_special_floats_go_through(sess, value):
    for data in (value, [value], np.float64(value), np.array([value])):
        found = fed(sess, gg.float32, data)
        np.testing.assert_array_equal(np.ravel(found), np.float32([value]))
        assert np.signbit(np.ravel(found)[0]) == np.signbit(np.float32(value))


def test_an_empty_array(sess):
    assert fed(sess, gg.float32, np.zeros((0, 3)), [None, 3]).shape == (0, 3)
    assert fed(sess, gg.float32, [], [None]).shape == (0,)


def test_a_negative_stride(sess):
    assert fed(sess, gg.float32, MATRIX[::-1, ::-1], [2, 3]).tolist() == MATRIX[::-1, ::-1].tolist()


@pytest.mark.parametrize("dtype", [gg.int8, gg.int16, gg.int32, gg.int64, gg.uint8], ids=str)
def test_integers_at_their_limits(sess, dtype):
    limits = torch.iinfo(dtype)
    for value in (limits.min, limits.max, 0):
        assert fed(sess, dtype, value, []) == value
        assert fed(sess, dtype, [value], [1]).tolist() == [value]
        assert fed(sess, dtype, np.array([value]), [1]).tolist() == [value]


def test_whole_floats_fit_integers(sess):
    assert fed(sess, gg.int32, 3.0, []) == 3
    assert fed(sess, gg.int32, np.array([3.0, -4.0]), [2]).tolist() == [3, -4]


def test_bools(sess):
    assert fed(sess, gg.bool, True, []) == np.True_
    assert fed(sess, gg.bool, [0, 1], [2]).tolist() == [False, True]
    assert fed(sess, gg.int32, True, []) == 1


@pytest.mark.parametrize("data", [[1.5, 2.0], np.float64([1.5, 2]), torch.tensor([1.5, 2.0]), torch.ones(2).bfloat16()])
def test_bfloat16(sess, data):
    found = fed(sess, gg.bfloat16, data, [2])
    assert found.dtype is torch.bfloat16 and found.float().tolist() == torch.as_tensor(data).float().tolist()


def test_complex(sess):
    assert fed(sess, gg.complex64, 1 + 2j, []) == 1 + 2j
    assert fed(sess, gg.complex64, [1.0, 2], [2]).tolist() == [1, 2]
    assert fed(sess, gg.complex128, torch.tensor([1j]).conj(), [1]).tolist() == [-1j]


def test_a_name_as_key(sess):
    x = gg.placeholder(gg.float32, [], name="x")
    assert sess.run(x * 2, {"x:0": 3.0}) == 6.0


def test_a_constant_and_an_unused_placeholder_can_be_fed(sess):
    c, unused = gg.constant(1.0), gg.placeholder(gg.float32, [])
    assert sess.run(c * 2, {c: 5.0, unused: 1.0}) == 10.0


def test_a_fed_tensor_of_the_user_is_left_as_it_was(sess):
    x = gg.placeholder(gg.float32, [2])
    data = torch.tensor([1.0, 2.0])
    sess.run(gg.gradients(x * x, x), {x: data})
    assert not data.requires_grad and data.grad is None and data.tolist() == [1, 2]
    leaf = torch.tensor([1.0, 2.0], requires_grad=True)
    sess.run(gg.gradients(x * x, x), {x: leaf * 2})
    assert leaf.grad is None


def test_in_place_ops_do_not_write_into_what_was_fed(sess):
    x = gg.placeholder(gg.float32, [2])
    y = x
    y.add_(1.0)
    y[0] = 9.0
    data = np.float32([1, 2])
    assert sess.run(y, {"Placeholder:0": data}).tolist() == [9, 3]
    assert data.tolist() == [1, 2]


def test_none_as_feed_dict_and_an_empty_one(sess):
    c = gg.constant(1.0)
    assert sess.run(c, None) == sess.run(c, {}) == sess.run(c, feed_dict=None) == 1.0


# -- shapes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shape"),
    [(1.0, [1]), ([1.0], []), (np.ones((2, 3)), [3, 2]), (np.ones(2), [None, 2]), (np.ones((2, 3)), [None, 2])],
)
def test_a_wrong_shape_is_a_value_error_with_both_shapes(sess, value, shape):
    x = gg.placeholder(gg.float32, shape, name="images")
    with pytest.raises(ValueError) as caught:
        sess.run(x, {x: value})
    text = str(caught.value)
    have = str(list(np.shape(value)))
    want = "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"
    assert f"Cannot feed value of shape {have}" in text and f"has shape {want}" in text
    assert "images" in text and "test_feeds.py" in text


def test_unknown_sizes_and_rank_take_anything(sess):
    x, y = gg.placeholder(gg.float32, [None, 2]), gg.placeholder(gg.float32)
    for rows in (0, 1, 7):
        assert sess.run(x, {x: np.zeros((rows, 2))}).shape == (rows, 2)
    for shape in ((), (3,), (1, 2, 3)):
        assert np.shape(sess.run(y, {y: np.zeros(shape)})) == shape


def test_a_fed_intermediate_is_checked_too(sess):
    y = gg.placeholder(gg.float32, [2]) * 2
    with pytest.raises(ValueError, match=r"shape \[3\].*\[2\]"):
        sess.run(y, {y: np.ones(3)})


def test_a_ragged_list(sess):
    with pytest.raises(ValueError, match="x"):
        fed(sess, gg.float32, [[1.0], [1.0, 2.0]])


# -- values that do not fit -----------------------------------------------------------------------------

UNFIT = [
    (gg.int32, 2**40), (gg.int32, 1.5), (gg.int32, np.nan), (gg.int32, np.inf), (gg.uint8, 300), (gg.uint8, -1),
    (gg.int8, 128), (gg.int64, 2.0**63), (gg.int64, 1e300), (gg.bool, 2), (gg.bool, 0.5), (gg.float32, 1e39),
    (gg.float32, -1e39), (gg.float16, 1e6), (gg.float32, 1j), (gg.int32, 1j), (gg.float16, 70000), (gg.float64, 1j),
]  # fmt: skip


@pytest.mark.parametrize(("dtype", "value"), UNFIT, ids=str)
@pytest.mark.parametrize("form", ["number", "list", "array", "tensor", "numpy scalar"])
def test_a_value_that_does_not_fit_is_refused(sess, dtype, value, form):
    wide = torch.float64 if isinstance(value, float) else None
    data = {
        "number": lambda: value, "list": lambda: [value, 0], "array": lambda: np.array([0, value]),
        "tensor": lambda: torch.tensor([value, 0], dtype=wide), "numpy scalar": lambda: np.asarray(value)[()],
    }[form]()  # fmt: skip
    with pytest.raises((TypeError, ValueError), match="not compatible") as caught:
        fed(sess, dtype, data)
    assert "x:0" in str(caught.value) and "test_feeds.py" in str(caught.value)


@pytest.mark.parametrize("value", [2**63, 2**64, -(2**63) - 1, 10**30], ids=str)
@pytest.mark.parametrize("dtype", [gg.int64, gg.int32], ids=str)
def test_python_ints_beyond_64_bits(sess, dtype, value):
    with pytest.raises((TypeError, ValueError), match="x:0"):
        fed(sess, dtype, value)
    with pytest.raises((TypeError, ValueError), match="x_1:0"):
        fed(sess, dtype, [value])


def test_a_huge_int_for_a_float(sess):
    assert fed(sess, gg.float32, 2**100, []) == np.float32(2.0**100)
    with pytest.raises((TypeError, ValueError), match="x_1:0"):
        fed(sess, gg.float32, 10**40)


def test_float64_beyond_bfloat16_is_refused(sess):
    with pytest.raises((TypeError, ValueError), match="x:0"):
        fed(sess, gg.bfloat16, [1e300], [1])
    with pytest.raises((TypeError, ValueError), match="x_1:0"):
        fed(sess, gg.bfloat16, torch.tensor([1e300], dtype=torch.float64), [1])


@pytest.mark.parametrize("value", ["text", ["a"], b"bytes", [None], print, {}, np.array(["a"])], ids=repr)
def test_what_is_no_number_is_refused(sess, value):
    with pytest.raises((TypeError, ValueError), match="x:0"):
        fed(sess, gg.float32, value)


def test_none_is_refused(sess):
    with pytest.raises(TypeError, match="None was fed to x:0"):
        fed(sess, gg.float32, None)


def test_a_symbolic_tensor_is_refused(sess):
    with pytest.raises(TypeError, match="symbolic Const:0"):
        fed(sess, gg.float32, gg.constant(1.0))


def test_a_list_with_a_symbolic_tensor_is_refused(sess):
    with pytest.raises((TypeError, ValueError)):
        fed(sess, gg.float32, [gg.constant(1.0)])


# -- keys -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["x", "missing:0", "x:7", 3, None, 1.5, b"x:0"], ids=repr)
def test_an_unknown_key_is_a_type_error(sess, key):
    x = gg.placeholder(gg.float32, [], name="x")
    with pytest.raises(TypeError, match="Cannot interpret feed_dict key"):
        sess.run(x, {key: 1.0})


def test_a_tuple_of_keys_takes_a_tuple_of_values(sess):
    x, y, z = (gg.placeholder(gg.float32, None) for _ in range(3))
    rows = np.float32([1, 2])
    found = sess.run([x, y, z], {(x, (y,)): [rows, (3.0,)], z: [4.0, 5.0]})
    assert found[0].tolist() == [1, 2] and found[1] == 3 and found[2].tolist() == [4, 5]


def test_tuples_of_keys_that_do_not_fit(sess):
    x, y = gg.placeholder(gg.float32, []), gg.placeholder(gg.float32, [])
    with pytest.raises(ValueError, match="2 tensors, what is fed to it 1"):
        sess.run(x, {(x, y): (1.0,)})
    with pytest.raises(ValueError, match="given twice"):
        sess.run(x, {(x, y): (1.0, 2.0), y: 3.0})
    with pytest.raises(TypeError, match="Cannot interpret feed_dict key"):
        sess.run(x, {(x, 3): (1.0, 2.0)})


def test_an_operation_as_key_is_a_type_error(sess):
    x = gg.placeholder(gg.float32, [])
    with pytest.raises(TypeError, match="Cannot interpret feed_dict key"):
        sess.run(x, {x.op: 1.0})


def test_a_key_of_another_graph_is_a_type_error(sess):
    with gg.Graph().as_default():
        stranger = gg.placeholder(gg.float32, [])
    with pytest.raises(TypeError, match="another graph"):
        sess.run(gg.constant(1.0), {stranger: 1.0})


@pytest.mark.parametrize("feed_dict", [[1], 5, "x"])
def test_a_feed_dict_that_is_no_dict(sess, feed_dict):
    x = gg.placeholder(gg.float32, [])
    with pytest.raises(TypeError, match="feed_dict"):
        sess.run(x * 1, feed_dict)


def test_the_same_tensor_fed_twice(sess):
    x = gg.placeholder(gg.float32, [], name="x")
    with pytest.raises(ValueError, match="x:0"):
        sess.run(x, {x: 1.0, "x:0": 2.0})


def test_a_tuple_of_tensors_is_a_key():
    a, b, c = (gg.placeholder(gg.float32, []) for _ in range(3))
    pair = collections.namedtuple("Pair", "left right")
    y = a + 10 * b + 100 * c
    with gg.Session() as sess:
        for key, value in (
            ((a, (b, c)), [1.0, (2.0, 3.0)]), ((a, b, c), np.float32([1, 2, 3])), (pair(a, (b, c)), pair(1, [2, 3])),
        ):  # fmt: skip
            assert sess.run(y, {key: value}) == 321.0
        assert sess.run(y, {(a, b): (1.0, 2.0), c: 3.0}) == 321.0
        with pytest.raises(ValueError, match="2 tensors, what is fed to it 3 values"):
            sess.run(y, {(a, b): (1.0, 2.0, 3.0), c: 3.0})
        with pytest.raises(ValueError, match="twice"):
            sess.run(y, {(a, b): (1.0, 2.0), (b, c): (2.0, 3.0)})
