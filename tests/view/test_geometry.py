"""Rows do not touch, nor do the boxes of scopes that follow each other."""

from graphgrad.view.geometry import FOOT, HEAD, HEIGHT, MARGIN, PITCH, ROOM, SILL, TURN, heights


def test_rows_are_apart_and_a_turn_fits_between_them() -> None:
    found = heights({}, {}, 3)
    assert found == [MARGIN + HEIGHT, MARGIN + HEIGHT + PITCH, MARGIN + HEIGHT + 2 * PITCH]
    assert TURN * 0.75 < PITCH - HEIGHT  # a Bezier curve goes three quarters of the way to its controls


def test_heads_and_feet_of_regions_have_room() -> None:
    found = heights({0: 1, 2: 3}, {1: 2}, 3)
    assert [b - a for a, b in zip(found, found[1:], strict=False)] == [PITCH, PITCH + 3 * HEAD + 2 * FOOT]
    low, top = found[1] + HEIGHT / 2 + SILL + 2 * FOOT, found[2] - HEIGHT / 2 - ROOM - 3 * HEAD
    assert low < top


def test_no_rows() -> None:
    assert heights({}, {}, 0) == []
