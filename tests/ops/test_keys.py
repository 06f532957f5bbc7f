"""The names of collections, and functions of the default graph's."""

import graphgrad as gg


def test_the_keys_have_tf1s_values():
    assert (gg.GraphKeys.GLOBAL_VARIABLES, gg.GraphKeys.VARIABLES) == ("variables", "variables")
    assert gg.GraphKeys.UPDATE_OPS == "update_ops"
    assert gg.GraphKeys.METRIC_VARIABLES == "metric_variables"


def test_collections_of_the_default_graph():
    gg.add_to_collection("a", 1)
    gg.add_to_collections(["a", "b", "b"], 2)
    gg.add_to_collections("c", 3)
    gg.add_to_collections(None, 4)
    assert [gg.get_collection(key) for key in "abcd"] == [[1, 2], [2], [3], []]
    gg.get_collection("a").clear()
    gg.get_collection_ref("b").append(5)
    assert (gg.get_collection("a"), gg.get_collection("b")) == ([1, 2], [2, 5])


def test_a_scope_is_the_beginning_of_a_name():
    a, b = gg.constant(1.0, name="left"), gg.constant(1.0, name="right")
    for item in (a, b, "nameless"):
        gg.add_to_collection("losses", item)
    assert gg.get_collection("losses", "le") == [a]
    assert gg.get_collection("losses", ".*t") == [a, b]
