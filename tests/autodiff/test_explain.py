"""explain: every kind of break, where it is, and what the text says."""

import random

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


def data(x):
    with gg.name_scope("cut/"):
        return x.data * 2.0


def no_grad(x):
    with torch.no_grad():
        h = gg.exp(x, name="cut")
    return h * 2.0


def no_derivative(x):
    return gg.floor(x, name="cut") * 2.0


BREAKS = {
    integer: ("integer", "cut", "integer tensors are constants", "before the cast"),
    stop_gradient: ("stop_gradient", "cut", "output of stop_gradient", "tensor that went into it"),
    detach: ("stop_gradient", "cut/detach", r"detached: detach\(\)", "went into it"),
    data: ("stop_gradient", "cut/data", r"detached: \.data", "went into it"),
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
    assert answer[0].connected and answer[0].path == ["x", "mul"]
    assert kinds(answer) == [("no derivative", "floor", "floor:0")]


# -- several breaks -------------------------------------------------------------------------------------


def test_breaks_side_by_side_are_all_named(x):
    y = gg.floor(x, name="a") * gg.stop_gradient(x, name="b") + gg.cast(gg.cast(x, gg.int32, name="c"), gg.float32)
    answer = gg.explain(y, x)
    assert {op for _, op, _ in kinds(answer)} == {"a", "b", "c"}
    assert "every path is cut, at these 3 places" in str(answer)


def test_breaks_in_series_are_all_named_from_x_to_y(x):
    first = gg.floor(x, name="first")
    second = gg.stop_gradient(first * 2.0, name="second")
    k = gg.cast(second, gg.int32, name="third") + 1
    with torch.no_grad():
        last = gg.exp(gg.cast(k, gg.float32) * 3.0, name="last")
    y = gg.multiply(last, 3.0, name="y")
    answer = gg.explain(y, x)
    assert kinds(answer) == [
        ("no derivative", "first", "first:0"),
        ("stop_gradient", "second", "second:0"),
        ("integer", "third", "third:0"),
        ("no_grad", "to", "to:0"),
    ]
    assert "at these 4 places one after the other" in str(answer)
    assert [answer[0].route(each) for each in answer[0].breaks] == [answer[0].routes[0]] * 4
    assert kinds(gg.explain(y, first)) == kinds(answer)[1:]
    assert kinds(gg.explain(y, second)) == kinds(answer)[2:]
    assert kinds(gg.explain(y, k)) == [("no_grad", "to", "to:0"), ("integer", "to", "add:0")]
    assert gg.explain(y, last)[0].connected and gg.explain(y, last)[0].breaks == []


def test_a_stop_behind_another_break_is_named_too(x):
    h = gg.floor(x, name="h") * 2.0
    cut = gg.exp(h, name="cut")
    answer = gg.explain(cut * 2.0, x, stop_gradients=[cut])
    assert [kind for kind, _, _ in kinds(answer)] == ["no derivative", "stop"]


def test_one_operation_with_two_reasons(x):
    cut = gg.floor(x, name="cut")
    answer = gg.explain(cut * 2.0, x, stop_gradients=[cut])
    assert kinds(answer) == [("stop", "cut", "cut:0"), ("no derivative", "cut", "cut:0")]
    assert "every path is cut here, for 2 reasons" in str(answer)
    with torch.no_grad():
        floor = gg.floor(x, name="floor")
    assert [kind for kind, _, _ in kinds(gg.explain(floor * 2.0, x))] == ["no_grad", "no derivative"]


def test_a_block_under_no_grad_is_one_break_for_what_lies_above_it(x):
    with torch.no_grad():
        h = gg.exp(x, name="entry")
        inner = gg.sin(h, name="inner")
        y = gg.cos(inner, name="last")
    assert kinds(gg.explain(y * 2.0, x)) == [("no_grad", "entry", "entry:0")]
    assert kinds(gg.explain(y * 2.0, [x, inner]))[0][1] == "entry"
    assert [each.op.name for each in gg.explain(y * 2.0, [x, inner])[1].breaks] == ["last"]


def test_no_grad_behind_an_integer_is_named(x):
    with torch.no_grad():
        back = gg.cast(gg.argmax(x, 0, name="k"), gg.float32, name="back")
        y = back * 2.0
    assert kinds(gg.explain(y, x)) == [("integer", "k", "k:0"), ("no_grad", "back", "back:0")]


def test_only_the_broken_output_of_an_operation_is_named():
    x = gg.placeholder(gg.float32, [5], name="x")
    values, places = torch.topk(x, 2)
    answer = gg.explain(gg.cast(places, gg.float32) * 2.0, x)
    assert kinds(answer) == [("integer", "topk", "topk:1")]
    answer = gg.explain(gg.cast(places, gg.float32) * values, x)
    assert answer[0].connected and kinds(answer) == [("integer", "topk", "topk:1")]
    assert gg.explain(values * 2.0, x)[0].breaks == []


def test_the_stop_of_a_sibling_is_no_break(x):
    a, b, _ = gg.unstack(x, name="parts")
    answer = gg.explain(a * b, x, stop_gradients=[a])
    assert answer[0].connected and kinds(answer) == [("stop", "parts", "parts:0")]
    assert gg.explain(b * 2.0, x, stop_gradients=[a])[0].breaks == []


def test_a_stop_that_is_an_x(x):
    h = gg.exp(x, name="h")
    answer = gg.explain(h * x, [x, h], stop_gradients=[x, h])
    assert [verdict.connected for verdict in answer.verdicts] == [True, True]
    assert kinds(answer) == [("stop", "h", "h:0")] and answer[1].breaks == []


def test_the_size_of_a_tensor_is_a_break_only_if_there_is_no_other():
    x = gg.placeholder(gg.float32, [None], name="x")
    size = x.shape[0]
    assert [op for _, op, _ in kinds(gg.explain(gg.floor(x, name="cut").reshape(size, 1), x))] == ["cut"]
    assert gg.explain(x.reshape(size, 1), x)[0].breaks == []
    assert [kind for kind, _, _ in kinds(gg.explain(gg.ones([3]) * size, x))] == ["integer"]


# -- one of two paths -----------------------------------------------------------------------------------


def test_a_cut_path_beside_an_open_one_is_named(x):
    y = gg.multiply(gg.exp(gg.floor(x, name="cut"), name="then"), x, name="y")
    answer = gg.explain(y, x)
    assert answer[0].connected and answer[0].path == ["x", "y"] and answer[0].symbol == "◐"
    assert answer[0].routes == [["x:0", "cut:0", "then:0", "y:0"]] and answer[0].open == ["x:0", "y:0"]
    text = str(answer)
    assert text.startswith("x:0 is connected: x -> y\nit also reaches y through cut -> then, cut here: nothing flows")
    assert "test_explain.py:" in text and "no gradient reaches" not in text


def test_each_x_has_its_own_cut_paths(x):
    w = gg.placeholder(gg.float32, [3], name="w")
    answer = gg.explain(gg.floor(x * w, name="cut") + x, [x, w])
    assert [verdict.connected for verdict in answer.verdicts] == [True, False]
    assert answer[0].breaks == answer[1].breaks and answer[1].routes[0][0] == "w:0"


def random_program(seed):
    """A random program of open and cut operations, and its edges: (from, to) -> whether a gradient passes."""
    draw = random.Random(seed)
    gg.reset_default_graph()
    nodes = [gg.placeholder(gg.float32, [2], name="x")]
    edges = {}
    for n in range(12):
        ways = [(gg.exp, True), (gg.floor, False), (gg.stop_gradient, False), (gg.add, True), (gg.multiply, True)]
        build, passes = draw.choice(ways)
        reads = draw.choices(range(len(nodes)), k=2 if build in (gg.add, gg.multiply) else 1)
        for read in reads:
            edges[f"{nodes[read].op.name}", f"n{n}"] = passes
        nodes.append(build(*[nodes[read] for read in reads], name=f"n{n}"))
    return nodes, edges


def ways(edges, start, end):
    if start == end:
        return [[start]]
    return [[start, *rest] for (a, b) in edges if a == start for rest in ways(edges, b, end)]


@pytest.mark.parametrize("seed", range(40))
def test_breaks_are_the_cut_edges_of_all_paths(seed):
    nodes, edges = random_program(seed)
    graph, names = nodes[0].graph, [node.op.name for node in nodes]
    xs, y = nodes[:6], nodes[-1]
    before = len(graph)
    for x, verdict in zip(xs, gg.explain(y, xs).verdicts, strict=True):
        found = ways(edges, x.op.name, names[-1])
        steps = [list(zip(way, way[1:], strict=False)) for way in found]
        assert verdict.connected is any(all(edges[step] for step in way) for way in steps)
        assert {each.op.name for each in verdict.breaks} == {b for way in steps for a, b in way if not edges[a, b]}
        assert [each.op.id for each in verdict.breaks] == sorted(each.op.id for each in verdict.breaks)
        for route in [*verdict.routes, *([verdict.open] if verdict.open else [])]:
            assert [name.removesuffix(":0") for name in route] in found
        if verdict.connected:
            shortest = min(len(way) for way in found if all(edges[s] for s in zip(way, way[1:], strict=False)))
            assert len(verdict.path) == shortest
        assert all(verdict.route(each) for each in verdict.breaks)
    assert len(graph) == before


@pytest.mark.parametrize("seed", range(10))
def test_many_xs_at_once_are_answered_as_one_by_one(seed):
    nodes, _ = random_program(seed)
    together = gg.explain(nodes[-1], nodes)
    assert [gg.explain(nodes[-1], node)[0] for node in nodes] == together.verdicts


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
    assert answer[0].routes == [["x:0", "the gradient of x:0 in double", g.name]]
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


# -- what torch lacks -----------------------------------------------------------------------------------


def test_an_op_without_a_gradient_is_a_reason_and_not_an_error(x):
    y = gg.multiply(torch.special.zeta(gg.exp(x, name="h"), gg.ones([3])), 2.0, name="y")
    answer = gg.explain(y, x)
    assert kinds(answer) == [("not implemented", "special_zeta", "special_zeta:0")] and not answer[0].connected
    assert "torch has no gradient for SpecialZeta" in str(answer) and "torch.special.zeta" in str(answer)
    with pytest.raises(LookupError, match="way      y <- special_zeta <- h <- x"):
        gg.gradients(y, x)


def test_a_lookup_error_beside_an_open_path(x):
    y = torch.special.zeta(x, gg.ones([3])) + x
    answer = gg.explain(y, x)
    assert answer[0].connected and [kind for kind, _, _ in kinds(answer)] == ["not implemented"]
    with pytest.raises(LookupError, match="way      add <- special_zeta <- x"):
        gg.gradients(y, x)


def test_an_op_without_a_gradient_above_another_break(x):
    y = gg.floor(torch.special.zeta(x, gg.ones([3])), name="cut") * 2.0
    assert [kind for kind, _, _ in kinds(gg.explain(y, x))] == ["not implemented", "no derivative"]
    assert gg.gradients(y, x) == [None]


def test_a_missing_second_derivative():
    x = gg.placeholder(gg.float32, [3, 4], name="x")
    (g,) = gg.gradients(torch.cdist(x, x * 2.0, p=1.0), x)
    answer = gg.explain(g, x)
    assert "not implemented" in [each.kind for each in answer[0].breaks]
    assert "torch has no gradient for the derivative of" in str(answer)
    with pytest.raises(LookupError, match="higher-order") as caught:
        gg.gradients(g, x)
    assert "  way      " in str(caught.value) and str(caught.value).endswith("<- x")


def test_a_derivative_that_does_not_depend_on_an_input_is_told_apart(x):
    (g,) = gg.gradients(gg.multiply(x, 2.0, name="double"), x)
    y = gg.floor(x)
    assert "it is constant in it" in gg.explain(g, x)[0].breaks[0].reason
    assert gg.explain(y, x)[0].breaks[0].reason.startswith("nothing flows through this operation")


def test_a_long_run_of_breaks_is_counted(x):
    y = x
    for n in range(40):
        y = gg.floor(y, name=f"f{n}")
    answer = gg.explain(y, x)
    assert len(answer[0].breaks) == 40 and "at these 40 places" in str(answer)
    assert "... and 28 more places: f12, " in str(answer) and str(answer).count("  recorded ") == 12


def test_the_nearest_is_nearest_to_x(x):
    far = gg.floor(gg.exp(gg.sin(x)), name="far")
    near = gg.floor(x, name="near")
    assert gg.explain(far * near, x)[0].nearest == "near:0"


def test_siblings_are_not_made_of_each_other(x):
    a, b, _ = gg.unstack(x)
    assert "no operation leads from it" in str(gg.explain(a, b))
    assert "it is computed from the ys" in str(gg.explain([a, b], a + b))


def test_an_integer_x_is_named_itself():
    words = gg.placeholder(gg.int64, [None], name="words")
    told = gg.explain(torch.nn.Embedding(5, 3)(words).sum(), words)[0].breaks[0]
    assert told.kind == "integer" and told.tensor == "words:0" and told.op.type == "Embedding"


# -- branches and loops -----------------------------------------------------------------------------------


def told(answer):
    return [(each.kind, each.op.name, each.tensor) for each in answer.breaks]


def test_a_branch_that_cuts_beside_one_that_does_not():
    x, p = gg.placeholder(gg.float32, [], name="x"), gg.placeholder(gg.bool, [], name="p")
    y = gg.cond(p, lambda: x * x, lambda: gg.stop_gradient(x * 2.0, name="cut"), name="choice")
    answer = gg.explain(y, [x, p])
    assert answer[0].connected and answer[0].path == ["x", "choice"] and answer[0].symbol == "◐"
    assert told(answer[0]) == [("stop_gradient", "cut", "cut:0")]
    text = str(answer[0])
    assert "it also reaches choice, cut here: inside choice: it is the output of stop_gradient (cut:0)" in text
    assert "at       cut: float32[] = detach(mul)" in text and "test_explain.py" in text
    assert "✗ cut in cut: inside choice" in answer.tree()
    assert told(answer[1]) == [("no derivative", "choice", "choice:0")]
    assert "it only chooses the branch" in str(answer[1])


def test_two_branches_that_both_cut():
    x, p = gg.placeholder(gg.float32, [], name="x"), gg.placeholder(gg.bool, [])
    y = gg.cond(p, lambda: gg.cast(gg.cast(x, gg.int32, name="k"), gg.float32), lambda: gg.floor(x, name="f"))
    answer = gg.explain(y * 2.0, x)
    assert told(answer[0]) == [("integer", "k", "k:0"), ("no derivative", "f", "f:0")]
    assert "every path is cut, at these 2 places" in str(answer) and answer[0].nearest == "cond:0"
    assert gg.gradients(y, x) == [None]


def test_a_branch_of_integers():
    x, p = gg.placeholder(gg.float32, [], name="x"), gg.placeholder(gg.bool, [])
    y = gg.cond(p, lambda: gg.cast(x, gg.int32, name="k"), lambda: gg.constant(1))
    assert told(gg.explain(gg.cast(y, gg.float32), x)[0]) == [("integer", "k", "k:0")]


def test_what_a_branch_does_not_read_is_on_no_path():
    x, w, p = gg.constant(1.0), gg.constant(1.0, name="w"), gg.placeholder(gg.bool, [])
    y, z = gg.cond(p, lambda: (x, w), lambda: (x * 2.0, w))
    answer = gg.explain(y, w)
    assert not answer[0].connected and answer[0].breaks == [] and "no operation leads" in answer[0].note
    assert gg.explain(z, w)[0].connected


def test_a_body_that_cuts():
    x, w, n = gg.constant(1.0, name="x"), gg.constant(9.0, name="w"), gg.constant(3, name="n")
    _, y = gg.while_loop(
        lambda i, y: (i < n) & (y < w), lambda i, y: (i + 1, y + gg.stop_gradient(x, name="cut")),
        [0, gg.constant(1.0)], name="rounds",
    )  # fmt: skip
    answer = gg.explain(y, [x, w, n])
    assert told(answer[0]) == [("stop_gradient", "cut", "cut:0")]
    assert [told(each) for each in answer.verdicts[1:]] == [[("no derivative", "rounds", "rounds:1")]] * 2
    assert "how many rounds" in str(answer[1])


def test_a_body_that_cuts_what_it_starts_from():
    x = gg.constant(1.0, name="x")
    _, y = gg.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, gg.floor(y, name="cut")), [0, x])
    answer = gg.explain(y, x)
    assert answer[0].connected  # after no round at all
    _, y = gg.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, gg.stop_gradient(y, name="stop")), [0, x])
    assert told(gg.explain(y, x)[0]) == [("stop_gradient", "stop", "stop:0")]


