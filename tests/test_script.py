"""`FILE:FUNCTION` of a command line."""

import sys
from pathlib import Path

import pytest

import graphgrad as gg
from graphgrad.script import ScriptError, called, fetched, question

SCRIPT = """
import graphgrad as gg
from neighbour import NAME

LIMIT = 3

def loss():
    x = gg.placeholder(gg.float32, [2], name=NAME)
    return gg.reduce_sum(x * x), [x]

def one(): return gg.constant(1.0)
def three(): return (*loss(), None)
def fails(): raise ValueError("no data")
def leaves(): raise SystemExit
def fed(): return loss()[0], {"given:0": [3.0, 4.0]}
def nest(): return {"a": [loss()[0]], "b": gg.no_op()}, {}
def pair(): return loss()[0], {"b": gg.constant(1.0)}
def nothing(): return [1.0, {}]
def apart():
    with gg.Graph().as_default():
        elsewhere = gg.constant(1.0)
    return [gg.constant(1.0), elsewhere]
def own():
    with gg.Graph().as_default():
        return gg.constant(1.0)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "neighbour.py").write_text("NAME = 'given'")
    file = tmp_path / "model.py"
    file.write_text(SCRIPT)
    yield file
    sys.modules.pop("neighbour", None)


def test_the_function_is_called_in_a_graph_of_its_own(script: Path) -> None:
    before, path = len(gg.get_default_graph()), list(sys.path)
    y, (x,) = question(f"{script}:loss")
    assert x.name == "given:0" and x.graph is y.graph is not gg.get_default_graph()
    assert len(gg.get_default_graph()) == before and sys.path == path
    assert len(question(f"{script}:three")) == 3
    assert called(f"{script}:one").dtype is gg.float32


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("nope", r"has no function nope; it has apart, fails, fed, .*, three$"),
        ("LIMIT", r"LIMIT of .*model.py is a int, not a function"),
        ("one", r"model.py:one returned a .*Tensor; it has to return \(ys, xs\)"),
        ("fails", r"model.py:fails raised ValueError: no data"),
        ("leaves", r"model.py:leaves ended the process, with exit code None"),
    ],
)
def test_what_the_function_does_wrong(script: Path, function: str, said: str) -> None:
    with pytest.raises(ScriptError, match=said):
        question(f"{script}:{function}")


def test_what_the_place_does_wrong(script: Path, tmp_path: Path) -> None:
    for place in ("model.py", ":loss", "model.py:", ""):
        with pytest.raises(ScriptError, match="is not FILE:FUNCTION"):
            called(place)
    with pytest.raises(ScriptError, match="there is no file none.py"):
        called("none.py:loss")
    with pytest.raises(ScriptError, match="is not a file"):
        called(f"{tmp_path}:loss")


def test_a_file_that_fails_says_where(tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("x = 1 +\n")
    with pytest.raises(ScriptError, match=r"broken.py raised SyntaxError") as caught:
        called(f"{file}:f")
    assert isinstance(caught.value.__cause__, SyntaxError)


def test_fetches_with_and_without_feeds(script: Path) -> None:
    graph, fetches, feeds = fetched(f"{script}:fed")
    with gg.Session(graph) as session:
        assert session.run(fetches, feeds) == 25.0
    graph, fetches, feeds = fetched(f"{script}:nest")
    assert feeds == {} and set(fetches) == {"a", "b"} and fetches["b"].graph is graph
    _, fetches, feeds = fetched(f"{script}:pair")
    assert feeds == {} and len(fetches) == 2
    graph, fetches, _ = fetched(f"{script}:own")
    assert fetches.graph is graph


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("nothing", r"model.py:nothing returned a list without a tensor in it; it has to return fetches or"),
        ("apart", r"model.py:apart returned tensors of different graphs"),
        ("fails", r"raised ValueError"),
    ],
)
def test_what_can_not_be_fetched(script: Path, function: str, said: str) -> None:
    with pytest.raises(ScriptError, match=said):
        fetched(f"{script}:{function}")
