"""nn.Modules and gg.record: what eager PyTorch code does, recorded."""

import copy
import gc
import threading

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

import graphgrad as gg

MODULES = {
    "Linear": (lambda: nn.Linear(3, 2), (4, 3)),
    "Conv1d": (lambda: nn.Conv1d(3, 5, 3, padding=1), (2, 3, 7)),
    "Conv2d": (lambda: nn.Conv2d(3, 4, 3, stride=2, padding=1), (2, 3, 8, 8)),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(3, 4, 3, stride=2), (2, 3, 4, 4)),
    "LayerNorm": (lambda: nn.LayerNorm(6), (4, 6)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), (2, 4, 3)),
    "BatchNorm1d eval": (lambda: nn.BatchNorm1d(3).eval(), (4, 3)),
    "BatchNorm2d stateless": (lambda: nn.BatchNorm2d(3, track_running_stats=False), (4, 3, 2, 2)),
    "Sequential": (lambda: nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Dropout(0.0), nn.Linear(8, 2)), (4, 3)),
    "inplace relu": (lambda: nn.Sequential(nn.Linear(3, 8), nn.ReLU(inplace=True), nn.Linear(8, 2)), (4, 3)),
    "Bilinear": (lambda: nn.Sequential(nn.Flatten(), nn.PReLU(), nn.Softmax(-1)), (4, 3, 2)),
    "MultiheadAttention": (lambda: Attend(8), (2, 5, 8)),
    "encoder layer eval": (lambda: encoder().eval(), (2, 5, 8)),
    "encoder layer train": (lambda: encoder().train(), (2, 5, 8)),
    "encoder": (lambda: nn.TransformerEncoder(encoder(), 2, enable_nested_tensor=False).train(), (2, 5, 8)),
    "GRU": (lambda: First(nn.GRU(3, 4, batch_first=True)), (2, 5, 3)),
    "LSTM": (lambda: First(nn.LSTM(3, 4, num_layers=2)), (5, 2, 3)),
    "RNN": (lambda: First(nn.RNN(3, 4)), (5, 2, 3)),
    "GRUCell": (lambda: nn.GRUCell(3, 4), (2, 3)),
    "weight norm": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)), (4, 3)),
}  # fmt: skip


def encoder():
    return nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)


class First(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x)[0]


class Attend(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0]


@pytest.mark.parametrize("unknown", [False, True], ids=["static", "unknown batch"])
@pytest.mark.parametrize("name", MODULES)
def test_a_module_gives_the_numbers_and_gradients_of_eager_torch(run, name, unknown):
    make, shape = MODULES[name]
    module = make().double()
    data = np.random.randn(*shape)
    x = gg.placeholder(gg.float64, [None, *shape[1:]] if unknown and name not in ("LSTM", "RNN") else shape)
    y = module(x)
    parameters = list(module.parameters())
    found = run([y, *gg.gradients(gg.reduce_sum(y * y), [x, *parameters])], {x: data})
    eager = torch.tensor(data, requires_grad=True)
    wanted = module(eager)
    gradients = torch.autograd.grad(wanted.square().sum(), [eager, *parameters])
    for have, want in zip(found, [wanted, *gradients], strict=True):
        np.testing.assert_allclose(have, want.detach().numpy(), rtol=1e-9, atol=1e-11)


def test_an_embedding(run):
    module = nn.Embedding(5, 3, padding_idx=0)
    ids = gg.placeholder(gg.int64, [None])
    y = module(ids)
    value, gradient = run([y, *gg.gradients(y, module.weight)], {ids: [1, 1, 0]})
    assert value.tolist() == module.weight[[1, 1, 0]].tolist()
    assert gradient.sum(1).tolist() == [0, 6, 0, 0, 0]


def test_a_parameter_becomes_one_variable_of_the_graph():
    shared = nn.Linear(3, 3)
    x = gg.placeholder(gg.float32, [None, 3])
    nn.Sequential(shared, nn.ReLU(), shared)(x)
    shared(x)
    assert len(gg.trainable_variables()) == 2


def test_the_gradient_of_a_shared_parameter_sums_all_uses(run):
    shared = nn.Linear(1, 1, bias=False)
    nn.init.constant_(shared.weight, 3.0)
    x = gg.placeholder(gg.float32, [1, 1])
    y = shared(shared(x))
    assert run(gg.gradients(y, shared.weight), {x: [[2.0]]})[0].tolist() == [[12.0]]


def test_operations_and_variables_are_named_after_the_module():
    net = nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.Linear(3, 2)))
    y = net(gg.placeholder(gg.float32, [None, 3]))
    names = sorted(variable.name for variable in gg.trainable_variables())
    assert names == ["sequential/0/bias:0", "sequential/0/weight:0", "sequential/1/0/bias:0", "sequential/1/0/weight:0"]
    assert y.name.startswith("sequential/1/0/")


