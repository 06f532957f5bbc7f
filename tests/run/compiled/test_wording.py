"""Numbers that depend on sizes, as text and back."""

from __future__ import annotations

from typing import Any

import pytest
from torch._dynamo.source import ConstantSource
from torch.fx import Graph, Proxy
from torch.fx.experimental.symbolic_shapes import DimDynamic, ShapeEnv

from graphgrad.run.compiled.flat import Untraceable
from graphgrad.run.compiled.made import Sized
from graphgrad.run.compiled.wording import Wording, evaluated


@pytest.fixture
def env() -> Any:
    return ShapeEnv(duck_shape=False, specialize_zero_one=True)


def symbol(env: Any, name: str, size: int) -> tuple[Any, str]:
    """A size that is open, and what torch calls it."""
    source = ConstantSource(name)
    made = env.create_symbol(size, source, dynamic_dim=DimDynamic.DYNAMIC, constraint_dim=None)
    number = env.create_symintnode(made, hint=size, source=source)
    return number, str(number.node.expr)


def test_an_expression_is_text_that_means_the_same(env: Any) -> None:
    n, name = symbol(env, "n", 7)
    found = Wording({name: 7}).sized(n * 4 // 3 + 1, 10)
    assert isinstance(found, Sized) and found.value == 10
    assert [evaluated(found.text, {name: size}) for size in (7, 8, 9)] == [10, 11, 13]


def test_a_number_that_is_not_what_the_text_says_is_refused(env: Any) -> None:
    n, name = symbol(env, "n", 7)
    with pytest.raises(Untraceable, match="a number is 9, not"):
        Wording({name: 7}).sized(n + 1, 9)


def test_choices_are_a_condition(env: Any) -> None:
    n, name = symbol(env, "n", 7)
    assert n < 9 and n * 2 != 8
    holds, text = Wording({name: 7}).guard(env)
    assert [size for size in range(2, 12) if holds(**{name: size})] == [2, 3, 5, 6, 7, 8]
    assert name in text


def test_nothing_chosen_is_right_for_all(env: Any) -> None:
    _, name = symbol(env, "n", 7)
    holds, text = Wording({name: 7}).guard(env)
    assert text == "True" and holds(**{name: 3})


def test_one_size_only_is_refused(env: Any) -> None:
    n, name = symbol(env, "n", 7)
    assert n == 7
    with pytest.raises(Untraceable, match="only be done with a size of 7"):
        Wording({name: 7}).guard(env)


def test_text_becomes_nodes_of_a_graph() -> None:
    graph = Graph()
    n = Proxy(graph.placeholder("n"))
    found = evaluated("max(n // 2, 3) + int(float(n))", {"n": n}, symbolic=True)
    graph.output(found.node)
    assert [node.op for node in graph.nodes].count("call_function") == 5


def test_what_can_not_be_worked_out_is_refused() -> None:
    with pytest.raises(Untraceable, match="a number is n / 0"):
        evaluated("n / 0", {"n": 1})
    with pytest.raises(Untraceable, match="floor"):  # which torch.fx could not tell from trunc
        evaluated("math.floor(n)", {"n": -1.5}, symbolic=True)
    with pytest.raises(Untraceable, match="open"):
        evaluated("open('x')", {})
