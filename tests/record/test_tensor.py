"""The symbolic tensor: what it knows, what it mixes with, and what it refuses."""

import copy
import io
import operator
import pickle

import numpy as np
import pytest
import torch

import graphgrad as gg


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [2, 3], name="x")


DATA = np.float32([[1, 2, 3], [4, 5, 6]])


def test_what_it_knows(x):
    assert (x.name, x.dtype, x.shape, x.ndim, x.dim(), x.numel(), x.size(1)) == ("x:0", gg.float32, [2, 3], 2, 2, 6, 3)
    assert x.op.name == "x" and x.graph is gg.get_default_graph() and x.value_index == 0
    assert isinstance(x, torch.Tensor) and isinstance(x, gg.Tensor)
    assert x.is_floating_point() and not x.is_complex() and len(x) == 2
    assert repr(x) == "<Tensor 'x:0' float32[2, 3]>" == str(x) == f"{x}"
    assert x.device == torch.device("cpu") and not x.is_cuda and x.layout is torch.strided


def test_every_spelling_of_a_torch_function_records(x, run):
    for y in (torch.sin(x), x.sin(), gg.sin(x), torch.Tensor.sin(x)):
        np.testing.assert_allclose(run(y, {x: DATA}), np.sin(DATA), rtol=1e-6)
        assert y.op.type == "Sin"


@pytest.mark.parametrize(
    "index", [0, -1, (0, 1), slice(1), (slice(None), 1), ..., (..., 0), None, [1, 0], (0, slice(None, None, 2))]
)
def test_indexing(x, index, run):
    np.testing.assert_array_equal(run(x[index], {x: DATA}), DATA[index])


def test_properties(x, run):
    for y, want in ((x.T, DATA.T), (x.mT, DATA.T), (x.real, DATA)):
        np.testing.assert_array_equal(run(y, {x: DATA}), want)
    z = gg.placeholder(gg.complex64, [2])
    np.testing.assert_array_equal(run(z.imag, {z: [1j, 2]}), [1, 0])


BINARY = "add sub mul truediv floordiv mod pow".split()


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize(
    "other", [2, 2.5, np.float64([1, 2, 3]), np.int64(2), np.float32(2.5), np.ones((2, 3))], ids=repr
)
def test_numbers_and_arrays_keep_float32(x, name, other, run):
    function = getattr(operator, name)
    for y, want in ((function(x, other), function(DATA, other)), (function(other, x), function(other, DATA))):
        assert y.dtype is gg.float32
        np.testing.assert_allclose(run(y, {x: DATA}), np.float32(want), rtol=1e-6)


def test_numpy_functions_on_the_left_keep_float32(x):
    assert (np.ones(3) * x).dtype is gg.float32
    assert (np.float64(2.0) * x).dtype is gg.float32
    assert isinstance(np.ones(3) @ x.T, gg.Tensor)


def test_torch_tensors_promote_as_in_torch(x):
    assert (x * torch.ones(3, dtype=torch.float64)).dtype is gg.float64
    assert (x * torch.ones((), dtype=torch.float64)).dtype is gg.float32
    assert (gg.zeros([2], gg.int32) * 1.5).dtype is gg.float32


def test_a_float_array_beside_integers_is_refused():
    k = gg.placeholder(gg.int32, [2])
    with pytest.raises(TypeError, match="fractions"):
        k * np.float64([0.5, 1.5])


@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge"])
def test_comparisons_are_elementwise(x, name, run):
    function = getattr(operator, name)
    y = function(x, 3.0)
    assert y.dtype is gg.bool
    np.testing.assert_array_equal(run(y, {x: DATA}), function(DATA, 3.0))


def test_bitwise_operators(run):
    a, b = gg.placeholder(gg.bool, [2]), gg.placeholder(gg.bool, [2])
    found = run([a & b, a | b, a ^ b, ~a], {a: [True, False], b: [True, True]})
    assert [each.tolist() for each in found] == [[True, False], [True, True], [False, True], [False, True]]


def test_identity_is_is_and_tensors_are_hashable(x):
    assert x in {x: 1} and x is gg.get_default_graph().get_tensor_by_name("x:0")
    assert x.op.outputs[0] is x


def test_unary_operators(x, run):
    np.testing.assert_array_equal(run(-x, {x: DATA}), -DATA)
    np.testing.assert_array_equal(run(abs(x), {x: DATA}), abs(DATA))
    np.testing.assert_array_equal(run(+x, {x: DATA}), DATA)


