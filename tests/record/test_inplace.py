"""In-place methods: the name moves on, older tensors keep their values, views are never silently wrong."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

import graphgrad as gg


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [3], name="x")


DATA = np.float32([1.0, -2.0, 3.0])

METHODS = {
    "add_": lambda t: t.add_(1.0), "mul_": lambda t: t.mul_(t.clone()), "sub_": lambda t: t.sub_(2.0, alpha=3),
    "clamp_": lambda t: t.clamp_(-1, 1), "neg_": torch.Tensor.neg_, "relu_": torch.Tensor.relu_,
    "masked_fill_": lambda t: t.masked_fill_(t > 0, 9.0), "zero_": torch.Tensor.zero_,
    "fill_": lambda t: t.fill_(4.0), "copy_": lambda t: t.copy_(t * 2), "exp_": torch.Tensor.exp_,
    "index_add_": lambda t: t.index_add_(0, torch.tensor([0, 0]), torch.ones(2)),
    "scatter_": lambda t: t.scatter_(0, torch.tensor([1]), 7.0), "pow_": lambda t: t.pow_(2),
    "addcmul_": lambda t: t.addcmul_(t.clone(), t.clone(), value=0.5), "set item": lambda t: t.__setitem__(0, 5.0),
    "set slice": lambda t: t.__setitem__(slice(1, None), torch.tensor([8.0, 9.0])),
    "set mask": lambda t: t.__setitem__(t < 0, 0.0), "iadd": lambda t: t.__iadd__(1.0),
    "imul": lambda t: t.__imul__(2.0), "F.relu": lambda t: F.relu(t, inplace=True),
    "F.leaky_relu": lambda t: F.leaky_relu(t, 0.2, inplace=True), "torch.relu_": torch.relu_, "torch.abs_": torch.abs_,
    "F.hardtanh_": lambda t: F.hardtanh_(t), "F.elu_": lambda t: F.elu_(t), "torch.neg_": torch.neg_,
    "F.relu_": lambda t: F.relu_(t), "clip_": lambda t: torch.clip_(t, 0.0, 1.0),
    "lerp_": lambda t: t.lerp_(t * 0, 0.5),
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_an_in_place_call_gives_what_eager_torch_does(run, name):
    leaf = gg.placeholder(gg.float32, [3])
    y = leaf * 1.0
    old = y * 10.0
    METHODS[name](y)
    later = y + 100.0
    (g,) = gg.gradients(later * later, leaf, unconnected_gradients="zero")
    eager = torch.tensor(DATA, requires_grad=True)
    t = eager * 1.0
    wanted_old = t * 10.0
    METHODS[name](t)
    wanted = t + 100.0
    (gradient,) = torch.autograd.grad((wanted * wanted).sum(), eager, allow_unused=True)
    found = run([old, later, y, g], {leaf: DATA})
    want = [wanted_old, wanted, t, torch.zeros(3) if gradient is None else gradient]
    for have, each in zip(found, want, strict=True):
        np.testing.assert_allclose(have, each.detach().numpy(), rtol=1e-6)


def test_an_in_place_call_returns_the_object_itself(x):
    assert x.add_(1.0) is x
    same = x
    same += 1
    assert same is x


def test_the_object_names_the_new_tensor_and_the_old_one_keeps_its_name(x, run):
    old = x.name
    x.add_(1.0)
    assert x.name != old
    before = gg.get_default_graph().get_tensor_by_name(old)
    assert run([before, x], {before: [1, 2, 3]})[1].tolist() == [2, 3, 4]
    assert run(x, {x: [7, 7, 7]}).tolist() == [7, 7, 7]


def test_gradients_after_an_in_place_change(x, run):
    start = gg.get_default_graph().get_tensor_by_name("x:0")
    early = x * x
    x.mul_(3.0)
    late = x * x
    to_new = gg.gradients(late, x)
    before = gg.get_default_graph().get_tensor_by_name("x:0")
    assert start is x
    found = run([*to_new, *gg.gradients(late, before), *gg.gradients(early, before)], {before: DATA})
    for have, want in zip(found, [6 * DATA, 18 * DATA, 2 * DATA], strict=True):
        np.testing.assert_allclose(have, want)
    assert gg.gradients(early, x) == [None]


def test_a_clone_may_change(run):
    base = gg.placeholder(gg.float32, [3]) * 1.0
    other = base[:2].clone()
    other.add_(1.0)
    base2 = gg.placeholder(gg.float32, [3], name="b")
    again = base2.clone()
    again[0] = 5.0
    assert run([again, base2], {"b:0": [1, 2, 3]})[1].tolist() == [1, 2, 3]


def test_a_variable_does_not_change_in_place():
    v = gg.Variable([1.0])
    with pytest.raises(gg.errors.RecordingError, match="assign"):
        v.add_(1.0)


def test_a_result_that_does_not_fit_is_refused():
    k = gg.placeholder(gg.int32, [2]) * 1
    with pytest.raises(gg.errors.RecordingError):
        k.add_(1.5)
    x = gg.placeholder(gg.float32, [1]) * 1.0
    with pytest.raises(gg.errors.RecordingError):
        x.add_(torch.ones(3))


def test_a_plain_tensor_is_not_changed_by_a_symbolic_one(x):
    plain = torch.zeros(3)
    with pytest.raises(gg.errors.RecordingError, match="plain tensor"):
        plain.add_(x)
    with pytest.raises((gg.errors.RecordingError, TypeError)):
        plain[0] = x[0]
    with pytest.raises((gg.errors.RecordingError, TypeError)):
        plain += x
    assert plain.tolist() == [0, 0, 0]


def test_an_out_argument_receives_the_result(x, run):
    made = torch.empty_like(x)
    assert torch.sin(x, out=made) is made
    values, indices = torch.empty_like(x), torch.empty_like(x, dtype=torch.int64)
    torch.sort(x, descending=True, out=(values, indices))
    wide = torch.zeros_like(x, dtype=torch.float64)
    torch.cos(x, out=wide)
    found = run([made, values, indices, wide], {x: DATA})
    np.testing.assert_allclose(found[0], np.sin(DATA), rtol=1e-6)
    assert found[1].tolist() == sorted(DATA.tolist(), reverse=True)
    assert found[3].dtype == np.float64
    assert gg.gradients(made, x) != [None]


def test_an_out_argument_that_cannot_hold_the_result_is_refused(x):
    with pytest.raises(gg.errors.RecordingError, match="plain tensor can't be changed"):
        torch.sin(x, out=torch.empty(3))
    with pytest.raises(gg.errors.RecordingError, match="can't hold"):
        torch.sin(x, out=gg.zeros([5]) * 1.0)
    with pytest.raises(gg.errors.RecordingError, match="can't hold"):
        torch.sin(x, out=gg.zeros([3], gg.int32) * 1)
    with pytest.raises(gg.errors.RecordingError, match="would write into the variable"):
        torch.sin(x, out=gg.Variable([0.0, 0.0, 0.0]))


def test_a_call_that_changes_its_arguments_moves_their_handles(x, run):
    first, second = x * 1.0, x * 2.0
    view = second[:1]
    for _ in range(2):
        torch._foreach_mul_([first, second], [2.0, 3.0])
    found = run([first, second, view], {x: DATA})
    for have, want in zip(found, [4 * DATA, 18 * DATA, 18 * DATA[:1]], strict=True):
        np.testing.assert_allclose(have, want)
    np.testing.assert_allclose(run(gg.gradients(second, x)[0], {x: DATA}), [18, 18, 18])


def test_an_in_place_change_of_a_handle_read_by_a_module(run):
    x = gg.placeholder(gg.float32, [1, 3], name="in")
    h = x * 2.0
    y = torch.nn.ReLU(inplace=True)(h)
    assert y is h
    assert run(h, {"in:0": [[-1, 0, 1]]}).tolist() == [[0, 0, 2]]
