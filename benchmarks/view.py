"""What pictures cost: `python benchmarks/view.py`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import networkx
import torch
from measure import Samples, Table, arguments, interleave, run_sections, timer
from torch import nn

import graphgrad as gg
from graphgrad.view.layout import mirror_layout, rows_of

SECONDS = 1.0  # to lay out 11,000 nodes
ANSWER = 300  # milliseconds until a page of 5,000 operations is drawn, and until it has answered a click
MILLI = 1e3
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or ""

# From a click to the picture that shows its answer.
_CLICK = """which => new Promise(done => {
  const node = [...document.querySelectorAll('#stage .gg-node')].find(each => each.ariaExpanded === 'false');
  const target = which === 'open' ? node.querySelector('.gg-toggle') : node.querySelector('path');
  const start = performance.now();
  for (const kind of ['pointerdown', 'pointerup']) target.dispatchEvent(new PointerEvent(kind, { bubbles: true }));
  requestAnimationFrame(() => setTimeout(() => done((performance.now() - start) / 1000)));
})"""


class Block(nn.Module):
    """A block of a residual perceptron: eleven operations."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.up, self.down = nn.LayerNorm(4), nn.Linear(4, 8), nn.Linear(8, 4)

    def forward(self, x: Any) -> Any:
        return x + self.down(torch.relu(self.up(self.norm(x))))


def picture(blocks: int) -> gg.Plot:
    """The gradient of a perceptron, 23 nodes a block."""
    with gg.Graph().as_default():
        model = nn.Sequential(*[Block() for _ in range(blocks)])
        loss = model(gg.placeholder(gg.float32, [None, 4], name="x")).square().mean()
        return gg.plot(loss, list(model.parameters()))


def layout(options: argparse.Namespace) -> list[Table]:
    """Every node in its place, nothing collapsed, next to networkx's layout in given rows."""
    table = Table("The mirror layout of a whole graph", "seconds")
    for blocks in (14, 60) if options.quick else (14, 480):
        graph = picture(blocks).graph
        networkx.set_node_attributes(graph, rows_of(graph), "row")
        samples = interleave(
            {
                "ours": timer(partial(mirror_layout, graph)),
                "theirs": timer(partial(networkx.multipartite_layout, graph, "row")),
            },
            options.rounds,
        )
        what = f"{len(graph):,} nodes, {graph.number_of_edges():,} edges"
        table.row(what, samples["ours"], "multipartite_layout: columns alone", samples["theirs"], at_most=SECONDS)
    return [table]


def page(options: argparse.Namespace) -> list[Table]:
    """A page in Chromium: from the address to the picture, and from a click to its answer."""
    if not CHROMIUM:
        print("\nno Chromium: no figures of the page")
        return []
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            return [_pages(options, browser, Path(folder))]
        finally:
            browser.close()


def _pages(options: argparse.Namespace, browser: Any, folder: Path) -> Table:
    table = Table("The page in Chromium", "ms")
    files = {}
    for name, blocks in {"small": 1, "large": 60 if options.quick else 218}.items():
        drawn = picture(blocks)
        files[name] = drawn.save(folder / f"{name}.html"), len(drawn.graph)
    (small, few), (large, many) = files["small"], files["large"]
    print(f"{many:,} nodes: {large.stat().st_size / 1024:.0f} KB; {few:,} nodes: {small.stat().st_size / 1024:.0f} KB")
    for what, action in {"opens": "", "a click on a node": "choose", "opening a fold": "open"}.items():
        samples: Samples = interleave(
            {"ours": partial(_timed, browser, large, action), "theirs": partial(_timed, browser, small, "")},
            min(options.rounds, 10),
        )
        table.row(
            f"{many:,} nodes: {what}", samples["ours"], f"{few:,} nodes: opens", samples["theirs"],
            scale=MILLI, at_most=ANSWER,
        )  # fmt: skip
    return table


def _timed(browser: Any, path: Path, action: str) -> float:
    """Seconds until a new page is drawn, or until it has answered a click."""
    tab = browser.new_page(viewport={"width": 1400, "height": 900})
    try:
        tab.goto(path.as_uri())
        tab.wait_for_function("performance.getEntriesByName('drawn').length")
        if not action:
            return float(tab.evaluate("performance.getEntriesByName('drawn')[0].startTime")) / MILLI
        return float(tab.evaluate(_CLICK, action))
    finally:
        tab.close()


SECTIONS: dict[str, Callable[[argparse.Namespace], list[Table]]] = {"layout": layout, "page": page}

if __name__ == "__main__":
    sys.exit(run_sections(arguments(__doc__, rounds=10), SECTIONS))
