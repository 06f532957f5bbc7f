"""`Values`: the figures of every forward value and of every gradient that reached one."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import Any

import torch

from ...graph.operation import Operation, Value
from ...ground.reading import Reading
from .measure import Measure, measure, together
from .place import Place
from .table import html_table, text_table
from .watcher import Key, Recorder, Watch

_HEAD = ["tensor", "gradient of", "spec", "norm", "min", "max", "zeros", "NaN", "Inf"]
_RIGHT = range(3, 9)


class Values(Watch):
    """Measures every tensor of a run: norm, smallest and largest number, share of zeros, how many NaN and Inf.

    Pass it to `Session.run` as `watch`; of several runs it keeps what was measured last. `str()` is a table, and so
    is what a notebook shows; `gg.plot(ys, xs, values=watch)` shows it on the picture.

    Attributes:
        measures: (value, None) -> the figures of a forward value; (value, call) -> of the gradient with respect to
            it that the gradient operation `call` computed.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [3], name="x")
    >>> y = gg.square(x, name="y")
    >>> watch = gg.watch.Values()
    >>> with gg.Session() as sess:
    ...     sess.run(gg.gradients(y, x, name="g"), {x: [0.0, 3.0, 4.0]}, watch=watch)
    [array([0., 6., 8.], dtype=float32)]
    >>> print(watch)
    tensor    gradient of  spec         norm  min  max  zeros  NaN  Inf
    x:0                    float32[3]      5    0    4    33%
    y:0                    float32[3]  18.36    0   16    33%
    g/vjp:0                float32[3]     10    0    8    33%
    y:0       g/vjp        float32[3]  1.732    1    1     0%
    x:0       g/vjp        float32[3]     10    0    8    33%
    """

    def __init__(self) -> None:
        self.measures: dict[tuple[Value, Operation | None], Measure] = {}
        self._lock = threading.Lock()

    def recorder(self) -> Recorder:
        return _Measuring(self)

    def add(self, measures: dict[tuple[Value, Operation | None], Measure]) -> None:
        """Take over what a run's recorder measured."""
        with self._lock:
            self.measures |= measures

    def reset(self) -> None:
        """Forget what was measured."""
        with self._lock:
            self.measures = {}

    def readings(self) -> dict[Key, Reading]:
        """The norm for each operation, coloured by its size among the forward values, or among the gradients."""
        groups: dict[Key, list[Measure]] = {}
        for (value, call), found in self.measures.items():
            groups.setdefault((value.op, call), []).append(found)
        whole = {key: together(found) for key, found in groups.items()}
        scales = [_scale(found.norm for key, found in whole.items() if (key[1] is None) == forward)
                  for forward in (False, True)]  # fmt: skip
        return {key: _reading(key, found, scales[key[1] is None]) for key, found in whole.items()}

    def _rows(self) -> list[list[str]]:
        ordered = sorted(self.measures.items(), key=lambda item: item[0][1].id if item[0][1] else -1)
        return [_row(value.name, call.name if call else "", found) for (value, call), found in ordered]

    def __str__(self) -> str:
        rows = self._rows()
        return text_table(_HEAD, rows, _RIGHT) if rows else "no values yet: pass it to session.run as watch"

    def _repr_html_(self) -> str:
        return html_table("values of the run", _HEAD, self._rows(), _RIGHT)


class _Measuring(Recorder):
    cotangents = True

    def __init__(self, watch: Values) -> None:
        self._watch = watch
        self._found: dict[tuple[Value, Operation | None], Measure] = {}

    def stop(self) -> None:
        self._watch.add(self._found)

    def fed(self, place: Place, tensor: torch.Tensor) -> None:
        self.leave(place, [tensor], [])

    def leave(self, place: Place, values: Sequence[Any], reads: Sequence[Any]) -> None:
        for value, tensor in zip(place.values, values, strict=True):
            if isinstance(tensor, torch.Tensor):
                found = measure(tensor)
                for op in (value.op, *place.twins):
                    self._found[op.values[value.index], None] = found

    def cotangent(self, place: Place, index: int, call: Operation, gradient: torch.Tensor) -> None:
        self._found[place.values[index], call] = measure(gradient)


def _scale(norms: Any) -> tuple[float, float]:
    """The logarithms of the smallest and the largest norm."""
    found = [math.log(norm) for norm in norms if 0 < norm < math.inf]
    return min(found, default=0.0), max(found, default=0.0)


def _reading(key: Key, found: Measure, scale: tuple[float, float]) -> Reading:
    low, high = scale
    level = (math.log(found.norm) - low) / (high - low) if high > low and 0 < found.norm < math.inf else 0.0
    alarm = "nan" if found.nan else "inf" if found.inf else "zero" if found.count and found.zeros == found.count else ""
    text = {"nan": "NaN", "inf": "Inf", "zero": "0", "": f"{found.norm:.1e}"}[alarm]
    op, call = key
    what = f"{op.name}: norm" if call is None else f"gradient of {call.name} at {op.name}: norm"
    detail = f"{what} {found.norm:.4g}, {_share(found)} zeros, {found}"
    return Reading(text, min(max(level, 0.0), 1.0), alarm, detail)


def _row(name: str, call: str, found: Measure) -> list[str]:
    figures = [_figure(number) for number in (found.norm, found.low, found.high)]
    return [name, call, found.spec, *figures, _share(found), *(f"{n:,}" if n else "" for n in (found.nan, found.inf))]


def _figure(number: float) -> str:
    return "" if math.isnan(number) else f"{number:.4g}"


def _share(found: Measure) -> str:
    return f"{found.zeros / found.count:.0%}" if found.count else ""
