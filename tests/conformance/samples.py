"""torch's operator database: its entries, and for each the calls that torch tests itself with."""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import op_db

SEED = 20240229
FEW = 2  # samples of an operator in a short run
WINDOW = 48  # a short run takes them from so many first ones

# Preferred first: float64 where gradients are compared, float32 else, then what there is.
_DTYPES = (torch.float32, torch.float64, torch.int64, torch.bool, torch.complex64, torch.float8_e4m3fn)

# Operators whose result has memory that nobody has written.
UNDEFINED = frozenset(
    "empty empty_like empty_permuted empty_strided new_empty new_empty_strided resize_ resize_as_".split()
)


def _plainly(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


# torch wraps random operators to draw the same numbers in every call; here they draw as a user's calls do.
for _name, _module in list(sys.modules.items()):
    if _name.startswith("torch.testing._internal") and hasattr(_module, "wrapper_set_seed"):
        setattr(_module, "wrapper_set_seed", _plainly)  # noqa: B010 - mypy knows no such attribute


@dataclass(frozen=True)
class Sample:
    """One call: the operator's entry, the number of the sample among all of its entry, and its arguments."""

    entry: Any
    index: int
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    broadcasts: bool
    process: Callable[[Any], Any]

    @property
    def operator(self) -> str:
        return str(self.entry.formatted_name)

    @property
    def name(self) -> str:
        return f"{self.operator}[{self.index}]"

    def summary(self) -> str:
        """The arguments, tensors as dtype and shape."""
        return ", ".join([*map(_shown, self.args), *(f"{key}={_shown(item)}" for key, item in self.kwargs.items())])


def entries(only: str = "") -> list[Any]:
    """The entries of the database, or those with this in their name."""
    return [entry for entry in op_db if only in entry.formatted_name]


def dtype_of(entry: Any) -> torch.dtype | None:
    """The dtype in which an entry is tried; None if this machine has none for it."""
    supported = entry.supported_dtypes("cpu")
    if entry.supports_autograd and torch.float64 in supported & entry.supported_backward_dtypes("cpu"):
        return torch.float64
    if entry.supports_autograd and not any(dtype.is_floating_point for dtype in supported):
        supported = supported - {torch.complex32}
    ordered = [dtype for dtype in _DTYPES if dtype in supported] + sorted(supported, key=str)
    return ordered[0] if ordered else None


def samples(entry: Any, few: bool, dtype: torch.dtype | None = None) -> list[Sample]:
    """All samples of an entry, or a few that do not change from run to run; in this dtype, if one is asked for."""
    if dtype is None:
        dtype = dtype_of(entry)
    elif dtype not in entry.supported_dtypes("cpu"):
        dtype = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's, about its own samples
        found = list(islice(_samples(entry, dtype), WINDOW if few else None))
    if not few or len(found) <= FEW:
        return found
    step = (len(found) - 1) / FEW
    return [found[round(step * (place + 0.5))] for place in range(FEW)]


def _samples(entry: Any, dtype: torch.dtype | None) -> Iterator[Sample]:
    if dtype is None:
        return
    random.seed(SEED)
    np.random.seed(SEED)
    torch.default_generator.manual_seed(SEED)
    grad = entry.supports_autograd and dtype in entry.supported_backward_dtypes("cpu")
    grad = grad and (dtype.is_floating_point or dtype.is_complex)
    # `entry.sample_inputs` would look for a unittest on the stack first, which takes longer than all checks.
    for index, given in enumerate(entry.sample_inputs_func(entry, "cpu", dtype, grad)):
        args = (given.input, *given.args)
        yield Sample(entry, index, args, given.kwargs, given.broadcasts_input, given.output_process_fn_grad)


def _shown(item: Any) -> str:
    if isinstance(item, torch.Tensor):
        layout = "" if item.layout is not torch.strided or item.is_contiguous() else " strided"
        return f"{str(item.dtype).removeprefix('torch.')}{list(item.shape)}{layout}"
    if isinstance(item, (tuple, list)):
        return f"{type(item).__name__}({', '.join(map(_shown, item))})"
    return repr(item)
