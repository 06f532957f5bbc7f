"""Programs of flat graphs, by the name of the tier."""

from __future__ import annotations

from typing import Any

import torch

import graphgrad as gg
from graphgrad.plan.plan import plan
from graphgrad.run.compiled import backends
from graphgrad.run.compiled.backends import BACKENDS, Built, plain, pointless
from graphgrad.run.compiled.cleaning import clean
from graphgrad.run.compiled.flat import Flat, flatten
from graphgrad.run.emit import emit
from graphgrad.run.program import Program


def flat_of(fetch: Any, **feeds: Any) -> tuple[Flat, Program]:
    """The flat graph of a run, and its program."""
    keys = [gg.get_default_graph().get_tensor_by_name(f"{name}:0") for name in feeds]
    program = emit(plan((fetch._value,), (), tuple(key._value for key in keys)))
    return flatten(program, [torch.as_tensor(each) for each in feeds.values()], [], ()), program


def call(built: Built, *feeds: Any) -> Any:
    program = built.program
    return program.call([torch.as_tensor(each) for each in feeds], [], program.constants, None)[0][0]


def test_every_tier_has_one() -> None:
    assert list(BACKENDS) == ["trace", "inductor", "cudagraph", "auto"]


def test_kernel_by_kernel() -> None:
    x = gg.placeholder(gg.float32, [2], name="x")
    flat, program = flat_of(gg.exp(x * 2.0), x=[0.0, 0.0])
    built = BACKENDS["trace"](flat, program)
    assert call(built, [0.0, 0.0]).tolist() == [1.0, 1.0] and built.notes == []


def test_a_plain_program_leaves_its_flat_graph_as_it_is() -> None:
    x = gg.placeholder(gg.float32, [2], name="x")
    flat, program = flat_of(gg.exp(x * 2.0), x=[0.0, 0.0])
    clean(flat, numbers=False)
    before = str(flat.graph)
    assert call(Built(plain(flat, program)), [0.0, 0.0]).tolist() == [1.0, 1.0]
    assert str(flat.graph) == before


def test_what_reads_nothing_that_changes_is_not_worth_a_compiler() -> None:
    x = gg.placeholder(gg.float32, [2], name="x")
    flat, program = flat_of(gg.exp(gg.random_normal([2])))
    assert pointless(flat, program) == "it reads neither feeds nor variables"
    flat, program = flat_of(gg.exp(x), x=[0.0, 0.0])
    assert pointless(flat, program) == ""


def test_counts_are_written_as_people_do() -> None:
    assert backends._count(1, "kernel") == "1 kernel" and backends._count(2000, "kernel") == "2,000 kernels"
    assert backends._count(2, "stretch", "stretches") == "2 stretches"
