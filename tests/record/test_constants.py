"""Constants: plain data that meets a symbolic tensor is copied, shared and of the right dtype."""

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.record.constants import as_constant, from_numpy


@pytest.fixture
def graph():
    return gg.get_default_graph()


def constants():
    return [op for op in gg.get_default_graph().get_operations() if op.type == "Const"]


# -- sharing --------------------------------------------------------------------------------------------


def test_the_same_tensor_is_stored_once():
    x, mask = gg.placeholder(gg.float32, [2]), torch.ones(2)
    for _ in range(3):
        x = x * mask
    assert len(constants()) == 1


def test_a_changed_tensor_is_stored_anew(run):
    x, mask = gg.placeholder(gg.float32, [2]), torch.ones(2)
    before = x * mask
    mask.fill_(5.0)
    after = x * mask
    assert [each.tolist() for each in run([before, after], {x: [1, 2]})] == [[1, 2], [5, 10]]


def test_another_tensor_at_the_same_address_is_stored_anew(run):
    x = gg.placeholder(gg.float32, [2])
    results = [x * torch.full((2,), float(n)) for n in range(20)]
    assert [each.tolist() for each in run(results, {x: [1, 1]})] == [[n, n] for n in range(20)]


def test_each_graph_has_its_constants():
    mask = torch.ones(2)
    gg.placeholder(gg.float32, [2]) * mask
    with gg.Graph().as_default():
        y = gg.placeholder(gg.float32, [2]) * mask
        assert len(constants()) == 1 and y.graph is gg.get_default_graph()


def test_a_shared_constant_waits_for_nothing():
    x, mask = gg.placeholder(gg.float32, [2]), torch.ones(2)
    with gg.control_dependencies([gg.no_op()]):
        x * mask
    assert constants()[0].control_inputs == ()


def test_a_constant_does_not_follow_its_tensor(run):
    x, base = gg.placeholder(gg.float32, [2]), torch.tensor([1.0, 2.0, 3.0])
    y = x * base[:2]
    base.fill_(0.0)
    assert run(y, {x: [1, 1]}).tolist() == [1, 2]


def test_a_tensor_written_through_numpy_is_stored_anew(run):
    x, array = gg.placeholder(gg.float32, [2]), np.ones(2, np.float32)
    shared = torch.from_numpy(array)
    before = x * shared
    array[:] = 5.0
    after = x * shared
    assert [each.tolist() for each in run([before, after], {x: [1, 1]})] == [[1, 1], [5, 5]]


# -- kinds of tensors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.arange(6.0).reshape(2, 3).T,
        lambda: torch.arange(12.0).reshape(3, 4)[:, ::2],
        lambda: torch.ones(1).expand(3, 2),
        lambda: torch.conj(torch.ones(3, 2, dtype=torch.complex64) * 1j).imag,
    ],
    ids=["transposed", "strided", "expanded", "conjugate"],
)
def test_a_tensor_of_any_layout(run, make):
    x = gg.placeholder(gg.float32, [3, 2])
    assert run(x + make(), {x: np.zeros((3, 2))}).tolist() == make().tolist()


def test_an_inference_tensor(run):
    with torch.inference_mode():
        mask = torch.ones(2)
    x = gg.placeholder(gg.float32, [2])
    y = x * mask
    assert run(gg.gradients(y, x)[0], {x: [1, 2]}).tolist() == [1, 1]


def test_a_meta_tensor_has_no_data():
    with pytest.raises(gg.errors.ArgumentTypeError, match="meta tensor"):
        gg.placeholder(gg.float32, [2]) * torch.ones(2, device="meta")


# -- numpy ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("array", "like", "reader", "dtype"),
    [
        (np.ones(2), torch.float32, "mul", torch.float32),
        (np.ones(2), torch.float16, "mul", torch.float16),
        (np.ones(2), None, "mul", torch.float64),
        (np.array([1, 2]), torch.float32, "mul", torch.float32),
        (np.array([1, 2]), torch.float32, "index_select", torch.int64),
        (np.array([1, 2]), torch.int32, "add", torch.int32),
        (np.array([True]), torch.float32, "mul", torch.bool),
        (np.array([1j]), torch.complex64, "mul", torch.complex64),
        (np.array([1j]), torch.float32, "mul", torch.complex128),
        (np.float64(2), torch.float32, "where", torch.float32),
    ],
)
def test_the_dtype_of_an_array_beside_a_tensor(graph, array, like, reader, dtype):
    assert as_constant(graph, array, like, reader).spec.dtype is dtype


def test_fractions_beside_integers_are_refused(graph):
    with pytest.raises(gg.errors.ArgumentTypeError, match="lose its fractions"):
        as_constant(graph, np.ones(2), torch.int32, "mul")


@pytest.mark.parametrize(
    "layout",
    [np.asfortranarray, lambda a: a[::-1], lambda a: a.astype(">f4"), lambda a: np.broadcast_to(a[:1], (2, 3))],
)
def test_arrays_of_any_layout_are_copied(layout):
    array = layout(np.arange(6, dtype=np.float32).reshape(2, 3))
    found = from_numpy(array, None)
    assert found.tolist() == array.tolist() and found.is_contiguous()
    assert not np.shares_memory(found.numpy(), array)


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([print]), np.array("2020", "datetime64")], ids=repr)
def test_an_array_of_no_numbers(array):
    with pytest.raises(gg.errors.ArgumentTypeError, match="can't be a tensor"):
        from_numpy(array, None)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2])
def test_dtypes_that_numpy_lacks(dtype):
    c = gg.constant([1.0, 0.5], dtype=dtype)
    assert c.dtype is dtype
    assert gg.Session().run(c.to(torch.float32)).tolist() == [1.0, 0.5]
    with pytest.raises(gg.errors.ArgumentTypeError, match="would change"):
        gg.constant(1e39, dtype=dtype)


def test_a_number_beyond_an_8_bit_float_is_refused():
    with pytest.raises(gg.errors.ArgumentTypeError, match="1000.0 would change as torch.float8_e4m3fn"):
        gg.constant(1000.0, dtype=torch.float8_e4m3fn)


@pytest.mark.parametrize(
    ("number", "dtype"),
    [(float("inf"), torch.float8_e4m3fn), (-0.01, torch.float8_e8m0fnu), (3.0, torch.float8_e8m0fnu)],
)
def test_numbers_that_an_8_bit_float_does_not_have(number, dtype):
    with pytest.raises(gg.errors.ArgumentTypeError, match="would change"):
        gg.constant(number, dtype=dtype)


def test_8_bit_placeholders_are_fed():
    x = gg.placeholder(torch.float8_e4m3fn, [2])
    assert gg.Session().run(x.to(torch.float32), {x: [1.0, 0.5]}).tolist() == [1.0, 0.5]
    with pytest.raises(gg.errors.ArgumentTypeError, match="can't be fed"):
        gg.Session().run(x.to(torch.float32), {x: [1000.0, 0.5]})
