"""The directive `floor-diagram`: the floors as an SVG, drawn from the imports that the code really has."""

from html import escape
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive

from tests.house.floors import FLOORS, HEIGHT, floor_edges

ROW, GAP, LEFT, WIDTH, REACH = 34, 12, 8, 380, 300  # pixels


def top(floor: str) -> int:
    """The y of a floor's upper edge: the highest floor is drawn first."""
    return GAP + (len(FLOORS) - 1 - HEIGHT[floor]) * (ROW + GAP)


def room(floor: str, members: tuple[str, ...]) -> str:
    """One floor: its name, and what is on it."""
    y = top(floor)
    named = "" if members == (floor,) else ", ".join(members)
    return (
        f'<rect x="{LEFT}" y="{y}" width="{WIDTH}" height="{ROW}" rx="4" fill="currentColor" '
        f'fill-opacity="0.07" stroke="currentColor" stroke-opacity="0.4"/>'
        f'<text x="{LEFT + 12}" y="{y + 22}" font-weight="600">{HEIGHT[floor]}&#160; {escape(floor)}</text>'
        f'<text x="{LEFT + 120}" y="{y + 22}" fill-opacity="0.7">{escape(named)}</text>'
    )


def arc(reader: str, read: str, count: int) -> str:
    """One arrow, from the floor that reads down to the floor that is read; wider where more is read."""
    x = LEFT + WIDTH
    start, end = top(reader) + ROW * 0.65, top(read) + ROW * 0.35
    bulge = x + REACH * (HEIGHT[reader] - HEIGHT[read]) / len(FLOORS) * 1.25 + 12
    width = min(1 + count / 6, 4)
    return (
        f'<path d="M{x},{start} C{bulge:.0f},{start} {bulge:.0f},{end} {x + 7},{end}" fill="none" '
        f'stroke="currentColor" stroke-opacity="0.45" stroke-width="{width:.1f}">'
        f"<title>{escape(reader)} reads {escape(read)}: {count} imports</title></path>"
        f'<path d="M{x},{end} l8,-4 v8 z" fill="currentColor" fill-opacity="0.7"/>'
    )


def diagram() -> str:
    """The whole SVG, as text."""
    height = top(FLOORS[0][0]) + ROW + GAP
    edges = sorted(floor_edges().items())
    drawn = [room(floor, members) for floor, members in FLOORS]
    drawn += [arc(reader, read, count) for (reader, read), count in edges]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + REACH} {height}" role="img" '
        f'aria-label="The floors of graphgrad and which reads which" font-family="sans-serif" font-size="14" '
        f'fill="currentColor" style="max-width:100%">{"".join(drawn)}</svg>'
    )


def listing() -> str:
    """The same as text, for every format that shows no SVG."""
    reads: dict[str, list[str]] = {floor: [] for floor, _ in FLOORS}
    for reader, read in sorted(floor_edges(), key=lambda edge: HEIGHT[edge[1]]):
        reads[reader].append(read)
    return "\n".join(
        f"{HEIGHT[floor]:2} {floor:10} reads {', '.join(reads[floor]) or '-'}" for floor, _ in FLOORS[::-1]
    )


class FloorDiagram(Directive):
    """`floor-diagram`, without arguments."""

    def run(self) -> list[nodes.Node]:
        text = listing()
        return [nodes.raw("", diagram(), format="html"), nodes.literal_block(text, text, language="text")]


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("floor-diagram", FloorDiagram)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
