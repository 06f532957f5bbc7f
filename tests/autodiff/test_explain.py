"""explain: every kind of break, where it is, and what the text says."""

import pytest
import torch

import graphgrad as gg


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [3], name="x")


def kinds(answer):
    return [(each.kind, each.op.name, each.tensor) for each in answer[0].breaks]


# -- one break of each kind -----------------------------------------------------------------------------


def integer(x):
    return gg.cast(gg.cast(x, gg.int32, name="cut"), gg.float32) * 2.0


def stop_gradient(x):
    return gg.stop_gradient(x, name="cut") * 2.0


def detach(x):
    with gg.name_scope("cut/"):
        return x.detach() * 2.0


def no_grad(x):
    with torch.no_grad():
        h = gg.exp(x, name="cut")
    return h * 2.0


def no_derivative(x):
    return gg.floor(x, name="cut") * 2.0


BREAKS = {
    integer: ("integer", "cut", "integer tensors are constants", "before the cast"),
    stop_gradient: ("stop_gradient", "cut", "stop_gradient or detach", "what went into it|tensor that went into it"),
    detach: ("stop_gradient", "cut/detach", "stop_gradient or detach", "went into it"),
    no_grad: ("no_grad", "cut", r"torch\.no_grad", "outside"),
    no_derivative: ("no derivative", "cut", "nothing flows through", "differentiable operation"),
}


@pytest.mark.parametrize("build", BREAKS, ids=lambda build: build.__name__)
def test_a_break_is_named_with_its_kind_op_line_and_hint(x, build):
    kind, op, says, hint = BREAKS[build]
    y = build(x)
    answer = gg.explain(y, x)
    assert not answer[0].connected and gg.gradients(y, x) == [None]
    assert kinds(answer) == [(kind, op, f"{op}:0")]
    with pytest.raises(gg.errors.UnconnectedError, match=says):
        gg.gradients(y, x, unconnected_gradients="raise")
    text = str(answer)
    assert text.startswith("no gradient reaches x:0: every path is cut here")
    assert "recorded " in text and "test_explain.py:" in text
    with pytest.raises(AssertionError, match=hint):
        raise AssertionError(text)


def test_a_tensor_in_stop_gradients(x):
    h = gg.exp(x, name="h")
    answer = gg.explain(h * 2.0, x, stop_gradients=[h])
    assert kinds(answer) == [("stop", "h", "h:0")]
    assert "it is in stop_gradients (h:0)" in str(answer) and "leave it out" in str(answer)


def test_an_integer_y(x):
    assert kinds(gg.explain(gg.argmax(x, 0, name="best"), x)) == [("integer", "best", "best:0")]


def test_an_integer_x():
    k = gg.placeholder(gg.int32, [3])
    assert [kind for kind, _, _ in kinds(gg.explain(gg.cast(k, gg.float32) * 2.0, k))] == ["integer"]


def test_a_shape_is_no_derivative(x):
    y = gg.cast(gg.shape(x, name="sizes"), gg.float32)
    assert kinds(gg.explain(y, x))[0][1] == "sizes"


def test_an_assign(x):
    v = gg.Variable([0.0] * 3)
    assert kinds(gg.explain(v.assign(x, name="set") * 2.0, x)) == [("no derivative", "set", "set:0")]


# -- no break at all ------------------------------------------------------------------------------------


def test_an_x_downstream_of_y(x):
    answer = gg.explain(x, x * 2.0)
    assert answer[0].breaks == [] and "it is computed from the ys, not the ys from it" in str(answer)


def test_no_path(x):
    other = gg.placeholder(gg.float32, [3], name="other")
    answer = gg.explain(x * 2.0, other)
    assert answer[0].breaks == [] and str(answer) == (
        "no gradient reaches other:0: no operation leads from it to the ys at all"
    )


def test_a_control_dependency_is_no_path(x):
    with gg.control_dependencies([x]):
        y = gg.constant(1.0) * 2.0
    assert "no operation leads from it" in str(gg.explain(y, x))


def test_a_sibling_output(x):
    a, b, _ = gg.unstack(x, name="parts")
    assert gg.explain(a * 2.0, b)[0].breaks == []
    assert not gg.explain(a * 2.0, b)[0].connected


# -- a connected x --------------------------------------------------------------------------------------


def test_a_connected_x_shows_a_shortest_path(x):
    h = gg.sin(x, name="h")
    y = gg.multiply(gg.exp(gg.exp(h)), h, name="y")
    answer = gg.explain(y, x)
    assert answer[0].connected and answer[0].path == ["x", "h", "y"]
    assert str(answer) == "x:0 is connected: x -> h -> y"


def test_a_y_that_is_x(x):
    assert gg.explain(x, x)[0].path == ["x"]


def test_one_open_path_is_enough(x):
    answer = gg.explain(gg.floor(x) * x, x)
    assert answer[0].connected and answer[0].breaks == []


# -- several breaks -------------------------------------------------------------------------------------


