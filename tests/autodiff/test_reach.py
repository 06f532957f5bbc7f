"""Reachability: the set algebra of ys, xs and stops, on the graph alone."""

import random

import networkx
import pytest
import torch

import graphgrad as gg
from graphgrad.autodiff.reach import candidates, reach, restricted


def names(values):
    return {value.name for value in values}


def found(ys, xs, stops=()):
    return reach([y._value for y in ys], {x._value for x in xs}, {s._value for s in stops})


def path(answer):
    return [step.node.name for step in answer.path]


@pytest.fixture
def net():
    x, w = gg.placeholder(gg.float32, [], name="x"), gg.placeholder(gg.float32, [], name="w")
    h = gg.multiply(x, w, name="h")
    k = gg.floor(h, name="k")
    y = gg.add(gg.exp(h, name="e"), k, name="y")
    gg.sin(y, name="after")
    gg.cos(x, name="aside")
    tensor = gg.get_default_graph().get_tensor_by_name
    return lambda *wanted: [tensor(f"{name}:0") for name in wanted]


def test_the_path_is_in_topological_order_and_holds_nothing_else(net):
    answer = found(net("y"), net("x"))
    assert path(answer) == ["h", "e", "y"]
    assert names(answer.live) == {"x:0", "h:0", "e:0", "y:0"}


def test_only_the_reads_that_lead_to_an_x_are_on_the_path(net):
    step = found(net("y"), net("x")).path[0]
    assert (step.outputs, step.inputs) == ((0,), (0,))
    assert found(net("y"), net("x", "w")).path[0].inputs == (0, 1)
    assert found(net("y"), net("x")).path[-1].inputs == (0,)  # not by way of floor


def test_a_stop_is_reached_and_not_passed(net):
    answer = found(net("y"), net("x", "h"), net("h"))
    assert path(answer) == ["e", "y"] and names(answer.live) == {"y:0", "e:0", "h:0"}
    assert path(found(net("y"), net("x"), net("h"))) == []


def test_an_x_is_passed_to_its_ancestors(net):
    assert names(found(net("y"), net("h", "x")).live) >= {"h:0", "x:0"}


def test_a_y_that_is_an_x_is_live(net):
    answer = found(net("y"), net("y"))
    assert names(answer.live) == {"y:0"} and answer.path == []


def test_nothing_is_live_where_nothing_connects(net):
    for ys, xs in ((("aside",), ("w",)), (("x",), ("y",)), (("k",), ("x",)), ((), ("x",)), (("y",), ())):
        answer = found(net(*ys), net(*xs))
        assert (answer.path, answer.live) == ([], set())


def test_candidates_are_what_lies_between(net):
    (x,), (y,) = net("x"), net("y")
    assert [node.name for node in candidates([y._value], [x._value])] == ["x", "h", "k", "e", "y"]


def test_each_output_of_an_op_is_judged_by_itself():
    x = gg.placeholder(gg.float32, [4], name="x")
    values, indices = torch.topk(x, 2)
    y = gg.reduce_sum(values) + gg.reduce_sum(gg.cast(indices, gg.float32))
    steps = {step.node.type: step for step in found([y], [x]).path}
    assert steps["Topk"].outputs == (0,) and "Cast" not in steps


def test_an_op_on_the_path_without_a_derivative_is_named():
    x = gg.placeholder(gg.float32, [], name="x")
    y = torch.special.zeta(x, x + 1.0)
    with pytest.raises(LookupError, match="Zeta"):
        found([y], [x])


def test_the_missing_derivative_of_one_input_does_not_matter_to_another():
    a, x = gg.placeholder(gg.float32, []), gg.placeholder(gg.float32, [])
    y = torch.special.gammainc(a * 1.0, x * 1.0)
    assert len(found([y], [x]).path) == 2


def test_a_restricted_path_leads_to_some_xs_only(net):
    x, w = net("x", "w")
    answer = found(net("y"), [x, w])
    only = restricted(answer.path, {x._value})
    assert [step.node.name for step in only] == ["h", "e", "y"] and only[0].inputs == (0,)
    assert restricted(answer.path, set()) == []


def test_a_restricted_path_keeps_the_outputs_that_matter():
    a, b = gg.placeholder(gg.float32, []), gg.placeholder(gg.float32, [])
    p, q = gg.exp(a), gg.sin(b)
    s, t = torch.unbind(torch.stack([p, q]))
    answer = found([s, t], [a, b])
    assert {step.node.type for step in restricted(answer.path, {a._value})} == {"Exp", "Stack", "Unbind"}


@pytest.mark.parametrize("seed", range(30))
def test_reach_is_set_algebra_on_random_graphs(seed):
    choose = random.Random(seed)
    tensors = [gg.placeholder(gg.float32, []) for _ in range(3)]
    broken = set()
    for _ in range(20):
        kind = choose.choice(["add", "add", "exp", "floor"])
        tensor = (
            choose.choice(tensors) + choose.choice(tensors)
            if kind == "add"
            else getattr(gg, kind)(choose.choice(tensors))
        )
        if kind == "floor":
            broken.add(tensor.op.name)
        tensors.append(tensor)
    ys, xs, stops = (choose.sample(tensors, choose.randint(1, 3)) for _ in range(3))
    blocked = broken | {stop.op.name for stop in stops}
    open_edges = networkx.DiGraph(edge for edge in gg.get_default_graph().nx.edges() if edge[1] not in blocked)
    open_edges.add_nodes_from(tensor.op.name for tensor in tensors)
    live = {
        x.op.name for x in xs
        if any(x is y or networkx.has_path(open_edges, x.op.name, y.op.name) for y in ys)
    }  # fmt: skip
    answer = found(ys, xs, stops)
    assert {x.op.name for x in xs if x._value in answer.live} == live
    gradients = gg.gradients(ys, xs, stop_gradients=stops)
    assert [g is not None for g in gradients] == [x.op.name in live for x in xs]