def test_each_session_starts_from_a_copy_of_the_parameters():
    module = nn.Linear(2, 1, bias=False)
    x = gg.placeholder(gg.float32, [None, 2])
    y = module(x)
    before = module.weight.tolist()
    (variable,) = gg.trainable_variables()
    with gg.Session() as one, gg.Session() as other:
        one.run(variable.assign([[9.0, 9.0]]))
        assert one.run(y, {x: [[1, 0]]}).tolist() == [[9.0]]
        assert other.run(y, {x: [[1, 0]]}).tolist() == [[before[0][0]]]
    assert module.weight.tolist() == before


def test_a_module_still_works_eagerly_after_it_was_recorded():
    module = nn.Linear(2, 1)
    module(gg.placeholder(gg.float32, [None, 2]))
    y = module(torch.ones(3, 2))
    assert type(y) is torch.Tensor and y.requires_grad


def test_a_buffer_is_state_that_a_session_starts_with():
    class Shifted(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("shift", torch.tensor([1.0, 2.0]))

        def forward(self, x):
            return x + self.shift

    module = Shifted()
    x = gg.placeholder(gg.float32, [2])
    y = module(x)
    with gg.Session() as session:
        module.shift.fill_(9.0)
        assert session.run(y, {x: [0, 0]}).tolist() == [9, 9]
        module.shift.fill_(99.0)
        assert session.run(y, {x: [0, 0]}).tolist() == [9, 9]
    assert [v.trainable for v in gg.global_variables()] == [False]


def test_operations_on_parameters_inside_a_module_are_recorded(run):
    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.alpha = nn.Parameter(torch.tensor([0.0, 1.0]))

        def forward(self, x):
            return x * F.softmax(self.alpha, 0)

    module = Mixed()
    x = gg.placeholder(gg.float32, [2])
    y = module(x)
    (g,) = gg.gradients(y, module.alpha)
    eager = torch.tensor([1.0, 5.0])
    (wanted,) = torch.autograd.grad(module(eager).sum(), module.alpha)
    np.testing.assert_allclose(run(g, {x: [1, 5]}), wanted.numpy(), rtol=1e-6)


def test_random_and_factory_calls_inside_a_module_are_recorded():
    class Noisy(nn.Module):
        def forward(self, x):
            return x * 0.0 + torch.randn(x.shape[0], 3) + torch.arange(3) + torch.zeros(x.shape)

    x = gg.placeholder(gg.float32, [None, 3])
    y = Noisy()(x)
    with gg.Session() as session:
        first, second = (session.run(y, {x: np.zeros((4, 3))}) for _ in range(2))
    assert first.shape == (4, 3) and (first != second).all()


def test_dropout_in_training_mode_draws_a_mask_per_run():
    x = gg.placeholder(gg.float32, [None])
    y = nn.Dropout(0.5)(x)
    with gg.Session() as session:
        first, second = (session.run(y, {x: np.ones(100)}) for _ in range(2))
    assert set(first) == {0.0, 2.0} and first.tolist() != second.tolist()


def test_a_keyword_argument_can_be_the_symbolic_one(run):
    module = nn.Linear(2, 2)
    x = gg.placeholder(gg.float32, [None, 2])
    y = module(input=x)
    np.testing.assert_allclose(run(y, {x: np.ones((1, 2))}), module(torch.ones(1, 2)).detach().numpy(), rtol=1e-6)


# -- gg.record ------------------------------------------------------------------------------------------


def test_record_returns_the_structure_of_the_function(run):
    x = gg.placeholder(gg.float32, [2])

    def function(t, scale, *, shift):
        return {"a": t * scale, "b": (t + shift, [t.sum()], None)}

    found = gg.record(function, x, 3.0, shift=1.0)
    assert run(found, {x: [1, 2]})["a"].tolist() == [3, 6]
    assert found["b"][2] is None and found["b"][1][0].shape == []


def test_record_takes_arrays_and_tensors_as_constants(run):
    w = torch.tensor([1.0, 2.0])
    y = gg.record(lambda a, b: a * b, np.float32([3, 4]), w)
    w.fill_(0.0)
    assert isinstance(y, gg.Tensor)
    assert run(y).tolist() == [3, 8]


def test_record_takes_an_eager_example_tensor():
    y = gg.record(lambda t: t * 2, torch.ones(3))
    assert isinstance(y, gg.Tensor)


def test_record_records_factory_and_random_calls():
    y = gg.record(lambda: torch.randn(3) + torch.zeros(3))
    assert isinstance(y, gg.Tensor)
    with gg.Session() as session:
        assert session.run(y).tolist() != session.run(y).tolist()


def test_record_records_parameters_used_without_a_symbolic_argument(run):
    w = nn.Parameter(torch.tensor([1.0, 2.0]))
    y = gg.record(lambda: (torch.exp(w) * 2).sum())
    assert isinstance(y, gg.Tensor)
    np.testing.assert_allclose(run(gg.gradients(y, w))[0], 2 * np.exp([1.0, 2.0]), rtol=1e-6)


def test_record_of_a_module(run):
    module = nn.Linear(3, 2)
    y = gg.record(module, gg.placeholder(gg.float32, [None, 3], name="x"))
    np.testing.assert_allclose(run(y, {"x:0": np.ones((1, 3))}), module(torch.ones(1, 3)).detach().numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    "branch",
    [
        lambda t: t if t.sum() > 0 else -t, lambda t: [t for _ in range(int(t[0]))], lambda t: t * t.sum().item(),
        lambda t: t if bool((t > 0).all()) else -t, lambda t: t * float(t[0]), lambda t: t if t[0] else -t,
        lambda t: t.tolist(), lambda t: t.numpy(), lambda t: np.sin(np.asarray(t)), lambda t: torch.equal(t, t),
        lambda t: torch.allclose(t, t), lambda t: 1 in t,
    ],
)  # fmt: skip
def test_python_control_flow_on_values_is_refused(branch):
    x = gg.placeholder(gg.float32, [2])
    with pytest.raises(TypeError, match="no value yet") as caught:
        gg.record(branch, x)
    assert "torch.where" in str(caught.value) and "test_modules.py" in str(caught.value)


def test_a_branch_on_a_known_shape_is_fine(run):
    x = gg.placeholder(gg.float32, [2, 3])
    y = gg.record(lambda t: t * 2 if t.shape[0] == 2 and t.dim() == 2 and t.is_floating_point() else t, x)
    assert run(y, {x: np.ones((2, 3))}).tolist() == [[2] * 3] * 2


def test_a_tensor_with_a_grad_fn_is_refused_and_its_parameter_named():
    w = nn.Parameter(torch.ones(2))
    derived = torch.exp(w) * 2
    x = gg.placeholder(gg.float32, [2])
    with pytest.raises(ValueError, match=r"parameter of shape \[2\]"):
        x * derived


def test_a_leaf_that_requires_grad_becomes_a_variable(run):
    leaf = torch.tensor([1.0, 2.0], requires_grad=True)
    x = gg.placeholder(gg.float32, [2])
    y = x * leaf
    assert len(gg.trainable_variables()) == 1
    assert run(gg.gradients(y, gg.trainable_variables()[0]), {x: [3, 4]})[0].tolist() == [3, 4]


def test_a_leaf_that_requires_grad_can_be_an_x(run):
    leaf = torch.tensor([1.0, 2.0], requires_grad=True)
    x = gg.placeholder(gg.float32, [2])
    assert run(gg.gradients(x * leaf, leaf), {x: [3, 4]})[0].tolist() == [3, 4]


# -- torch.autograd.Function ----------------------------------------------------------------------------


class Sevenfold(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * 7 * x


def test_a_users_autograd_function_is_one_op_with_its_own_backward(run):
    x = gg.placeholder(gg.float32, [2])
    y = Sevenfold.apply(x)
    (g,) = gg.gradients(y, x)
    value, first, second = run([y, g, *gg.gradients(g, x)], {x: [1, 3]})
    assert (value.tolist(), first.tolist(), second.tolist()) == ([2, 6], [7, 21], [7, 7])


# -- what a forward may do with plain tensors -------------------------------------------------------------


class Plain(nn.Module):
    """A module with one tensor of each kind, and a forward that a test chooses."""

    def __init__(self, forward):
        super().__init__()
        self.chosen = forward
        self.weight = nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))
        self.frozen = nn.Parameter(torch.tensor([1.0, 2.0, 3.0]), requires_grad=False)
        self.register_buffer("kept", torch.tensor([1.0, 2.0, 3.0]))
        self.register_buffer("empty", None)
        self.plain = torch.ones(3)

    def forward(self, x):
        return self.chosen(self, x)


