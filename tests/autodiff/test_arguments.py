"""The table of arguments: each bad one raises its error, says which and why, and leaves the graph alone."""

import threading

import numpy as np
import pytest
import torch

import graphgrad as gg


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [2], name="x")


@pytest.fixture
def y(x):
    return gg.multiply(x, x, name="loss")


def operations():
    return len(gg.get_default_graph().get_operations())


# -- empty and None -------------------------------------------------------------------------------------


def test_no_ys_gives_nones(x):
    assert gg.gradients([], [x, x]) == [None, None]


def test_no_xs_gives_an_empty_list(y):
    assert gg.gradients(y, []) == []
    assert gg.gradients([], []) == []


def test_no_ys_with_zeros_asked_for(x, run):
    (g,) = gg.gradients([], [x], unconnected_gradients="zero")
    assert run(g, {x: [1, 1]}).tolist() == [0, 0]


@pytest.mark.parametrize("ys", [None, [None]])
def test_none_as_y(x, ys):
    with pytest.raises(ValueError, match="ys.* is None.*earlier gradients"):
        gg.gradients(ys, x)


def test_none_inside_says_which(x, y):
    with pytest.raises(ValueError, match=r"ys\[1\] is None.*earlier gradients"):
        gg.gradients([y, None], x)
    with pytest.raises(ValueError, match=r"xs\[2\] is None.*earlier gradients"):
        gg.gradients(y, [x, x, None])


# -- kinds ----------------------------------------------------------------------------------------------

NUMBERS = [1.0, 3, 2j, np.float32(1), np.ones(2), torch.ones(2), True]


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
def test_a_number_or_array_is_no_y_and_no_x(x, y, number):
    for call in (lambda: gg.gradients([y, number], x), lambda: gg.gradients(y, [x, number])):
        with pytest.raises(TypeError, match=r"s\[1\] is .*fresh constant") as caught:
            call()
        assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "item", ["x:0", {"x": 1}, {1, 2}, print, (each for each in "ab")], ids=lambda i: type(i).__name__
)
def test_other_kinds_are_type_errors_that_name_the_item(x, y, item):
    kind = type(item).__name__
    for call in (lambda: gg.gradients(item, x), lambda: gg.gradients(y, [x, item])):
        with pytest.raises(gg.errors.ArgumentTypeError, match=kind):
            call()


def test_an_operation_is_a_type_error_that_shows_its_output(x, y):
    with pytest.raises(gg.errors.ArgumentTypeError, match=r"ys is the operation loss; .*loss\.outputs\[0\]"):
        gg.gradients(y.op, x)
    with pytest.raises(gg.errors.ArgumentTypeError, match=r"xs\[0\] is the operation loss"):
        gg.gradients(y, [y.op])


def test_a_nested_list_is_a_type_error(x, y):
    with pytest.raises(TypeError, match=r"ys\[0\] is .*list"):
        gg.gradients([[y]], x)
    with pytest.raises(TypeError, match=r"xs\[0\] is .*list"):
        gg.gradients(y, [[x]])


def test_an_unknown_keyword_and_a_missing_argument(x, y):
    with pytest.raises(TypeError):
        gg.gradients(y, x, nonsense=1)
    with pytest.raises(TypeError):
        gg.gradients(y)


# -- grad_ys --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grad_ys", [[], [None, None, None], [5.0, 6.0]])
def test_the_lengths_of_ys_and_grad_ys_must_agree(x, y, grad_ys):
    with pytest.raises(ValueError, match=f"{len(grad_ys)} grad_ys for 1 ys"):
        gg.gradients(y, x, grad_ys=grad_ys)


def test_no_ys_take_no_grad_ys(x):
    with pytest.raises(ValueError, match="1 grad_ys for 0 ys"):
        gg.gradients([], x, grad_ys=[1.0])


def test_a_none_in_grad_ys_is_ones(x, y, run):
    assert run(gg.gradients([y, y], x, grad_ys=[None, [2.0, 3.0]]), {x: [1, 1]})[0].tolist() == [6, 8]


@pytest.mark.parametrize(
    "grad", [np.ones(2), [[3.0, 4.0]], np.float64([3, 4]), np.int64([3, 4]), torch.ones(2)], ids=repr
)
def test_numbers_in_grad_ys_take_the_dtype_of_y(x, y, grad, run):
    (g,) = gg.gradients(y, x, grad_ys=grad)
    found = run(g, {x: [1, 1]})
    assert found.dtype == np.float32
    assert found.tolist() == (2 * np.ravel(np.asarray(grad))).tolist()


