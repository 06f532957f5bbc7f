"""Dtypes, devices, autocast, and what stops a gradient or asks torch for one: beside eager torch."""

import warnings

import numpy as np
import pytest
import torch
from torch.utils.checkpoint import checkpoint

import graphgrad as gg

DATA = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
FLOAT8 = [torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz]
ROWS = pytest.mark.parametrize("rows", [2, None], ids=["static", "unknown"])


def run(fetches, feed_dict=None):
    """The fetches as torch tensors."""
    with gg.Session(outputs="torch") as session:
        return session.run(fetches, feed_dict)


def assert_same(found, wanted):
    torch.testing.assert_close(found, wanted, rtol=0, atol=0, check_stride=False)


def leaf(dtype=torch.float32):
    return DATA.to(dtype).requires_grad_()


@pytest.fixture(params=[2, None], ids=["static", "unknown"])
def x(request):
    return gg.placeholder(gg.float32, [request.param, 3], name="x")


# -- dtypes ---------------------------------------------------------------------------------------------


@ROWS
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.complex64, torch.complex128], ids=str)
def test_values_and_gradients_in_a_dtype(dtype, rows):
    def function(x):
        return (torch.tanh(x) @ x.T * 0.1 + 1).abs().sum()

    x = gg.placeholder(dtype, [rows, 3])
    y = function(x)
    (slope,) = gg.gradients(y, x)
    eager = leaf(dtype)
    wanted = function(eager)
    assert (y.dtype, slope.dtype) == (wanted.dtype, dtype)
    found = run([y, slope], {x: DATA.to(dtype)})
    assert_same(found, [wanted.detach(), *torch.autograd.grad(wanted, eager)])


@pytest.mark.parametrize("dtype", [torch.float16, torch.complex64, torch.complex128], ids=str)
def test_a_dtype_that_numpy_has_comes_back_as_an_array(dtype):
    x = gg.placeholder(dtype, [2])
    with gg.Session() as session:
        found = session.run(x * 2, {x: [1.5, 2]})
    assert isinstance(found, np.ndarray) and found.tolist() == [3, 4]


@pytest.mark.parametrize("dtype", [torch.bfloat16, *FLOAT8], ids=str)
def test_a_dtype_that_numpy_lacks_comes_back_as_a_tensor(dtype):
    with gg.Session() as session:
        found = session.run(gg.constant(DATA).to(dtype))
    assert found.dtype is dtype and found.float().tolist() == DATA.tolist()


def test_a_numpy_array_beside_bfloat16_takes_its_dtype():
    x = gg.placeholder(torch.bfloat16, [2])
    y = x * np.float32([1.1, 2])
    assert y.dtype is torch.bfloat16
    assert_same(run(y, {x: torch.ones(2, dtype=torch.bfloat16)}), torch.tensor([1.1, 2]).to(torch.bfloat16))


@ROWS
@pytest.mark.parametrize("dtype", FLOAT8, ids=str)
def test_a_gradient_travels_through_float8(dtype, rows):
    def function(x):
        return (x.to(dtype).to(torch.float32) * x).sum()

    x = gg.placeholder(gg.float32, [rows, 3])
    y = function(x)
    eager = leaf()
    wanted = function(eager)
    found = run([y, *gg.gradients(y, x)], {x: DATA})
    assert_same(found, [wanted.detach(), *torch.autograd.grad(wanted, eager)])


@pytest.mark.parametrize("dtype", FLOAT8, ids=str)
def test_float8_data_is_fed_and_is_a_constant(dtype):
    data = DATA.to(dtype)
    x = gg.placeholder(dtype, [None, 3])
    found = run([x.to(gg.float32), gg.constant(data).float(), (x * x).float()], {x: data})
    assert_same(found, [DATA, DATA, (data * data).float()])


