"""Flat graphs cut into stretches, on graphs written by hand and on those of runs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.fx import Node

import graphgrad as gg
from graphgrad.plan.plan import plan
from graphgrad.run.compiled import stretches
from graphgrad.run.compiled.cleaning import clean
from graphgrad.run.compiled.flat import Draw, Flat, Made, flatten
from graphgrad.run.compiled.stretch import Stretch
from graphgrad.run.compiled.stretches import Unit, copied, eager_reason, joined, parts
from graphgrad.run.emit import emit

aten = torch.ops.aten


class Sketch:
    """A flat graph that is being written; nodes know the tensors of a run on ones."""

    def __init__(self) -> None:
        self.flat = Flat()
        self.values: dict[Node, Any] = {}

    def given(self, *shape: int, dtype: torch.dtype = torch.float32) -> Node:
        return self._note(self.flat.graph.placeholder("x"), torch.ones(shape, dtype=dtype))

    def call(self, target: Any, *args: Any, **kwargs: Any) -> Node:
        numbers = torch.fx.map_arg(args, self.values.__getitem__)
        return self._note(self.flat.graph.call_function(target, args, kwargs), target(*numbers, **kwargs))

    def drawing(self, node: Node, number: int) -> Node:
        self.flat.draws[node] = Draw(number, None, number)
        self.flat.drew.add(node)
        return node

    def returning(self, *nodes: Node) -> Flat:
        self.flat.graph.output(list(nodes))
        self.flat.fetched = len(nodes)
        return self.flat

    def _note(self, node: Node, value: Any) -> Node:
        self.values[node] = value
        node.meta["made"] = Made.of(value)
        self.flat.ops[node] = None
        return node


@pytest.fixture
def sketch() -> Sketch:
    return Sketch()


def cut(flat: Flat) -> list[str]:
    """The parts: the kernels of each; eager ones in capitals."""
    found = []
    for part in parts(flat):
        names = " ".join(node.target._opname for node in part.nodes)  # type: ignore[union-attr]
        found.append(names if isinstance(part, Stretch) else names.upper())
    return found


def test_all_that_can_be_compiled_is_one_stretch(sketch: Sketch) -> None:
    x = sketch.given(3)
    assert cut(sketch.returning(sketch.call(aten.exp.default, sketch.call(aten.sin.default, x)))) == ["sin exp"]


def test_draws_whose_memory_needs_no_numbers_come_first(sketch: Sketch) -> None:
    h = sketch.call(aten.cos.default, sketch.call(aten.sin.default, sketch.given(3)))
    mask = sketch.call(aten.empty_like.default, h)
    drawn = sketch.drawing(sketch.call(aten.bernoulli_.float, mask, 0.5), 1)
    flat = sketch.returning(sketch.call(aten.mul.Tensor, h, drawn))
    assert cut(flat) == ["EMPTY_STRIDED", "BERNOULLI_", "sin cos mul"]


def test_draws_that_need_numbers_stand_between(sketch: Sketch) -> None:
    h = sketch.call(aten.sigmoid.default, sketch.call(aten.sin.default, sketch.given(3)))
    drawn = sketch.drawing(sketch.call(aten.bernoulli.default, h), 1)
    flat = sketch.returning(sketch.call(aten.exp.default, sketch.call(aten.mul.Tensor, h, drawn)))
    assert cut(flat) == ["sin sigmoid", "BERNOULLI", "mul exp"]


def test_the_kernels_of_one_draw_stay_together(sketch: Sketch) -> None:
    x = sketch.given(3)
    first = sketch.drawing(sketch.call(aten.bernoulli.default, x), 1)
    between = sketch.call(aten.mul.Tensor, first, 1.0)
    sketch.flat.draws[between] = Draw(1, None, 1)
    second = sketch.drawing(sketch.call(aten.bernoulli.default, between), 1)
    (unit,) = parts(sketch.returning(second))
    assert isinstance(unit, Unit) and unit.nodes == [first, between, second] and unit.eager == "it draws numbers"


def test_who_reads_before_a_write_stays_before_it(sketch: Sketch) -> None:
    x, v = sketch.given(3), sketch.given(3)
    before = sketch.call(aten.bernoulli.default, sketch.call(aten.mul.Tensor, v, 1.0))
    sketch.drawing(before, 1)
    sketch.call(aten.add_.Tensor, v, x)
    after = sketch.call(aten.sin.default, v)
    flat = sketch.returning(before, after)
    order = [node for part in parts(flat) for node in part.nodes]
    targets = [node.target for node in order]
    assert targets.index(aten.mul.Tensor) < targets.index(aten.add_.Tensor) < targets.index(aten.sin.default)


def test_a_stretch_makes_views_of_what_is_written_to_itself(sketch: Sketch) -> None:
    weight, x = sketch.given(2, 2), sketch.given(2, 2)
    flipped = sketch.call(aten.t.default, weight)
    first = sketch.call(aten.sigmoid.default, sketch.call(aten.mm.default, x, flipped))
    drawn = sketch.drawing(sketch.call(aten.bernoulli.default, first), 0)
    slope = sketch.call(aten.mm.default, drawn, sketch.call(aten.t.default, flipped))
    sketch.call(aten.sub_.Tensor, weight, slope)
    before, _, after = found = list(parts(sketch.returning(slope)))
    assert isinstance(before, Stretch) and isinstance(after, Stretch)
    assert set(before.inputs) == {x, weight} and before.outputs == [first]
    assert [node.target for node in after.nodes] == [aten.t.default] * 2 + [aten.mm.default, aten.sub_.Tensor]
    assert set(after.inputs) == {drawn, weight} and len(found) == 3


def test_a_stretch_with_one_memory_under_two_names_is_not_compiled_if_it_writes_there(sketch: Sketch) -> None:
    numbers = sketch.given(2, dtype=torch.complex64)
    real = sketch.call(aten.view_as_real.default, numbers)
    other = sketch.call(aten.view_as_real.default, numbers)
    sketch.call(aten.add_.Tensor, real, sketch.call(aten.sin.default, other))
    assert cut(sketch.returning(other)) == ["VIEW_AS_REAL", "VIEW_AS_REAL", "SIN ADD_"]


def test_a_view_that_nobody_is_given_is_not_made(sketch: Sketch) -> None:
    weight = sketch.given(2, 2)
    flipped = sketch.call(aten.t.default, weight)
    drawn = sketch.drawing(sketch.call(aten.bernoulli.default, weight), 0)
    product = sketch.call(aten.exp.default, sketch.call(aten.mm.default, drawn, flipped))
    assert cut(sketch.returning(product)) == ["BERNOULLI", "t mm exp"]


def test_complex_numbers_and_python_code_stay_eager(sketch: Sketch) -> None:
    x = sketch.given(3, dtype=torch.complex64)
    product = sketch.call(aten.mul.Tensor, x, x)
    opaque = sketch.flat.graph.call_function(len, (x,))
    assert eager_reason(sketch.flat, product) == "its numbers are complex"
    assert eager_reason(sketch.flat, opaque) == "it is a call of Python code"


def test_long_stretches_are_cut(sketch: Sketch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "_LONGEST", 3)
    y = sketch.given(3)
    for _ in range(8):
        y = sketch.call(aten.sin.default, y)
    assert cut(sketch.returning(y)) == ["sin sin sin", "sin sin sin", "sin sin"]


def flat_of(fetches: list[Any], feeds: dict[Any, torch.Tensor]) -> Flat:
    """The cleaned flat graph of a run."""
    program = emit(plan(tuple(each._value for each in fetches), (), tuple(key._value for key in feeds)))
    flat = flatten(program, list(feeds.values()), [], ())
    clean(flat, numbers=False)
    return flat


def outputs(flat: Flat, given: list[torch.Tensor]) -> list[torch.Tensor]:
    """What a flat graph of kernels and callables gives for its placeholders."""
    found: dict[Node, Any] = {}
    rest = iter(given)
    for node in flat.graph.nodes:
        if node.op == "placeholder":
            found[node] = next(rest)
        elif node.op == "get_attr":
            found[node] = flat.constants[node]
        elif node.op == "call_function":
            args, kwargs = torch.fx.map_arg((node.args, node.kwargs), found.__getitem__)
            found[node] = node.target(*args, **kwargs)  # type: ignore[operator]
    last = next(iter(reversed(flat.graph.nodes)))
    return list(torch.fx.map_arg(last.args[0], found.__getitem__))  # type: ignore[arg-type]


def test_the_stretches_of_a_step_give_the_same_numbers() -> None:
    x = gg.placeholder(gg.float64, [4, 3], name="x")
    labels = gg.placeholder(gg.int64, [4], name="labels")
    loss = F.cross_entropy(torch.tanh(x @ x.T) * torch.cumsum(x, 0)[:, :1], labels)
    slope = gg.gradients(loss, x)[0]
    given = [torch.randn(4, 3, dtype=torch.float64), torch.tensor([0, 1, 2, 3])]
    flat = flat_of([loss, slope], {x: given[0], labels: given[1]})
    expected = outputs(copied(flat), given)
    found = list(parts(flat))
    functions = {part: part.eager for part in found if isinstance(part, Stretch)}
    assert functions
    for a, b in zip(outputs(joined(flat, found, functions), given), expected, strict=True):
        assert torch.equal(a, b)


def test_a_stretch_is_a_module_and_a_text(sketch: Sketch) -> None:
    x = sketch.given(2, 3)
    flat = sketch.returning(sketch.call(aten.exp.default, sketch.call(aten.sin.default, x)))
    (stretch,) = parts(flat)
    assert isinstance(stretch, Stretch) and stretch.kernels == 2
    numbers = torch.randn(2, 3)
    (made,) = stretch.module()(numbers)
    assert torch.equal(made, numbers.sin().exp()) and torch.equal(stretch.eager(numbers)[0], made)
    assert stretch.text("stretch_0").startswith("def stretch_0(input_0):")


def test_a_stretch_that_fails_names_the_operation(sketch: Sketch) -> None:
    i = sketch.given(2, dtype=torch.int64)
    looked = sketch.call(aten.index_select.default, sketch.given(3), 0, i)
    op = gg.sin(gg.constant(1.0), name="culprit").op
    sketch.flat.ops[looked] = op
    (stretch,) = parts(sketch.returning(sketch.call(aten.exp.default, looked)))
    assert isinstance(stretch, Stretch)
    numbers = {"index": torch.tensor([0, 9]), "array": torch.ones(3)}
    given = [numbers["index"] if node is i else numbers["array"] for node in stretch.inputs]
    with pytest.raises(gg.errors.InvalidArgumentError, match="culprit") as caught:
        stretch.eager(*given)
    assert caught.value.op is op
