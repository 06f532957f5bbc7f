"""The entry point of scripts."""

import sys
import types

import pytest

import graphgrad as gg
from graphgrad.platform import flags


@pytest.fixture(autouse=True)
def fresh():
    before = dict(flags.FLAGS.__dict__["_flags"])
    flags.FLAGS.reset()
    flags.DEFINE_integer("steps", 1, "how many steps")
    yield
    flags.FLAGS.reset()
    flags.FLAGS.__dict__["_flags"].update(before)


def run(*arguments):
    with pytest.raises(SystemExit) as end:
        gg.app.run(*arguments)
    return end.value.code


@pytest.mark.parametrize("code", [None, 0, 3, "text"])
def test_main_gets_the_rest_and_gives_the_exit_code(code):
    seen = []
    assert run(lambda words: (seen.append((words, flags.FLAGS.steps)), code)[1], ["prog", "--steps=4", "x"]) == code
    assert seen == [(["prog", "x"], 4)]


def test_main_of_the_script(monkeypatch):
    script = types.ModuleType("__main__")
    script.main = lambda words: words
    monkeypatch.setitem(sys.modules, "__main__", script)
    monkeypatch.setattr(sys, "argv", ["prog", "a"])
    assert run() == ["prog", "a"]
    del script.main
    with pytest.raises(TypeError, match="which has none"):
        gg.app.run()


def test_a_bad_command_line_ends_the_program(capsys):
    assert run(print, ["prog", "--step=4"]) == 1
    assert "unknown command line flag 'step'" in capsys.readouterr().err


def test_help(capsys):
    assert run(print, ["prog", "--help"]) == 1
    assert "--steps: how many steps\n    (default: 1)" in capsys.readouterr().out


def test_a_required_flag(capsys):
    flags.DEFINE_string("data", None, "where")
    flags.mark_flag_as_required("data")
    assert run(print, ["prog"]) == 1
    assert "--data must have a value" in capsys.readouterr().err
    flags.required.clear()