@pytest.mark.parametrize("dtype", FLOAT8[:2], ids=str)
def test_what_float8_lacks_in_eager_torch_is_an_error_with_its_line(dtype):
    x = gg.placeholder(dtype, [3])
    with pytest.raises(NotImplementedError):
        torch.ones(3).to(dtype).sum()
    with pytest.raises((gg.errors.InvalidArgumentError, gg.errors.RecordingError, NotImplementedError)) as caught:
        run(x.sum(), {x: torch.ones(3).to(dtype)})
    assert "test_dtypes.py" in str(caught.value)


def test_parts_of_a_complex_tensor_and_their_gradients():
    def function(z):
        return torch.view_as_real(z).pow(2).sum() + (z.imag * z.real).sum()

    z = gg.placeholder(gg.complex64, [3])
    data = torch.tensor([1, 2j, 3 - 1j])
    eager = data.clone().requires_grad_()
    (slope,) = gg.gradients(function(z), z)
    assert slope.dtype is torch.complex64
    assert_same(run(slope, {z: data}), torch.autograd.grad(function(eager), eager)[0])


def test_a_complex_result_needs_grad_ys():
    z = gg.placeholder(gg.complex64, [3])
    with pytest.raises(TypeError, match="grad_ys"):
        gg.gradients(z * 2, z)
    (slope,) = gg.gradients(z * 2j, z, grad_ys=torch.ones(3, dtype=torch.complex64))
    assert run(slope, {z: torch.zeros(3, dtype=torch.complex64)}).tolist() == [-2j] * 3


# -- devices --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("move", "device"),
    [
        (lambda x: x.to("cuda:0"), "cuda:0"),
        (lambda x: x.to(1), "cuda:1"),
        (lambda x: x.cuda(), "cuda:0"),
        (lambda x: x.cuda(1), "cuda:1"),
        (lambda x: x.to(device="cuda", dtype=torch.float64), "cuda:0"),
        (lambda x: x.cpu(), "cpu"),
        (lambda x: x.to(torch.device("cpu"), torch.float64), "cpu"),
    ],
)
def test_a_move_is_recorded_with_its_device(x, move, device):
    y = move(x)
    assert y.op.type == "Cast" and y.op.device == device and y.device == torch.device(device)
    assert y.op.reads == (x._value,) and y.is_cuda is device.startswith("cuda")


def test_a_move_to_the_cpu_runs_and_is_connected(x):
    y = (x.cpu().to("cpu", torch.float64) * 2).sum()
    value, slope = run([y, *gg.gradients(y, x)], {x: DATA})
    assert value == 42 and value.dtype is torch.float64
    assert_same(slope, torch.full_like(DATA, 2))


@pytest.mark.skipif(torch.cuda.is_available(), reason="shows what happens without a GPU")
@pytest.mark.parametrize("move", [lambda x: x.cuda(), lambda x: x.to("cuda:0") * 2.0], ids=["cuda", "to"])
def test_a_move_without_such_a_device_fails_in_the_run_at_its_line(x, move):
    y = move(x)
    assert gg.gradients(y, x) != [None]
    with pytest.raises(gg.errors.InvalidArgumentError, match="(?i)cuda") as caught:
        run(y, {x: DATA})
    assert caught.value.op.type == "Cast" and "test_dtypes.py" in str(caught.value)


def test_what_is_no_device_is_refused_at_once(x):
    with pytest.raises(ValueError, match="'nonsense' is not a device"):
        x.to("nonsense")


@pytest.mark.parametrize(
    "cast",
    [
        lambda x: x.to(torch.float64, True, True),
        lambda x: x.to(torch.ones(2, dtype=torch.float64)),
        lambda x: x.to(torch.float64, memory_format=torch.contiguous_format),
        lambda x: x.to(device=None, dtype=torch.float64),
        lambda x: x.type(torch.float64),
        lambda x: x.type("torch.DoubleTensor"),
        lambda x: x.type_as(torch.ones(1, dtype=torch.float64)),
        lambda x: x.double(),
    ],
)
def test_every_spelling_of_a_cast(x, cast):
    y = cast(x)
    assert y.dtype is torch.float64
    assert_same(run([y, *gg.gradients(y, x)], {x: DATA}), [DATA.double(), torch.ones_like(DATA)])


