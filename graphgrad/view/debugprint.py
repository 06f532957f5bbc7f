"""`gg.debugprint`: what tensors are computed from, as text. No recursion, and a line costs the same at any depth."""

from __future__ import annotations

import operator
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, overload

from ..graph.graph import Graph
from ..graph.operation import Operation, Value
from ..graph.origin import short
from ..ground.errors import ArgumentTypeError
from ..ground.reading import Reading
from ..record.dims import Dim
from ..record.tensor import Tensor
from .gauge import words
from .overlay import measured
from .phrase import phrase

WRAP = 32  # levels of indentation, before it starts anew at the left
MARGIN = 40  # letters below a place in a nest, at most
# What counting below folded operations may cost: steps in all, but at least some for each.
STEPS, STEPS_EACH = 200_000, 1_000

_ASCII = str.maketrans({"│": "|", "├": "|", "└": "`", "─": "-"})


class Stream(Protocol):
    """Anything that text can be written to."""

    def write(self, text: str, /) -> object: ...


@overload
def debugprint(
    obj: Any, depth: int | None = None, shapes: bool = True, lines: bool = False, file: Stream | None = None, *,
    values: Any = None,
) -> None: ...  # fmt: skip


@overload
def debugprint(
    obj: Any, depth: int | None = None, shapes: bool = True, lines: bool = False, *, file: Literal["str"],
    values: Any = None,
) -> str: ...  # fmt: skip


def debugprint(
    obj: Any, depth: int | None = None, shapes: bool = True, lines: bool = False, file: Stream | str | None = None, *,
    values: Any = None,
) -> str | None:  # fmt: skip
    """What tensors are computed from, as a tree of text: an operation a line, its inputs below it.

    A line has the operation's type and name, the index of the output where it has several, and in brackets
    the arguments that are no tensors, `_` where one is. A variable is marked with its name, a constant with
    its numbers if there are at most 4, a gradient as `d(y)/d(x)`. Inputs that are only waited for have a `^`.

    An operation that is met more than once has an id, as `[id 1]`. It is shown in full where it is nearest
    to the top; elsewhere `...` stands for its inputs. After 32 levels the indentation starts anew at the
    left, after the number of levels left out.

    Args:
        obj: a symbolic tensor, an operation, a list, tuple or dict of them (None may stand in it, as in what
            `gradients` returns), or a graph: then the operations that no other reads.
        depth: how many levels to show below the top, all if None. An operation that is cut off there tells
            how many operations are below it, 'over 1,000' where counting would take long.
        shapes: whether to show the dtype and shape of each tensor.
        lines: whether to show the user's file and line of each operation.
        file: a text stream, None for `sys.stdout`, or 'str' to return the text.
        values: what a run measured, as in `plot`: of each operation that is shown it is written at the end.

    Returns:
        The text if `file` is 'str', else None.

    Raises:
        TypeError: for an argument of another kind.
        ValueError: for a negative depth, for a nest that contains itself, and for values of what is not shown.

    Source: the design is our own, in the spirit of PyTensor's function of this name.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [None, 3], name="x")
    >>> h = gg.tanh(x * gg.constant(2.0, name="two"), name="h")
    >>> loss = gg.reduce_sum(h * h, name="loss")
    >>> debugprint(loss)
    Sum loss float32[]
    └─ Mul mul_1 float32[?, 3]
       ├─ Tanh h float32[?, 3] [id 1]
       │  └─ Mul mul float32[?, 3]
       │     ├─ Placeholder x float32[?, 3]
       │     └─ Constant two float32[] = 2.0
       └─ Tanh h float32[?, 3] [id 1] ...
    >>> debugprint(gg.gradients(loss, x), depth=1, shapes=False)
    [0] Gradients gradients/vjp d(loss:0)/d(x:0)
        └─ Sum loss (5 operations below)
    """
    limit = _depth(depth)
    for name, flag in (("shapes", shapes), ("lines", lines)):
        if not isinstance(flag, bool):
            raise TypeError(f"{name} is True or False, got {_given(flag)}")
    stream = sys.stdout if file is None else file
    if stream != "str" and (isinstance(stream, str) or not callable(getattr(stream, "write", None))):
        raise TypeError(f"file is a text stream that is open for writing, 'str' or None, got {_given(file)}")
    try:
        roots = list(_roots(obj))
    except RecursionError:
        raise ValueError("obj is a nest that contains itself, or a very deep one") from None
    tree = _tree(roots, limit)
    readings = {} if values is None else measured([line.op for line in tree if line.op is not None], values)
    text = _text(tree, shapes, lines, readings)
    if isinstance(stream, str):
        return text
    stream.write(_writable(text, getattr(stream, "encoding", None)))
    return None


# -- arguments ------------------------------------------------------------------------------------


def _depth(depth: Any) -> int | None:
    if depth is None:
        return None
    try:
        if isinstance(depth, bool):
            raise TypeError
        found = operator.index(depth)
    except TypeError:
        raise TypeError(f"depth is a number of levels or None, got {_given(depth)}") from None
    if found < 0:
        raise ValueError(f"depth is at least 0, or None for all levels, got {found}")
    return found


def _given(item: Any) -> str:
    if item is None:
        return "None"
    text = " ".join(repr(item).split())
    return f"{text if len(text) <= 60 else text[:57] + '...'}, a {type(item).__name__}"


def _roots(obj: Any) -> Iterator[_Line]:
    """The lines on top, each with its place in the nest."""
    if isinstance(obj, Graph):
        for op in _sinks(obj):
            yield _Line(op, 0)
    else:
        for place, item in _leaves(obj, ""):
            yield _Line(item, 0, label=f"{place} " if place else "")


