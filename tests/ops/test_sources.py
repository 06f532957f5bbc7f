"""Placeholders, constants, identities and groups."""

import numpy as np
import pytest
import torch

import graphgrad as gg

# -- placeholders ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "known"),
    [
        ([2, None], [2, None]),
        ((3,), [3]),
        ([], []),
        (4, [4]),
        ([np.int64(2), -1], [2, None]),
        (torch.Size([2, 3]), [2, 3]),
    ],
    ids=str,
)
def test_the_shape_of_a_placeholder(shape, known):
    assert gg.placeholder(gg.float32, shape).shape.as_list() == known


def test_a_placeholder_of_unknown_rank():
    assert gg.placeholder(gg.float32).shape.ndims is None
    assert gg.placeholder(gg.float32, gg.placeholder(gg.float32).shape).shape.ndims is None


def test_a_placeholder_shaped_like_another():
    x = gg.placeholder(gg.float32, [None, 3])
    assert gg.placeholder(gg.float64, x.shape).shape.as_list() == [None, 3]


def test_a_negative_size_is_refused():
    with pytest.raises(ValueError, match="-2"):
        gg.placeholder(gg.float32, [-2])


def test_the_name_and_dtype_of_a_placeholder():
    x = gg.placeholder("int64", [], name="labels")
    assert x.name == "labels:0" and x.dtype is torch.int64 and x.op.type == "Placeholder"
    with pytest.raises(ValueError, match="not a valid name"):
        gg.placeholder(gg.float32, [], name="a b")
    with pytest.raises(TypeError, match="dtype"):
        gg.placeholder("float31", [])


# -- constants ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1, torch.int32),
        (1.0, torch.float32),
        (True, torch.bool),
        (1j, torch.complex128),
        ([1, 2.5], torch.float32),
        ([], torch.float32),
        (2**40, torch.int64),
        (np.float64(1), torch.float64),
        (np.int8([1]), torch.int8),
        (np.array([1.0, 2.0]), torch.float64),
        (torch.ones(2, dtype=torch.bfloat16), torch.bfloat16),
    ],
    ids=repr,
)
def test_the_dtype_of_a_constant(value, dtype):
    assert gg.constant(value).dtype is dtype


def test_a_constant_of_an_asked_dtype_and_shape(run):
    assert run(gg.constant(1, gg.float64)).dtype == np.float64
    assert run(gg.constant(5.0, shape=[2, 2])).tolist() == [[5, 5], [5, 5]]
    assert run(gg.constant([1, 2, 3, 4], shape=(2, 2))).tolist() == [[1, 2], [3, 4]]
    with pytest.raises((ValueError, RuntimeError)):
        gg.constant([1, 2, 3], shape=[2, 2])


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(1.5, gg.int32), ([0.5, 1.0], gg.int64), (300, gg.uint8), (-1, gg.uint8), (2**40, gg.int32), (1e39, gg.float32)],
    ids=str,
)
def test_a_number_that_its_dtype_cannot_hold_is_refused(value, dtype):
    with pytest.raises((TypeError, ValueError)):
        gg.constant(value, dtype)


@pytest.mark.parametrize("value", [print, "text", [1, "a"], None, {1: 2}], ids=repr)
def test_what_is_no_array_of_numbers(value):
    with pytest.raises((TypeError, ValueError)):
        gg.constant(value)


def test_a_symbolic_tensor_is_no_constant():
    with pytest.raises(gg.errors.ArgumentTypeError, match="symbolic"):
        gg.constant(gg.ones([2]))


def test_a_constant_is_a_copy(run):
    array, plain = np.ones(2), torch.ones(2)
    a, b = gg.constant(array), gg.constant(plain)
    array[:] = 5
    plain.fill_(5)
    assert run([a, b])[0].tolist() == run([a, b])[1].tolist() == [1, 1]


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda a: a[::-1], lambda a: a.astype(">f8")])
def test_an_array_of_any_layout(run, layout):
    array = layout(np.arange(6.0).reshape(2, 3))
    assert run(gg.constant(array)).tolist() == array.tolist()