# -- autocast -------------------------------------------------------------------------------------------


def autocast(**options):
    return torch.autocast("cpu", dtype=torch.bfloat16, **options)


@pytest.fixture
def model():
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LayerNorm(4), torch.nn.Tanh(), torch.nn.Linear(4, 2))


def mixed(model, x):
    with autocast():
        hidden = model(x)
        product = hidden @ hidden.T
        with autocast(enabled=False):
            full = hidden.float() @ hidden.float().T
        loss = torch.nn.functional.mse_loss(hidden, torch.zeros_like(hidden))
        chances = torch.softmax(hidden, -1)
        joined = torch.cat([product, full])
    total = (product.float() + full).sum() + loss.float() + chances.float().pow(2).sum() + joined.sum()
    return [hidden, product, full, loss, chances, joined, total]


@pytest.mark.parametrize("active", [False, True], ids=["plain run", "run inside autocast"])
def test_autocast_holds_where_it_was_recorded_and_nowhere_else(x, model, active):
    found = mixed(model, x)
    eager = leaf()
    wanted = mixed(model, eager)
    assert [each.dtype for each in found] == [each.dtype for each in wanted]
    slopes = gg.gradients(found[-1], [x, *model.parameters()])
    with autocast(enabled=active):
        values, gradients = run([found, slopes], {x: DATA})
    assert_same(values, [each.detach() for each in wanted])
    assert_same(gradients, list(torch.autograd.grad(wanted[-1], [eager, *model.parameters()])))


def test_a_run_inside_autocast_is_a_plain_run(x):
    y = x @ x.T
    with gg.Session(outputs="torch") as session:
        call = session.make_callable(y, [x])
        with autocast():
            found = [session.run(y, {x: DATA}), call(DATA)]
    assert_same(found, [DATA @ DATA.T] * 2)


def test_autocast_as_a_decorator_and_around_gg_record(x, model):
    @autocast()
    def product(x):
        return x @ x.T

    assert product(x).dtype is torch.bfloat16
    with autocast():
        recorded = gg.record(lambda x: (x @ x.T, model(x)), x)
    assert [each.dtype for each in recorded] == [torch.bfloat16] * 2
    assert (x @ x.T).dtype is torch.float32
    assert_same(run(recorded[0], {x: DATA}), product(DATA))


def test_the_second_derivative_of_an_autocast_product():
    def slope(x):
        with autocast():
            return torch.autograd.grad((x @ x.T).sum(), x, create_graph=True)[0]

    x = gg.placeholder(gg.float32, [2, 3])
    eager = leaf()
    first, wanted = slope(x), slope(eager)
    found = run([first, *gg.gradients((first**2).sum(), x)], {x: DATA})
    assert_same(found, [wanted.detach(), *torch.autograd.grad((wanted**2).sum(), eager)])


