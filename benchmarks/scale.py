"""Large graphs: the time and the memory of each operation, from recording to running, at ten thousand to a million.

Each size has a process of its own: `python benchmarks/scale.py 100000`. Times are the processor's, so that what else
the machine does is left out; memory is the process's, seen from outside torch.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import torch
from measure import MICRO, Table, exactly
from programs import follow, random_program

import graphgrad as gg

SIZES, QUICK = (10_000, 100_000, 1_000_000), (1_000, 10_000)
GROWTH = 2.0  # the most by which the cost of an operation may grow from the smallest size to the largest
TABLE = {"sin": torch.sin, "tanh": torch.tanh, "add": torch.add, "mul": torch.mul}
STEPS = {
    "record": "recorded", "gradients": "differentiated", "prepare": "planned, written and compiled",
    "first": "run for the first time", "again": "run again", "hand": "by hand in eager torch, gradient included",
}  # fmt: skip


def scale(options: argparse.Namespace) -> list[Table]:
    """A random program and its gradient, at each size in a process of its own."""
    sizes = QUICK if options.quick else SIZES
    found = {size: _elsewhere(size) for size in sizes}
    time_table = Table("A random program and its gradient, processor time", "us per op")
    for step, words in STEPS.items():
        for size in sizes:
            time_table.row(
                f"{size:,} operations, {words}", exactly(found[size][step]), f"{sizes[0]:,} operations",
                exactly(found[sizes[0]][step]), scale=MICRO,
                ratio_at_most=GROWTH if size != sizes[0] and step != "hand" else None,
            )  # fmt: skip
    memory_table = Table("The same, memory beyond that of the imports", "bytes per op")
    for step in ("record", "prepare", "peak"):
        words = "peak of the process" if step == "peak" else f"held once {STEPS[step]}"
        for size in sizes[1:]:
            memory_table.row(
                f"{size:,} operations, {words}", exactly(found[size][f"{step} bytes"]), f"{sizes[0]:,} operations",
                exactly(found[sizes[0]][f"{step} bytes"]),
            )  # fmt: skip
    return [time_table, memory_table]


def _elsewhere(size: int) -> dict[str, float]:
    done = subprocess.run([sys.executable, __file__, str(size)], check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _held() -> int:
    """The bytes of memory that the process has now."""
    pages = Path("/proc/self/statm")
    if not pages.exists():
        return _most()
    return int(pages.read_text().split()[1]) * resource.getpagesize()


def _most() -> int:
    """The most bytes of memory that the process has had."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def figures(size: int) -> dict[str, float]:
    """Seconds and bytes per operation, by step."""
    lines, value = random_program(size), torch.linspace(0.1, 0.9, 8)
    found: dict[str, float] = {}
    with gg.Graph().as_default() as graph:
        x = gg.placeholder(gg.float32, [8])
        slope = gg.gradients(follow(lines[:200], TABLE, x), x)  # what the first call of all imports and compiles
        gg.Session(graph).run(slope, {x: value})
    gc.collect()
    gc.freeze()  # each full collection would look at what imports have made, which takes a tenth of a second
    begun, moment = _held(), time.process_time()

    def lap(step: str) -> None:
        nonlocal moment
        found[step] = (time.process_time() - moment) / size
        found[f"{step} bytes"] = (_held() - begun) / size
        moment = time.process_time()

    with gg.Graph().as_default() as graph:
        x = gg.placeholder(gg.float32, [8])
        y = follow(lines, TABLE, x)
        lap("record")
        slope = gg.gradients(y, x)
        lap("gradients")
        run = gg.Session(graph, outputs="torch").make_callable(slope, [x])
        lap("prepare")
        (first,) = run(value)
        lap("first")
        run(value)
        lap("again")
    found["peak bytes"] = (_most() - begun) / size
    x = value.clone().requires_grad_()
    (hand,) = torch.autograd.grad(follow(lines, TABLE, x).sum(), x)
    lap("hand")
    if not torch.equal(first, hand):
        raise SystemExit(f"{size} operations: the gradient is another than by hand")
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(figures(int(sys.argv[1]))))
