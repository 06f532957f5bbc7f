"""Whether variables have values."""

import pytest
import torch

import graphgrad as gg


def test_a_variable_is_initialized_by_its_first_assign():
    a, b = gg.Variable(1.0), gg.Variable(2.0)
    asked = [gg.is_variable_initialized(a), gg.is_variable_initialized(b, name="asked")]
    assert asked[1].op.name == "asked"
    with gg.Session() as session:
        assert session.run(asked) == [False, False]
        session.run(a.initializer)
        assert session.run(asked) == [True, False]
        session.run(b.assign(3.0))
        assert session.run([*asked, a]) == [True, True, 1.0]
    with gg.Session() as session:
        assert session.run(asked[0]) == False  # noqa: E712  a numpy bool


def test_a_parameter_always_is():
    y = gg.ones([1]) * torch.nn.Parameter(torch.ones(1))
    asked = gg.is_variable_initialized(gg.global_variables()[0])
    with gg.Session() as session:
        assert session.run(asked) and session.run(y).tolist() == [1]


def test_the_initialized_value_is_the_value_or_the_initial_one():
    v = gg.Variable(2.0, name="v")
    w = gg.Variable(v.initialized_value() + 1.0, name="w")
    value = v.initialized_value()
    with gg.Session() as sess:
        assert sess.run(value) == 2.0  # of no value yet
        sess.run(w.initializer)
        assert sess.run(w) == 3.0
        sess.run(v.initializer)
        sess.run(v.assign(5.0).op)
        sess.run(w.initializer)
        assert sess.run([value, w]) == [5.0, 6.0]  # as TensorFlow 2.21's compat.v1 does
        before, after = sess.run([value, v.assign_add(1.0)])
        assert (before, after) == (5.0, 6.0)  # an update in place of v is not seen


def test_the_names_of_what_has_no_value():
    v = gg.Variable(1.0, name="v")
    with gg.variable_scope("s"):
        w = gg.get_variable("w", [2])
    local = gg.get_local_variable("local", [])
    missing, some = gg.report_uninitialized_variables(), gg.report_uninitialized_variables([w])
    with gg.Session() as sess:
        assert sess.run(missing).tolist() == [b"v", b"s/w", b"local"]
        assert sess.run({"some": some, "v": gg.constant(1)})["some"].tolist() == [b"s/w"]
        sess.run([v.initializer, local.initializer])
        assert missing.eval().tolist() == [b"s/w"]
        sess.run(w.initializer)
        assert len(sess.run([missing, some])[0]) == 0
    with pytest.raises(ValueError, match="no default session to evaluate the names"):
        missing.eval()
