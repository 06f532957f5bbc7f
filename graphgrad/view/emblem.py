"""How one node is drawn: its form by its most telling role, its names, its tags, and what a run measured there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .gauge import gauge, heat
from .geometry import Box
from .label import fitted, lines, width
from .layout import NOTE, TITLE
from .marks import Command, Part, Shape, Text, line, polygon, rectangle

_FORMS = {
    "stop": "stop",
    "stop_gradient": "stop",
    "no_grad": "stop",
    "integer": "integer",
    "no derivative": "dead",
}  # fmt: skip
# Roles that the form and the title show, and no tag repeats; and their forms.
_QUIET = {"placeholder": "placeholder", "variable": "variable", "constant": "context", "sweep": "gradient"}
_BARS = ("stop",)
_ROUND = ("x", "y", "context", "unconnected", "placeholder")


def form(node: Mapping[str, Any]) -> str:
    """The style of a node: by its most telling role, else by its kind."""
    roles = node["roles"]
    if "members" not in node:
        for role, style in _FORMS.items():
            if role in roles:
                return style
    if "unconnected" in roles and "members" not in node:
        return "unconnected"
    if node["kind"] in ("gradient", "adjoint"):
        return str(node["kind"])
    if node["kind"] == "sum":
        return "adjoint"
    for role in ("y", "x"):
        if role in roles:
            return role
    if "members" not in node:
        for role, style in _QUIET.items():
            if role in roles:
                return style
    return "op" if node["on_path"] else "context"


def look(node: Mapping[str, Any]) -> str:
    """The style of a node with its emphasis: 'faint ...' where another path is highlighted."""
    return form(node) if node.get("lit", True) else f"faint {form(node)}"


def emblem(node: Mapping[str, Any], key: str, box: Box) -> Part:
    """A node as shapes and texts."""
    style, faint = form(node), "" if node.get("lit", True) else "faint "
    part = Part(node=key, tip=tip(node, key))
    if "members" in node:
        shadow = f"{faint}adjoint shadow" if node["kind"] == "adjoint" else f"{faint}shadow"
        part.marks += [Shape(shadow, outline("op", box, 8, -4)), Shape(shadow, outline("op", box, 4, -2))]
    if "y" in node["roles"]:
        part.marks.append(Shape(f"{faint}frame", outline(style, box, 0, 3)))
    border = outline("pill" if _is_source(node) and style in _ROUND else style, box)
    part.marks.append(Shape(faint + style, border))
    reading = None if faint else node.get("reading")
    if reading is not None:
        part.marks += heat(reading, style, node["kind"] == "forward", border)
    if style == "variable":
        part.marks.append(Shape(f"{faint}y", _stripes(box)))
    if style in _BARS:
        low = box.y + box.height / 2 + 5
        part.marks.append(Shape(f"{faint}bar", line((box.x - 13, low), (box.x + 13, low))))
    part.marks += _names(node, box, faint, reading is not None)
    if reading is not None:
        part.marks += gauge(reading, box, node["kind"] == "forward", style)
    part.marks += _tags(node, box, faint)
    return part


def _is_source(node: Mapping[str, Any]) -> bool:
    return node["kind"] == "forward" and "members" not in node and not node["op"].reads and not node["op"].controls


def _stripes(box: Box) -> tuple[Command, ...]:
    """A line inside either end, as a drum has its rims: what it holds stays."""
    left, right = box.x - box.width / 2 + 4, box.x + box.width / 2 - 4
    top, low = box.y - box.height / 2, box.y + box.height / 2
    return (*line((left, top), (left, low)), *line((right, top), (right, low)))


def _names(node: Mapping[str, Any], box: Box, faint: str, above: bool) -> Iterator[Text]:
    """Type and name; `above` leaves the lowest third to a reading."""
    title, note = lines(node)
    pale = "pale" if form(node) == "context" and not above else ""
    room, up = box.width - 14, 4.0 if above else 0.0
    if not note:
        yield Text(f"{faint}title", box.x, box.y + 4.5, title, TITLE + 1)
        return
    yield Text(faint + (pale or "title"), box.x, box.y - 2 - up, fitted(title, TITLE, room), TITLE)
    yield Text(
        faint + ("reading text" if above else pale or "note"),
        box.x,
        box.y + 10.5 - 1.75 * up,
        fitted(note, NOTE, room),
        NOTE,
    )


def _tags(node: Mapping[str, Any], box: Box, faint: str) -> Iterator[Shape | Text]:
    left = box.x - box.width / 2 + 5
    for role in node["roles"]:
        if role in _QUIET:
            continue
        text = role.replace("_", " ")
        wide = width(text, 8.5) + 9
        top = box.y - box.height / 2 - 9.5
        yield Shape(f"{faint}tag", rectangle(left, top, wide, 12, 3))
        yield Text("badge", left + wide / 2, top + 9, text, 8.5)
        left += wide + 3


def tip(node: Mapping[str, Any], key: str) -> str:
    """A few lines on a node, for whoever points at it."""
    reading = node.get("reading")
    measured = [] if reading is None else [part for part in (reading.text, reading.detail) if part]
    if "members" in node:
        return "\n".join([key, node["note"], *measured])
    said = [key, *node["roles"], *node["outputs"]]
    if node["kind"] == "forward":
        said += [node["op"].where()]
    return "\n".join(said + measured)


def outline(style: str, box: Box, shift: float = 0, grow: float = 0) -> tuple[Command, ...]:
    """The border of a node; shifted sideways and less high for the nodes that lie below it."""
    left, top = box.x - box.width / 2 + shift - max(grow, 0), box.y - box.height / 2 - grow
    wide, high = box.width + 2 * max(grow, 0), box.height + 2 * grow
    if box.width == box.height or style in ("pill", "gradient"):
        return rectangle(left, top, wide, high, high / 2)
    if style == "stop":  # an octagon, as at the roadside
        c = 10.0
        return polygon(
            (left + c, top), (left + wide - c, top), (left + wide, top + c), (left + wide, top + high - c),
            (left + wide - c, top + high), (left + c, top + high), (left, top + high - c), (left, top + c),
        )  # fmt: skip
    if style == "integer":
        return polygon((left + 8, top), (left + wide, top), (left + wide - 8, top + high), (left, top + high))
    return rectangle(left, top, wide, high, 0.01 if style == "dead" else 5 + max(grow, 0))
