"""The colours and lines of pictures, by name: one table for every writer."""

from __future__ import annotations

from dataclasses import dataclass, replace

LEVELS = 5  # shades of what was measured; more could not be told apart
FAINT = 0.22  # what lies off a highlighted path, as a share of its colour
_ALARM = "#8f1d14"


@dataclass(frozen=True)
class Style:
    """Fill and stroke, as colours or 'none'; the stroke's width and dashes in pixels.

    `weight` is that of a text; `halo` draws it on a ground of its own.
    """

    fill: str = "none"
    stroke: str = "none"
    width: float = 1.0
    dash: tuple[float, ...] = ()
    weight: int = 400
    halo: bool = False


# Blue is forward, vermilion is backward; every mark differs in form too, for print in grey.
INK, PALE = "#22313f", "#8b96a1"
_NODES: dict[str, Style] = {
    "op": Style("#ffffff", "#3b6ea5", 1.3),
    "context": Style("#f7f8f9", "#b4bdc6", 1),
    "x": Style("#dbe8f6", "#1f5c99", 1.9),
    "y": Style("#dbe8f6", "#1f5c99", 1.3),
    "placeholder": Style("#ffffff", "#1f5c99", 1.9),
    "variable": Style("#dbe8f6", "#1f5c99", 1.3),
    "unconnected": Style("#ffffff", "#6b7681", 1.6, (5, 3)),
    "stop": Style("#f3d9d5", "#9c2f20", 2.2),
    "integer": Style("#f4ecd2", "#8a6d1a", 1.4, (6, 3)),
    "dead": Style("#eeeeee", "#555f69", 1.4, (1.5, 2.5)),
    "adjoint": Style("#fdf3ea", "#c2611f", 1.3),
    "gradient": Style("#f8d9bd", "#a84a0c", 1.9),
}
_WIRES: dict[str, Style] = {
    "read": Style(stroke="#c3cad1", width=1),
    "forward": Style(stroke="#3b6ea5", width=1.5),
    "cotangent": Style(stroke="#c2611f", width=2.0),
    "saved": Style(stroke="#b9aecb", width=1, dash=(3, 2.5)),
    "control": Style(stroke="#6b7681", width=1.2, dash=(1.2, 2.6)),
}
_MORE: dict[str, Style] = {
    "paper": Style("#ffffff"),
    "axis": Style(stroke="#d5dbe1", width=1, dash=(2, 5)),
    "frame": Style(stroke="#1f5c99", width=1),
    "shadow": Style("#eef3f8", "#9db6cf", 1),
    "adjoint shadow": Style("#fbf3ec", "#dcb391", 1),
    "bar": Style(stroke="#9c2f20", width=4),
    "tag": Style(INK),
    "guide": Style(stroke="#e3e8ed", width=1),
    "held cap": Style(stroke="#8d7fa8", width=1.3),
    "title": Style(INK, weight=600),
    "note": Style("#5c6874"),
    "pale": Style(PALE),
    "spec": Style("#75818d", halo=True),
    "badge": Style("#ffffff"),
    "caption": Style("#5c6874"),
    "scope forward": Style("#f5f8fb", "#bccbdb", 1),
    "scope backward": Style("#fdf8f3", "#e6cbb1", 1),
    "fold forward": Style("#f5f8fb", "#8fa8c2", 1.2, (6, 3)),
    "fold backward": Style("#fdf8f3", "#d3a67c", 1.2, (6, 3)),
    "scope name": Style("#5c6874", weight=600, halo=True),
}


def mixed(colour: str, share: float, ground: str = "#ffffff") -> str:
    """A colour thinned: `share` of it on a ground.

    >>> mixed("#000000", 0.25), mixed("none", 0.5)
    ('#bfbfbf', 'none')
    """
    if colour == "none":
        return colour
    parts = [(int(colour[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in parts)


def _faint(style: Style) -> Style:
    return replace(style, fill=mixed(style.fill, FAINT), stroke=mixed(style.stroke, FAINT))


def _readings() -> dict[str, Style]:
    """What a run measured: a ground per level, a bar, and borders of alarms, which differ in grey, too."""
    found = {
        "reading track": Style("#ffffff"),
        "reading edge": Style(stroke="#6b7681", width=0.7),
        "reading zero": Style("#ffffff", INK, 1, (2, 1.6)),
        "reading alarm": Style(_ALARM, _ALARM, 0.7),
        "reading text": Style(INK),
        "reading alarm text": Style("#ffffff", weight=600),
        "reading nan frame": Style(stroke=_ALARM, width=2.6),
        "reading inf frame": Style(stroke=_ALARM, width=2.6, dash=(7, 3)),
        "reading zero frame": Style(stroke=INK, width=1.3, dash=(1.5, 2.5)),
        "reading forward bar": Style("#a8bfd6"),
        "reading backward bar": Style("#e3b48c"),
    }
    for direction, hue in (("forward", "#4a8fd0"), ("backward", "#ee8130")):
        for level, share in enumerate((0.04, 0.16, 0.3, 0.46, 0.64)):
            found[f"reading {direction} {level}"] = Style(mixed(hue, share))
    return found | {f"reading line {name}": replace(style, fill="none") for name, style in _NODES.items()}


def _all_styles() -> dict[str, Style]:
    heads = {f"{name} head": Style(style.stroke) for name, style in _WIRES.items()}
    found = _NODES | _WIRES | heads | _MORE
    found |= {f"faint {name}": _faint(style) for name, style in found.items() if name not in ("paper", "axis")}
    found |= {f"strong {name}": replace(style, width=style.width + 1.3) for name, style in _WIRES.items()}
    return found | _readings()


STYLES: dict[str, Style] = _all_styles()
