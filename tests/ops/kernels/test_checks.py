"""What is printed, and how."""

import numpy as np
import pytest
import torch

from graphgrad.ops.kernels import checks


@pytest.mark.parametrize(
    ("item", "summarize", "text"),
    [
        (torch.tensor([1, 2]), None, "[1 2]"),
        (torch.tensor([1, 2, 3, 4]), None, "[1 2 3...]"),
        (torch.tensor([1, 2, 3, 4]), -1, "[1 2 3 4]"),
        (torch.tensor([[1.5, 2.0], [3.0, 4.0]]), 4, "[[1.5 2][3 4]]"),
        (torch.tensor(2.5), None, "2.5"),
        (torch.tensor([True]), None, "[1]"),
        ("text", None, "[text]"),
    ],
)
def test_what_a_tensor_looks_like(item, summarize, text):
    assert checks.told(item, summarize) == text


def test_a_place_prints_so_often(capsys):
    place = checks.Printing(2, "now: ", None)
    x = torch.ones(2)
    for _ in range(3):
        assert place(x, (torch.tensor(1), "a")).tolist() == [1, 1]
    assert capsys.readouterr().err == "now: [1][a]\n" * 2


def test_check_numerics():
    assert checks.check_numerics(torch.ones(2), "x").tolist() == [1, 1]
    for bad, said in (([np.nan], "NaN"), ([np.inf], "Inf"), ([np.inf, np.nan], "Inf and NaN")):
        with pytest.raises(ValueError, match=f"loss : Tensor had {said} values"):
            checks.check_numerics(torch.tensor(bad), "loss")


def test_assert_true():
    checks.assert_true(torch.tensor([True, True]), (), None)
    with pytest.raises(ValueError, match=r"assertion failed: \[x is\] \[1 2\]"):
        checks.assert_true(torch.tensor([True, False]), ("x is", torch.tensor([1, 2])), None)


def test_ensure_shape():
    assert checks.ensure_shape(torch.ones(2, 3), (-1, 3)).shape == (2, 3)
    with pytest.raises(ValueError, match="not compatible"):
        checks.ensure_shape(torch.ones(2, 3), (-1, 4))


def test_a_line_goes_to_a_file(tmp_path, capsys):
    place = tmp_path / "log.txt"
    for _ in range(2):
        checks.print_line(("x", torch.tensor([1, 2])), f"file://{place}", "\n", " ", 3)
    assert place.read_text("utf-8") == "x [1 2]\n" * 2
    checks.print_line(("a", 1), "stdout", "!", "-", 3)
    assert capsys.readouterr().out == "a-1!"
