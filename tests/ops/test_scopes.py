"""Variable scopes: the names that TF1 was observed to give, and how scopes nest."""

import threading

import pytest

import graphgrad as gg


def named():
    """The names of a variable and of an operation made here."""
    return gg.get_variable("w", [1]).op.name, gg.constant(1.0).op.name


def test_names_of_nested_scopes():
    with gg.variable_scope("a") as a:
        assert named() == ("a/w", "a/Const")
        with gg.variable_scope("b") as b:
            assert named() == ("a/b/w", "a/b/Const")
        with gg.variable_scope(None, "d"):
            assert named() == ("a/d/w", "a/d/Const")
        with gg.variable_scope(None, "d"):
            assert named() == ("a/d_1/w", "a/d_1/Const")
        assert gg.Variable(1.0, name="v").op.name == "a/v"
    assert (a.name, b.name, a.original_name_scope, b.original_name_scope) == ("a", "a/b", "a/", "a/b/")


def test_a_scope_opened_again_has_a_new_name_scope():
    with gg.variable_scope("a"):
        named()
        with gg.variable_scope(None, "d"):
            named()
    with gg.variable_scope("a", reuse=True) as again:
        assert named() == ("a/w", "a_1/Const")
        assert again.original_name_scope == "a_1/"
        with gg.variable_scope(None, "d"):
            assert named() == ("a/d/w", "a_1/d/Const")
        assert gg.Variable(1.0, name="v").op.name == "a_1/v"


def test_going_back_to_a_scope():
    with gg.variable_scope("a"), gg.variable_scope("b") as b:
        named()
    with gg.variable_scope(b, reuse=gg.AUTO_REUSE) as again:
        assert named() == ("a/b/w", "b/Const")
        with gg.variable_scope(None, "d"):
            assert named() == ("a/b/d/w", "b/d/Const")
        with gg.variable_scope(None, "d"):
            assert named() == ("a/b/d_1/w", "b/d_1/Const")
    assert (again.original_name_scope, b.reuse) == ("a/b/", None)


def test_a_variable_scope_ignores_name_scopes():
    with gg.name_scope("n"), gg.variable_scope("a") as a:
        assert named() == ("a/w", "n/a/Const")
    assert a.original_name_scope == "n/a/"


def test_no_name_scope_if_none_is_wanted():
    with gg.name_scope("n"), gg.variable_scope("k", auxiliary_name_scope=False) as k:
        assert named() == ("k/w", "n/Const")
    assert k.original_name_scope == "n/"


def test_the_root_scope():
    with gg.variable_scope(gg.get_variable_scope(), reuse=gg.AUTO_REUSE) as root:
        assert named() == ("w", "Const")
    assert root.name == ""
    with gg.variable_scope("", reuse=True):
        assert named() == ("w", "Const_1")


def test_a_path_is_a_name():
    with gg.variable_scope("p/q") as scope:
        assert named() == ("p/q/w", "p/q/Const")
    with gg.variable_scope(scope, reuse=True):
        assert named() == ("p/q/w", "q/Const")


def test_reuse_is_inherited():
    with gg.variable_scope("a"), gg.variable_scope("b"):
        w = gg.get_variable("w", [1])
    with gg.variable_scope("a"):
        gg.get_variable_scope().reuse_variables()
        with gg.variable_scope("b", reuse=False):
            assert gg.get_variable("w", [1]) is w
    with gg.variable_scope("a", reuse=gg.AUTO_REUSE), gg.variable_scope("b"):
        assert gg.get_variable("w", [1]) is w
        assert gg.get_variable_scope().reuse is gg.AUTO_REUSE


def test_reuse_ends_with_the_block():
    with gg.variable_scope("a", reuse=True):
        pass
    assert gg.get_variable_scope().reuse is None
    with gg.variable_scope("a"):
        assert gg.get_variable_scope().reuse is None


def test_defaults_are_inherited_and_replaced():
    with gg.variable_scope("a", initializer=gg.ones_initializer(), dtype=gg.float64) as a:
        with gg.variable_scope("b", initializer=gg.zeros_initializer()) as b:
            assert gg.get_variable("w", [1]).dtype is gg.float64
        a.set_initializer(None)
        assert isinstance(b.initializer, gg.zeros_initializer)
    for setter, value in [("initializer", max), ("regularizer", abs), ("custom_getter", min), ("dtype", gg.int32),
                          ("caching_device", "cpu"), ("use_resource", True)]:  # fmt: skip
        getattr(a, f"set_{setter}")(value)
        assert getattr(a, setter) == value


def test_the_variables_of_a_scope():
    with gg.variable_scope("a") as a:
        w = gg.get_variable("w", [1])
        v = gg.get_variable("v", [1], trainable=False)
        u = gg.get_variable("u", [1], trainable=False, collections=[gg.GraphKeys.LOCAL_VARIABLES])
    with gg.variable_scope("ab"):
        gg.get_variable("w", [1])
    assert a.global_variables() == [w, v]
    assert a.trainable_variables() == [w]
    assert a.local_variables() == [u]
    assert len(gg.get_variable_scope().global_variables()) == 3


def test_the_graph_of_the_values_is_used():
    with gg.Graph().as_default() as other:
        x = gg.constant(1.0)
    with gg.variable_scope("a", values=[x]):
        assert gg.get_variable("w", [1]).graph is other
    assert gg.global_variables() == []


def test_each_graph_and_each_thread_has_its_own_scope():
    seen = []
    with gg.variable_scope("a"):
        with gg.Graph().as_default():
            assert gg.get_variable_scope().name == ""
        graph = gg.get_default_graph()

        def look():
            with graph.as_default():
                seen.append(gg.get_variable_scope().name)

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen == [""]


def test_a_block_left_by_an_error_is_left():
    with pytest.raises(ZeroDivisionError), gg.variable_scope("a"):
        raise ZeroDivisionError
    assert (gg.get_variable_scope().name, gg.constant(1.0).op.name) == ("", "Const")


def test_the_old_order_of_arguments():
    with gg.variable_op_scope([gg.constant(1.0)], None, "layer") as scope:
        assert named() == ("layer/w", "layer/Const")
    assert scope.name == "layer"


BAD = [
    (lambda: gg.variable_scope(None), TypeError, "default_name"),
    (lambda: gg.variable_scope(3), TypeError, "VariableScope, got 3"),
    (lambda: gg.variable_scope(None, "d", reuse=True), ValueError, "reuse=True needs the name"),
    (lambda: gg.variable_scope("a", auxiliary_name_scope=1), TypeError, "is a bool"),
    (lambda: gg.variable_scope("a", partitioner=max), NotImplementedError, "partitioned variables"),
    (lambda: gg.get_variable_scope().set_partitioner(max), NotImplementedError, "partitioned variables"),
    (lambda: gg.variable_scope("a b").__enter__(), ValueError, "not a valid name"),
]


@pytest.mark.parametrize(("make", "error", "says"), BAD, ids=[says for *_, says in BAD])
def test_what_cannot_be(make, error, says):
    with pytest.raises(error, match=says):
        make()
    assert gg.get_variable_scope().name == ""


def test_op_scope_is_name_scope_in_the_old_order():
    x = gg.constant(1.0)
    with gg.op_scope([x], None, "block"):
        assert gg.constant(1.0).name == "block/Const:0"
    with gg.op_scope([x], "mine", "block"):
        assert gg.constant(1.0).name == "mine/Const:0"