def test_a_python_number_for_a_scalar_float64_y(run):
    x = gg.placeholder(gg.float64, [])
    (g,) = gg.gradients(x, x, grad_ys=2.5)
    assert g.dtype is torch.float64 and run(g, {x: 0.0}) == 2.5


@pytest.mark.parametrize("grad", [1.0, np.ones(3), np.ones((2, 1)), torch.ones(1)], ids=repr)
def test_a_grad_y_of_another_shape(x, y, grad):
    with pytest.raises(ValueError, match=r"grad_ys\[0\] has shape .*loss:0 \[2\]") as caught:
        gg.gradients(y, x, grad_ys=[grad])
    assert "test_arguments.py" in str(caught.value)


def test_a_symbolic_grad_y_of_another_shape(x, y):
    with pytest.raises(ValueError, match=r"grad_ys\[0\] has shape \[3\]"):
        gg.gradients(y, x, grad_ys=gg.placeholder(gg.float32, [3]))
    assert gg.gradients(y, x, grad_ys=gg.placeholder(gg.float32, [None]))[0].shape == [2]


def test_a_grad_y_shape_is_checked_even_if_y_is_x(x):
    with pytest.raises(ValueError, match=r"grad_ys\[0\] has shape"):
        gg.gradients(x, x, grad_ys=[np.ones((2, 2))])


def test_a_grad_y_that_fits_only_at_run_time_fails_there(run):
    x = gg.placeholder(gg.float32, [None])
    seed = gg.placeholder(gg.float32, [None])
    (g,) = gg.gradients(x * x, x, grad_ys=seed)
    with pytest.raises(gg.errors.InvalidArgumentError) as caught:
        run(g, {x: [1, 2], seed: [1]})
    assert caught.value.op is g.op and "test_arguments.py" in str(caught.value)


@pytest.mark.parametrize("grad", [gg.complex64, gg.int32, gg.bool], ids=str)
def test_a_symbolic_grad_y_of_another_kind(x, y, grad):
    with pytest.raises(gg.errors.ArgumentTypeError, match=r"grad_ys\[0\] is .*loss:0") as caught:
        gg.gradients(y, x, grad_ys=gg.placeholder(grad, [2]))
    assert "test_arguments.py" in str(caught.value)


def test_a_complex_array_for_a_real_y(x, y):
    with pytest.raises(TypeError, match=r"grad_ys\[0\]"):
        gg.gradients(y, x, grad_ys=np.ones(2, complex))


def test_a_real_tensor_for_a_complex_y():
    z = gg.placeholder(gg.complex64, [2])
    with pytest.raises(TypeError, match=r"grad_ys\[0\]"):
        gg.gradients(z * z, z, grad_ys=gg.placeholder(gg.float32, [2]))


def test_a_grad_y_for_an_integer_y():
    k = gg.placeholder(gg.int32, [])
    with pytest.raises(TypeError, match=r"grad_ys\[0\]"):
        gg.gradients(k, k, grad_ys=gg.constant(1.0))
    with pytest.raises(TypeError, match=r"grad_ys\[0\]"):
        gg.gradients(k, k, grad_ys=0.5)


def test_an_integer_grad_y_for_an_integer_y(run):
    k = gg.placeholder(gg.int32, [])
    assert run(gg.gradients(k, k, grad_ys=[7]), {k: 1}) == [7]


@pytest.mark.parametrize("grad", ["ones", {}, print], ids=lambda g: type(g).__name__)
def test_a_grad_y_of_no_use(x, y, grad):
    with pytest.raises(TypeError, match=r"grad_ys\[0\] is"):
        gg.gradients(y, x, grad_ys=[grad])


def test_an_operation_as_grad_y(x, y):
    with pytest.raises(TypeError, match=r"grad_ys\[0\] is"):
        gg.gradients(y, x, grad_ys=[x.op])


@pytest.mark.parametrize("dtype", [gg.float64, gg.float16, gg.bfloat16], ids=str)
def test_a_symbolic_grad_y_of_another_float_width_is_cast(x, y, dtype, run):
    seed = gg.placeholder(dtype, [2])
    (g,) = gg.gradients(y, x, grad_ys=seed)
    found = run(g, {x: [1, 1], seed: [1.5, 2.0]})
    assert found.dtype == np.float32 and found.tolist() == [3, 4]


def test_a_complex_y_needs_grad_ys():
    z = gg.placeholder(gg.complex64, [], name="z")
    y = gg.multiply(z, z, name="square")
    with pytest.raises(gg.errors.ArgumentTypeError, match="complex.*grad_ys") as caught:
        gg.gradients(y, z)
    assert "square" in str(caught.value) and "test_arguments.py" in str(caught.value)
    with pytest.raises(TypeError, match=r"ys\[1\] is complex"):
        gg.gradients([gg.real(z), y], z, grad_ys=[1.0, None])


