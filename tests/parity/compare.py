"""Two answers to one case: where they differ."""

import builtins
import math
from typing import Any

from tests.parity.answer import Answer


def difference(theirs: Answer, ours: Answer, tolerance: float) -> str | None:
    """Where graphgrad's answer departs from TensorFlow's, in a sentence; None where they agree.

    Errors agree if graphgrad's error is caught by who catches TensorFlow's. An error that the case did not ask for
    is an error of the case, if TensorFlow raises it: a ValueError.
    """
    if "error" in theirs:
        raise ValueError(f"the case is wrong, TensorFlow refuses it: {theirs['error']}")
    if "error" in ours:
        return f"TensorFlow answers {theirs['result']}\ngraphgrad raises {ours['error']}"
    return _differs(theirs["result"], ours["result"], tolerance, "result")


def _differs(theirs: Any, ours: Any, tolerance: float, where: str) -> str | None:
    if not (isinstance(theirs, dict) and isinstance(ours, dict)):
        same = type(theirs) is type(ours) and (theirs == ours or _close(theirs, ours, tolerance))
        return None if same else f"{where}: TensorFlow has {theirs!r}, graphgrad {ours!r}"
    if theirs.keys() != ours.keys():
        return f"{where}: TensorFlow has {theirs}, graphgrad {ours}"
    if "raises" in theirs:
        caught = _public(theirs["raises"]) in ours["raises"]
        return None if caught else f"{where}: TensorFlow raises {theirs}, graphgrad {ours}"
    if "array" in theirs:
        return _array_differs(theirs, ours, tolerance, where)
    ((kind, left),) = theirs.items()
    right = ours[kind]
    if kind == "dict":
        if [key for key, _ in left] != [key for key, _ in right]:
            return f"{where}: the keys differ: {left} and {right}"
        left, right = [each for _, each in left], [each for _, each in right]
    if len(left) != len(right):
        return f"{where}: TensorFlow has {len(left)} items, {left}; graphgrad {len(right)}, {right}"
    found = (_differs(a, b, tolerance, f"{where}[{n}]") for n, (a, b) in enumerate(zip(left, right, strict=True)))
    return next((each for each in found if each is not None), None)


def _public(lineage: list[str]) -> str:
    """The class of an error that a user would name: one of Python's or of tf.errors, none of TensorFlow's own."""
    return lineage[0] if "OpError" in lineage else next(name for name in lineage if hasattr(builtins, name))


def _array_differs(theirs: Any, ours: Any, tolerance: float, where: str) -> str | None:
    for part in ("array", "shape"):
        if theirs[part] != ours[part]:
            return f"{where}: {part}: TensorFlow has {theirs}, graphgrad {ours}"
    pairs = zip(theirs["values"], ours["values"], strict=True)
    if all(a == b or _close(a, b, tolerance) for a, b in pairs):
        return None
    return f"{where}: TensorFlow has {theirs['values']}, graphgrad {ours['values']}"


def _close(theirs: Any, ours: Any, tolerance: float) -> bool:
    if not (isinstance(theirs, float) and isinstance(ours, float)):
        return False
    if math.isnan(theirs) or math.isnan(ours):
        return math.isnan(theirs) and math.isnan(ours)
    if math.isinf(theirs) or math.isinf(ours):
        return theirs == ours
    return abs(theirs - ours) <= tolerance * (1 + abs(theirs))
