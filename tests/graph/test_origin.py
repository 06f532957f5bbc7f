"""Origins: the user's frame, and how a line is shown."""

import os
import sys
from pathlib import Path

import torch

import graphgrad as gg
from graphgrad.graph import origin
from graphgrad.graph.origin import short, source_line, user_frame


def line_of(tensor):
    return source_line(*tensor.op.traceback)


def test_the_innermost_line_of_the_user_is_named():
    def helper(t):
        return torch.sin(t)  # in the helper

    y = helper(gg.constant(1.0))
    assert line_of(y) == "return torch.sin(t)  # in the helper"


def test_torch_and_graphgrad_are_not_the_user():
    x = gg.placeholder(gg.float32, [2, 3])
    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    y = module(x)  # torch's own files are skipped
    z = gg.nn.softmax_cross_entropy_with_logits(labels=y, logits=y)  # so are the package's
    assert line_of(y) == "y = module(x)  # torch's own files are skipped"
    assert line_of(z).endswith("# so are the package's")
    assert line_of(x) == "x = gg.placeholder(gg.float32, [2, 3])"


def test_a_call_over_several_lines_names_one_of_them():
    y = gg.add(
        gg.constant(1.0),
        2.0,
    )
    assert line_of(y) in ("y = gg.add(", "gg.constant(1.0),", "2.0,")


def test_the_frame_is_the_callers():
    frame = user_frame(1)
    assert frame is not None and frame.f_code.co_name == "test_the_frame_is_the_callers"


def test_a_line_that_cannot_be_read_is_empty():
    assert source_line("<typed>", 1) == "" and source_line(__file__, 10**6) == ""


def test_a_file_below_the_working_directory_is_named_from_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    below = tmp_path / "models" / "net.py"
    assert short(str(below)) == os.path.join("models", "net.py")
    above = Path(tmp_path.parent, "other.py")
    assert short(str(above)) == str(above)


def test_the_line_of_an_instruction_is_that_of_the_frame():
    def seen(frame):
        return frame.f_code, frame.f_lasti, frame.f_lineno

    def user():
        found = [seen(sys._getframe())]
        for _ in range(2):
            found.append(
                seen(
                    sys._getframe(),
                )
            )
        return [*found, seen(sys._getframe())]

    places = user()
    assert len({line for _, _, line in places}) == 3
    for code, instruction, line in places:
        assert origin.line_of(code, instruction) == line


def test_a_cell_of_a_notebook_is_called_so():
    assert short("/any/ipykernel_4711/123456.py") == "cell"
    assert short("T:\\any\\ipykernel_1\\2.py") == "cell"
    assert short("/any/ipykernel_4711/model.py") == "/any/ipykernel_4711/model.py"
