"""Numbers in another dtype, if every one of them survives."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def fitted(array: Array, want: np.dtype[Any]) -> Array | None:
    """The array in the wanted dtype; None if a number would change: 1.5 into int32, 300 into uint8, 1e39 into float32.

    Rounding a float to a narrower one is no change, overflow to infinity is.

    >>> fitted(np.array([1.0, 2.0]), np.dtype("int32")), fitted(np.array(1.5), np.dtype("int32"))
    (array([1, 2], dtype=int32), None)
    """
    if array.dtype == object and want.kind in "fc" and all(type(item) is int for item in array.flat):
        array = array.astype(np.float64)  # Python integers beyond 64 bits
    have = array.dtype
    if have.kind not in "biufc" or (have.kind == "c" and want.kind != "c"):
        return None
    with np.errstate(all="ignore"):
        cast = array.astype(want)
    if want.kind in "biu":
        kept = bool(np.all(cast == array)) if have.kind != "b" or want.kind != "b" else True
    elif have.kind in "fc" and have.itemsize > want.itemsize:
        kept = bool(np.array_equal(np.isfinite(cast), np.isfinite(array)))
    else:
        kept = bool(np.isfinite(cast).all()) if have.kind in "iu" and want.itemsize == 2 else True
    return cast if kept else None
