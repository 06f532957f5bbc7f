"""What looks at numbers while a run is under way: it prints them, or stops the run."""

from __future__ import annotations

import sys
from typing import Any

import torch

from ...record.infer import probing


def told(item: Any, summarize: int | None) -> str:
    """A tensor, or text, as TF1 prints it: its first elements between brackets."""
    if not isinstance(item, torch.Tensor):
        return f"[{item}]"
    most = 3 if summarize is None else summarize
    return _nested(item.detach().cpu(), item.numel() if most < 0 else most, [0])


def _nested(item: torch.Tensor, most: int, shown: list[int]) -> str:
    """The elements in brackets per axis, as many as may be shown."""
    if item.dim() == 0:
        shown[0] += 1
        value = item.item()
        return f"{value:g}" if isinstance(value, float) else str(int(value) if item.dtype is torch.bool else value)
    parts = []
    for row in item:
        if shown[0] >= most:
            parts.append("...")
            break
        parts.append(_nested(row, most, shown))
    separator = " " if item.dim() == 1 else ""
    return "[" + separator.join(parts).replace(" ...", "...") + "]"


class Printing:
    """A place that prints, and how often it has: an operation's own."""

    def __init__(self, first_n: int | None, message: str, summarize: int | None) -> None:
        self.__name__ = "Print"
        self._left = -1 if first_n is None else first_n
        self._message = message
        self._summarize = summarize

    def __call__(self, input_: torch.Tensor, data: tuple[Any, ...]) -> torch.Tensor:
        if not probing() and self._left != 0 and type(input_) is torch.Tensor:
            self._left -= 1
            shown = "".join(told(item if _scalar(item) is None else _scalar(item), self._summarize) for item in data)
            print(f"{self._message}{shown}", file=sys.stderr)
        return input_.view_as(input_)


def _scalar(item: Any) -> torch.Tensor | None:
    """A 0-d tensor with an axis, so that it is printed between brackets, too."""
    return item.reshape(1) if isinstance(item, torch.Tensor) and item.dim() == 0 else None


def print_line(pieces: tuple[Any, ...], stream: str, end: str, separator: str, summarize: int) -> None:
    """Write some pieces in a line on a stream, or at the end of a file ('file://name')."""
    text = separator.join(
        told(piece, summarize) if isinstance(piece, torch.Tensor) else str(piece) for piece in pieces
    ) + end  # fmt: skip
    if stream.startswith("file://"):
        with open(stream.removeprefix("file://"), "a", encoding="utf-8") as file:
            file.write(text)
    else:
        (sys.stdout if stream == "stdout" else sys.stderr).write(text)


def assert_true(condition: torch.Tensor, data: tuple[Any, ...], summarize: int | None) -> None:
    """`ValueError` that shows the data unless all of a condition holds."""
    if not bool(condition.all()):
        shown = "".join(f" {told(item, summarize)}" for item in data)
        raise ValueError(f"assertion failed:{shown}")


def check_numerics(tensor: torch.Tensor, message: str) -> torch.Tensor:
    """The tensor; `ValueError` if one of its numbers is infinite or not a number."""
    if not probing() and type(tensor) is torch.Tensor and not bool(torch.isfinite(tensor).all()):
        kind = "NaN" if bool(torch.isnan(tensor).any()) else "Inf"
        if kind == "NaN" and bool(torch.isinf(tensor).any()):
            kind = "Inf and NaN"
        raise ValueError(f"{message} : Tensor had {kind} values")
    return tensor.view_as(tensor)


def ensure_shape(x: torch.Tensor, shape: tuple[int | None, ...]) -> torch.Tensor:
    """The tensor; `ValueError` if its shape is another one."""
    fits = x.dim() == len(shape) and all(want in (-1, have) for want, have in zip(shape, x.shape, strict=True))
    if not fits:
        raise ValueError(f"Shape of tensor {list(x.shape)} is not compatible with expected shape {list(shape)}")
    return x.view_as(x)
