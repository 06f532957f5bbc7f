"""What torch says about compiling while graphgrad records."""

from __future__ import annotations

import torch

import graphgrad as gg
from graphgrad.ground.compiling import compiling


def answers() -> tuple[bool, bool]:
    return torch.compiler.is_compiling(), torch.compiler.is_exporting()


def test_recorded_code_hears_that_it_is_compiled() -> None:
    x = gg.placeholder(gg.float32, [None, 3])
    seen = []
    gg.record(lambda x: seen.append(answers()), x)
    assert seen == [(True, True)] and answers() == (False, False)


def test_the_latest_block_counts() -> None:
    with compiling():
        with compiling(False):
            assert answers() == (False, False)
        assert answers() == (True, True)
    assert answers() == (False, False)


def test_blocks_of_several_threads_may_end_in_any_order() -> None:
    first, second = compiling(), compiling()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert answers() == (True, True)
    second.__exit__(None, None, None)
    assert answers() == (False, False)
