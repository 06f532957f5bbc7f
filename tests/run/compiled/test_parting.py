"""Which operations are apart, and how the program calls them."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import graphgrad as gg
from graphgrad.plan.plan import plan
from graphgrad.run.compiled.opaque import Logged, Parted
from graphgrad.run.compiled.parting import PartedEmitter, choosing, effectful, partable, reasons
from graphgrad.run.emit import emit


@pytest.fixture
def x() -> Any:
    return gg.placeholder(gg.float32, [2], name="x")


def planned(fetches: list[Any], *feeds: Any) -> Any:
    return plan(tuple(each._value for each in fetches), (), tuple(each._value for each in feeds))


def parted(fetches: list[Any], *feeds: Any) -> Any:
    made = planned(fetches, *feeds)
    return emit(made, "cpu", lambda each, device: PartedEmitter(each, device, parted=frozenset(reasons(made))))


def test_effects_and_choices_are_found_inside_of_bodies(x: Any) -> None:
    printed = gg.Print(x, [x])
    looped = gg.map_fn(lambda row: gg.cond(row > 0, lambda: gg.Print(row, [row]), lambda: row), x)
    chosen = gg.map_fn(lambda row: gg.cond(row > 0, lambda: row, lambda: -row), x)
    assert effectful(printed.op) and not choosing(printed.op)
    assert effectful(looped.op) and choosing(looped.op)
    assert choosing(chosen.op) and not effectful(chosen.op)
    assert not effectful((x * 2.0).op) and not choosing((x * 2.0).op)
    assert list(reasons(planned([printed, chosen, x + 1.0], x))) == [printed.op, chosen.op]


def test_what_stands_in_the_way_of_being_apart(x: Any) -> None:
    y = gg.cond(gg.reduce_sum(x) > 0, lambda: x**3, lambda: x)
    (first,) = gg.gradients(y, x)
    (second,) = gg.gradients(first, x)
    assert partable(y.op, planned([first], x)) is None
    assert partable(y.op, planned([second], x)) == "it is differentiated twice"
    assert partable(first.op, planned([first], x)) == "it is a part of a gradient"
    array = gg.TensorArray(gg.float32, size=2).write(0, x)
    total = array.write(1, x).stack()
    assert partable(total.op, planned([total], x)) == "it takes or gives an array of tensors"


def test_the_program_gives_the_numbers_of_the_usual_one(x: Any) -> None:
    h = x * 2.0
    y = gg.cond(gg.reduce_sum(x) > 0, lambda: torch.nn.functional.dropout(h * h, 0.5), lambda: x)
    fetches = [y + 1.0, *gg.gradients(y, x)]
    usual, apart = emit(planned(fetches, x)), parted(fetches, x)
    assert "run.apart(" in apart.text and "run.draw(" in apart.text
    fed = [torch.tensor([1.0, 2.0])]
    found = []
    for program in (usual, apart):
        torch.manual_seed(0)
        found.append(program.call(fed, [], program.constants, Logged((), None))[0])
    for a, b in zip(*found, strict=True):
        assert torch.equal(a, b)


def test_arguments_with_other_readers_are_known(x: Any) -> None:
    h, k = x * 2.0, x * 3.0
    y = gg.cond(gg.reduce_sum(x) > 0, lambda: h * k, lambda: h)
    alone = parted(gg.gradients(y, x), x)
    beside = parted(gg.gradients(y + torch.sin(k), x), x)
    found = [next(each for each in program.constants if isinstance(each, Parted)) for program in (alone, beside)]
    names = [value.op.name for value in y.op.inputs]
    assert found[0].contended == ()
    assert [names[place] for place in found[1].contended] == [k.op.name]


def test_modes_of_the_recording_hold_inside_of_the_call(x: Any) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        wide = x.reshape(1, 2)
        y = gg.py_function(lambda a: a, [wide @ wide.T], gg.bfloat16)
    program = parted([y], x)
    usual = emit(planned([y], x))
    fed = [torch.tensor([1.0, 2.0])]
    assert "run.apart(" in program.text
    a = program.call(fed, [], program.constants, Logged((), None))[0][0]
    assert torch.equal(a, usual.call(fed, [], usual.constants, Logged((), None))[0][0]) and a.dtype is torch.bfloat16
