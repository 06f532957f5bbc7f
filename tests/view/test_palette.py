"""The table of styles: what has to differ does, in grey as well."""

import pytest

from graphgrad.view.palette import LEVELS, STYLES, mixed


def grey(colour: str) -> float:
    """The luminance of a colour, as a printer without colours has it, from 0 to 1."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


def test_mixing() -> None:
    assert mixed("#204060", 1.0) == "#204060" and mixed("#204060", 0.0) == "#ffffff"
    assert mixed("#ff0000", 0.5, "#0000ff") == "#800080"
    assert mixed("none", 0.3) == "none"


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_a_higher_level_is_darker_in_grey_and_text_stays_readable(direction: str) -> None:
    shades = [grey(STYLES[f"reading {direction} {level}"].fill) for level in range(LEVELS)]
    assert all(high < low - 0.03 for low, high in zip(shades, shades[1:], strict=False))
    assert min(shades) - grey(STYLES["reading text"].fill) > 0.4


def test_alarms_differ_in_form() -> None:
    frames = [STYLES[f"reading {alarm} frame"] for alarm in ("nan", "inf", "zero")]
    assert len({(frame.dash, frame.width) for frame in frames}) == 3


def test_what_is_faint_is_lighter_and_keeps_its_form() -> None:
    faint = {name: style for name, style in STYLES.items() if name.startswith("faint ")}
    assert {"faint op", "faint stop", "faint forward", "faint cotangent head", "faint title"} <= set(faint)
    for name, style in faint.items():
        own = STYLES[name.removeprefix("faint ")]
        assert (style.width, style.dash) == (own.width, own.dash)
        for colour, before in ((style.fill, own.fill), (style.stroke, own.stroke)):
            assert (colour == "none") == (before == "none")
            assert colour == "none" or grey(colour) >= max(grey(before), 0.6)


def test_what_is_strong_is_wider() -> None:
    for name in ("read", "forward", "cotangent", "saved", "control"):
        assert STYLES[f"strong {name}"].width > STYLES[name].width + 1
