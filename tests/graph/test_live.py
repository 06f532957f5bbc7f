"""The networkx view by itself: exact whenever it is looked at, by whatever method."""

import copy
import pickle
import sys
import threading

import networkx
import pytest

import graphgrad as gg
from graphgrad.graph.live import live_view

LOOKS = {
    "len": lambda d: len(d),
    "in": lambda d: int("x" in d),
    "iter": lambda d: len(list(iter(d))),
    "keys": lambda d: len(d.keys()),
    "values": lambda d: len(d.values()),
    "items": lambda d: len(d.items()),
    "get": lambda d: int(d.get("x") is not None),
    "copy": lambda d: len(d.copy()),
    "item": lambda d: int(d["x"] is not None),
    "dict": lambda d: len(dict(d)),
    "reversed": lambda d: len(list(reversed(d))),
    "equal": lambda d: int(d != {}),
    "repr": lambda d: int(repr(d) != "{}"),
    "or": lambda d: len(d | {}),
    "unpacked": lambda d: len({**d}),
    "copy.copy": lambda d: len(copy.copy(d)),
}


@pytest.mark.parametrize("which", ["_node", "_succ", "_pred", "_adj"])
@pytest.mark.parametrize("look", LOOKS)
def test_the_first_look_sees_everything(look, which):
    view = gg.get_default_graph().nx
    gg.no_op("x")
    assert LOOKS[look](getattr(view, which)) == 1


def test_nothing_is_built_before_somebody_looks():
    view = gg.get_default_graph().nx
    gg.no_op("x")
    assert dict.__len__(view._node) == 0
    assert len(view) == 1 and dict.__len__(view._node) == 1


def test_an_operation_is_shown_once():
    view = gg.get_default_graph().nx
    x = gg.constant(1.0, name="x")
    assert len(view) == 1
    gg.multiply(x, x, name="y")
    assert len(view.edges) == 2
    gg.multiply(x, x, name="z")
    assert view.number_of_edges("x", "y") == 2 and view.number_of_edges("x", "z") == 2


def test_each_graph_has_its_view():
    one, other = live_view([]), live_view([gg.no_op("x")])
    assert len(one) == 0 and list(other) == ["x"]


def test_a_dictionary_of_the_view_pickles_as_a_plain_one():
    view = gg.get_default_graph().nx
    x = gg.constant(1.0, name="x")
    gg.multiply(x, x, name="y")
    found = pickle.loads(pickle.dumps(view._succ))
    assert type(found) is dict and list(found["x"]) == ["y"] and len(found["x"]["y"]) == 2


def test_a_new_graph_made_of_the_view_is_complete():
    x = gg.constant(1.0, name="x")
    gg.multiply(x, x, name="y")
    view = gg.get_default_graph().nx
    assert networkx.MultiDiGraph(view).number_of_edges() == 2
    assert networkx.DiGraph(view).number_of_edges() == 1


@pytest.fixture
def eager_switching():
    """Threads that take turns after each instruction or two."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_threads_that_look_at_once_see_everything(eager_switching):
    found = []

    def look(graph, together):
        together.wait()
        try:
            found.append((len(graph.nx), graph.nx.number_of_edges()))
        except Exception as error:
            found.append(error)

    for _ in range(20):
        graph, together = gg.Graph(), threading.Barrier(4)
        with graph.as_default():
            x = gg.constant(1.0)
            for _ in range(300):
                x = x * x
        threads = [threading.Thread(target=look, args=(graph, together)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [(301, 600)] * 80
