"""Derivatives: what autograd says of an op, of its vector-Jacobian product, and of the product of that."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

import graphgrad as gg
from graphgrad.record import derivative
from graphgrad.record.derivative import NO_DERIVATIVE, of_sum


def placeholders(*shapes, dtype=gg.float64):
    return [gg.placeholder(dtype, list(shape)) for shape in shapes]


def describe(outputs):
    """Which of reads ('a', 'b', ...), outputs ('y0', ...) and cotangents ('g0', ...) each product depends on."""
    op = (outputs[0] if isinstance(outputs, (list, tuple)) else outputs).op
    asked = derivative.of(op.signature)
    given = tuple(k for k in range(len(op.values)) if asked.of(k))
    wrt = tuple(sorted({i for k in given for i in asked.of(k)}))
    names = ["abcdefgh"[i] for i in range(len(op.reads))]
    names += [f"y{k}" for k in range(len(op.values))] + [f"g{k}" for k in given]
    product = asked.product(given, wrt)
    return {"abcdefgh"[i]: " ".join(names[j] for j in product.of(n)) for n, i in enumerate(wrt)}


V, M = (3,), (3, 3)
READS = {
    "exp reads its output": (torch.exp, [V], {"a": "y0 g0"}),
    "tanh reads its output": (torch.tanh, [V], {"a": "y0 g0"}),
    "sigmoid reads its output": (torch.sigmoid, [V], {"a": "y0 g0"}),
    "sqrt reads its output": (torch.sqrt, [V], {"a": "y0 g0"}),
    "sin reads its input": (torch.sin, [V], {"a": "a g0"}),
    "log reads its input": (torch.log, [V], {"a": "a g0"}),
    "neg reads nothing": (torch.neg, [V], {"a": "g0"}),
    "add reads nothing": (torch.add, [V, V], {"a": "g0", "b": "g0"}),
    "mul reads the other": (torch.mul, [V, V], {"a": "b g0", "b": "a g0"}),
    "mul by a number reads nothing": (lambda a: a * 3.0, [V], {"a": "g0"}),
    "div reads both for the divisor": (torch.div, [V, V], {"a": "b g0", "b": "a b g0"}),
    "pow of a number reads the base": (lambda a: a**3, [V], {"a": "a g0"}),
    "pow of a tensor": (torch.pow, [V, V], {"a": "a b g0", "b": "a y0 g0"}),
    "matmul reads the other": (torch.matmul, [M, M], {"a": "b g0", "b": "a g0"}),
    "split reads nothing": (lambda a: torch.split(a, [1, 2]), [V], {"a": "g0 g1"}),
    "relu reads its output": (F.relu, [V], {"a": "y0 g0"}),
    "max of an axis reads the position only": (lambda a: torch.max(a, 0), [V], {"a": "g0"}),
    "sum reads nothing": (torch.sum, [V], {"a": "g0"}),
    "indexing reads nothing": (lambda a: a[1:], [V], {"a": "g0"}),
    "where reads the condition, which is no number": (
        lambda a, b: torch.where(torch.ones(3, dtype=torch.bool), a, b),
        [V, V],
        {"b": "g0", "c": "g0"},
    ),
}


@pytest.mark.parametrize("name", READS)
def test_what_a_product_depends_on(name):
    function, shapes, wanted = READS[name]
    assert describe(function(*placeholders(*shapes))) == wanted


FUNCTIONS = {
    "exp": (torch.exp, [V]), "tanh": (torch.tanh, [V]), "mul": (torch.mul, [V, V]), "pow 1": (lambda a: a**1, [V]),
    "pow 2": (lambda a: a**2, [V]), "pow 3": (lambda a: a**3, [V]), "pow": (torch.pow, [V, V]),
    "matmul": (torch.matmul, [M, M]), "relu": (F.relu, [V]), "max": (lambda a: torch.max(a, 0).values, [V]),
    "amax": (lambda a: torch.amax(a, 0), [V]), "max all": (torch.max, [V]), "maximum": (torch.maximum, [V, V]),
    "split": (lambda a: torch.split(a, [1, 2])[1], [V]), "abs": (torch.abs, [V]), "sign": (torch.sign, [V]),
    "cumprod": (lambda a: torch.cumprod(a, 0), [V]), "prod": (torch.prod, [V]), "norm": (torch.linalg.vector_norm, [V]),
    "softmax": (lambda a: torch.softmax(a, 0), [V]), "log_softmax": (lambda a: torch.log_softmax(a, 0), [V]),
    "gelu": (F.gelu, [V]), "elu": (F.elu, [V]), "leaky_relu": (F.leaky_relu, [V]), "lerp": (torch.lerp, [V, V, V]),
    "addcmul": (torch.addcmul, [V, V, V]), "linear": (F.linear, [M, M, V]), "mse": (F.mse_loss, [V, V]),
    "layer_norm": (lambda a, b, c: F.layer_norm(a, (3,), b, c), [M, V, V]), "atan2": (torch.atan2, [V, V]),
    "inverse": (torch.linalg.inv, [M]), "sort": (lambda a: torch.sort(a).values, [V]), "hypot": (torch.hypot, [V, V]),
    "clamp": (lambda a: torch.clamp(a, -1, 1), [V]), "var": (torch.var, [V]), "std": (torch.std, [V]),
    "einsum": (lambda a, b: torch.einsum("ij,jk->ik", a, b), [M, M]), "copysign": (torch.copysign, [V, V]),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_none_is_where_torch_has_none_at_three_orders(name):
    function, shapes = FUNCTIONS[name]
    eager = [torch.rand(*shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    symbolic = placeholders(*shapes)
    y, z = function(*eager).sum(), gg.reduce_sum(function(*symbolic))
    for _ in range(3):
        wanted = torch.autograd.grad(y, eager, create_graph=True, allow_unused=True) if y.requires_grad else [None]
        found = gg.gradients(z, symbolic)
        have, want = [g is not None for g in found], [g is not None for g in wanted]
        assert have == (want if len(want) == len(have) else [False] * len(have))
        if not any(want):
            return
        y = sum(g.sum() for g in wanted if g is not None)
        z = gg.add_n([gg.reduce_sum(g) for g in found if g is not None])


def test_the_answer_is_kept_with_the_signature():
    a, b = placeholders(V, V)
    one, other = torch.exp(a).op.signature, torch.exp(b).op.signature
    assert one is other and derivative.of(one) is derivative.of(other)
    found = derivative.of(one)
    assert found.product((0,), (0,)) is found.product((0,), (0,))


# -- several outputs ------------------------------------------------------------------------------------


def test_each_output_is_asked_by_itself():
    values, indices = torch.max(placeholders(V)[0], 0)
    asked = derivative.of(values.op.signature)
    assert (asked.of(values.value_index), asked.of(indices.value_index)) == ((0,), ())


def test_a_product_of_one_output_leaves_the_others_out():
    parts = torch.split(placeholders((4,))[0], 2)
    asked = derivative.of(parts[0].op.signature)
    assert asked.product((1,), (0,)).of(0) == (3,)  # one read, two outputs, then the only cotangent
    assert asked.product((0, 1), (0,)).of(0) == (3, 4)


def test_the_parts_of_a_decomposition():
    q, r = torch.linalg.qr(placeholders(M)[0])
    asked = derivative.of(q.op.signature)
    assert asked.of(0) == asked.of(1) == (0,)


# -- where torch has no derivative ----------------------------------------------------------------------


def test_only_the_input_that_lacks_a_derivative_is_missed():
    a, x = placeholders((), ())
    asked = derivative.of(torch.special.gammainc(a, x).op.signature)
    assert asked.lacks(0, [0]) and not asked.lacks(0, [1])
    assert asked.lacks(0, [0, 1]) == asked.lacks(0, [0])


def test_batch_norm_in_eval_mode_lacks_the_statistics_only(run):
    x, mean, var, weight, bias = placeholders((4, 3), V, V, V, V)
    y = F.batch_norm(x, mean, var, weight, bias)
    assert None not in gg.gradients(y, [x, weight, bias])
    for statistic in (mean, var):
        with pytest.raises(LookupError, match="running_"):
            gg.gradients(y, statistic)
    with pytest.raises(LookupError):
        gg.gradients(y, [x, mean])


def test_the_second_derivatives_of_batch_norm_in_eval_mode(run):
    x, weight = placeholders((4, 3), V)
    statistics = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([1.0, 2.0, 4.0])
    mean, var = (each.double() for each in statistics)
    y = F.batch_norm(x, mean, var, weight, eps=0.0)
    (by_x,) = gg.gradients(gg.reduce_sum(y * y), x)
    data, scale = torch.rand(4, 3, dtype=torch.float64, requires_grad=True), torch.rand(3, dtype=torch.float64)
    scale.requires_grad_()
    eager = F.batch_norm(data, mean, var, scale, eps=0.0)
    (first,) = torch.autograd.grad((eager * eager).sum(), data, create_graph=True)
    wanted = torch.autograd.grad(first.sum(), [data, scale])
    found = run(gg.gradients(by_x, [x, weight]), {x: data.detach(), weight: scale.detach()})
    for have, want in zip(found, wanted, strict=True):
        torch.testing.assert_close(torch.from_numpy(have), want)


def test_what_torch_lacks_at_the_second_order_is_missed_there_only():
    (x,) = placeholders((3, 4))
    asked = derivative.of(torch.cdist(x, x, p=1.0).op.signature)
    assert not asked.lacks(0, [0, 1])
    assert asked.product((0,), (0, 1)).lacks(0, [0, 1])


# -- where nothing flows --------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [torch.floor, torch.zeros_like, torch.bernoulli, lambda x: x > 0])
def test_an_op_through_which_nothing_flows(function):
    op = function(placeholders(V)[0]).op
    assert derivative.of(op.signature) is NO_DERIVATIVE
    assert NO_DERIVATIVE.of(0) == () and NO_DERIVATIVE.lacks(0, [0]) == ""


def test_an_op_recorded_without_grad():
    (x,) = placeholders(V)
    with torch.no_grad():
        off = torch.exp(x).op.signature
    assert derivative.of(off) is NO_DERIVATIVE
    assert derivative.of(torch.exp(x).op.signature).of(0) == (0,)


def test_an_op_of_integers():
    k = gg.placeholder(gg.int32, [3])
    assert derivative.of((k + k).op.signature) is NO_DERIVATIVE


def test_an_integer_read_beside_a_floating_one():
    rows, ids = gg.placeholder(gg.float32, [5, 2]), gg.placeholder(gg.int64, [3])
    assert derivative.of(torch.index_select(rows, 0, ids).op.signature).of(0) == (0,)


# -- sums and modes -------------------------------------------------------------------------------------


def test_a_sum_reads_nothing_but_its_cotangent():
    total = of_sum(3, torch.float32)
    assert total.of(0) == (0, 1, 2) and total is of_sum(3, torch.float32)
    product = total.product((0,), (0, 1, 2))
    assert [product.of(n) for n in range(3)] == [(4,)] * 3


def test_asking_draws_no_random_numbers_and_leaves_torch_as_it_was():
    (x,) = placeholders(V)
    torch.manual_seed(3)
    wanted = torch.rand(2).tolist()
    torch.manual_seed(3)
    with torch.no_grad():
        derivative.of(F.dropout(x, 0.5).op.signature)
        gg.gradients(torch.linalg.inv(gg.ones([3, 3])), x)
        assert not torch.is_grad_enabled()
    assert torch.rand(2).tolist() == wanted and torch.get_default_dtype() is torch.float32


def test_an_unknown_size_gives_the_same_answer():
    known, unknown = gg.placeholder(gg.float32, [2, 3]), gg.placeholder(gg.float32, [None, 3])
    for function in (torch.exp, torch.sum, lambda t: torch.softmax(t, -1), lambda t: t.reshape(-1), lambda t: t @ t.T):
        assert describe(function(known)) == describe(function(unknown))