def test_a_cut_in_a_branch_in_a_loop_is_named():
    x = gg.constant(1.0, name="x")
    _, y = gg.while_loop(
        lambda i, y: i < 3,
        lambda i, y: (i + 1, gg.cond(i > 1, lambda: y + gg.round(x, name="deep"), lambda: y)),
        [0, gg.constant(1.0)],
    )
    answer = gg.explain(y, x)
    assert told(answer[0]) == [("no derivative", "deep", "deep:0")] and "test_explain.py" in answer[0].breaks[0].place


def test_a_cut_in_a_map():
    x = gg.constant([1.0, 2.0], name="x")
    answer = gg.explain(gg.map_fn(lambda row: gg.floor(row, name="cut"), x), x)
    assert told(answer[0]) == [("no derivative", "cut", "cut:0")] and "inside map: " in str(answer)


def test_a_stop_at_a_branch():
    x, p = gg.placeholder(gg.float32, [], name="x"), gg.placeholder(gg.bool, [])
    y = gg.cond(p, lambda: x * 2.0, lambda: x, name="choice")
    assert told(gg.explain(y * 2.0, x, stop_gradients=[y])[0]) == [("stop", "choice", "choice:0")]


def test_a_missing_gradient_in_a_branch():
    x, p = gg.placeholder(gg.float32, [], name="x"), gg.placeholder(gg.bool, [])
    y = gg.cond(p, lambda: torch.special.zeta(x + 2.0, x + 1.0), lambda: gg.constant(1.0))
    answer = gg.explain(y, x)
    assert answer[0].breaks[0].kind == "not implemented" and "SpecialZeta" in str(answer)
    assert answer[0].breaks[0].op.graph is not gg.get_default_graph()
