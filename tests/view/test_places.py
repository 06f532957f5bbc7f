"""Where in a picture the user's things are."""

from typing import Any

import pytest
import torch

import graphgrad as gg
from graphgrad.autodiff.arguments import question
from graphgrad.view.forward import forward_graph
from graphgrad.view.gradient_graph import gradient_graph
from graphgrad.view.places import Places
from tests.view.pictures import higher, perceptron


def places(ys: Any, xs: Any) -> Places:
    return Places(gradient_graph(ys, xs), question(ys, xs, None))


def sine() -> tuple[Any, Any]:
    x = gg.constant(2.0, name="x")
    return gg.sin(x, name="y"), x


def test_tensors_operations_and_names() -> None:
    y, x = sine()
    found = places(y, x)
    for item in (y, y.op, "y", "y:0"):
        assert found.of("values", item) == ["y"]
    assert found.of("values", "d(y)") == ["d(y)"]


def test_the_result_of_the_very_call_is_the_node_of_its_gradient() -> None:
    y, x = sine()
    (g,) = gg.gradients(y, x)
    found = places(y, x)
    assert found.of("values", g) == found.of("values", g.op) == ["gradient(x:0)"]
    (other,) = gg.gradients(gg.cos(x), x)
    with pytest.raises(ValueError, match="gradients_1/vjp:0' is not in this picture"):
        found.of("values", other)


def test_a_recorded_gradient_that_the_picture_passes() -> None:
    ys, xs, _ = higher(2)
    assert places(ys, xs).of("highlight", ys[0]) == ["gradient(gradients/vjp:0)"]
    forward = Places(forward_graph(ys), None)
    assert forward.of("values", ys[0]) == forward.of("values", "gradients/vjp:0") == ["gradients/vjp"]


def test_parameters_and_variables_with_several_reads() -> None:
    asked = perceptron()
    assert places(asked.ys, asked.xs).of("values", asked.xs[0]) == ["sequential/0/weight"]
    v = gg.Variable(1.0, name="v")
    with gg.control_dependencies([v.assign(2.0)]):
        again = v.read_value()
    assert places(v * gg.sin(again), v).of("values", v) == ["v", "v/read"]


def test_what_is_not_there_names_what_is_near() -> None:
    y, x = sine()
    found = places(y, x)
    elsewhere = gg.constant(1.0, name="yy")
    for item in (elsewhere, elsewhere.op, "yy", "yy:0"):
        with pytest.raises(ValueError, match=r"highlight: 'yy(:0)?' is not in this picture; the nearest node is"):
            found.of("highlight", item)
    with pytest.raises(ValueError, match="nearest node is 'y'"):
        found.of("values", "y:1")
    with pytest.raises(ValueError, match=r"a parameter of shape \[3\] is not in this picture"):
        found.of("values", torch.nn.Parameter(torch.zeros(3)))


@pytest.mark.parametrize("item", [3, None, 2.5, ["x"]])
def test_other_kinds(item: Any) -> None:
    with pytest.raises(gg.errors.ArgumentTypeError, match="values takes tensors, operations and names"):
        places(*sine()).of("values", item)


def test_looking_adds_nothing_to_the_graph() -> None:
    asked = perceptron()
    found = places(asked.ys, asked.xs)
    count = len(gg.get_default_graph())
    with pytest.raises(ValueError):
        found.of("values", torch.nn.Parameter(torch.zeros(3)))
    assert len(gg.get_default_graph()) == count