class Square(torch.autograd.Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x @ x.T

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return 3.0 * (gradient + gradient.T) @ x  # not the true one, so that it shows whose is used


def test_a_function_that_minds_autocast(x):
    eager = leaf()
    with autocast():
        y, wanted = Square.apply(x), Square.apply(eager)
    assert y.dtype is wanted.dtype is torch.float32
    found = run([y, *gg.gradients(y, x)], {x: DATA})
    assert_same(found, [wanted.detach(), *torch.autograd.grad(wanted.sum(), eager)])


def test_in_place_under_autocast_keeps_the_dtype(x):
    def function(x):
        with autocast():
            y = x.clone()
            y += x @ x.T @ x
        return y

    y = function(x)
    assert y.dtype is torch.float32
    assert_same(run(y, {x: DATA}), function(DATA))


# -- layouts and quantised numbers, between dense ends --------------------------------------------------


@ROWS
def test_sparse_results_between_dense_ones(rows):
    x = gg.placeholder(gg.float32, [rows, 3])
    right = torch.ones(3, 2)

    def function(x):
        sparse = x.to_sparse()
        return [torch.sparse.mm(sparse, right), sparse @ right, sparse.to_dense(), (sparse * sparse).to_dense()]

    assert_same(run(function(x), {x: DATA}), function(DATA))


@ROWS
def test_a_gradient_through_a_sparse_tensor_is_refused_or_right(rows):
    x = gg.placeholder(gg.float32, [rows, 3])
    try:
        slopes = gg.gradients((x.to_sparse() @ torch.ones(3, 2)).pow(2).sum(), x)
    except LookupError as refused:
        assert "ToSparse" in str(refused) and "test_dtypes.py" in str(refused)
        return
    eager = leaf()
    assert_same(run(slopes, {x: DATA}), list(torch.autograd.grad((eager @ torch.ones(3, 2)).pow(2).sum(), eager)))


@ROWS
def test_fake_quantisation_has_its_gradient(rows):
    def function(x):
        return torch.fake_quantize_per_tensor_affine(x, 0.1, 10, 0, 40).pow(2).sum()  # saturates at 3

    x = gg.placeholder(gg.float32, [rows, 3])
    eager = leaf()
    assert_same(run(gg.gradients(function(x), x), {x: DATA}), list(torch.autograd.grad(function(eager), eager)))


@ROWS
def test_real_quantisation_between_floats_cuts_the_gradient(rows):
    x = gg.placeholder(gg.float32, [rows, 3])
    y = torch.quantize_per_tensor(x, 0.25, 10, torch.quint8).dequantize()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch announces the end of its quantised dtypes
        wanted = torch.quantize_per_tensor(DATA, 0.25, 10, torch.quint8).dequantize()
        assert_same(run(y, {x: DATA}), wanted)
    assert gg.gradients(y, x) == [None]


# -- stops ----------------------------------------------------------------------------------------------


def test_detach_and_no_grad_are_stops(x):
    y = torch.sin(x)
    with torch.no_grad():
        quiet = torch.sin(x)
        with torch.enable_grad():
            loud = torch.sin(x)
    assert gg.gradients([y.detach(), quiet], x) == [None]
    eager = leaf()
    wanted = torch.autograd.grad((eager.sin() * eager.sin().detach() * eager).sum(), eager)[0]
    for cut in (y.detach(), quiet):
        assert_same(run(gg.gradients((y * cut * x).sum(), x), {x: DATA}), [wanted])
    assert gg.gradients(loud, x) != [None] and gg.gradients(quiet * x, quiet) != [None]


def test_detach_in_place_is_a_stop(x):
    y = torch.sin(x)
    before = y * 1.0
    assert y.detach_() is y
    assert gg.gradients(y, x) == [None] and gg.gradients(before, x) != [None]


def test_gradients_taken_inside_no_grad_are_those_outside(x):
    y = (x**3).sum()
    with torch.no_grad():
        (slope,) = gg.gradients(y, x)
    assert_same(run(gg.gradients(slope, x), {x: DATA}), [6 * DATA])


def test_requires_grad_is_what_every_floating_tensor_does(x):
    assert x.requires_grad and x.requires_grad_() is x
    assert not gg.constant(1).requires_grad
    with pytest.raises(RuntimeError, match="stop_gradient"):
        x.requires_grad_(False)


# -- torch's own ways to ask for a gradient -------------------------------------------------------------


def test_autograd_grad_of_symbolic_tensors_is_gradients(x):
    def function(x):
        y = torch.tanh(x) * x
        (first,) = torch.autograd.grad(y, x, grad_outputs=torch.ones_like(y), create_graph=True)
        return [first, *torch.autograd.grad([first.sum()], [x])]

    assert_same(run(function(x), {x: DATA}), [each.detach() for each in function(leaf())])
    assert_same(run(gg.record(function, x), {x: DATA}), [each.detach() for each in function(leaf())])


def test_autograd_grad_of_what_is_not_connected(x):
    other = gg.constant(1.0)
    with pytest.raises(gg.errors.UnconnectedError, match="no gradient reaches Const:0"):
        torch.autograd.grad(x.sum(), other)
    assert torch.autograd.grad(x.sum(), [other], allow_unused=True) == (None,)
    (zeros,) = torch.autograd.grad(x.sum(), other, materialize_grads=True)
    assert run(zeros, {x: DATA}) == 0
    with pytest.raises(NotImplementedError, match="is_grads_batched"):
        torch.autograd.grad(x.sum(), x, is_grads_batched=True)


@ROWS
@pytest.mark.parametrize("name", ["jacobian", "hessian"])
def test_torch_autograd_functional(name, rows):
    def function(row):
        return torch.tanh(row) * row.sum() if name == "jacobian" else (row**3).prod()

    ask = getattr(torch.autograd.functional, name)
    x = gg.placeholder(gg.float32, [rows, 3])
    torch.testing.assert_close(run(ask(function, x[0]), {x: DATA}), ask(function, DATA[0]))


def test_checkpoint_without_reentry_records_what_is_inside(x):
    model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Tanh(), torch.nn.Dropout(0.0))
    y = checkpoint(model, x, use_reentrant=False)
    eager = leaf()
    wanted = checkpoint(model, eager, use_reentrant=False)
    found = run([y, *gg.gradients(y, [x, *model.parameters()])], {x: DATA})
    assert_same(found, [wanted.detach(), *torch.autograd.grad(wanted.sum(), [eager, *model.parameters()])])


