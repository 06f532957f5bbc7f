"""Variables of models, found again."""

import pytest

import graphgrad as gg

framework = gg.contrib.framework


@pytest.fixture
def four():
    with gg.variable_scope("a") as scope:
        w = framework.model_variable("w", [2], initializer=gg.ones_initializer())
        b = framework.variable("b", [2], trainable=False, collections=["mine"])
    with gg.variable_scope("ab"):
        other = gg.get_variable("w", [3])
        local = gg.get_local_variable("n", [])
    return scope, w, b, other, local


def test_where_they_are_listed(four):
    scope, w, b, other, local = four
    assert framework.get_variables() == [w, b, other]
    assert framework.get_model_variables() == [w]
    assert framework.get_trainable_variables() == [w, other]
    assert framework.get_local_variables() == [local]
    assert gg.get_collection("mine") == [b]


def test_by_name(four):
    scope, w, b, other, local = four
    assert framework.get_variables("a/") == framework.get_variables(scope, None)[:2] == [w, b]
    assert framework.get_variables("a", "w") == framework.get_variables_by_name("w") == [w, other]
    assert framework.get_variables_by_suffix("w", "ab") == [other]
    assert framework.get_unique_variable("a/w") is w
    with pytest.raises(ValueError, match="0 variables named a"):
        framework.get_unique_variable("a")


def test_what_to_restore(four):
    scope, w, b, other, local = four
    assert framework.get_variables_to_restore() == [w, b, other]
    assert framework.get_variables_to_restore(["a/"], ["a/b"]) == [w]
    assert framework.get_variables_to_restore(exclude=["ab"]) == [w, b]


def test_restoring_from_a_checkpoint(four, tmp_path):
    scope, w, b, other, local = four
    path = str(tmp_path / "model")
    with gg.Session() as sess:
        sess.run([w.initializer, b.initializer])
        sess.run(w.assign([3.0, 4.0]).op)
        gg.train.Saver({"renamed": w}).save(sess, path)
    restore = framework.assign_from_checkpoint_fn(path, {"renamed": w, "b": b}, ignore_missing_vars=True)
    strict = framework.assign_from_checkpoint_fn(path, {"renamed": w, "b": b})
    with gg.Session() as sess:
        restore(sess)
        assert sess.run(w).tolist() == [3.0, 4.0]
        with pytest.raises(ValueError, match="is not there"):
            strict(sess)


def test_defaults_of_a_block_and_devices():
    zeros = gg.zeros_initializer()
    with framework.arg_scope([framework.model_variable], initializer=zeros), gg.device("cpu"):
        w = framework.model_variable("w", [2])
        v = framework.variable("v", [2], device="cuda:1")
    assert w.op.device == "cpu" and v.op.device == "cuda:1"
    with gg.Session() as sess:
        sess.run(w.initializer)
        assert sess.run(w).tolist() == [0.0, 0.0]
