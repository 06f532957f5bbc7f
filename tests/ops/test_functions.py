"""py_func, py_function, recompute_grad and function."""

import numpy as np
import pytest
import torch

import graphgrad as gg

# -- py_func --------------------------------------------------------------------------------------------


def test_py_func_calls_the_function_once_per_run(run):
    seen = []

    def f(x, y):
        seen.append((type(x), x.dtype, x.shape))
        return x[::-1] + y

    x = gg.placeholder(gg.float32, [None])
    y = gg.py_func(f, [x, np.float32(1.0)], gg.float32, name="mine")
    assert (y.op.type, y.name, seen) == ("PyFunc", "mine:0", [])
    assert run([y, y * 2.0], {x: [1.0, 2.0]})[1].tolist() == [6.0, 4.0]
    assert seen == [(np.ndarray, np.float32, (2,))]


def test_py_func_passes_no_gradient():
    x = gg.constant(3.0)
    assert gg.gradients(gg.py_func(np.square, [x], gg.float32), x) == [None]


def test_py_func_shapes_are_told(run):
    y = gg.py_func(lambda: np.float32([1, 2]), [], gg.float32)
    assert y.shape.ndims is None
    y.set_shape([2])
    assert tuple(y.shape) == (2,)
    assert run(gg.reduce_sum(y)) == 3.0


def test_py_func_with_several_results_and_none(run):
    seen = []
    both = gg.py_func(lambda x: (x * 2, np.int64(7)), [gg.constant(3.0)], [gg.float32, gg.int64])
    assert isinstance(both, list) and run(both) == [6.0, 7]
    assert run(gg.py_func(lambda x: [x], [gg.constant(3.0)], [gg.float32])) == [3.0]
    log = gg.py_func(lambda x: seen.append(float(x)), [gg.constant(3.0)], [])
    assert isinstance(log, gg.Operation)
    with gg.control_dependencies([log]):
        y = gg.constant(1.0) * 2.0
    run(y)
    assert seen == [3.0]


def test_py_func_arguments_are_copies(run):
    def spoil(x):
        x[:] = 0
        return x

    v = gg.Variable([1.0, 2.0])
    assert [each.tolist() for each in run([gg.py_func(spoil, [v], gg.float32), v * 1.0])] == [[0.0, 0.0], [1.0, 2.0]]


def test_py_func_results_have_memory_of_their_own(run):
    kept = np.float32([1, 2])
    y = gg.py_func(lambda: kept, [], gg.float32)
    run(y)[0] = 9.0
    assert kept[0] == 1.0


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x: x.astype(np.float64), "float64 as result 0, Tout says torch.float32"),
        (lambda x: 1.0, "float64 as result 0"),
        (lambda x: (x, x), "returned 2 values, Tout has 1"),
        (lambda x: None, "returned 0 values, Tout has 1"),
        (lambda x: "text", "returned 'text' as result 0: tensors hold numbers"),
        (lambda x: 1 / 0, "ZeroDivisionError: division by zero"),
    ],
)
def test_py_func_errors_name_operation_and_line(run, function, said):
    y = gg.py_func(function, [gg.constant(3.0)], gg.float32, name="faulty")
    with pytest.raises(gg.errors.InvalidArgumentError, match=said) as caught:
        run(y)
    assert caught.value.op is y.op and "test_functions.py:" in str(caught.value)


def test_py_func_arguments_are_checked():
    x = gg.constant(1.0)
    with pytest.raises(TypeError, match="not a function"):
        gg.py_func(3, [x], gg.float32)
    with pytest.raises(TypeError, match="for no results use"):
        gg.py_func(np.sin, [x], None)
    for kind in ("string", str, [gg.float32, "string"]):
        with pytest.raises(TypeError, match="tensors hold numbers"):
            gg.py_func(np.sin, [x], kind)
    with pytest.raises(TypeError, match="not a dtype"):
        gg.py_func(np.sin, [x], "number")
    with gg.eager_execution(), pytest.raises(RuntimeError, match="call the function"):
        gg.py_func(np.sin, [torch.tensor(1.0)], gg.float32)


def test_a_tensor_alone_is_one_input(run):
    assert run(gg.py_func(lambda x: x + 1, gg.constant([1.0, 2.0]), gg.float32)).tolist() == [2.0, 3.0]


# -- py_function ----------------------------------------------------------------------------------------


def test_py_function_is_differentiable_at_every_order(run):
    x = gg.placeholder(gg.float64, [2])
    y = gg.py_function(lambda x: torch.sin(x) * x if x[0] > 0 else -x, [x], gg.float64)
    first = gg.gradients(y, x)[0]
    second = gg.gradients(first, x)[0]
    data = np.array([0.5, 2.0])
    closed = [np.sin(data) * data, np.cos(data) * data + np.sin(data), 2 * np.cos(data) - data * np.sin(data)]
    for have, want in zip(run([y, first, second], {x: data}), closed, strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-12)
    assert [each.tolist() for each in run([first, second], {x: -data})] == [[-1.0, -1.0], [0.0, 0.0]]