def test_a_checkpoint_draws_its_mask_once(x):
    dropout = torch.nn.Dropout(0.5)
    y = checkpoint(lambda x: dropout(x * 2) * x, x, use_reentrant=False)
    value, slope = run([y, *gg.gradients(y, x)], {x: DATA})
    torch.testing.assert_close(value * 2, slope * DATA)


def test_functional_call_takes_the_given_parameters(x):
    layer = torch.nn.Linear(3, 2)
    doubled = {name: 2 * parameter.detach() for name, parameter in layer.named_parameters()}
    wanted = torch.func.functional_call(layer, doubled, (DATA,))
    assert_same(run(torch.func.functional_call(layer, doubled, (x,)), {x: DATA}), wanted)
    assert gg.global_variables() == []
    given = {name: gg.constant(value) for name, value in doubled.items()}
    y = torch.func.functional_call(layer, given, (x,))
    assert None not in gg.gradients(y, list(given.values())) and type(layer.weight) is torch.nn.Parameter
    assert_same(run(y, {x: DATA}), wanted)


def test_functional_call_inside_gg_record_reaches_the_parameters(x):
    layer = torch.nn.Linear(3, 2)

    def function(x):
        doubled = {name: 2 * parameter for name, parameter in layer.named_parameters()}
        return torch.func.functional_call(layer, doubled, (x,))

    slopes = run(gg.gradients(gg.record(function, x), list(layer.parameters())), {x: DATA})
    assert_same(slopes, list(torch.autograd.grad(function(DATA).sum(), list(layer.parameters()))))


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x)
        ctx.scale = scale
        return scale * x**3, x.long()

    @staticmethod
    def backward(ctx, gradient, _):
        (x,) = ctx.saved_tensors
        return 7 * ctx.scale * x**2 * gradient, None  # seven, to show whose rule is used


def test_a_user_function_is_one_operation_with_its_own_backward(x):
    y, whole = Cube.apply(x, 2.0)
    assert y.op.type == "Cube" and whole.dtype is torch.int64
    (first,) = gg.gradients(y, x)
    (second,) = gg.gradients(first, x)
    found = run([y, whole, first, second], {x: DATA})
    assert_same(found, [2 * DATA**3, DATA.long(), 14 * DATA**2, 28 * DATA])
    assert gg.gradients(whole, x) == [None]