def test_a_constant_in_eager_mode_is_a_torch_tensor():
    with gg.eager_execution():
        assert type(gg.constant([1.0])) is torch.Tensor


# -- conversion and identity ----------------------------------------------------------------------------


def test_convert_to_tensor():
    x = gg.ones([2])
    assert gg.convert_to_tensor(x) is x
    assert gg.convert_to_tensor([1.0], name="c").name == "c:0"
    assert gg.convert_to_tensor(1, gg.float64).dtype is torch.float64
    with pytest.raises(ValueError, match="cast it"):
        gg.convert_to_tensor(x, gg.int32)


def test_convert_to_tensor_of_a_torch_tensor(run):
    plain = torch.tensor([1.0, 2.0])
    assert run(gg.convert_to_tensor(plain)).tolist() == [1, 2]
    with gg.eager_execution():
        assert gg.convert_to_tensor(plain) is plain


def test_identity_is_another_tensor_of_the_same_value(run):
    x = gg.constant([1.0, 2.0])
    y = gg.identity(x, name="same")
    assert y is not x and y.name == "same:0" and y.op.type == "Identity"
    assert run(y).tolist() == [1, 2]
    assert run(gg.gradients(y * y, x)[0]).tolist() == [2, 4]


def test_identity_reads_its_input_once():
    x = gg.constant(1.0)
    assert gg.identity(x).op.inputs == (x,)


def test_identity_waits_for_control_dependencies(run):
    x = gg.constant(1.0)
    with gg.control_dependencies([gg.no_op("first")]):
        y = gg.identity(x)
    assert [op.name for op in y.op.control_inputs] == ["first"]


# -- groups ---------------------------------------------------------------------------------------------


def test_a_group_waits_for_all_of_its_inputs():
    a, b, v = gg.no_op("a"), gg.constant(1.0, name="b"), gg.Variable(1.0, name="v")
    found = gg.group(a, [b, (v, None)], name="all")
    assert found.name == "all" and [op.name for op in found.control_inputs] == ["a", "b", "v"]
    assert gg.group().control_inputs == ()


def test_a_group_joins_the_graph_of_its_inputs():
    other = gg.Graph()
    with other.as_default():
        x = gg.constant(1.0)
    assert gg.group(x).graph is other


def test_a_tuple_is_available_all_at_once(run):
    a, b = gg.constant(1.0, name="a"), gg.constant(2.0, name="b")
    first, none, second = gg.tuple([a, None, b], name="both", control_inputs=[gg.no_op("c")])
    assert none is None and run([first, second]) == [1.0, 2.0]
    assert {op.name for op in first.op.control_inputs} == {"a", "b", "c"}
    assert first.op.name.startswith("both/")
    with pytest.raises(ValueError, match="at least one"):
        gg.tuple([None])


def test_add_n(run):
    tensors = [gg.constant([float(n), 1.0]) for n in range(4)]
    assert run(gg.add_n(tensors)).tolist() == [6, 4]
    assert gg.add_n(tensors[:1]) is tensors[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: [],
        lambda: [gg.ones([2]), gg.ones([3])],
        lambda: [gg.ones([2]), gg.ones([2], gg.float64)],
    ],
    ids=["none", "shapes", "dtypes"],
)
def test_add_n_of_what_does_not_fit(make):
    with pytest.raises(ValueError, match="add_n"):
        gg.add_n(make())


def test_add_n_of_unknown_sizes(run):
    x, y = gg.placeholder(gg.float32, [None]), gg.placeholder(gg.float32, [None])
    assert run(gg.add_n([x, y, x]), {x: [1, 2], y: [10, 20]}).tolist() == [12, 24]
    assert run(gg.add_n([x, gg.ones([2])]), {x: [1, 2]}).tolist() == [2, 3]


def test_add_n_gives_its_name_to_the_sum():
    assert gg.add_n([gg.ones([2]), gg.ones([2]), gg.ones([2])], name="total").name == "total:0"


def test_a_constant_has_as_many_numbers_as_its_shape():
    with pytest.raises(ValueError, match="has 2 elements, got 3"):
        gg.constant([1.0, 2.0, 3.0], shape=[2])