def test_py_function_inputs_that_play_no_part_get_zeros(run):
    a, b = gg.constant([1.0, 2.0]), gg.constant([3.0, 4.0])
    first, second = gg.py_function(lambda a, b: (a * 2, torch.ones(2)), [a, b], [gg.float32, gg.float32])
    found = run([*gg.gradients(first, [a, b]), *gg.gradients(second, [a, b])])
    assert [each.tolist() for each in found] == [[2.0, 2.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]


def test_py_function_takes_numbers_and_arrays(run):
    a, b, c = gg.py_function(lambda: (1, np.arange(2), torch.tensor(True)), [], [gg.float32, gg.float64, gg.bool])
    assert [np.asarray(each).tolist() for each in run([a, b, c])] == [1.0, [0.0, 1.0], True]


def test_py_function_may_differentiate_by_itself(run):
    def slope(x):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(x**3, x)[0]

    assert run(gg.py_function(slope, [gg.constant(2.0)], gg.float32)) == 12.0


def test_py_function_results_may_be_arguments(run):
    x = gg.constant([1.0, 2.0])
    a, b = gg.py_function(lambda x: (x, x), [x], [gg.float32, gg.float32])
    found = run([a, b, *gg.gradients(a + 3.0 * b, x), *gg.gradients(a, [a, b, x])[::2]])
    assert [each.tolist() for each in found] == [[1.0, 2.0], [1.0, 2.0], [4.0, 4.0], [1.0, 1.0], [1.0, 1.0]]


def test_py_function_must_not_change_its_arguments(run):
    y = gg.py_function(lambda x: x.add_(1), [gg.constant(2.0)], gg.float32)
    with pytest.raises(gg.errors.InvalidArgumentError, match="in place"):
        run(y)


def test_py_function_of_a_wrong_dtype_and_under_no_grad(run):
    x = gg.constant(2.0)
    with pytest.raises(gg.errors.InvalidArgumentError, match="torch.float64 as result 0"):
        run(gg.py_function(lambda x: x.double(), [x], gg.float32))
    with torch.no_grad():
        assert gg.gradients(gg.py_function(torch.sin, [x], gg.float32), x) == [None]


def test_py_function_trains_a_variable(run):
    w = gg.Variable(3.0)
    y = gg.py_function(lambda w, x: w * x, [w, 2.0], gg.float32)
    assert run(gg.gradients(y, w)[0]) == 2.0


def test_functions_without_inputs_are_called_in_every_run():
    counts = iter(range(10))
    y = gg.py_function(lambda: next(counts), [], gg.int64)
    z = gg.py_func(lambda: np.int64(next(counts)), [], gg.int64)
    with gg.Session() as session:
        assert [session.run(y), session.run(y), session.run(z), session.run(z)] == [0, 1, 2, 3]


def test_a_function_that_runs_another_session(run):
    other = gg.Graph()
    with other.as_default():
        noise = gg.random_uniform([], 5.0, 6.0)

    def inner(x):
        with gg.Session(graph=other) as session:
            return session.run(noise)

    x = gg.constant(2.0)
    y = gg.function(lambda x: gg.py_func(inner, [x], gg.float32) * gg.random_uniform([], 1.0, 1.5))(x)
    assert 5.0 <= run(y) <= 9.0


# -- recompute_grad -------------------------------------------------------------------------------------


def wave(x, w):
    return gg.sin(x * w) * gg.exp(x)


def test_recompute_gives_the_numbers_and_gradients_of_the_function(run):
    x, w = gg.placeholder(gg.float64, [3]), gg.Variable(np.array([1.0, 2.0, 3.0]))
    data = np.array([0.1, -0.4, 0.7])

    def orders(y):
        first = gg.gradients(y, [x, w])
        return [y, *first, *gg.gradients(first[0], [x, w]), *gg.gradients(first[1], [x, w])]

    again = gg.recompute_grad(wave)(x, w)
    assert again.op.type == "Recompute"
    for have, want in zip(run(orders(again), {x: data}), run(orders(wave(x, w)), {x: data}), strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-12)


def test_recompute_calls_the_function_once_more_per_sweep(run):
    calls = []

    def f(x):
        return gg.exp(gg.py_function(lambda x: calls.append(1) or x * 2, [x], gg.float32))

    x = gg.constant(0.5)
    y = gg.recompute_grad(f)(x)
    run(y)
    assert len(calls) == 1
    run(gg.gradients(y, x)[0])
    assert len(calls) == 3


def test_recompute_draws_the_same_numbers_on_the_way_back(run):
    x = gg.ones([1000])
    y = gg.recompute_grad(lambda x: gg.exp(x * gg.random_uniform([1000])))(x)
    before = torch.get_rng_state()
    value, gradient = run([y, gg.gradients(y, x)[0]])
    assert torch.equal(before, torch.get_rng_state())
    np.testing.assert_allclose(gradient, value * np.log(value), rtol=2e-3, atol=1e-6)
    assert value.std() > 0.3


def test_recompute_with_captures_gradients_inside_and_nests(run):
    w = gg.Variable(3.0)

    @gg.recompute_grad
    def f(pair, power=1):
        slope = gg.gradients(gg.sin(pair["a"]) * w, pair["a"])[0]
        return {"slope": slope**power, "rest": (pair["a"] * 2.0,)}

    a = gg.constant(0.5)
    found = f({"a": a}, power=2)
    first = gg.gradients(found["slope"], [a, w])
    c, s = np.cos(0.5), np.sin(0.5)
    np.testing.assert_allclose(run([found["slope"], *first]), [9 * c * c, -18 * c * s, 6 * c * c], rtol=1e-5)
    assert run(found["rest"]) == (1.0,)


def test_recompute_in_eager_mode_and_what_it_refuses():
    with gg.eager_execution():
        x = torch.tensor(0.5, requires_grad=True)
        gg.recompute_grad(torch.exp)(x).backward()
        assert x.grad.item() == pytest.approx(np.exp(0.5))
    with pytest.raises(TypeError, match="takes a function"):
        gg.recompute_grad(3)


# -- function -------------------------------------------------------------------------------------------


def test_function_is_one_operation_per_call(run):
    @gg.function
    def f(x, y):
        """Product."""
        return x * gg.sin(y)

    assert (f.__name__, f.__doc__) == ("f", "Product.")
    x, y = gg.constant(2.0), gg.constant(0.5)
    before = len(gg.get_default_graph())
    first, second = f(x, y), f(y, x)
    assert len(gg.get_default_graph()) == before + 2
    assert (first.op.type, first.op.name, second.op.name) == ("PartitionedCall", "f", "f_1")
    found = run([first, second, *gg.gradients(first + second, [x, y])])
    s, c = np.sin, np.cos
    np.testing.assert_allclose(found, [2 * s(0.5), 0.5 * s(2.0), s(0.5) + 0.5 * c(2.0), 2 * c(0.5) + s(2.0)], rtol=1e-6)


def test_function_orders(run):
    x = gg.placeholder(gg.float64, [])
    y = gg.function(lambda x: gg.function(gg.sin)(x) * x)(x)
    first = gg.gradients(y, x)[0]
    second = gg.gradients(first, x)[0]
    third = gg.gradients(second, x)[0]
    c, s = np.cos(0.7), np.sin(0.7)
    closed = [0.7 * s, 0.7 * c + s, 2 * c - 0.7 * s, -3 * s - 0.7 * c]
    np.testing.assert_allclose(run([y, first, second, third], {x: 0.7}), closed, rtol=1e-12)


def test_function_connects_only_what_it_computes_from():
    @gg.function
    def swap(a, b):
        return b, a, gg.stop_gradient(a)

    a, b = gg.constant(1.0), gg.constant(2.0)
    first, second, third = swap(a, b)
    assert gg.gradients(first, a) == [None] and gg.gradients(second, b) == [None]
    assert gg.gradients(third, a) == [None] and gg.gradients(first, b) != [None]


def test_function_forms(run):
    named = gg.function(name="mine")(lambda x, n: x * n)
    x = gg.constant([1.0, 2.0])
    assert named(x, 3).op.name == "mine"
    assert run(named(x, n=3)).tolist() == [3.0, 6.0]
    with pytest.raises(TypeError, match="takes a function"):
        gg.function(3)
    with gg.eager_execution():
        assert gg.function(torch.sin)(torch.tensor(0.0)).item() == 0.0


def test_function_without_tensors(run):
    assert run(gg.function(lambda: gg.constant(2.0) * 3.0)()) == 6.0


def test_function_sets_variables(run):
    v = gg.Variable(1.0)

    @gg.function
    def count(x):
        v.assign_add(x)
        return x * 2.0

    y = count(gg.constant(5.0))
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        assert [session.run(y), session.run(y), session.run(v)] == [10.0, 10.0, 11.0]


def test_functions_draw_numbers_of_their_own(run):
    noise = gg.function(lambda: gg.random_uniform([8]))
    first, second = run([noise(), noise()])
    assert first.tolist() != second.tolist()


def test_function_on_a_method_and_in_a_branch(run):
    class Model:
        scale = 3.0

        @gg.function
        def call(self, x):
            return x * self.scale

    x = gg.placeholder(gg.float32, [])
    y = gg.cond(x > 0, lambda: Model().call(x), lambda: x)
    gradient = gg.gradients(y, x)[0]
    assert run(gradient, {x: 1.0}) == 3.0 and run(gradient, {x: -1.0}) == 1.0


def test_modules_inside_train(run):
    layer = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh())
    x = gg.placeholder(gg.float32, [None, 3])
    data = np.ones([2, 3], np.float32)
    found = run(gg.gradients(gg.recompute_grad(layer)(x), [layer[0].weight, x]), {x: data})
    eager = torch.tensor(data, requires_grad=True)
    wanted = torch.autograd.grad(layer(eager).sum(), [layer[0].weight, eager])
    for have, want in zip(found, wanted, strict=True):
        np.testing.assert_allclose(have, want.numpy(), rtol=1e-5)
