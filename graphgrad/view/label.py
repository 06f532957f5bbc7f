"""What is written on a node, and how wide it is: a picture is laid out before any font is at hand."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

# Advance widths of a common sans-serif face, in thousandths of the font size.
_NARROW = dict.fromkeys("ijl|'.,:;!", 270) | dict.fromkeys('frtI()[]{}/\\ -`"', 350)
_WIDE = dict.fromkeys("mwMW@%", 870) | dict.fromkeys("ABCDEGHKNOPQRSUVXYZ&#+=<>~", 690)


class _Advances(dict[str, int]):
    """The advance width of each letter that was met so far."""

    def __missing__(self, letter: str) -> int:
        wide = unicodedata.east_asian_width(letter) in "WF"
        found = self[letter] = 0 if unicodedata.combining(letter) else 1020 if wide else 560
        return found


_ADVANCE = _Advances(_NARROW | _WIDE)

_SOURCES = {"ReadVariable": "Variable", "Const": "Constant"}


def width(text: str, size: float) -> float:
    """The width of a text in pixels, a little generous.

    >>> width("mul", 10) < width("matmul", 10) < width("行列", 30)
    True
    """
    return sum(map(_ADVANCE.__getitem__, text)) * size / 1000


def fitted(text: str, size: float, room: float) -> str:
    """The text, or its end after an ellipsis: the end of a scoped name tells more than its beginning.

    >>> fitted("encoder/block/linear", 10, 60)
    '…block/linear'
    """
    if width(text, size) <= room:
        return text
    left = room - width("…", size)
    kept = len(text)
    while kept > 0 and left >= _ADVANCE[text[kept - 1]] * size / 1000:
        kept -= 1
        left -= _ADVANCE[text[kept]] * size / 1000
    return "…" + text[kept:]


def lines(node: Mapping[str, Any]) -> tuple[str, str]:
    """The two lines written on a node of a gradient graph, collapsed or not: what it is, and its name.

    >>> lines({"kind": "forward", "type": "ReadVariable", "name": "layer/w"})
    ('Variable', 'layer/w')
    """
    kind: str = node["type"]
    for source, title in _SOURCES.items():
        kind = kind.replace(source, title)
    if node["kind"] == "sum":
        return kind, ""
    return kind, node.get("note", node["name"])
