"""Paths: where they begin, what they enclose."""

from graphgrad.view.marks import line, polygon, rectangle


def test_an_angular_rectangle_is_its_corners() -> None:
    assert rectangle(1, 2, 10, 20) == (("M", 1, 2), ("L", 11, 2), ("L", 11, 22), ("L", 1, 22), ("Z",))


def test_a_round_one_touches_its_four_sides_and_stays_inside() -> None:
    path = rectangle(0, 0, 40, 20, 6)
    numbers = [pair for _, *all_ in path for pair in zip(all_[::2], all_[1::2], strict=True)]
    assert {x for x, _ in numbers} >= {0, 40, 6, 34} and {y for _, y in numbers} >= {0, 20, 6, 14}
    assert all(0 <= x <= 40 and 0 <= y <= 20 for x, y in numbers)
    assert [command for command, *_ in path].count("C") == 4


def test_open_and_closed() -> None:
    points = (0.0, 0.0), (1.0, 0.0), (1.0, 1.0)
    assert line(*points) == (("M", 0, 0), ("L", 1, 0), ("L", 1, 1))
    assert polygon(*points) == (*line(*points), ("Z",))
