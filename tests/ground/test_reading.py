"""A reading refuses what no picture could show."""

import pytest

from graphgrad.ground.reading import Reading


def test_a_level_outside_of_its_range_is_refused():
    with pytest.raises(ValueError, match="level is 1.5, not between 0 and 1"):
        Reading("1.2", level=1.5)


def test_an_unknown_alarm_is_refused():
    with pytest.raises(ValueError, match="alarm is 'fire'"):
        Reading("1.2", alarm="fire")
