"""A reading as it is drawn on a node: the fill by its level, a bar with its text, a border where it is an alarm."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..ground.reading import Reading
from .geometry import Box
from .label import width
from .marks import Command, Shape, Text, rectangle
from .palette import LEVELS

SIZE, SMALLEST = 8.5, 6.5
WORDS = {"nan": "NaN", "inf": "Inf", "zero": "0"}
INSET, DEEP = 8.0, 13.0  # of the bar, and where the form of a node is round or slanted
_EXPONENT = re.compile(r"(?<=\d)e([+-])0*(\d*)\b")


def shade(reading: Reading, forward: bool) -> str:
    """The style of a node's ground by the level of its reading."""
    step = min(int(reading.level * LEVELS), LEVELS - 1)
    return f"reading {'forward' if forward else 'backward'} {step}"


def words(reading: Reading) -> str:
    """What is written: the text, its numbers short, with the word for its alarm if it lacks it.

    >>> words(Reading("1.2e-03")), words(Reading("1.2e+00")), words(Reading("3 of 8", 1.0, "nan"))
    ('1.2e-3', '1.2', 'NaN 3 of 8')
    """
    word = WORDS.get(reading.alarm, "")
    text = _EXPONENT.sub(_exponent, " ".join(reading.text.split()))
    if not word or (reading.alarm == "zero" and "0" in text):
        return text
    return f"{word} {text}".rstrip() if word.lower() not in text.lower() else text.replace(word.lower(), word)


def _exponent(match: re.Match[str]) -> str:
    sign, digits = match.groups()
    return f"e{sign.replace('+', '')}{digits}" if digits else ""


def written(text: str, room: float) -> tuple[str, float]:
    """A text with its size, so that it takes no more room than there is; of a very long one the beginning."""
    size = max(min(SIZE, SIZE * room / max(width(text, SIZE), 1.0)), SMALLEST)
    while text and width(text, size) > room:
        text = text.removesuffix("…")[:-1].rstrip() + "…" if len(text) > 1 else ""
    return text, size


def heat(reading: Reading, style: str, forward: bool, border: tuple[Command, ...]) -> list[Shape]:
    """The ground of a node by the level of its reading, and its line again on top."""
    return [Shape(shade(reading, forward), border), Shape(f"reading line {style}", border)]


def gauge(reading: Reading, box: Box, forward: bool, style: str) -> Iterator[Shape | Text]:
    """The bar in the lowest third of a node, full to the level; alarms have a border around the node besides."""
    if reading.alarm:
        grow = 5.0
        yield Shape(f"reading {reading.alarm} frame", rectangle(
            box.x - box.width / 2 - grow, box.y - box.height / 2 - grow, box.width + 2 * grow, box.height + 2 * grow, 8,
        ))  # fmt: skip
    if box.width == box.height:
        return  # a sum has no room for text
    inset = INSET if style in ("op", "y", "adjoint", "dead", "variable") else DEEP
    left, top, wide, high = box.x - box.width / 2 + inset, box.y + 5.6, box.width - 2 * inset, 9.6
    text, size = written(words(reading), wide - 2)
    yield from bar(reading, left, top, wide, high, forward)
    yield Text(text_style(reading), box.x, top + 7.8, text, size)


def text_style(reading: Reading) -> str:
    """The style of the text on a bar."""
    return "reading alarm text" if reading.alarm in ("nan", "inf") else "reading text"


def bar(reading: Reading, left: float, top: float, wide: float, high: float, forward: bool) -> Iterator[Shape]:
    """A bar that is full to the level of a reading."""
    border = rectangle(left, top, wide, high, 2)
    if reading.alarm:
        yield Shape("reading zero" if reading.alarm == "zero" else "reading alarm", border)
        return
    yield Shape("reading track", border)
    if full := reading.level * wide:
        yield Shape(f"reading {'forward' if forward else 'backward'} bar", rectangle(left, top, max(full, 1), high, 1))
    yield Shape("reading edge", border)


def key_to_levels(
    x: float, y: float, said: str, alarms: list[str], directions: list[str]
) -> tuple[list[Shape | Text], float]:
    """The entry of a legend that starts here, and its width.

    Args:
        x, y: its left end and the middle of its line.
        said: what was measured.
        alarms: those that occur in the picture.
        directions: 'forward', 'backward' or both.
    """
    marks: list[Shape | Text] = []
    start = x
    for direction in directions:
        for level in range(LEVELS):
            marks.append(Shape(f"reading {direction} {level}", rectangle(x, y - 4.5, 9, 9)))
            x += 9
        x += 4
    marks.append(Text("caption", x + 1, y + 3.2, said, 9.5, "start"))
    x += width(said, 9.5) + 12
    for alarm in alarms:
        marks.append(Shape(f"reading {alarm} frame", rectangle(x, y - 5.5, 30, 11, 3)))
        marks.append(Text("reading text", x + 15, y + 3, WORDS[alarm], SIZE))
        x += 38
    return marks, x - start
