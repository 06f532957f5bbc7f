"""A reading on a node: its words, its shade, its bar, its border."""

import pytest

from graphgrad.ground.reading import Reading
from graphgrad.view.gauge import INSET, SIZE, SMALLEST, bar, gauge, heat, key_to_levels, shade, words, written
from graphgrad.view.geometry import Box
from graphgrad.view.label import width
from graphgrad.view.marks import Shape, Text, rectangle

BOX = Box(100, 50, 90, 34, 0, 0)


def texts(marks: object) -> list[str]:
    return [mark.text for mark in marks if isinstance(mark, Text)]  # type: ignore[attr-defined]


def styles(marks: object) -> list[str]:
    return [mark.style for mark in marks]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("reading", "text"),
    [
        (Reading("1.2e-03"), "1.2e-3"), (Reading("3.0e+00"), "3.0"), (Reading("4e+12"), "4e12"),
        (Reading("0.8 ms"), "0.8 ms"), (Reading("layer"), "layer"), (Reading("", 1.0, "nan"), "NaN"),
        (Reading("nan", 1.0, "nan"), "NaN"), (Reading("2 of 8", 1.0, "inf"), "Inf 2 of 8"),
        (Reading("0", 0.0, "zero"), "0"), (Reading("nothing", 0.0, "zero"), "0 nothing"), (Reading("a\nb"), "a b"),
    ],
)  # fmt: skip
def test_words(reading: Reading, text: str) -> None:
    assert words(reading) == text


def test_the_shade_follows_the_level() -> None:
    found = [shade(Reading("", level), True) for level in (0.0, 0.19, 0.2, 0.59, 0.99, 1.0)]
    assert [name[-1] for name in found] == ["0", "0", "1", "2", "4", "4"]
    assert shade(Reading(""), True) != shade(Reading(""), False)


def test_the_bar_is_full_to_the_level() -> None:
    wide = 90 - 2 * INSET
    marks = list(gauge(Reading("7", 0.25), BOX, True, "op"))
    (full,) = [mark for mark in marks if mark.style == "reading forward bar"]
    assert isinstance(full, Shape)
    xs = [number for _, *numbers in full.path for number in numbers[::2]]
    assert max(xs) - min(xs) == pytest.approx(0.25 * wide)
    assert texts(marks) == ["7"]
    assert "reading forward bar" not in styles(gauge(Reading("7", 0.0), BOX, True, "op"))
    assert "reading backward bar" in styles(gauge(Reading("7", 0.5), BOX, False, "adjoint"))


@pytest.mark.parametrize("style", ["op", "stop", "gradient", "integer"])
def test_everything_stays_inside_the_node(style: str) -> None:
    for mark in gauge(Reading("7", 1.0), BOX, True, style):
        if isinstance(mark, Shape):
            points = [pair for _, *all_ in mark.path for pair in zip(all_[::2], all_[1::2], strict=True)]
            assert all(55 < x < 145 and 33 < y < 67 for x, y in points)


@pytest.mark.parametrize(("alarm", "word"), [("nan", "NaN"), ("inf", "Inf"), ("zero", "0")])
def test_an_alarm_has_a_border_and_a_word(alarm: str, word: str) -> None:
    marks = list(gauge(Reading("", 0.5, alarm), BOX, True, "op"))
    assert styles(marks)[0] == f"reading {alarm} frame" and texts(marks) == [word]
    assert not any(name.endswith(" bar") for name in styles(marks))
    sum_ = list(gauge(Reading("", 0.5, alarm), Box(0, 0, 18, 18, 0, 0), False, "adjoint"))
    assert styles(sum_) == [f"reading {alarm} frame"]


def test_no_alarm_no_border() -> None:
    assert not any("frame" in name for name in styles(gauge(Reading("1"), BOX, True, "op")))
    assert styles(bar(Reading("", 0.0, "nan"), 0, 0, 9, 9, True)) == ["reading alarm"]


def test_a_long_text_shrinks_and_then_loses_its_end() -> None:
    assert written("1.5", 40) == ("1.5", SIZE)
    text, size = written("123456789", 36)
    assert text == "123456789" and SMALLEST < size < SIZE and width(text, size) <= 36 + 1e-9
    text, size = written("name " * 30, 50)
    assert size == SMALLEST and text.startswith("name name") and text.endswith("…") and width(text, size) <= 50


def test_the_ground_keeps_the_line_of_the_node() -> None:
    border = rectangle(0, 0, 9, 9)
    assert heat(Reading("", 1.0), "stop", True, border) == [
        Shape("reading forward 4", border), Shape("reading line stop", border),
    ]  # fmt: skip


def test_the_entry_of_a_legend() -> None:
    marks, wide = key_to_levels(10, 20, "measured", ["nan"], ["forward", "backward"])
    assert texts(marks) == ["measured", "NaN"]
    assert len([name for name in styles(marks) if name.startswith(("reading forward", "reading backward"))]) == 10
    assert wide > 10 * 9 + width("measured", 9.5)
