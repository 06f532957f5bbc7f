"""What it costs to record an operation: `python benchmarks/record.py`."""

from __future__ import annotations

import argparse
import gc
import itertools
import operator
import os
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from measure import MICRO, ROOT, Samples, Table, arguments, exactly, interleave, run_sections, timer
from models import Model, transformer
from programs import chain, follow, random_program
from yardsticks import networkx_alone

import graphgrad as gg

BUDGET = 20  # us per operation
IMPORT_BUDGET = 0.4  # seconds beyond `import torch`
FIRST_BUDGET = 0.15  # seconds beyond `import graphgrad`
SHAPE = [64, 64]
SAMPLE = 0.25  # seconds: long enough to meet the garbage collector a few times
TABLE = {"sin": torch.sin, "tanh": torch.tanh, "add": torch.add, "mul": torch.mul}

Recorder = Callable[[], Any]


# -- what is recorded ---------------------------------------------------------------------------------


def sines(length: int) -> Callable[[Any], Any]:
    """A chain of sines."""
    return lambda x: chain(torch.sin, x, length)


def scalars(length: int) -> Callable[[Any], Any]:
    """Sums, differences, products and quotients with Python numbers that all differ."""
    operators = (operator.add, operator.sub, operator.mul, operator.truediv)

    def run(x: Any) -> Any:
        for number in range(length):
            x = operators[number % 4](x, 1.0 + number * 1e-6)
        return x

    return run


def in_new_graph(program: Callable[[Any], Any], shape: list[int] = SHAPE) -> Recorder:
    """The program on a placeholder in a graph of its own."""

    def record() -> Any:
        with gg.Graph().as_default():
            return program(gg.placeholder(gg.float32, shape))

    return record


def looked_at(record: Recorder) -> Any:
    """Record, and make the graph's networkx view show it."""
    result = record()
    len(result.graph.nx)
    return result


def without_collector(work: Callable[[], Any]) -> Callable[[], Any]:
    """The work with Python's garbage collector switched off."""

    def run() -> Any:
        gc.disable()
        try:
            return work()
        finally:
            gc.enable()

    return run


# -- elementwise programs -----------------------------------------------------------------------------


def elementwise(options: argparse.Namespace) -> list[Table]:
    """Chains, numbers and random programs, whose signatures have been seen."""
    length = 500 if options.quick else 2000
    table = Table("Recording an operation whose signature has been seen", "us per op")
    programs = {
        f"chain of {length} sines": sines(length),
        f"{length} operators with varying numbers": scalars(length),
        f"random program of {length} operations": partial(follow, random_program(length), TABLE),
    }
    for what, program in programs.items():
        _elementwise(table, what, program, length, options)
    _large(table, options)
    return [table]


def _elementwise(
    table: Table, what: str, program: Callable[[Any], Any], length: int, options: argparse.Namespace
) -> None:
    record = in_new_graph(program)
    graph = record().graph
    tiny = torch.ones(())
    samples = interleave(
        {
            "ours": timer(record, length, lasting=SAMPLE, keep=True),
            "uncollected": timer(without_collector(record), length, lasting=SAMPLE, keep=True),
            "shown": timer(partial(looked_at, record), length, lasting=SAMPLE, keep=True),
            "networkx": timer(networkx_alone(graph), length, lasting=SAMPLE, keep=True),
            "eager": timer(lambda: program(tiny), length, lasting=SAMPLE),
        },
        options.rounds,
    )
    _rows(table, what, samples)


def _rows(table: Table, what: str, samples: Samples) -> None:
    def row(label: str, ours: str, yardstick: str, theirs: str, **budget: float) -> None:
        table.row(label, samples[ours], yardstick, samples[theirs], scale=MICRO, **budget)

    row(what, "ours", "networkx add_node, add_edge", "networkx", at_most=BUDGET)
    row("", "ours", "eager torch, tiny tensors", "eager")
    if "shown" in samples:
        row("  and graph.nx looked at", "shown", "networkx add_node, add_edge", "networkx")
        row("  with garbage collection off", "uncollected", "with garbage collection on", "ours")


