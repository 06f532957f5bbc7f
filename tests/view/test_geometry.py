"""Rows do not touch."""

from graphgrad.view.geometry import HEIGHT, PITCH, TURN, y_of


def test_rows_are_apart_and_a_turn_fits_between_them() -> None:
    assert y_of(0) > HEIGHT / 2
    assert y_of(5) - y_of(4) == PITCH
    assert TURN * 0.75 < PITCH - HEIGHT  # a Bezier curve goes three quarters of the way to its controls
