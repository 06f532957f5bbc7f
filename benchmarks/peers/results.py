"""The comparison as Markdown: a table of each framework's best, then each row with all contestants."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from environments import FRAMEWORKS
from machine import Machine
from measure import figure
from rounds import OURS, Outcome, Result, shown

PEERS = [name for name in FRAMEWORKS if name != OURS]
TITLES = {"torch": "torch by hand", "tensorflow": "TensorFlow", "jax": "JAX", "pytensor": "PyTensor"}
# Where graphgrad may be behind, and against whom it must still be ahead.
CONCEDED = {"start": ("tensorflow",)}


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown; the first column holds words, the others figures."""
    heads = list(heads)
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def behind(results: list[Result]) -> list[str]:
    """The rows in which a peer is ahead for certain: the lower bound of the ratio is above 1."""
    lines = []
    for result in results:
        for peer in CONCEDED.get(result.name, PEERS):
            best = result.best(peer)
            quotient = result.ratio(best) if best is not None else None
            if best is not None and quotient is not None and quotient.low > 1:
                lines.append(f"{result.title}: {figure(quotient.middle)} x the time of {best.contestant}")
    return lines


def summary(results: list[Result]) -> str:
    """Each framework by its fastest tier, and the ratio of graphgrad's time to it."""
    heads = ["", OURS, *(TITLES[peer] for peer in PEERS)]
    return table(heads, [[_title(each), _ours(each), *(_peer(each, peer) for peer in PEERS)] for each in results])


def _title(result: Result) -> str:
    return f"{result.title} ({result.unit})"


def _ours(result: Result) -> str:
    best = result.best(OURS)
    return "none" if best is None else f"{figure(best.middle * result.scale)} {best.contestant.word}"


def _peer(result: Result, peer: str) -> str:
    best = result.best(peer)
    quotient = result.ratio(best) if best is not None else None
    if best is None or quotient is None:
        return "none"
    return f"{figure(best.middle * result.scale)} {best.contestant.word}: **{figure(quotient.middle)}**"


def detail(result: Result) -> str:
    """Every contestant of a row."""
    heads = ["", result.unit, "graphgrad's best takes", "first answer, s", "memory, MB", "difference"]
    lines = [f"### {result.name}", "", f"{result.title[0].upper()}{result.title[1:]}.", ""]
    lines.append(table(heads, [_line(result, each) for each in result.outcomes if each.samples]))
    refusals = [f"- {each.contestant}: {each.refused}" for each in result.outcomes if each.refused]
    if refusals:
        lines += ["", *refusals]
    if result.floor is not None:
        lines += ["", _floor(result, result.floor)]
    return "\n".join(lines)


def _line(result: Result, outcome: Outcome) -> list[str]:
    quotient = result.ratio(outcome)
    return [
        str(outcome.contestant),
        shown(outcome.samples, result.scale),
        f"{quotient} x" if quotient is not None else "",
        "" if outcome.first is None else figure(outcome.first),
        "" if outcome.peak is None else f"{outcome.peak / 1e6:.1f}",
        "" if outcome.error is None else f"{outcome.error:.0e}",
    ]


def _floor(result: Result, floor: float) -> str:
    best = result.best(OURS)
    times = "" if best is None else f"; graphgrad takes {figure(best.middle / floor)} times that"
    return f"Floor, by arithmetic and memory traffic alone: {figure(floor * result.scale)} {result.unit}{times}."


def page(results: list[Result], machine: Machine, versions: str, options: str, plot: Path | None) -> str:
    """The whole page."""
    lost = behind(results)
    return "\n".join(
        [
            "# graphgrad beside its peers",
            "",
            f"Written by `python benchmarks/peers`. {versions}. {options}.",
            f"The machine: {machine}.",
            "",
            "All contestants of a row are alive at once and give one sample a round. A framework's time is that of its",
            "fastest tier, the median of its samples; in bold stands graphgrad's time divided by it, the median of the",
            "ratios within a round, so below 1 graphgrad is ahead. `README.md` says what is timed.",
            "",
            *([f"![graphgrad's time over each peer's]({plot.name})", ""] if plot is not None else []),
            summary(results),
            "",
            "## Where graphgrad is behind",
            "",
            *([f"- {line}" for line in lost] or ["Nowhere, by the lower bound of the ratio."]),
            "",
            "## Row by row",
            "",
            "The first answer counts everything after the imports: recording, compiling, the first run. Memory is what",
            "the process takes at its largest during three later calls, beyond what it took before the row's inputs.",
            "The difference is that of the answers from torch's by hand, over their largest number. Bounds are in",
            "brackets.",
            "",
            "\n\n".join(detail(result) for result in results),
            "",
        ]
    )
