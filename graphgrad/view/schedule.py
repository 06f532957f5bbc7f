"""The picture of a plan: its steps from top to bottom, the sweeps beside them, and the life of each value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..graph.operation import Role
from ..ground.reading import Reading
from ..plan.steps import Plan
from .bands import Band, bands
from .emblem import form, outline
from .gauge import bar, text_style, words, written
from .geometry import MARGIN, Box
from .gradient_graph import Graph
from .label import fitted, width
from .marks import Part, Scene, Shape, Text, line, polygon, rectangle
from .planned import Life, Planned, planned

PITCH, HEIGHT = 30.0, 22.0
TITLE, NOTE, SPEC, TAG = 11.0, 9.5, 8.5, 8.0
NARROW, WIDE = 170.0, 400.0  # of the boxes
TRACK, BRACKET = 13.0, 13.0  # between lifelines, between sweeps
GAUGE = 58.0
_TOP = MARGIN + 22


def schedule(plan: Plan, graph: Graph) -> Scene:
    """The picture of a plan.

    Args:
        plan: what runs.
        graph: the same as `plan_graph` gives it, perhaps with readings.
    """
    found = planned(plan)
    return _Drawing(found, bands(found.rows), graph).scene()


@dataclass
class _Line:
    """A lifeline in positions of bands, its track, and how many values live so."""

    life: Life
    born: int
    uses: list[int]
    died: int
    held: int
    track: int = 0
    count: int = 1

    @property
    def look(self) -> Any:
        """What it has in common with those that are drawn as one with it."""
        life = self.life
        kind = life.value.op.role is Role.GRADIENT
        return self.born, tuple(self.uses), self.died, self.held, life.stays, life.borrowed, kind


@dataclass
class _Drawing:
    found: Planned
    bands: list[Band]
    graph: Graph
    lines: list[_Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.band_of = {n: k for k, band in enumerate(self.bands) for n in band.places}
        self.readings = [self._reading(band) for band in self.bands]
        self.spans = [(self.band_of[at], sorted({self.band_of[n] for n in path})) for at, path in self.found.spans]
        self.numbers = MARGIN - 8 + max([32.0, *(width(band.number, 10) for band in self.bands)])
        self.left = self.numbers + 12 + BRACKET * len(self.spans)
        self.wide = min(max([NARROW, *(_asked(band) for band in self.bands)]), WIDE)
        specs = [width(fitted(_spec(band), SPEC, 150), SPEC) for band in self.bands]
        self.measured = self.left + self.wide + 14 + max(specs, default=0.0) + 10
        self.life = self.measured + (GAUGE + 18 if any(self.readings) else 6)
        self._lay_tracks()
        tracks = max((each.track for each in self.lines), default=-1) + 1
        self.right = self.life + max(TRACK * tracks, 60) + 10
        self.bottom = self.y(len(self.bands)) - PITCH / 2

    def y(self, band: int) -> float:
        """The middle of a row."""
        return _TOP + HEIGHT + band * PITCH

    def x(self, track: int) -> float:
        """The middle of a track."""
        return self.life + TRACK * (track + 0.5)

    def _reading(self, band: Band) -> Reading | None:
        found = [self.graph.nodes[row.key].get("reading") for row in band.rows]
        present = [each for each in found if each is not None]
        order = ("", "zero", "inf", "nan")
        return max(present, key=lambda each: (order.index(each.alarm), each.level), default=None)

    def _lay_tracks(self) -> None:
        """A track for each life that leaves its row; a track is free again where a life has ended."""
        free: list[int] = []
        alike: dict[Any, _Line] = {}
        for life in self.found.lives:
            born, uses = self.band_of[life.born], sorted({self.band_of[n] for n in life.uses})
            last = len(self.bands)
            died = last if life.stays else max([born, *uses])
            held = self.band_of[life.held] if life.held >= 0 and not life.borrowed else died
            if max(died, held) == born:
                continue
            each = _Line(life, born, uses, died, max(died, held))
            if (same := alike.setdefault(each.look, each)) is not each:
                same.count += 1
                continue
            each.track = next((n for n, end in enumerate(free) if end < born), len(free))
            free[each.track : each.track + 1] = [each.held]
            self.lines.append(each)

    # -- shapes -----------------------------------------------------------------------------------

    def scene(self) -> Scene:
        legend, room = self._legend()
        wide = max(self.right + MARGIN - 10, 560.0)
        high = self.bottom + 34 + room
        parts = [Part([Shape("paper", rectangle(0, 0, wide, high))]), *self._heads()]
        parts += [Part(list(self._guide(n))) for n in range(len(self.bands))]
        parts += [Part(list(self._span(n, *span))) for n, span in enumerate(self.spans)]
        parts += [Part(list(self._lifeline(each)), tip=_told(each.life)) for each in self.lines]
        parts += [self._box(n, band) for n, band in enumerate(self.bands)]
        return Scene(wide, high, [*parts, legend])

    def _heads(self) -> Iterator[Part]:
        heads = [("step", self.numbers, "end"), ("operation", self.left + 2, "start")]
        heads += [("gives", self.left + self.wide + 14, "start"), ("values: born, read, dead", self.life + 2, "start")]
        if any(self.readings):
            heads.append(("measured", self.measured, "start"))
        yield Part([Text("caption", x, MARGIN + 4, text, 10, anchor) for text, x, anchor in heads])
        yield Part([Shape("axis", line((MARGIN, MARGIN + 12), (self.right, MARGIN + 12)))])

    def _guide(self, n: int) -> Iterator[Shape | Text]:
        """The line from a row to the lives that it begins or reads, what it gives, and what was measured."""
        tracks = [self.x(each.track) for each in self.lines if each.born == n or n in each.uses]
        y = self.y(n)
        if tracks:
            yield Shape("guide", line((self.left + self.wide, y), (max(tracks), y)))
        yield Text("spec", self.left + self.wide + 14, y + 3, fitted(_spec(self.bands[n]), SPEC, 150), SPEC, "start")
        reading = self.readings[n]
        if reading is not None:
            yield from self._gauge(reading, self.measured, y, self.bands[n].rows[0].kind != "sweep")

    def _gauge(self, reading: Reading, x: float, y: float, forward: bool) -> Iterator[Shape | Text]:
        text, size = written(words(reading), GAUGE - 4)
        yield from bar(reading, x, y - 6, GAUGE, 12, forward)
        yield Text(text_style(reading), x + GAUGE / 2, y + 3, text, size)

    def _span(self, n: int, at: int, path: list[int]) -> Iterator[Shape | Text]:
        """A sweep: from its row up to the first step that it differentiates, with a tick at each."""
        x = self.left - 8 - BRACKET * (len(self.spans) - 1 - n)
        top, low = self.y(min([*path, at])), self.y(at)
        yield Shape("cotangent", line((self.left, low), (x, low), (x, top)))
        for band in path:
            y = self.y(band)
            yield Shape("cotangent", line((x, y), (x + 3, y)))
            yield Shape("cotangent head", polygon((x + 6.5, y), (x + 2, y - 2.6), (x + 2, y + 2.6)))

    def _lifeline(self, each: _Line) -> Iterator[Shape | Text]:
        x, life = self.x(each.track), each.life
        kind = "cotangent" if life.value.op.role is Role.GRADIENT else "forward"
        style = "read" if life.borrowed else kind
        top, low = self.y(each.born), self.y(each.died) if not life.stays else self.bottom + 4
        if each.held > each.died:
            yield Shape("saved", line((x, low), (x, self.y(each.held))))
            yield from self._cap("held cap", x, self.y(each.held) + 7, self.y(each.held))
        yield Shape(style, line((x, top), (x, low)))
        if life.stays:
            yield Shape(f"{style} head", polygon((x, low + 6), (x - 3.5, low - 1), (x + 3.5, low - 1)))
        elif not life.borrowed and each.held <= each.died:
            yield from self._cap(style, x, low + 7, low)
        yield Shape(f"{style} head", rectangle(x - 3.6, top - 3.6, 7.2, 7.2, 3.6))
        if each.count > 1:
            yield Text("spec", x, top - 6, f"×{each.count}", 7.5)
        for use in each.uses:
            if use > each.born:
                yield Shape(f"{style} head", rectangle(x - 2.1, self.y(use) - 2.1, 4.2, 4.2, 2.1))

    def _cap(self, style: str, x: float, y: float, above: float) -> Iterator[Shape]:
        """The end of a life: a bar across it."""
        yield Shape("saved" if style == "held cap" else style, line((x, above), (x, y)))
        yield Shape("held cap" if style == "held cap" else style, line((x - 4, y), (x + 4, y)))

    def _box(self, n: int, band: Band) -> Part:
        row, y = band.rows[0], self.y(n)
        node: Mapping[str, Any] = self.graph.nodes[row.key]
        single = len(band.rows) == 1
        style = form(node) if single else "op"
        box = Box(self.left + self.wide / 2, y, self.wide, HEIGHT, 0, n)
        part = Part(node=row.key, tip="\n".join(_tips(band)))
        if not single:
            part.marks += [Shape("shadow", outline("op", box, 6, -3)), Shape("shadow", outline("op", box, 3, -1.5))]
        pill = single and style in ("placeholder", "context") and not row.op.reads
        part.marks.append(Shape(style, outline("pill" if pill else style, box)))
        tags = [tag for tag in band.tags if tag not in ("stop", "taped")]
        right = box.x + self.wide / 2 - 9
        for tag in reversed(tags):
            wide = width(tag, TAG) + 9
            right -= wide
            part.marks.append(Shape("tag", rectangle(right, y - 6, wide, 12, 3)))
            part.marks.append(Text("badge", right + wide / 2, y + 2.9, tag, TAG))
            right -= 3
        x = self.left + 12
        part.marks.append(Text("title", x, y + 3.8, band.title, TITLE, "start"))
        x += width(band.title, TITLE) * 1.06 + 7
        part.marks.append(Text("note", x, y + 3.6, fitted(band.note, NOTE, right - x - 2), NOTE, "start"))
        if number := band.number:
            part.marks.append(Text("caption", self.numbers, y + 3.5, number, 10, "end"))
        return part

    def _legend(self) -> tuple[Part, float]:
        """What the lines mean that occur."""
        entries = []
        owned = [each for each in self.lines if not each.life.borrowed]
        if any(each.life.value.op.role is not Role.GRADIENT for each in owned):
            entries.append(("forward", "a value: a dot where it is born and read, a bar where it dies"))
        if any(each.life.value.op.role is Role.GRADIENT for each in owned):
            entries.append(("cotangent", "a gradient; on the left, what its sweep differentiates"))
        if any(each.held > each.died for each in self.lines):
            entries.append(("saved", "kept for a sweep that needs it"))
        if any(each.life.borrowed for each in self.lines):
            entries.append(("read", "memory of the caller or the session"))
        if any(each.life.stays for each in self.lines):
            entries.append(("", "▾ fetched or assigned"))
        part, x, y = Part(), MARGIN, self.bottom + 36
        for style, text in entries:
            wide = (34 if style else 6) + width(text, 9.5)
            if x + wide > max(self.right, 530) and x > MARGIN:
                x, y = MARGIN, y + 16
            if style:
                part.marks.append(Shape(style, line((x, y), (x + 24, y))))
            part.marks.append(Text("caption", x + (29 if style else 0), y + 3.2, text, 9.5, "start"))
            x += wide + 14
        return part, y - self.bottom - 22


def _asked(band: Band) -> float:
    """The width that the texts of a row ask for."""
    tags = sum(width(tag, TAG) + 12 for tag in band.tags if tag not in ("stop", "taped"))
    return width(band.title, TITLE) * 1.06 + width(band.note, NOTE) + tags + 38


def _spec(band: Band) -> str:
    if len(band.rows) > 1:
        return ""
    specs = [repr(value.spec) for value in band.rows[0].gives]
    return ", ".join(specs[:2]) + (f", … {len(specs)}" if len(specs) > 2 else "")


def _tips(band: Band) -> Iterator[str]:
    for row in band.rows[:12]:
        yield " ".join([str(row.number) if row.number else "fed", row.title, row.note, *row.tags])
    if len(band.rows) == 1:
        yield band.rows[0].op.where()


def _told(life: Life) -> str:
    return f"{life.value.name}  {life.value.spec!r}"
