"""PNG and PDF by matplotlib."""

import importlib.util
import io
import re
import struct
import sys
from typing import Any

import pytest

from graphgrad.view.figure import LONGEST, SCALE, _size, pdf, png
from graphgrad.view.label import width
from graphgrad.view.layout import mirror_layout
from graphgrad.view.marks import Part, Scene, Shape, Text
from graphgrad.view.palette import STYLES, Style
from graphgrad.view.scene import scene
from tests.view.pictures import marked

needs_matplotlib = pytest.mark.skipif(importlib.util.find_spec("matplotlib") is None, reason="needs matplotlib")


def size(picture: bytes) -> tuple[int, int]:
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    wide, high = struct.unpack(">II", picture[16:24])
    return wide, high


@needs_matplotlib
def test_a_picture() -> None:
    graph = marked().graph
    drawn = scene(graph, mirror_layout(graph))
    wide, high = size(png(drawn))
    assert abs(wide - SCALE * drawn.width) <= 1 and abs(high - SCALE * drawn.height) <= 1


@needs_matplotlib
def test_a_document_of_the_scene_s_size() -> None:
    graph = marked().graph
    drawn = scene(graph, mirror_layout(graph))
    document = pdf(drawn)
    assert document.startswith(b"%PDF-") and document.rstrip().endswith(b"%%EOF")
    found = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", document)
    assert found and abs(float(found[1]) - drawn.width) < 1 and abs(float(found[2]) - drawn.height) < 1
    assert document == pdf(drawn)


@needs_matplotlib
def test_a_very_long_picture_is_scaled_down() -> None:
    wide, high = size(png(Scene(100.0, 30_000.0, [])))
    assert high == LONGEST and wide == 40


def test_without_matplotlib_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'graphgrad\[plot\]'"):
        png(Scene(10.0, 10.0, []))


def pixels(*marks: Shape | Text) -> Any:
    image = pytest.importorskip("matplotlib.image")
    return image.imread(io.BytesIO(png(Scene(40.0, 20.0, [Part(list(marks))]), 1.0)))


def square(left: float, style: str) -> Shape:
    corners = (("M", left, 4), ("L", left + 12, 4), ("L", left + 12, 16), ("L", left, 16), ("Z",))
    return Shape(style, corners)


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STYLES, "red", Style(fill="#ff0000", halo=True))
    monkeypatch.setitem(STYLES, "blue", Style(fill="#0000ff"))
    monkeypatch.setitem(STYLES, "line", Style(stroke="#000000", dash=(3, 2)))


def test_shapes_are_where_and_as_they_should_be() -> None:
    found = pixels(square(2, "red"), square(24, "blue"))
    assert found.shape[:2] == (20, 40)
    assert found[10, 8, :3].tolist() == [1, 0, 0] and found[10, 30, :3].tolist() == [0, 0, 1]
    assert found[10, 19, :3].tolist() == [1, 1, 1] == found[1, 8, :3].tolist()


def test_later_marks_lie_on_top() -> None:
    assert pixels(square(2, "red"), square(2, "blue"))[10, 8, :3].tolist() == [0, 0, 1]


def test_curves_strokes_and_text() -> None:
    curve = Shape("line", (("M", 0, 10), ("C", 10, 10, 30, 10, 40, 10)))
    found = pixels(curve, Text("red", 20.0, 8.0, "$a_b", 8.0))
    assert found[9:11, :, 0].min() < 0.6
    assert (found[:9, :, 0] - found[:9, :, 1]).max() > 0.3


@needs_matplotlib
def test_a_text_takes_no_more_room_than_was_laid_out_for_it() -> None:
    for text, weight in (("WWWWStopGradient", "bold"), ("mmmm", "normal"), ("$a_b^c$", "normal"), ("a", "bold")):
        mark = Text("red", 0.0, 0.0, text, 12.0)
        size = _size(mark, weight)
        ruler = importlib.import_module("matplotlib.textpath").text_to_path
        font = importlib.import_module("matplotlib.font_manager").FontProperties(size=size, weight=weight)
        assert ruler.get_text_width_height_descent(text, font, ismath=False)[0] <= width(text, 12.0) + 0.01
        assert 6 < size <= 0.9 * 12
