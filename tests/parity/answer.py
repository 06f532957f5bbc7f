"""What a case answers under one of the two libraries, as plain data that JSON can hold.

Run as a module by the interpreter that has TensorFlow, `python -m tests.parity.answer FILE`: writes TensorFlow's
answers to all cases.
"""

import importlib
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from tests.parity.case import Case, all_cases
from tests.parity.session import run

Answer = dict[str, Any]


def answer(tf: Any, case: Case) -> Answer:
    """The result of a case as plain data, or the error that it raised: one that it did not ask for with `raised`."""
    tf.reset_default_graph()
    try:
        return {"result": plain(run(tf, case.function(tf)))}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def plain(value: Any) -> Any:
    """A fetched value as JSON: containers, arrays and numbers each tagged with their kind."""
    if isinstance(value, dict):
        return {"dict": [[str(key), plain(each)] for key, each in value.items()]}
    if isinstance(value, list | tuple):
        kind = "list" if type(value) is list else "tuple" if type(value) is tuple else type(value).__name__
        return {kind: [plain(each) for each in value]}
    if isinstance(value, Exception):
        return {"raises": [each.__name__ for each in type(value).__mro__[:-2]], "message": str(value)}
    if isinstance(value, np.ndarray | np.generic):
        return _array(np.asarray(value))
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a case returned a {type(value).__name__}, which nothing compares")


def _array(array: np.ndarray) -> Any:
    numbers = array.ravel()
    if array.dtype.kind == "c":
        numbers = numbers.astype(np.complex128).view(np.float64)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"a case returned an array of {array.dtype}, which nothing compares")
    return {"array": array.dtype.name, "shape": list(array.shape), "values": numbers.tolist()}


def tensorflow_answers(path: Path) -> None:
    """Write TensorFlow's answers to all cases to a file."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"  # the Keras that tf.layers was written for
    tf = importlib.import_module("tensorflow.compat.v1")
    tf.disable_v2_behavior()
    tf.enable_resource_variables()
    answers = {}
    for name, case in all_cases().items():
        if case.needs is not None and find_spec(case.needs) is None:
            answers[name] = {"lacks": case.needs}
            continue
        (tf.enable_control_flow_v2 if case.loops_v2 else tf.disable_control_flow_v2)()
        answers[name] = answer(tf, case)
    path.write_text(json.dumps({"version": tf.__version__, "answers": answers}))


if __name__ == "__main__":
    tensorflow_answers(Path(sys.argv[1]))