def recorded(forward):
    """The module, its symbolic input and output; the module itself has not changed."""
    module = Plain(forward)
    x = gg.placeholder(gg.float32, [3])
    try:
        return module, x, module(x)
    finally:
        for tensor in module.state_dict().values():
            assert tensor.tolist() == [1, 2, 3] and type(tensor) is torch.Tensor
        assert list(module._buffers) == ["kept", "empty"] and module.empty is None


def test_properties_of_parameters_that_are_tensors_are_recorded(run):
    _, x, y = recorded(lambda m, x: x @ m.weight.reshape(3, 1).T.mT + m.weight.real.sum())
    assert run(y, {x: [1, 1, 1]}).tolist() == [12]


def test_changing_the_data_of_a_buffer_is_an_update():
    def forward(module, x):
        module.kept.data.add_(1.0)
        return x * module.kept

    module, x, y = recorded(forward)
    with gg.Session() as session:
        assert session.run(y, {x: [1, 1, 1]}).tolist() == [2, 3, 4]
        assert session.run(y, {x: [1, 1, 1]}).tolist() == [3, 4, 5]


def test_a_frozen_parameter_is_state(run):
    def forward(module, x):
        with torch.no_grad():
            module.frozen.mul_(2.0)
        return x * torch.cumsum(module.frozen, 0)

    module, x, y = recorded(forward)
    assert [v.name for v in gg.global_variables()] == ["plain/frozen:0"]
    assert run(gg.gradients(x * module.frozen, module.frozen)[0], {x: [4, 5, 6]}).tolist() == [4, 5, 6]
    with gg.Session() as session:
        assert session.run(y, {x: [1, 1, 1]}).tolist() == [2, 6, 12]
        session.load_state_dict(module, {"frozen": torch.ones(3)})
        assert session.run(y, {x: [1, 1, 1]}).tolist() == [2, 4, 6]