def _large(table: Table, options: argparse.Namespace) -> None:
    small, large = (500, 5_000) if options.quick else (2_000, 200_000)
    samples = interleave(
        {
            "large": timer(in_new_graph(sines(large)), large),
            "small": timer(in_new_graph(sines(small)), small, lasting=SAMPLE, keep=True),
        },
        max(3, options.rounds // 4),
    )
    table.row(
        f"chain of {large:,} sines", samples["large"], f"chain of {small:,} sines", samples["small"],
        scale=MICRO, at_most=BUDGET,
    )  # fmt: skip


# -- a transformer ------------------------------------------------------------------------------------


# Sizes of a batch that nothing has been recorded with yet.
_UNSEEN = itertools.count(3)


def functional(model: Model, batch: int = 2) -> gg.Graph:
    """The model's loss as functional calls on variables, in a new graph with all that it reads."""
    with gg.Graph().as_default() as graph:
        parameters = [gg.Variable(tensor) for tensor in model.parameters]
        model.loss(parameters, *_placeholders(model, batch))
    return graph


def modular(model: Model, module: Any, batch: int = 2) -> gg.Graph:
    """The forward pass of a module in a new graph, which its parameters join as variables."""
    with gg.Graph().as_default() as graph:
        module(_placeholders(model, batch)[0])
    return graph


def _placeholders(model: Model, batch: int) -> list[Any]:
    return [gg.placeholder(like.dtype, [batch, *like.shape[1:]]) for like in (model.inputs, model.targets)]


def layers(options: argparse.Namespace) -> list[Table]:
    """A transformer's linear, gelu and normalisation layers, as functions and as modules, again and anew."""
    depth = 2 if options.quick else 12
    table = Table(f"Recording the forward pass of a transformer of {depth} layers", "us per op")
    model = transformer(depth, batch=2, width=8, length=4)
    module = model.module()
    _layers(table, "functional calls", partial(functional, model), partial(_loss, model), options)
    _layers(table, "nn.Module", partial(modular, model, module), partial(module, model.inputs), options)
    return [table]


def _loss(model: Model) -> Any:
    return model.loss(model.parameters, model.inputs, model.targets)


def _layers(
    table: Table, style: str, record: Callable[..., gg.Graph], eager: Recorder, options: argparse.Namespace
) -> None:
    known = record()
    calls = sum(op.target is not None for op in known.get_operations())
    samples = interleave(
        {
            "ours": timer(record, len(known), lasting=SAMPLE, keep=True),
            "first": timer(lambda: record(batch=next(_UNSEEN)), len(known)),
            "networkx": timer(networkx_alone(known), len(known), lasting=SAMPLE, keep=True),
            "eager": timer(torch.no_grad()(eager), calls, lasting=SAMPLE),
        },
        options.rounds,
    )
    _rows(table, f"{style}, {calls} calls, {len(known) - calls} variables and others, second time", samples)
    table.row("  first time", samples["first"], "second time", samples["ours"], scale=MICRO)


# -- memory -------------------------------------------------------------------------------------------


def memory(options: argparse.Namespace) -> list[Table]:
    """Python's memory per recorded operation, as tracemalloc counts it."""
    length = 1000 if options.quick else 5000
    table = Table("Memory of a recorded operation", "bytes")
    record = in_new_graph(sines(length))
    graph = record().graph
    theirs = allocated(networkx_alone(graph)) / length
    table.row("one of a chain of sines", exactly(allocated(record) / length), "networkx node and edge", exactly(theirs))
    shown = allocated(partial(looked_at, record))
    table.row("  and graph.nx looked at", exactly(shown / length), "networkx node and edge", exactly(theirs))
    model = transformer(2 if options.quick else 12, batch=2, width=8, length=4)
    module = model.module()
    for style, record in (("functional", partial(functional, model)), ("nn.Module", partial(modular, model, module))):
        known = record()
        theirs = allocated(networkx_alone(known)) / len(known)
        mine = allocated(record) / len(known)
        table.row(f"one of a transformer, {style}", exactly(mine), "networkx node and edge", exactly(theirs))
    return [table]


def allocated(work: Callable[[], Any]) -> int:
    """The bytes that the result of `work` keeps alive."""
    gc.collect()
    tracemalloc.start()
    try:
        result = work()
        gc.collect()
        held = tracemalloc.get_traced_memory()[0]
        del result
    finally:
        tracemalloc.stop()
    return held


# -- starting -----------------------------------------------------------------------------------------

_FIRST_GRADIENT = """
import torch, graphgrad as gg
x = gg.placeholder(gg.float32, [5, 4])
w = gg.Variable(gg.ones([4, 3]))
h = gg.nn.relu(gg.matmul(x, w) + 1.0)
y = gg.reduce_mean(gg.tanh(h) * 2.0 + gg.sin(h)) + gg.reduce_sum(h)
session = gg.Session()
session.run(gg.global_variables_initializer())
session.run(gg.gradients(y, w), {x: [[1.0, 2.0, 3.0, 4.0]] * 5})
"""
_BY_HAND = """
import torch
x = torch.tensor([[1.0, 2.0, 3.0, 4.0]] * 5)
w = torch.ones(4, 3, requires_grad=True)
h = torch.relu(x @ w + 1.0)
torch.autograd.grad((torch.tanh(h) * 2.0 + torch.sin(h)).mean() + h.sum(), w)
"""


def start(options: argparse.Namespace) -> list[Table]:
    """A new process: what importing adds to torch's own import, and the time to a first gradient."""
    table = Table("From the start of a process", "seconds")
    scripts = {
        "torch": "import torch",
        "networkx": "import torch, networkx",
        "ours": "import torch, graphgrad",
        "hand": _BY_HAND,
        "gradient": _FIRST_GRADIENT,
    }
    with tempfile.TemporaryDirectory() as bytecode:
        processes = {name: partial(_process, script, bytecode) for name, script in scripts.items()}
        for process in processes.values():
            process()  # compiles
        timers = {name: timer(process) for name, process in processes.items()}
        samples = interleave(timers, max(2, options.rounds // 4))
    alone = samples["torch"]
    for what, name, budget in (("graphgrad", "ours", IMPORT_BUDGET), ("networkx", "networkx", None)):
        beyond = [both - torch_only for both, torch_only in zip(samples[name], alone, strict=True)]
        table.row(f"import {what}, beyond import torch", beyond, "import torch", alone, at_most=budget)
    table.row("process to a first gradient", samples["gradient"], "eager torch", samples["hand"])
    after = [whole - imported for whole, imported in zip(samples["gradient"], samples["ours"], strict=True)]
    table.row("  beyond import graphgrad", after, "import torch", alone, at_most=FIRST_BUDGET)
    return [table]


def _process(script: str, bytecode: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = bytecode  # what is installed has its bytecode beside it, a checkout may not
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, env=environment)


SECTIONS = {"elementwise": elementwise, "layers": layers, "memory": memory, "start": start}

if __name__ == "__main__":
    sys.exit(run_sections(arguments(__doc__, rounds=30), SECTIONS))
