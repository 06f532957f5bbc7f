"""What is written on nodes."""

import pytest

from graphgrad.view.label import fitted, lines, width


def test_width_grows_with_text_and_size() -> None:
    assert width("", 12) == 0
    assert width("ll", 12) < width("mm", 12) == 2 * width("m", 12)
    assert width("a", 24) == 2 * width("a", 12)


def test_wide_and_combining_letters() -> None:
    assert width("行", 10) > 10 > width("a", 10)
    assert width("e\u0301", 10) == width("e", 10)


@pytest.mark.parametrize("text", ["", "mul", "encoder/layer_11/attention/query/weight", "行列" * 50])
@pytest.mark.parametrize("room", [0, 30, 100, 1000])
def test_fitted_text_fits(text: str, room: float) -> None:
    shown = fitted(text, 10, room)
    assert shown == text or (shown[0] == "…" and text.endswith(shown[1:]))
    assert shown in (text, "…") or width(shown, 10) <= room


def test_lines_name_sources_in_plain_words() -> None:
    node = {"kind": "adjoint", "type": "∂ ∂ Const", "name": "c"}
    assert lines(node) == ("∂ ∂ Constant", "c")
    assert lines({"kind": "sum", "type": "+", "name": "w"}) == ("+", "")
    assert lines({"kind": "forward", "type": "block", "name": "a/block", "note": "9 ops"}) == ("block", "9 ops")
