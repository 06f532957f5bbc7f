"""The surroundings of a trace: one at a time, with nothing of the caller's modes, and nothing of it left behind."""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import _disable_current_modes

from ..runtime import default_dtype

_alone = threading.RLock()


@contextlib.contextmanager
def quiet() -> Iterator[list[Any]]:
    """A block that leaves random generators alone and warns of nothing; the filters of warnings that held before."""
    off = torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False)
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    own_draws, unwarned = torch.random.fork_rng(devices=devices), warnings.catch_warnings()
    filters = list(warnings.filters)
    with _alone, torch.inference_mode(False), off[0], off[1], default_dtype(torch.float32), own_draws, unwarned:
        warnings.simplefilter("ignore")
        yield filters


@contextlib.contextmanager
def aside(filters: Sequence[Any]) -> Iterator[None]:
    """A block inside of a trace in which nothing is traced: others may trace, and there are warnings again."""
    _alone.release()
    try:
        with warnings.catch_warnings(), _disable_current_modes():
            warnings.filters[:] = filters  # type: ignore[index]
            warnings.simplefilter("default", append=True)  # the last resort anyway; it makes the list known
            yield
    finally:
        _alone.acquire()


def generators() -> list[torch.Tensor]:
    """The states of the generators that kernels draw from."""
    found = [torch.default_generator.get_state()]
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        found += [each.get_state() for each in torch.cuda.default_generators]
    return found
