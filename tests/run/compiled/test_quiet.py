"""Surroundings of a trace."""

from __future__ import annotations

import threading
import warnings

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode, _get_current_dispatch_mode

from graphgrad.run.compiled.quiet import aside, generators, quiet


def test_a_quiet_block_leaves_nothing_behind() -> None:
    torch.manual_seed(3)
    before = generators()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.inference_mode(), quiet():
            assert torch.get_default_dtype() is torch.float32 and not torch.is_inference_mode_enabled()
            torch.randn(3)
            warnings.warn("nobody hears it", stacklevel=1)
            assert not all(map(torch.equal, before, generators()))
        assert torch.get_default_dtype() is torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert all(map(torch.equal, before, generators()))


def test_aside_there_are_warnings_and_no_modes_and_others_may_trace() -> None:
    entered: list[bool] = []

    def other() -> None:
        with quiet():
            entered.append(True)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with quiet() as filters, TorchDispatchMode():
            with aside(filters):
                assert _get_current_dispatch_mode() is None
                thread = threading.Thread(target=other)
                thread.start()
                thread.join(30)
                with pytest.raises(UserWarning, match="heard"):
                    warnings.warn("heard", stacklevel=1)
            assert _get_current_dispatch_mode() is not None
            warnings.warn("nobody hears it", stacklevel=1)
    assert entered == [True]
