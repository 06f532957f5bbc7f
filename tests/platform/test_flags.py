"""Flags: what a command line may say, and what it may not."""

import sys

import pytest

import graphgrad as gg
from graphgrad.platform import flags

FLAGS = flags.FLAGS


@pytest.fixture(autouse=True)
def fresh():
    """The process's flags, empty for the test."""
    before, parsed = dict(FLAGS.__dict__["_flags"]), FLAGS.is_parsed()
    FLAGS.reset()
    flags.required.clear()
    yield
    FLAGS.reset()
    FLAGS.__dict__["_flags"].update(before)
    FLAGS.__dict__["_parsed"] = parsed


@pytest.fixture
def defined():
    flags.DEFINE_string("name", "none", "a name", short_name="n")
    flags.DEFINE_integer("steps", 10, "how many", lower_bound=0)
    flags.DEFINE_float("rate", 0.5, "how fast")
    flags.DEFINE_boolean("verbose", False, "whether to talk")
    flags.DEFINE_bool("quick", True, "whether to hurry")
    flags.DEFINE_list("sizes", "1,2", "sizes")
    flags.DEFINE_enum("mode", "train", ["train", "test"], "what to do")
    flags.DEFINE_multi_integer("seed", [1], "seeds")
    flags.DEFINE_string("empty", None, "nothing")


DEFAULTS = {
    "name": "none", "steps": 10, "rate": 0.5, "verbose": False, "quick": True, "sizes": ["1", "2"], "mode": "train",
    "seed": [1], "empty": None,
}  # fmt: skip
LINES = [
    ([], {}, []),
    (["--name=x", "-n", "y"], {"name": "y"}, []),
    (["--steps", "3", "a", "--rate=1e-3"], {"steps": 3, "rate": 0.001}, ["a"]),
    (["--steps=0x10"], {"steps": 16}, []),
    (["--verbose", "--noquick"], {"verbose": True, "quick": False}, []),
    (["--verbose=yes", "--quick=0"], {"verbose": True, "quick": False}, []),
    (['--sizes=3,4 ,"5,6"'], {"sizes": ["3", "4", "5,6"]}, []),
    (["--mode=test"], {"mode": "test"}, []),
    (["--seed=3", "--seed", "4"], {"seed": [3, 4]}, []),
    (["-steps=4", "-", "b"], {"steps": 4}, ["-", "b"]),
    (["--name=a=b", "--", "--steps=9"], {"name": "a=b"}, ["--steps=9"]),
    (["--empty="], {"empty": ""}, []),
]


@pytest.mark.parametrize(("words", "changed", "rest"), LINES, ids=str)
def test_a_command_line(defined, words, changed, rest):
    assert FLAGS(["prog", *words]) == ["prog", *rest]
    assert FLAGS.flag_values_dict() == {**DEFAULTS, **changed}
    assert all(getattr(FLAGS, name) == value for name, value in {**DEFAULTS, **changed}.items())


BAD = [
    (["--nothing=1"], "unknown command line flag 'nothing'"),
    (["--nosteps"], "unknown command line flag 'nosteps'"),
    (["--steps=x"], "--steps=x"),
    (["--steps=-1"], "not between 0 and None"),
    (["--steps"], "needs a value"),
    (["--verbose=perhaps"], "true or false"),
    (["--mode=rest"], "one of train, test"),
]


@pytest.mark.parametrize(("words", "says"), BAD, ids=str)
def test_a_command_line_that_cannot_be(defined, words, says):
    with pytest.raises(flags.Error, match=says):
        FLAGS(["prog", *words])


def test_unknown_flags_may_be_left(defined):
    assert FLAGS(["prog", "--other", "--steps=2", "--third=4"], known_only=True) == ["prog", "--other", "--third=4"]
    assert FLAGS.steps == 2


def test_sys_argv_is_parsed_when_first_asked(defined, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["prog", "--steps=7", "--pytest-own"])
    assert (FLAGS.is_parsed(), FLAGS.steps, FLAGS.is_parsed()) == (False, 7, True)


def test_flags_may_be_set_and_deleted(defined):
    FLAGS.mark_as_parsed()
    FLAGS.steps = 99
    assert (FLAGS.steps, FLAGS["steps"].value, FLAGS["steps"].default) == (99, 99, 10)
    del FLAGS.name
    assert "name" not in FLAGS and "n" not in FLAGS and "steps" in list(FLAGS) and "steps" in dir(FLAGS)
    for act in (lambda: FLAGS.name, lambda: setattr(FLAGS, "name", 1), lambda: delattr(FLAGS, "name")):
        with pytest.raises(AttributeError, match="unknown command line flag 'name'"):
            act()


def test_a_flag_is_defined_once(defined):
    with pytest.raises(flags.DuplicateFlagError, match="--steps is defined twice"):
        flags.DEFINE_integer("steps", 1, "again")


def test_help_shows_every_flag_once(defined):
    text = FLAGS.get_help()
    assert text.count("--name") == 1 and "--[no]verbose: whether to talk\n    (default: False)" in text


def test_a_required_flag(defined):
    flags.mark_flag_as_required("empty")
    FLAGS(["prog"])
    with pytest.raises(flags.IllegalFlagValueError, match="--empty must have a value"):
        flags.check_required()
    FLAGS(["prog", "--empty=x"])
    flags.check_required()


def test_lists_of_floats_and_texts():
    flags.DEFINE_multi_float("a", 0.5, "numbers")
    flags.DEFINE_multi_string("b", None, "texts")
    FLAGS(["prog", "--b=x", "--b=y"])
    assert (FLAGS.a, FLAGS.b) == ([0.5], ["x", "y"])


def test_the_namespace():
    assert gg.flags.FLAGS is gg.app.flags.FLAGS is FLAGS
