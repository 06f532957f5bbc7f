"""What a run measured, tied to the nodes of a picture: from a watch, or from numbers of the user's own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch

from ..graph.operation import Operation
from ..ground.errors import ArgumentTypeError
from ..ground.late import networkx
from ..ground.reading import Reading
from ..ground.spec import dtype_name, format_shape
from ..record.tensor import Tensor
from .calls import same
from .forward import add_operation
from .gradient_graph import Graph
from .places import Places


@runtime_checkable
class Watch(Protocol):
    """Whatever has measured a run."""

    def readings(self) -> Mapping[tuple[Operation, Operation | None], Reading]:
        """By operation: (op, None) is its own value, (op, call) what the gradient operation `call` sent to it."""


def overlay(graph: Graph, places: Places, values: Any) -> None:
    """Give each node its attribute `reading`: a `Reading`, or None where nothing was measured.

    Args:
        graph: what is drawn; it is changed.
        places: where things are in it.
        values: a watch, or a mapping from tensors, operations or keys of nodes to numbers, arrays, texts or readings.

    Raises:
        TypeError: for other values, and other things in a mapping.
        ValueError: for a key of a mapping that is not in the picture.
    """
    if isinstance(values, Watch) and not isinstance(values, type):
        found = dict(_watched(graph, places, values.readings()))
    elif isinstance(values, Mapping):
        found = _given(places, values)
    else:
        raise ArgumentTypeError(
            "values is a watch that has seen a run, or a mapping from tensors, operations or names of nodes to "
            f"numbers, got {values!r:.60}, a {type(values).__name__}"
        )
    for key, node in graph.nodes(data=True):
        node["reading"] = found.get(key)


def measured(operations: Iterable[Operation], values: Any) -> dict[Operation, Reading]:
    """What was measured of these operations' own values; errors as of `overlay`."""
    graph: Graph = networkx.MultiDiGraph()
    for op in operations:
        add_operation(graph, op, op.name, ())
    overlay(graph, Places(graph, None), values)
    return {node["op"]: node["reading"] for node in graph.nodes.values() if node["reading"] is not None}


# -- a watch --------------------------------------------------------------------------------------


def _watched(
    graph: Graph, places: Places, readings: Mapping[tuple[Operation, Operation | None], Reading]
) -> Iterator[tuple[str, Reading]]:
    """The readings by node. Those of cotangents are of the recorded call that asks what is drawn, if there is one."""
    call = None
    if places.asked is not None:
        call = same(places.asked, (by for _, by in readings if by is not None))
    taken: set[tuple[Operation, Operation]] = set()
    for key, node in graph.nodes(data=True):
        op = node["op"]
        if node["kind"] == "forward":
            found = readings.get((op, None))
        else:
            by = _call(places, key, call)
            if by is None or not _measured(graph, node) or (op, by) in taken and node["kind"] == "adjoint":
                continue
            if node["kind"] == "adjoint":
                taken.add((op, by))
            found = readings.get((op, by))
        if found is not None:
            yield key, found


def _call(places: Places, key: str, call: Operation | None) -> Operation | None:
    """The gradient operation that stands for an adjoint node in a run."""
    if places.calls is None:
        return None
    return call if key in places.calls.own else places.calls.recorded.get(key)


def _measured(graph: Graph, node: Mapping[str, Any]) -> bool:
    """Whether a watch sees the cotangent of a node: of forward operations alone, and a sum is that of its value."""
    if node["kind"] == "sum":
        return False
    kind: str = graph.nodes[node["mirror"]]["kind"]
    return node["kind"] == "gradient" or kind == "forward"


# -- a mapping ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Measure:
    """A reading whose level is not known before all are; `size` is its magnitude, None where there is none."""

    reading: Reading
    size: float | None


def _given(places: Places, values: Mapping[Any, Any]) -> dict[str, Reading]:
    found: dict[str, list[_Measure]] = {}
    for item, value in values.items():
        if value is None:
            continue  # of an x that is not connected
        measure = _measure(value)
        for key in places.of("values", item):
            found.setdefault(key, []).append(measure)
    sizes = [math.log(measure.size) for measures in found.values() for measure in measures if measure.size]
    low, high = min(sizes, default=0.0), max(sizes, default=0.0)
    return {key: _merged([_levelled(each, low, high) for each in measures]) for key, measures in found.items()}


def _levelled(measure: _Measure, low: float, high: float) -> Reading:
    """The reading with its place between the least and the greatest, by logarithm."""
    if not measure.size:
        return measure.reading
    level = (math.log(measure.size) - low) / (high - low) if high > low else 0.5
    return replace(measure.reading, level=min(max(level, 0.0), 1.0))


def _merged(readings: list[Reading]) -> Reading:
    """What several outputs of an operation say together: the worst of them, with the details of all."""
    worst = max(readings, key=lambda reading: (("", "zero", "inf", "nan").index(reading.alarm), reading.level))
    if len(readings) == 1:
        return worst
    return replace(worst, detail="; ".join(f"{each.text} {each.detail}".rstrip() for each in readings))


def _measure(value: Any) -> _Measure:
    if isinstance(value, Reading):
        return _Measure(value, None)
    if isinstance(value, str):
        return _Measure(Reading(value), None)
    if isinstance(value, Tensor):
        raise ArgumentTypeError(f"values: {value.name} is symbolic and has no number; run it and give the result")
    if isinstance(value, torch.Tensor):
        name, shape = dtype_name(value.dtype), tuple(value.shape)
        wide = torch.complex128 if value.is_complex() else torch.float64
        array = value.detach().to("cpu", wide).resolve_conj().resolve_neg().numpy()
    else:
        array = np.asarray(value)
        name, shape = str(array.dtype), array.shape
    if array.dtype.kind not in "biufc":
        raise ArgumentTypeError(f"values takes numbers, arrays, texts and readings, got a {type(value).__name__}")
    return _of_array(array, f"{name}{format_shape(shape)}")


def _of_array(array: np.ndarray[Any, Any], spec: str) -> _Measure:
    """The magnitude of a number, the 2-norm of an array; an alarm if it is NaN, infinite or zero."""
    numbers = np.abs(array.astype(np.complex128)).ravel()
    detail = f"2-norm of {spec}" if array.ndim else ""
    if not numbers.size:
        return _Measure(Reading("empty", detail=spec), None)
    for alarm, word, bad in (("nan", "NaN", np.isnan(numbers)), ("inf", "infinite", np.isinf(numbers))):
        if bad.any():
            some = f"{int(bad.sum()):,} of {bad.size:,}"
            text, told = (some, f"{some} are {word} in {spec}") if array.ndim else (_text(array), "")
            return _Measure(Reading(text, 1.0, alarm, told), None)
    most = float(numbers.max())
    size = most * float(np.linalg.norm(numbers / most)) if most else 0.0
    text = f"{size:.3g}" if array.ndim else _text(array)
    return _Measure(Reading(text, 0.0, "" if size else "zero", detail), size)


def _text(number: np.ndarray[Any, Any]) -> str:
    """A number, short: `-0.25`, `1.2e-07`, `(1+2j)`."""
    item = number.item()
    return f"{item:.3g}" if isinstance(item, (float, complex)) else f"{item}"