VALUES = {
    "bool": bool, "float": lambda t: float(t.sum()), "int": lambda t: int(t.sum()), "item": lambda t: t.sum().item(),
    "tolist": lambda t: t.tolist(), "numpy": lambda t: t.numpy(), "asarray": np.asarray, "array": np.array,
    "backward": lambda t: t.sum().backward(), "data_ptr": lambda t: t.data_ptr(), "pickle": pickle.dumps,
    "deepcopy": copy.deepcopy, "register_hook": lambda t: t.register_hook(print), "contains": lambda t: 1.0 in t,
    "storage": lambda t: t.untyped_storage(), "complex": lambda t: complex(t.sum()), "index": lambda t: [1, 2][t.sum()],
    "if": lambda t: 1 if t.sum() > 0 else 2, "and": lambda t: t.sum() and 1, "not": lambda t: not t,
    "range": lambda t: range(t.sum().long()), "max": lambda t: max(t.sum(), t.mean()),
    "from_numpy": lambda t: torch.from_numpy(t), "torch.tensor": lambda t: torch.tensor([t.sum(), 1.0]),
    "equal": lambda t: torch.equal(t, t),
    "torch.save": lambda t: torch.save(t, io.BytesIO()), "retain_grad": lambda t: t.retain_grad(),
    "jit": lambda t: torch.jit.trace(torch.sin, t), "memoryview": lambda t: memoryview(t),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_needs_a_value_is_a_type_error_that_says_so(x, name):
    with pytest.raises(TypeError, match="no value yet|expected np.ndarray|bytes-like") as caught:
        VALUES[name](x)
    if "no value yet" in str(caught.value):
        assert "test_tensor.py" in str(caught.value)


def test_a_copy_is_refused_or_the_same_handle(x):
    try:
        other = copy.copy(x)
    except TypeError as error:
        assert "no value yet" in str(error)
    else:
        assert other.name == x.name


def test_iteration(x, run):
    rows = list(x)
    assert [row.shape for row in rows] == [[3], [3]]
    np.testing.assert_array_equal(run(rows[1], {x: DATA}), DATA[1])
    first, second = x
    assert len({first, second}) == 2


def test_iteration_over_an_unknown_size_or_a_scalar_is_a_type_error():
    with pytest.raises(TypeError, match="no value yet"):
        iter(gg.placeholder(gg.float32, [None])).__next__()
    with pytest.raises(TypeError, match="0-d"):
        iter(gg.constant(1.0)).__next__()
    with pytest.raises(TypeError, match="no value yet"):
        len(gg.placeholder(gg.float32, [None, 3]))
    with pytest.raises(TypeError, match="0-d"):
        len(gg.constant(1.0))


def test_it_keeps_no_memory():
    big = gg.placeholder(gg.float32, [10**6, 10**6])
    assert (big * 2.0).shape == [10**6, 10**6]


def test_the_names_it_cannot_change(x):
    for name in ("name", "dtype", "op", "graph"):
        with pytest.raises(AttributeError):
            setattr(x, name, None)


def test_consumers_lists_each_read(x):
    y = x * x
    assert x.consumers() == [y.op, y.op]
    assert y.consumers() == []


def test_requires_grad_is_what_the_dtype_says(x):
    assert x.requires_grad and not gg.constant(1).requires_grad
    x.requires_grad_()
    with pytest.raises(RuntimeError, match="stop_gradient"):
        x.requires_grad_(False)
    assert x.grad is None and x.is_leaf and not (x * 2).is_leaf


def test_errors_of_shape_and_dtype_are_raised_on_the_users_line(x):
    for call in (lambda: x @ x, lambda: x.reshape(5), lambda: x + torch.ones(4), lambda: torch.cat([x, x[0]])):
        with pytest.raises(gg.errors.RecordingError) as caught:
            call()
        assert "test_tensor.py" in str(caught.value)
        assert isinstance(caught.value, ValueError) and isinstance(caught.value, RuntimeError)
    with pytest.raises(IndexError, match="test_tensor.py"):
        x[5]
    with pytest.raises((TypeError, IndexError), match="test_tensor.py"):
        x.sum(7)


def test_tensors_of_two_graphs_do_not_mix(x):
    with gg.Graph().as_default():
        stranger = gg.constant(1.0, name="stranger")
    with pytest.raises(ValueError, match="different graphs"):
        x + stranger


def test_an_op_joins_the_graph_of_its_inputs(x):
    with gg.Graph().as_default() as other:
        y = x * 2
    assert y.graph is x.graph and other.get_operations() == []
    assert y.consumers() == []


class Seen(torch.overrides.TorchFunctionMode):
    """A user's mode that notes what it sees."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.names.append(func.__name__)
        return func(*args, **(kwargs or {}))


def test_a_user_s_mode_sees_methods_too(x):
    def work():
        return (2.0 - x.transpose(0, 1).sum(dim=0).view(2, 1) / 3.0) @ x[:1]

    with Seen() as seen:
        y = work()
    assert seen.names == ["transpose", "sum", "view", "div", "__rsub__", "__getitem__", "matmul"]
    with gg.Session() as session:
        assert session.run(y, {x: DATA}).tolist() == session.run(work(), {x: DATA}).tolist()
