"""torch.autograd.Function: one operation, its own backward, at any order."""

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.record.functions import is_torch_own


class Scale(torch.autograd.Function):
    """Doubles forward; says that it were tenfold backward."""

    @staticmethod
    def forward(ctx, x, factor=2.0):
        return x * factor

    @staticmethod
    def backward(ctx, gradient):
        return gradient * 10.0, None


class Pair(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b, a + b

    @staticmethod
    def backward(ctx, of_product, of_sum):
        a, b = ctx.saved_tensors
        return of_product * b + of_sum, None


class Blocked(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        return gradient * 2.0


class ModernCube(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return x**3

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * 3 * x**2


class ThroughNumpy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return torch.from_numpy(np.sin(x.detach().numpy()))

    @staticmethod
    def backward(ctx, gradient):
        return gradient * 5.0


@pytest.fixture
def x():
    return gg.placeholder(gg.float64, [2])


def test_it_is_one_operation_named_after_the_function(x):
    before = len(x.graph)
    y = Scale.apply(x)
    assert len(x.graph) == before + 1 and y.op.type == "Scale" and y.name.lower() == "scale:0"


def test_its_backward_counts(x, run):
    y = Scale.apply(x, 3.0)
    value, gradient = run([y, *gg.gradients(y, x)], {x: [1, 2]})
    assert (value.tolist(), gradient.tolist()) == ([3, 6], [10, 10])


def test_several_inputs_and_outputs_one_of_them_unconnected(x, run):
    other = gg.placeholder(gg.float64, [2])
    product, total = Pair.apply(x, other)
    to_x, to_other = gg.gradients([product, total], [x, other])
    assert to_other is None
    assert run(to_x, {x: [1, 2], other: [5, 7]}).tolist() == [6, 8]
    assert run(gg.gradients(total, x)[0], {x: [1, 2], other: [5, 7]}).tolist() == [1, 1]


def test_it_is_differentiated_twice_through_its_backward(x, run):
    y = ModernCube.apply(x)
    (first,) = gg.gradients(y, x)
    found = run([y, first, *gg.gradients(first, x)], {x: [1, 2]})
    assert [each.tolist() for each in found] == [[1, 8], [3, 12], [6, 12]]


def test_once_differentiable_is_so(x, run):
    y = Blocked.apply(x)
    (first,) = gg.gradients(y, x)
    assert run(first, {x: [1, 2]}).tolist() == [2, 2]
    try:
        second = gg.gradients(first, x)
    except LookupError as error:
        assert "Blocked" in str(error)
    else:
        assert second == [None]


def test_one_that_computes_with_numpy(x, run):
    y = ThroughNumpy.apply(x)
    value, gradient = run([y, *gg.gradients(y, x)], {x: [1, 2]})
    np.testing.assert_allclose(value, np.sin([1, 2]))
    assert gradient.tolist() == [5, 5]


def test_plain_tensors_still_go_the_usual_way():
    leaf = torch.tensor([1.0], requires_grad=True)
    y = Scale.apply(leaf)
    assert type(y) is torch.Tensor
    y.backward()
    assert leaf.grad.tolist() == [10.0]


def test_it_stays_a_class_method_with_its_name():
    assert torch.autograd.Function.apply.__name__ == "apply"
    assert Scale.apply.__self__ is Scale


def test_the_program_runs_it(x):
    with gg.Session() as session:
        y = Scale.apply(x) + Scale.apply(x, 5.0)
        np.testing.assert_allclose(session.run(y, {x: [1, 2]}), [7, 14])


def test_a_checkpoint_records_what_it_would_recompute(run):
    layer = torch.nn.Linear(2, 1)
    x = gg.placeholder(gg.float32, [1, 2])
    y = gg.record(lambda x: torch.utils.checkpoint.checkpoint(layer, x, use_reentrant=True), x)
    slope = gg.gradients(y, layer.weight)[0]
    assert run(slope, {x: [[3.0, 4.0]]}).tolist() == [[3, 4]]


def test_torch_func_is_refused_in_words():
    x = gg.placeholder(gg.float32, [2])
    weight = torch.nn.Parameter(torch.ones(2))
    with pytest.raises(gg.errors.RecordingError, match=r"torch\.func"):
        gg.record(lambda x: torch.func.grad(lambda w: (w * weight * x).sum())(torch.ones(2)), x)
    assert gg.trainable_variables() == []


@pytest.mark.parametrize(
    ("transformed", "said"),
    [
        (lambda x: torch.vmap(torch.sin)(x), "torch.vmap"),
        (lambda x: torch.vmap(lambda a, b: a * b, in_dims=(None, 1))(torch.ones(2), x), "torch.vmap"),
        (lambda x: torch.func.vmap(torch.sin, chunk_size=1)(x), "torch.vmap"),
        (lambda x: torch.func.grad(lambda t: t.sum())(x), "torch.func"),
        (lambda x: torch.func.jacrev(torch.sin)(x), "torch.func"),
        (lambda x: torch.func.vjp(torch.sin, x), "torch.func"),
        (lambda x: torch.func.hessian(lambda t: (t**3).sum())(x), "torch.vmap|torch.func"),
        (lambda x: torch.func.jvp(torch.sin, (x,), (torch.ones(3, 2),)), "torch.func|forward-mode"),
    ],
)
@pytest.mark.parametrize("shape", [[3, 2], [None, 2]])
@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")  # torch's own jvp
def test_transformations_of_symbolic_tensors_are_refused_in_words(transformed, said, shape):
    x = gg.placeholder(gg.float32, shape, name="x")
    with pytest.raises(gg.errors.RecordingError, match=said):
        transformed(x)
    assert torch._C._functorch.maybe_current_level() is None
    assert torch.vmap(torch.sin)(torch.zeros(2)).tolist() == [0.0, 0.0]
    assert torch.func.grad(lambda t: (t * t).sum())(torch.ones(2)).tolist() == [2.0, 2.0]


@torch.library.custom_op("graphgrad_tests::product", mutates_args=())
def product(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    return x * w


product.register_fake(lambda x, w: torch.empty_like(x))
product.register_autograd(
    lambda ctx, gradient: ctx.saved_tensors[::-1],  # saved tensors as they are
    setup_context=lambda ctx, inputs, output: ctx.save_for_backward(*inputs),
)


def test_a_user_s_operator_may_give_a_variable_as_a_gradient():
    a, b, c = gg.Variable([1.0, 2.0]), gg.Variable([3.0, 4.0]), gg.Variable([5.0, 6.0])
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        (slope,) = gg.gradients(product(a, b).sum(), [a])
        y = (slope * c).sum() + b.sum()
        found = session.run(gg.gradients(y, [c, b], stop_gradients=[slope]))
        assert [value.tolist() for value in found] == [[3.0, 4.0], [1.0, 1.0]]
        slopes = gg.gradients(product(a, b).sum(), [a, b])
        session.run(gg.group(a.assign_add(slopes[0]), b.assign_add(slopes[1])))
        assert [value.tolist() for value in session.run([a, b])] == [[4.0, 6.0], [4.0, 6.0]]


def test_whose_derivative_an_operation_has():
    x = gg.placeholder(gg.float32, [2, 3])
    own = [x + 1, x @ x.T, torch.relu(x), torch.nn.functional.layer_norm(x, (3,)), x.T, x[0], x.clone().mul_(2), -x]
    assert all(is_torch_own(y.op.target) for y in own)
    assert is_torch_own(torch.ops.aten.sin.default) and is_torch_own(None)
    assert not is_torch_own(product(x, x).op.target) and not is_torch_own(lambda x: x)
