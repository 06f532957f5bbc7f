"""The ways to make a program of a flat graph, one for each tier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch.fx import Node

from ...graph.operation import Operation
from ...ground.progress import waiting
from ..program import Program
from . import cudagraph
from .cleaning import clean, hoist_numbers
from .early import update_early
from .flat import Flat
from .inductor import Compiled, carry_out, job_of, missing
from .stretch import Stretch
from .stretches import Unit, copied, joined, parts
from .writing import write

# What is there to say about a program, with the operation that stands in the way of more.
Note = tuple[str, Operation | None]


@dataclass(slots=True)
class Built:
    """A program of a flat graph.

    Attributes:
        notes: what is there to say about how it was made.
        holds: whether it is right for sizes, by name: all of these must say so.
    """

    program: Program
    notes: list[Note] = field(default_factory=list)
    holds: list[Callable[..., bool]] = field(default_factory=list)


def traced(flat: Flat, original: Program) -> Built:
    """Kernel by kernel."""
    clean(flat, original.plan.passes)
    if original.plan.passes.early:
        update_early(flat)
    return Built(write(flat, original))


def compiled(flat: Flat, original: Program) -> Built:
    """Stretches by Inductor, the rest kernel by kernel; all of it so where Inductor can't be used."""
    clean(flat, original.plan.passes, numbers=False)
    reason = missing() or pointless(flat, original)
    return Built(plain(flat, original), [(f"not by Inductor: {reason}", None)]) if reason else assembled(flat, original)


def pointless(flat: Flat, original: Program) -> str:
    """Why a compiler is not worth its time; '' if it may be. Initializers run once."""
    given = len(original.plan.feeds) + len(original.states)
    used = [node for node in list(flat.graph.nodes)[:given] if node.users]
    return "" if used else "it reads neither feeds nor variables"


def assembled(flat: Flat, original: Program) -> Built:
    """Stretches of a cleaned flat graph by Inductor, the rest kernel by kernel."""
    found = list(parts(flat))
    stretches = [part for part in found if isinstance(part, Stretch)]
    functions: dict[Stretch, Any] = {}
    notes: list[Note] = []
    names = ", ".join(value.name for value in original.plan.fetches[:2]) or "a run"
    with waiting(f"compiling {names}"):
        for number, stretch in enumerate(stretches):
            try:
                functions[stretch] = Compiled(stretch, carry_out(job_of(stretch)), number)
            except Exception as error:  # of Inductor, of the C++ compiler: kernel by kernel it runs all the same
                op = flat.ops.get(stretch.nodes[0])
                notes.append((f"{stretch.kernels} kernels not by Inductor: {_line(error)}", op))
    return Built(
        write(joined(flat, found, functions), original) if functions else plain(flat, original),
        [_summary(list(functions.values())), *notes, *_left(flat, found)],
        [each.product.holds for each in functions.values() if each.product.holds is not None],
    )


def captured(flat: Flat, original: Program) -> Built:
    """Stretches as CUDA graphs, the rest kernel by kernel."""
    clean(flat, original.plan.passes)
    found = list(parts(flat, cudagraph.outside))
    stretches = [part for part in found if isinstance(part, Stretch)]
    functions = {stretch: cudagraph.Captured(stretch, number) for number, stretch in enumerate(stretches)}
    kernels = sum(stretch.kernels for stretch in stretches)
    summary = f"CUDA graphs: {_count(len(stretches), 'stretch', 'stretches')} of {_count(kernels, 'kernel')}"
    return Built(write(joined(flat, found, functions), original), [(summary, None), *_left(flat, found)])


def plain(flat: Flat, original: Program) -> Program:
    """The program of a cleaned flat graph that stays as it is."""
    copy = copied(flat)
    if original.plan.passes.fold:
        hoist_numbers(copy)
    return write(copy, original)


BACKENDS: dict[str, Callable[[Flat, Program], Built]] = {
    "trace": traced, "inductor": compiled, "cudagraph": captured, "auto": traced,
}  # fmt: skip


def _summary(made: list[Compiled]) -> Note:
    kernels = sum(each.stretch.kernels for each in made)
    seconds, hits = sum(each.product.seconds for each in made), sum(each.product.hit for each in made)
    files = ", ".join(name for each in made for name in each.product.files)
    matmuls = sum(each.product.matmuls for each in made)
    text = f"Inductor: {_count(len(made), 'stretch', 'stretches')} of {_count(kernels, 'kernel')} in {seconds:.1f} s"
    text += f", {hits} from its cache" + (f"; {_count(matmuls, 'product')} of matrices by oneDNN" if matmuls else "")
    return text + (f"; {files}" if files else ""), None


def _left(flat: Flat, found: list[Unit | Stretch]) -> list[Note]:
    """Why kernels stayed eager, with the first operation of each reason."""
    reasons: dict[str, list[Node]] = {}
    for part in found:
        if isinstance(part, Unit):
            reasons.setdefault(part.eager, []).extend(part.nodes)
    return [
        (f"{_count(len(nodes), 'kernel')} between stretches: {why}", next(filter(None, map(flat.ops.get, nodes)), None))
        for why, nodes in reasons.items()
    ]


def _line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
