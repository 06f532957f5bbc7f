"""A scene as SVG text: no dependency, no script, no link, everything that comes from outside escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from .marks import Command, Part, Scene, Shape, Text
from .palette import STYLES

# What XML 1.0 has no character for.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"


def svg(picture: Scene, title: str = "gradient graph") -> str:
    """The SVG document of a scene, as text.

    Args:
        picture: what to draw.
        title: for screen readers.
    """
    keys = {key: n for n, key in enumerate(part.node for part in picture.parts if part.node)}
    wide, high = number(picture.width), number(picture.height)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gg" width="{wide}" height="{high}" '
        f'viewBox="0 0 {wide} {high}" role="img" font-family="{FONT}">'
        f"<title>{clean(title)}</title><style>{style_sheet()}</style>"
    )
    return head + "".join(_part(part, keys) for part in picture.parts) + "</svg>\n"


def clean(text: str) -> str:
    """A text that can stand in SVG or HTML, between tags or in a quoted attribute.

    >>> clean('</script> & "q"')
    '&lt;/script&gt; &amp; &quot;q&quot;'
    """
    return escape(_ILLEGAL.sub("\ufffd", text), quote=True)


def class_name(style: str) -> str:
    """The class that stands for a named style."""
    return "gg-" + style.replace(" ", "-")


def style_sheet() -> str:
    """The rules of all classes."""
    rules = []
    for name, style in STYLES.items():
        rule = f"fill:{style.fill}"
        if style.stroke != "none":
            rule += f";stroke:{style.stroke};stroke-width:{number(style.width)}"
        if style.dash:
            rule += f";stroke-dasharray:{' '.join(map(number, style.dash))}"
        if style.weight != 400:
            rule += f";font-weight:{style.weight}"
        if style.halo:
            rule += ";paint-order:stroke;stroke:#fff;stroke-width:3"
        rules.append(f".{class_name(name)}{{{rule}}}")
    return "".join(rules)


def _part(part: Part, keys: dict[str, int]) -> str:
    marks = "".join(_shape(mark) if isinstance(mark, Shape) else _text(mark) for mark in part.marks)
    said = f"<title>{clean(part.tip)}</title>" if part.tip else ""
    if part.node:
        return f'<g class="gg-node" data-node="{keys[part.node]}">{said}{marks}</g>\n'
    if part.wire:
        source, target, _ = part.wire
        return f'<g class="gg-wire" data-from="{keys[source]}" data-to="{keys[target]}">{said}{marks}</g>\n'
    return marks + "\n"


def _shape(shape: Shape) -> str:
    return f'<path class="{class_name(shape.style)}" d="{path_text(shape.path)}"/>'


def _text(text: Text) -> str:
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    return (
        f'<text class="{class_name(text.style)}" x="{number(text.x)}" y="{number(text.y)}" '
        f'font-size="{number(text.size)}"{anchor}>{clean(text.text)}</text>'
    )


def path_text(path: Iterable[Command]) -> str:
    """A path as SVG writes it."""
    return "".join(command + " ".join(map(number, numbers)) for command, *numbers in path)


def number(value: float) -> str:
    """A number with at most one digit after the point.

    >>> number(12.34), number(12.0)
    ('12.3', '12')
    """
    return f"{value:.1f}".removesuffix(".0")