def changes_weight_data(module, x):
    module.weight.data.mul_(5.0)
    return x


def replaces_weight_data(module, x):
    module.weight.data = x
    return x


def replaces_data(module, x):
    x = x * 1.0
    x.data = x * 2.0
    return x


def fills_an_empty_buffer(module, x):
    module.empty = x
    return x * 2.0


def adds_a_buffer(module, x):
    module.register_buffer("new", x * 2.0)
    return x * 2.0


@pytest.mark.parametrize(
    ("forward", "words"),
    [
        (changes_weight_data, "view of a variable"),
        (replaces_weight_data, "changes what a graph does not have"),
        (replaces_data, "changes what a graph does not have"),
        (fills_an_empty_buffer, "no run can start with it"),
        (adds_a_buffer, "no run can start with it"),
    ],
)
def test_changes_that_a_graph_cannot_hold_are_refused(forward, words):
    with pytest.raises(gg.errors.RecordingError, match=words):
        recorded(forward)


@pytest.mark.parametrize(
    "draw",
    [
        lambda plain: torch.rand_like(plain),
        lambda plain: torch.nn.functional.dropout(plain),
        lambda plain: torch.bernoulli(plain * 0.5),
        lambda plain: torch.nn.functional.gumbel_softmax(plain),
        lambda plain: torch.multinomial(plain, 2),
    ],
)
def test_random_calls_on_plain_tensors_draw_in_each_run(draw):
    before = torch.get_rng_state()
    module, x, y = recorded(lambda m, x: draw(m.plain))
    assert torch.equal(torch.get_rng_state(), before)
    with gg.Session() as session:
        assert len({tuple(session.run(y).tolist()) for _ in range(30)}) > 1


def test_drawing_into_a_plain_tensor_is_refused():
    with pytest.raises(gg.errors.RecordingError, match="would draw once"):
        recorded(lambda m, x: x * m.plain.clone().normal_())


def test_a_leaf_given_to_record_is_a_variable_and_what_depends_on_one_is_refused():
    x, leaf = gg.placeholder(gg.float32, [3]), torch.ones(3, requires_grad=True)
    y = gg.record(lambda x, t: x * t, x, leaf)
    assert gg.gradients(y, leaf) != [None]
    with pytest.raises(ValueError, match="its gradient would be lost"):
        gg.record(lambda x, t: x * t, x, leaf * 2.0)


def test_recording_in_inference_mode():
    with torch.inference_mode():
        y = torch.sinh(gg.placeholder(gg.float32, [3, 11])).cumsum(0)
    assert y.shape == (3, 11)


def test_spectral_norm_keeps_its_vectors_as_state():
    module = nn.utils.parametrizations.spectral_norm(nn.Linear(3, 3))
    eager = copy.deepcopy(module)
    x = gg.placeholder(gg.float32, [2, 3])
    y = module(x)
    data = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    with gg.Session() as session:
        for _ in range(3):
            wanted = eager(torch.from_numpy(data)).detach().numpy()
            np.testing.assert_allclose(session.run(y, {x: data}), wanted, rtol=1e-4, atol=1e-5)


def test_the_collector_s_threshold_is_as_before_whoever_records():
    before = gc.get_threshold()

    def work():
        with gg.Graph().as_default():
            for _ in range(10):
                gg.record(lambda t: (t * 2).exp() + torch.rand(2), gg.placeholder(gg.float32, [2]))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gc.get_threshold() == before
    try:
        gg.record(lambda t: (gc.set_threshold(321), t * 2)[1], gg.placeholder(gg.float32, [2]))
        assert gc.get_threshold()[0] == 321
    finally:
        gc.set_threshold(*before)
