"""The ratios as a picture: a line for each row, a mark for each peer."""

from __future__ import annotations

from pathlib import Path

import matplotlib
from results import PEERS, TITLES
from rounds import Result

matplotlib.use("svg")

from matplotlib import pyplot  # noqa: E402

MARKS = {"torch": "o", "tensorflow": "s", "jax": "^", "pytensor": "D"}
COLOURS = {"torch": "#c2410c", "tensorflow": "#b45309", "jax": "#1d4ed8", "pytensor": "#047857"}


def draw(results: list[Result], path: Path) -> None:
    """Write the picture: graphgrad's time over that of each peer's fastest tier, on a logarithmic axis."""
    pyplot.rcParams["svg.hashsalt"] = "peers"
    figure, axes = pyplot.subplots(figsize=(9, 0.36 * len(results) + 1.6))
    for line, result in enumerate(results):
        axes.axhline(line, color="#e5e7eb", linewidth=0.8, zorder=0)
        for peer in PEERS:
            best = result.best(peer)
            quotient = result.ratio(best) if best is not None else None
            if quotient is not None:
                colour = COLOURS[peer]
                axes.plot([quotient.low, quotient.high], [line, line], color=colour, linewidth=2, alpha=0.5)
                axes.plot(quotient.middle, line, MARKS[peer], color=colour, label=TITLES[peer], markersize=6)
    axes.axvline(1, color="#111827", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(range(len(results)), [result.name for result in results])
    axes.invert_yaxis()
    axes.set_xlabel("graphgrad's time divided by the peer's: left of the line graphgrad is ahead")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    axes.legend(handles.values(), handles.keys(), ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)