def _sinks(graph: Graph) -> list[Operation]:
    operations = graph.get_operations()
    inner = {below for op in operations for below in _below(op)}
    return [op for op in operations if op not in inner]


def _leaves(nest: Any, place: str) -> Iterator[tuple[str, Value | Operation | None]]:
    if isinstance(nest, dict):
        for key, item in nest.items():
            yield from _leaves(item, f"{place}[{key!r}]")
    elif isinstance(nest, (list, tuple)):
        for position, item in enumerate(nest):
            yield from _leaves(item, f"{place}[{position}]")
    elif isinstance(nest, Tensor):
        yield place, nest._value
    elif isinstance(nest, Operation) or (nest is None and place):
        yield place, nest
    elif isinstance(nest, Dim):
        yield place, nest.op  # of the size itself if it has been recorded: a picture adds nothing to a graph
    else:
        where = f"obj{place}" if place else "obj"
        raise ArgumentTypeError(
            f"{where} is a symbolic tensor, an operation, {'' if place else 'a graph, '}or a nest of them, "
            f"got {_given(nest)}"
        )


# -- the tree -------------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class _Line:
    """A line of the tree.

    Attributes:
        item: what it shows; None is an unconnected gradient.
        level: 0 at the top.
        last: whether it is the last input of the operation above.
        label: what stands before it.
        state: 'full', 'again' (shown in full elsewhere) or 'folded' (its inputs are not shown anywhere).
    """

    item: Value | Operation | None
    level: int
    last: bool = True
    label: str = ""
    state: str = "full"

    @property
    def op(self) -> Operation | None:
        return self.item.op if isinstance(self.item, Value) else self.item


def _below(op: Operation) -> list[Operation]:
    return [*(value.op for value in op.reads), *op.controls]


def _tree(roots: list[_Line], depth: int | None) -> list[_Line]:
    """The lines of the picture, from top to bottom."""
    nearest = _levels([line.op for line in roots if line.op is not None], depth)
    shown: set[Operation] = set()
    found: list[_Line] = []
    pending = roots[::-1]
    while pending:
        line = pending.pop()
        found.append(line)
        op = line.op
        if op is None:
            continue
        if op in shown or line.level != nearest[op]:
            line.state = "again" if _below(op) else "full"
            continue
        shown.add(op)
        inputs: list[_Line] = [_Line(value, line.level + 1, last=False) for value in op.reads]
        inputs += [_Line(control, line.level + 1, last=False, label="^") for control in op.controls]
        if inputs and line.level == depth:
            line.state = "folded"
        elif inputs:
            inputs[-1].last = True
            pending += inputs[::-1]
    return found


def _levels(tops: list[Operation], depth: int | None) -> dict[Operation, int]:
    """How far below the top each operation is, those within the depth."""
    found = dict.fromkeys(tops, 0)
    front, level = list(found), 0
    while front and level != depth:
        level += 1
        fresh = dict.fromkeys(below for op in front for below in _below(op) if below not in found)
        found.update(dict.fromkeys(fresh, level))
        front = list(fresh)
    return found


def _count(op: Operation, most: int) -> str:
    """How many operations are below, counted up to a limit: exact counts of all folds would not be linear."""
    seen, pending = {op}, [op]
    while pending:
        for below in _below(pending.pop()):
            if below not in seen:
                if len(seen) > most:
                    return f"over {most:,} operations"
                seen.add(below)
                pending.append(below)
    return f"{len(seen) - 1:,} operation{'s' * (len(seen) != 2)}"


# -- the text -------------------------------------------------------------------------------------


def _text(tree: list[_Line], shapes: bool, lines: bool, readings: Mapping[Operation, Reading]) -> str:
    times = Counter(line.op for line in tree if line.op is not None)
    numbers: dict[Operation, int] = {}
    places: dict[str, str] = {}
    most = max(STEPS_EACH, STEPS // max(sum(line.state == "folded" for line in tree), 1))
    guides: list[str] = []
    margin = ""
    written = []
    for line in tree:
        if not line.level:  # inputs stand under the operation, not under its place in the nest
            margin = " " * min(len(line.label), MARGIN)
        parts = [f"{'' if not line.level else margin}{_indent(line, guides)}{line.label}"]
        op = line.op
        if line.item is None or op is None:
            parts.append("None")
        else:
            parts.append(phrase(line.item, shapes, line.state == "again"))
            if times[op] > 1:
                parts.append(f" [id {numbers.setdefault(op, len(numbers) + 1)}]")
            if line.state == "again":
                parts.append(" ...")
            if line.state == "folded":
                parts.append(f" ({_count(op, most)} below)")
            if op in readings and line.state != "again":
                parts.append(f" (measured: {words(readings[op])})")
            if lines and line.state != "again":
                parts.append(_origin(op, places))
        written.append(_printable("".join(parts)))
    return "".join(f"{text}\n" for text in written)


def _indent(line: _Line, guides: list[str]) -> str:
    """The branches before a line; `guides` are those of the lines above, one per level, and are kept up to date."""
    level = line.level
    if not level:
        guides.clear()
        return ""
    del guides[level - 1 :]
    start = (level - 1) // WRAP * WRAP
    text = "".join(guides[start:]) + ("└─ " if line.last else "├─ ")
    guides.append("   " if line.last else "│  ")
    return f"({start}) {text}" if start else text


def _origin(op: Operation, places: dict[str, str]) -> str:
    filename, line = op.traceback
    if not filename:
        return ""
    if filename not in places:
        places[filename] = short(filename)
    return f" <- {places[filename]}:{line}"


def _printable(text: str) -> str:
    """The text without line ends and other controls, which names of files and user functions may have."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)


def _writable(text: str, encoding: Any) -> str:
    """The text in letters that the stream's encoding has."""
    if not isinstance(encoding, str):
        return text
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        pass
    return text
