"""A scene as PNG or PDF, drawn by matplotlib, which is optional. No figure or setting of the user's is touched."""

from __future__ import annotations

import io
import warnings
from typing import Any

from ..ground.optional import optional
from .label import width
from .marks import Scene, Shape, Text
from .palette import STYLES, Style

SCALE = 2.0  # pixels per pixel of the scene: sharp on paper
LONGEST = 12_000  # pixels that a side may have
_DPI = 72.0  # at which a point is a pixel of the scene


def png(picture: Scene, scale: float = SCALE) -> bytes:
    """The PNG file of a scene.

    Args:
        picture: what to draw.
        scale: how many pixels to each of the scene's; less if the picture would be longer than 12,000.

    Raises:
        ImportError: if matplotlib is not installed.
    """
    scale = min(scale, LONGEST / max(picture.width, picture.height))
    return _saved(picture, format="png", dpi=_DPI * scale)


def pdf(picture: Scene) -> bytes:
    """The PDF file of a scene: one page of its size, a point to each of its pixels; the same bytes for the same scene.

    Raises:
        ImportError: if matplotlib is not installed.
    """
    return _saved(picture, format="pdf", metadata={"CreationDate": None, "Creator": "graphgrad", "Producer": None})


def _saved(picture: Scene, **options: Any) -> bytes:
    target = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a font may lack a letter: the picture shows it
        draw(picture).savefig(target, **options)
    return target.getvalue()


def draw(picture: Scene) -> Any:
    """The scene as a matplotlib figure."""
    figure = optional("matplotlib.figure", "plot").Figure(
        figsize=(picture.width / _DPI, picture.height / _DPI), dpi=_DPI
    )
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, picture.width), ylim=(picture.height, 0))
    axes.axis("off")
    marks = [mark for part in picture.parts for mark in part.marks]
    for level, mark in enumerate(marks):
        style = STYLES[mark.style]
        if isinstance(mark, Text):
            _text(axes, mark, style, level)
        else:
            _shape(axes, mark, style, level)
    return figure


def _shape(axes: Any, mark: Shape, style: Style, level: int) -> None:
    path = optional("matplotlib.path", "plot").Path
    codes: list[Any] = []
    points: list[Any] = []
    for command, *numbers in mark.path:
        pairs = list(zip(numbers[::2], numbers[1::2], strict=True)) or [(0.0, 0.0)]
        code = {"M": path.MOVETO, "L": path.LINETO, "C": path.CURVE4, "Z": path.CLOSEPOLY}[str(command)]
        codes += [code] * len(pairs)
        points += pairs
    patch = optional("matplotlib.patches", "plot").PathPatch(
        path(points, codes),
        facecolor=style.fill,
        edgecolor=style.stroke,
        linewidth=style.width if style.stroke != "none" else 0,
        linestyle=(0, [dash / style.width for dash in style.dash]) if style.dash else "solid",
        zorder=level,
    )
    axes.add_patch(patch)


def _text(axes: Any, mark: Text, style: Style, level: int) -> None:
    align = {"start": "left", "middle": "center", "end": "right"}[mark.anchor]
    weight = "bold" if style.weight > 400 else "normal"  # of which every font has its own
    text = axes.text(
        mark.x, mark.y, mark.text, size=_size(mark, weight), color=style.fill, weight=weight,
        ha=align, va="baseline", zorder=level, parse_math=False,
    )  # fmt: skip
    if style.halo:
        halo = optional("matplotlib.patheffects", "plot").withStroke
        text.set_path_effects([halo(linewidth=3, foreground="white")])


def _size(mark: Text, weight: str) -> float:
    """The size at which a text takes no more room than was laid out for it: the font at hand may be a wide one."""
    size = 0.9 * mark.size
    font = optional("matplotlib.font_manager", "plot").FontProperties(size=size, weight=weight)
    ruler = optional("matplotlib.textpath", "plot").text_to_path
    taken: float = ruler.get_text_width_height_descent(mark.text, font, ismath=False)[0]
    return size * min(1.0, width(mark.text, mark.size) / max(taken, 1.0))