# -- stop_gradients -------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [None, 1.0, np.ones(2), "x:0", {}], ids=repr)
def test_a_stop_that_is_no_tensor(x, y, stop):
    with pytest.raises(gg.errors.ArgumentTypeError, match=r"stop_gradients\[1\] is"):
        gg.gradients(y, x, stop_gradients=[x, stop])


def test_an_operation_as_stop(x, y):
    with pytest.raises(gg.errors.ArgumentTypeError, match="stop_gradients is the operation loss"):
        gg.gradients(y, x, stop_gradients=y.op)


def test_one_stop_alone_and_an_empty_list(x, y):
    assert gg.gradients(y, x, stop_gradients=y) == [None]
    assert gg.gradients(y, x, stop_gradients=[]) != [None]
    assert gg.gradients(y, x, stop_gradients=()) != [None]


# -- the graph ------------------------------------------------------------------------------------------


def elsewhere():
    with gg.Graph().as_default():
        return gg.placeholder(gg.float32, [2], name="stranger")


def test_tensors_of_different_graphs(x, y):
    stranger = elsewhere()
    for call in (
        lambda: gg.gradients(y, [x, stranger]),
        lambda: gg.gradients([y, stranger], x),
        lambda: gg.gradients(y, x, stop_gradients=stranger),
        lambda: gg.gradients(y, x, grad_ys=[stranger]),
    ):
        with pytest.raises(ValueError, match="stranger.*same graph"):
            call()


def test_a_finalized_graph(x, y):
    gg.get_default_graph().finalize()
    with pytest.raises(RuntimeError, match="finalized"):
        gg.gradients(y, x)


def test_eager_mode(x, y):
    with gg.eager_execution(), pytest.raises(RuntimeError, match=r"torch\.autograd\.grad"):
        gg.gradients(y, x)
    assert gg.gradients(y, x) != [None]


# -- options --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [3, -1, "tree", 0.5, True, [], print], ids=repr)
def test_an_unknown_aggregation_method_always_raises(x, y, method):
    for ys, xs in ((y, x), (x, y), ([], []), (x, [])):
        with pytest.raises(ValueError, match="aggregation_method"):
            gg.gradients(ys, xs, aggregation_method=method)


@pytest.mark.parametrize("option", ["ZERO", "nonsense", None, 0, True, [], "Raise"], ids=repr)
def test_an_unknown_value_for_unconnected_gradients(x, y, option):
    for ys, xs in ((y, x), ([], [])):
        with pytest.raises(ValueError, match=r"unconnected_gradients: .*'none', 'zero'"):
            gg.gradients(ys, xs, unconnected_gradients=option)


@pytest.mark.parametrize("name", ["a b", "_x", "!"])
def test_an_illegal_name(x, y, name):
    with pytest.raises(ValueError, match="not a valid name"):
        gg.gradients(y, x, name=name)


def test_a_name_that_is_no_string(x, y):
    with pytest.raises(TypeError, match="name"):
        gg.gradients(y, x, name=7)


@pytest.mark.parametrize(
    "bad",
    [
        {"grad_ys": [1.0, 2.0]},
        {"grad_ys": [np.ones(3)]},
        {"grad_ys": ["one"]},
        {"stop_gradients": [None]},
        {"aggregation_method": 9},
        {"unconnected_gradients": "bad"},
        {"name": "a b"},
    ],
    ids=str,
)
def test_a_bad_argument_leaves_the_graph_as_it_was(x, y, bad):
    before = operations()
    with pytest.raises((TypeError, ValueError)):
        gg.gradients(y, x, **bad)
    assert operations() == before
    assert gg.gradients(y, x)[0].name.startswith("gradients/")


def test_threads_have_graphs_of_their_own():
    found = []

    def work():
        x = gg.constant(2.0)
        found.append(gg.Session().run(gg.gradients(x * x, x)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[4.0]] * 4


def test_a_buffer_that_the_graph_has_recorded_is_an_x_and_a_stop(run):
    class Scaled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("scale", torch.tensor([2.0, 3.0]))

        def forward(self, x):
            return x * self.scale

    module = Scaled()
    x = gg.placeholder(gg.float32, [3, 2])
    y = module(x)
    (slope,) = gg.gradients(y, module.scale)
    assert run(slope, {x: np.full((3, 2), 5.0)}).tolist() == [15.0, 15.0]
    assert gg.gradients(y, module.scale, stop_gradients=[module.scale]) != [None]
    assert gg.gradients(x * 2.0, module.scale) == [None]
    with pytest.raises(gg.errors.ArgumentTypeError, match="fresh constant"):
        gg.gradients(y, torch.zeros(2))
