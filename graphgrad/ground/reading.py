"""What a run measured at one place: a short text for people, and how strongly a picture should show it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """One measurement, of an operation's forward part or of its share of a gradient.

    Attributes:
        text: what a picture writes, a few characters: '1.2e-03', 'NaN', '0.8 ms'.
        level: how high it is among its like, from 0 to 1; a picture's intensity of colour.
        alarm: 'nan', 'inf' or 'zero' where somebody should look, else ''.
        detail: a line for whoever asks for more.
    """

    text: str
    level: float = 0.0
    alarm: str = ""
    detail: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.level <= 1:
            raise ValueError(f"level is {self.level}, not between 0 and 1")
        if self.alarm not in ("", "nan", "inf", "zero"):
            raise ValueError(f"alarm is {self.alarm!r}; use 'nan', 'inf', 'zero' or ''")