def test_breaks_side_by_side_are_all_named(x):
    y = gg.floor(x, name="a") * gg.stop_gradient(x, name="b") + gg.cast(gg.cast(x, gg.int32, name="c"), gg.float32)
    answer = gg.explain(y, x)
    assert {op for _, op, _ in kinds(answer)} == {"a", "b", "c"}
    assert "every path is cut, at these 3 places" in str(answer)


def test_breaks_in_series_are_named_one_after_the_other(x):
    first = gg.floor(x, name="first")
    second = gg.stop_gradient(first * 2.0, name="second")
    y = second * 3.0
    assert kinds(gg.explain(y, x)) == [("no derivative", "first", "first:0")]
    assert kinds(gg.explain(y, first)) == [("stop_gradient", "second", "second:0")]
    assert gg.explain(y, second)[0].connected


def test_a_cut_path_beside_a_dead_end_is_the_only_one_named(x):
    gg.floor(x, name="aside")
    assert [op for _, op, _ in kinds(gg.explain(gg.stop_gradient(x, name="cut") * 2.0, x))] == ["cut"]


def test_the_nearest_tensor_that_is_still_connected(x):
    k = gg.cast(x, gg.int32, name="k")
    back = gg.cast(k + 1, gg.float32, name="back")
    answer = gg.explain(back * 2.0, x)
    assert answer[0].nearest == "back:0" and "nearest  back:0 is still connected" in str(answer)


def test_nothing_is_nearest_where_y_itself_is_cut_off(x):
    assert gg.explain(gg.argmax(x, 0), x)[0].nearest == ""


def test_the_nearest_is_after_the_last_break_of_a_series(x):
    second = gg.stop_gradient(gg.floor(x) * 2.0, name="second")
    assert gg.explain(second * 3.0, x)[0].nearest == "second:0"


# -- several xs and ys ----------------------------------------------------------------------------------


def test_a_verdict_per_x(x):
    other = gg.placeholder(gg.float32, [3], name="other")
    answer = gg.explain([x * 2.0, gg.floor(other)], [x, other])
    assert len(answer) == 2 and [verdict.connected for verdict in answer] == [True, False]
    assert len(str(answer).split("\n")) >= 3 and repr(answer) == str(answer)


def test_one_y_of_several_is_enough(x):
    assert gg.explain([gg.floor(x), x * 2.0], x)[0].connected


def test_a_variable_and_a_parameter_are_named():
    v, weight = gg.Variable([1.0], name="v"), torch.nn.Parameter(torch.ones(1))
    answer = gg.explain(gg.floor(v) * 2.0 + gg.floor(gg.ones([1]) * weight), [v, weight])
    assert [verdict.x for verdict in answer] == ["v:0", "parameter:0"]
    assert str(answer).startswith("no gradient reaches v:0")


# -- second order ---------------------------------------------------------------------------------------


def test_the_gradient_of_a_linear_function(x):
    (g,) = gg.gradients(gg.multiply(x, 2.0, name="double"), x)
    answer = gg.explain(g, x)
    assert kinds(answer) == [("no derivative", "double", "the gradient of x:0")]
    assert "test_explain.py" in str(answer)


def test_the_gradient_of_a_sum_with_respect_to_its_other_term(x):
    w = gg.placeholder(gg.float32, [3], name="w")
    (g,) = gg.gradients(gg.exp(x) + w, x)
    assert not gg.explain(g, w)[0].connected and gg.explain(g, x)[0].connected


def test_a_stop_of_the_first_call_does_not_break_the_second(x):
    h = gg.exp(x, name="h")
    (g,) = gg.gradients(h * x, x, stop_gradients=[h])
    answer = gg.explain(g, x)
    assert answer[0].connected and answer[0].path[0] == "x" and answer[0].path[-1] == g.op.name


def test_a_break_in_the_forward_of_a_gradient(x):
    h = gg.stop_gradient(gg.exp(x), name="cut")
    (g,) = gg.gradients(h * x, x)
    assert ("stop_gradient", "cut", "cut:0") in kinds(gg.explain(g, x))


# -- arguments ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ys", [None, 1.0, "x:0"], ids=repr)
def test_what_is_no_y(x, ys):
    with pytest.raises(ValueError):
        gg.explain(ys, x)


def test_explaining_adds_nothing_to_the_graph(x):
    y = gg.floor(gg.gradients(gg.exp(x), x)[0])
    before = len(x.graph)
    gg.explain(y, x)
    assert len(x.graph) == before


@pytest.mark.parametrize("build", [*BREAKS, lambda x: x * 2.0, lambda x: gg.constant(1.0)])
def test_it_agrees_with_gradients(x, build):
    y = build(x)
    assert gg.explain(y, x)[0].connected is (gg.gradients(y, x) != [None])


def test_a_long_chain_is_explained_without_recursion(x):
    y = gg.floor(x, name="cut")
    for _ in range(5000):
        y = y + 1.0
    assert kinds(gg.explain(y, x)) == [("no derivative", "cut", "cut:0")]


def test_an_op_without_a_gradient_that_torch_lacks_is_a_lookup_error_or_a_verdict(x):
    y = torch.special.zeta(x, x)
    try:
        answer = gg.explain(y, x)
    except LookupError as error:
        assert "zeta" in str(error)
    else:
        assert not answer[0].connected
