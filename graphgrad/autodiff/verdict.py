"""What `gg.explain` answers: a verdict per x, as data, as text, as a tree and as HTML for a notebook."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ..graph.operation import Operation
from ..graph.origin import short
from ..ground.errors import message

SHOWN = 12  # breaks that a text spells out; `breaks` has them all
_NAME, _TOLD = 96, 240  # characters of a name and of a sentence in a tree
_RUN = 6  # operations in a row that a tree or a path lists; longer runs are folded


@dataclass(frozen=True)
class Break:
    """A place where a gradient on its way back to an x is lost.

    Attributes:
        kind: 'stop', 'integer', 'stop_gradient' (detach, too), 'no_grad', 'no derivative' (it does not depend
            on what went in), or 'not implemented' (torch lacks it: gradients() raises LookupError if it gets here).
        op: the operation at which it happens; one of a body's, if it happens inside a branch or a loop.
        within: then, the branch or loop of the graph that was asked; None otherwise.
        tensor: the name of the tensor that does not let it through.
        hint: what to do.
        reason: what happens, in words.
        label: the tensor's name on the routes of a verdict.
        lost: the names there of what the operation read and passes no gradient on to.
    """

    kind: str
    op: Operation
    tensor: str
    hint: str
    reason: str = ""
    label: str = field(default="", repr=False, compare=False)
    lost: list[str] = field(default_factory=list, repr=False, compare=False)
    within: Operation | None = None

    def __str__(self) -> str:
        return message(f"{self.reason or self.kind} ({self.tensor})", self.op, self.hint)

    @property
    def place(self) -> str:
        """`model.py:34`, or nothing."""
        filename, line = self.op.traceback
        return f"{short(filename)}:{line}" if filename else ""


@dataclass
class Verdict:
    """The answer for one x; prints as text.

    Attributes:
        x: its name.
        connected: whether some y depends on it.
        breaks: every place where a path from it to a y is cut, from x towards y; empty if no path is. A connected x
            has some where one path is open and another is cut.
        path: if it is connected, the names of the operations on a shortest path from x to a y.
        note: a clause: how many places, or what is not a break (no path at all, x downstream of the ys).
        nearest: for an unconnected x, the tensor closest to it that the ys are still connected to.
        open: if it is connected, the tensors on the path.
        routes: ways from x to a y that pass the breaks, as names of tensors; between them they pass the first dozen.
    """

    x: str
    connected: bool
    breaks: list[Break] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    note: str = ""
    nearest: str = ""
    open: list[str] = field(default_factory=list, repr=False)
    routes: list[list[str]] = field(default_factory=list, repr=False)

    def __str__(self) -> str:
        if self.connected:
            lines = [f"{self.x} is connected: {' -> '.join(_folded(self.path))}"]
            lines += [self._also(each) for each in self.breaks[:SHOWN]]
        else:
            lines = [f"no gradient reaches {self.x}: {self.note}"]
            lines += [str(each) for each in self.breaks[:SHOWN]]
        if len(self.breaks) > SHOWN:
            lines.append(f"... and {len(self.breaks) - SHOWN} more places: {', '.join(self._others())}")
        if self.nearest:
            lines.append(f"  nearest  {self.nearest} is still connected")
        return "\n".join(lines)

    def tree(self) -> str:
        """The ways from the ys down to x, with a mark at each break; `Explanation.tree` says more."""
        return Explanation([self]).tree()

    def _repr_html_(self) -> str:
        return Explanation([self])._repr_html_()

    @property
    def symbol(self) -> str:
        """✓ connected, ◐ connected but cut on another path, ✗ not connected."""
        if self.connected:
            return "◐" if self.breaks else "✓"
        return "✗"

    def route(self, broken: Break) -> list[str]:
        """The names of the tensors on a way from x to a y that this break cuts; empty for all but the first dozen."""
        for route in self.routes:
            if any(after == broken.label and before in broken.lost for before, after in _steps(route)):
                return route
        return []

    def _also(self, broken: Break) -> str:
        route = [_plain(label) for label in self.route(broken)]
        between, end = route[1:-1], route[-1:] or ["the ys"]
        way = f" through {' -> '.join(_folded(between, {_plain(broken.label)}))}" if between else ""
        told = f"it also reaches {end[0]}{way}, cut here: {broken.reason or broken.kind} ({broken.tensor})"
        return message(told, broken.op, broken.hint)

    def _others(self) -> Iterator[str]:
        names = list(dict.fromkeys(each.op.name for each in self.breaks[SHOWN:]))
        yield from names[:SHOWN]
        if len(names) > SHOWN:
            yield "..."


@dataclass
class Explanation:
    """What `gg.explain` returns: a verdict per x; prints as text, and shows itself in a notebook."""

    verdicts: list[Verdict]

    def __str__(self) -> str:
        return "\n".join(str(verdict) for verdict in self.verdicts)

    __repr__ = __str__

    def __getitem__(self, position: int) -> Verdict:
        return self.verdicts[position]

    def __len__(self) -> int:
        return len(self.verdicts)

    def tree(self) -> str:
        """The ways from each y down to the xs, as text.

        A step down a column is a step back towards the xs; `├─` starts a side branch, `└─` ends a column.
        A line with ✗ between two tensors is where a gradient is lost, and long runs are folded.

        >>> import graphgrad as gg
        >>> x = gg.constant(2.0, name="x")
        >>> y = gg.multiply(gg.floor(x, name="f"), x, name="y")
        >>> print(gg.explain(y, x).tree())  # doctest: +ELLIPSIS
        y
        ├─ ✓ x   connected
        │  f
        │  ✗ cut in f: nothing flows through this operation: ...
        └─ ◐ x   cut on this path, connected on another
        """
        return _tree(self.verdicts, _most(self.verdicts))

    def lacking(self) -> list[str]:
        """The ways on which a gradient meets an operation that torch has no gradient for, from the ys to the xs."""
        found = []
        for verdict in self.verdicts:
            for each in verdict.breaks:
                if each.kind == "not implemented" and (route := verdict.route(each)):
                    names = [_plain(verdict.x), *map(_plain, route[1:])][::-1]
                    found.append(" <- ".join(_folded(names, {_plain(each.label)})))
        return list(dict.fromkeys(found))

    def _repr_html_(self) -> str:
        """A `<details>` per x; no script, and readable without its colours."""
        connected = sum(verdict.connected for verdict in self.verdicts)
        head = f"a gradient reaches {connected} of {len(self.verdicts)} xs" if len(self.verdicts) != 1 else ""
        most, unfolded = _most(self.verdicts), len(self.verdicts) <= 3
        parts = [_details(verdict, most, unfolded) for verdict in self.verdicts]
        return f'<div style="line-height:1.4">{head}{"".join(parts)}</div>'


# -- names ------------------------------------------------------------------------------------------------


def _plain(label: str) -> str:
    return label.removesuffix(":0")


def _clear(text: str, widest: int = _NAME) -> str:
    """The text on one line, not too wide, without characters that move others about."""
    seen = "".join([c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text])
    return seen if len(seen) <= widest else f"{seen[: widest // 2]}…{seen[1 - widest // 2 :]}"


def _steps(route: Sequence[str]) -> Iterable[tuple[str, str]]:
    return zip(route, route[1:], strict=False)


def _folded(names: Sequence[str], kept: Iterable[str] = ()) -> list[str]:
    """The names, a long run of those that need not be kept as `... 37 operations ...`."""
    special = {n for n, name in enumerate(names) if name in set(kept)} | {0, len(names) - 1}
    found: list[str] = []
    run: list[str] = []
    for n, name in enumerate(names):
        if n in special:
            found += [*_fold(run), name]
            run = []
        else:
            run.append(name)
    return found


def _fold(run: list[str]) -> list[str]:
    return run if len(run) <= _RUN else [*run[:2], f"... {len(run) - 4} operations ...", *run[-2:]]


# -- the tree ---------------------------------------------------------------------------------------------


class _Twig:
    """A tensor, a cut or an x in a tree of routes, which grow from the ys."""

    __slots__ = ("text", "below", "height", "plain")

    def __init__(self, text: str, plain: bool = True) -> None:
        self.text = text
        self.plain = plain  # whether a run of such may be folded
        self.below: dict[str, _Twig] = {}
        self.height = 0

    def grow(self, way: list[tuple[str, bool]]) -> None:
        twig = self
        for left, (text, plain) in zip(range(len(way), 0, -1), way, strict=True):
            twig.height = max(twig.height, left)
            found = twig.below.get(text)
            if found is None:
                found = twig.below[text] = _Twig(text, plain)
            twig = found


def _most(verdicts: Sequence[Verdict]) -> int:
    """How many cut ways are drawn per x: fewer where there are many xs."""
    return max(1, 4 * SHOWN // max(1, len(verdicts)))


def _tree(verdicts: Sequence[Verdict], most: int) -> str:
    roots = _Twig("")
    alone = []
    for verdict in verdicts:
        x = _clear(_plain(verdict.x))
        for way in _descents(verdict, most):
            roots.grow(way)
        if not verdict.routes and not verdict.open:
            alone.append(f"{verdict.symbol} {x}   {verdict.note}")
        elif len(verdict.routes) > most:
            alone.append(f"... {len(verdict.routes) - most} more ways to {x} are cut: draw the tree of it alone")
    drawn = [line for root in roots.below.values() for line in _draw(root)]
    return "\n".join([*drawn, *alone])


def _descents(verdict: Verdict, most: int) -> Iterator[list[tuple[str, bool]]]:
    """The lines of each route of a verdict from y down to x: tensors, breaks between them, and x."""
    x = _clear(_plain(verdict.x))
    drawn: set[str] = set()
    if verdict.open:
        drawn.update(verdict.open)
        yield [
            *((_plain(label), True) for label in verdict.open[::-1][: len(verdict.open) - 1 or 1]),
            (f"✓ {x}   connected", False),
        ]
    broken: dict[str, list[Break]] = {}
    for each in verdict.breaks:
        broken.setdefault(each.label, []).append(each)
    told: set[int] = set()
    for route in verdict.routes[:most]:
        cuts = [[each for each in broken.get(after, ()) if before in each.lost] for before, after in _steps(route)]
        new = next((n for n, found in enumerate(cuts) if any(id(each) not in told for each in found)), 0)
        way: list[tuple[str, bool]] = [(_plain(route[-1]), True)]
        end = f"{'◐' if verdict.connected else '✗'} {x}   {verdict.note}"
        for n in range(len(cuts) - 1, -1, -1):
            if n + 1 < len(cuts):
                way.append((_plain(route[n + 1]), True))
            way += [(_cut_line(each), False) for each in cuts[n]]
            if 0 < n <= new and route[n] in drawn:
                way.append((_plain(route[n]), True))
                end = f"⋮ on to {x} on a way that is drawn elsewhere"
                break
        yield [*way, (end, False)]
        drawn.update(route)
        told.update(id(each) for found in cuts for each in found)


def _cut_line(broken: Break) -> str:
    told = f"✗ cut in {_plain(broken.tensor)}: {broken.reason or broken.kind}"
    return f"{_clear(told, _TOLD)}   {_clear(broken.place)}".rstrip()


def _draw(root: _Twig) -> Iterator[str]:
    """The lines of a tree; the longest branch goes on in its parent's column, so that depth costs no width."""
    yield _clear(root.text)
    pending = _branches(root, "")
    while pending:
        twig, prefix, side = pending.pop()
        if side:
            yield f"{prefix}├─ {_line(twig)}"
            pending += _branches(twig, prefix + "│  ")
            continue
        run: list[_Twig] = []
        while len(twig.below) == 1:
            run.append(twig)
            (twig,) = twig.below.values()
        if twig.below:
            run.append(twig)
        yield from (f"{prefix}│  {line}" for line in _lines(run))
        if twig.below:
            pending += _branches(twig, prefix)
        else:
            yield f"{prefix}└─ {_line(twig)}"


