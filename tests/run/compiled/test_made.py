"""What is known of a tensor in a flat graph."""

from __future__ import annotations

from typing import Any

import torch

from graphgrad.run.compiled.made import Made, Sized, valued


def test_a_view_is_told_from_what_it_is_a_view_of() -> None:
    tensor = torch.zeros(2, 3)
    assert Made.of(tensor) == Made.of(torch.ones(2, 3)) == Made.of(tensor.view(2, 3))
    others = [tensor.T, tensor[:1], tensor.double(), torch.zeros(7)[1:].view(2, 3), tensor.as_strided((2, 3), (1, 2))]
    assert all(Made.of(each) != Made.of(tensor) for each in others)


def test_a_tensor_that_is_no_block_of_memory_is_not_known() -> None:
    assert Made.of(torch.eye(2).to_sparse()) is None


def test_an_expression_is_written_in_brackets_and_is_what_it_says() -> None:
    assert repr(Sized("n + 1", 4)) == "(n + 1)"
    assert Sized("n", 4) == Sized("n", 4) != Sized("m", 4)
    assert len({Sized("n", 4), Sized("n", 4), Sized("n", 5)}) == 2


def test_sizes_are_what_they_were_when_traced() -> None:
    shape: Any = (Sized("n", 5), 4)
    made = Made(shape, (Sized("4", 4), 1), 0, torch.float32, torch.device("cpu"))
    assert made.now == Made.of(torch.ones(5, 4)) and made.now.now == made.now


def test_arguments_with_their_values() -> None:
    n = Sized("2*n", 10)
    assert valued((n, [n, 3], {"size": (n, "text")}, None)) == (10, [10, 3], {"size": (10, "text")}, None)
