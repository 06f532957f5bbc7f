"""Open scopes as they are drawn: a box around their nodes with their name, dashed around a row of equal ones."""

from __future__ import annotations

from .geometry import Layout, Region
from .label import fitted
from .layout import BUTTON, NAME, WIDEST
from .marks import Part, Shape, Text, rectangle

ROUND, INSET = 7.0, 9.0


def frames(layout: Layout) -> list[Part]:
    """The boxes of a layout, outer ones below inner ones."""
    return [
        Part([Shape(_style(region, layout), rectangle(region.left, region.top, region.width, region.height, ROUND))])
        for region in layout.regions
    ]


def names(layout: Layout) -> list[Part]:
    """What is written on the boxes, on a ground of its own: wires may pass below."""
    return [Part([_name(region, layout)]) for region in layout.regions]


def _name(region: Region, layout: Layout) -> Text:
    """On the side where no chain of values comes in: lanes are mirror images."""
    down = layout.lanes[region.lane].down
    x = region.left + INSET if down else region.left + region.width - INSET
    label = fitted(region.label, NAME, WIDEST - BUTTON)
    return Text("scope name", x, region.top + 13.5, label, NAME, "start" if down else "end")


def _style(region: Region, layout: Layout) -> str:
    return f"{'fold' if region.fold else 'scope'} {'forward' if layout.lanes[region.lane].down else 'backward'}"