def _branches(twig: _Twig, prefix: str) -> list[tuple[_Twig, str, bool]]:
    """What grows from a twig, the last to be drawn first: the longest branch."""
    below = sorted(twig.below.values(), key=lambda each: -each.height)
    return [(each, prefix, n > 0) for n, each in enumerate(below[:1] + below[1:][::-1])]


def _line(twig: _Twig) -> str:
    return _clear(twig.text) if twig.plain else twig.text


def _lines(run: list[_Twig]) -> Iterator[str]:
    plain: list[str] = []
    for twig in run:
        if twig.plain:
            plain.append(twig.text)
        else:
            yield from map(_clear, _fold(plain))
            plain = []
            yield twig.text
    yield from map(_clear, _fold(plain))


# -- HTML -------------------------------------------------------------------------------------------------

_COLOURS = {"✓": "#2a7f3f", "◐": "#a86a00", "✗": "#c0392b"}
_CODE = "margin:.3em 0 .6em 1.2em;white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.25"


def _details(verdict: Verdict, most: int, unfolded: bool) -> str:
    """One x, closed if it is connected or one of many."""
    colour = _COLOURS[verdict.symbol]
    said = "is connected" if verdict.connected else f"no gradient reaches it: {verdict.note}"
    said += ", but cut on another path" if verdict.connected and verdict.breaks else ""
    opened = " open" if unfolded and verdict.symbol != "✓" else ""
    return (
        f'<details{opened} style="border-left:3px solid {colour};padding-left:.6em;margin:.3em 0">'
        f'<summary><span style="color:{colour}">{verdict.symbol}</span> <b>{_escaped(_clear(verdict.x))}</b> '
        f"{_escaped(said)}</summary>{_pre(_tree([verdict], most))}{_pre(str(verdict))}</details>"
    )


def _escaped(text: str) -> str:
    return f"<bdi>{html.escape(_clear(text, _TOLD))}</bdi>"


def _pre(text: str) -> str:
    """Lines as they are; a mark at the start of what is lost or connected takes its colour."""
    lines = []
    for line in text.split("\n"):
        told = html.escape("".join([c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line]))
        for symbol, colour in _COLOURS.items():
            if line.lstrip("│├└─ ").startswith(symbol):
                told = f'<span style="color:{colour}">{told}</span>'
        lines.append(told)
    body = "\n".join(lines)
    return f'<pre style="{_CODE}">{body}</pre>'
