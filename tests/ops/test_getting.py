"""get_variable: what it makes, what it finds, and what it refuses."""

import numpy as np
import pytest
import torch

import graphgrad as gg


def test_a_variable_is_made_once_and_found_again():
    with gg.variable_scope("a"):
        w = gg.get_variable("w", [2, 3])
    with gg.variable_scope("a", reuse=True):
        assert gg.get_variable("w") is w
        assert gg.get_variable("w", [2, None]) is w
    assert gg.global_variables() == gg.trainable_variables() == [w]


def test_the_default_is_glorots_uniform(run):
    w = gg.get_variable("w", [100, 200])
    value = run(w)
    limit = np.sqrt(6 / 300)
    assert w.dtype is torch.float32
    assert 0.98 * limit < np.abs(value).max() <= limit
    assert run(gg.get_variable("n", [2], dtype=gg.int32)).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("initializer", "shape"),
    [
        (gg.ones_initializer(), [2]),
        (gg.ones_initializer, [2]),
        (lambda shape, dtype, partition_info=None: gg.ones(shape, dtype), [2]),
        (lambda shape, **options: gg.ones(shape, options["dtype"]), [2]),
        (lambda shape: np.ones(shape, np.float32), [2]),
        (lambda: gg.ones([2]), None),
        (lambda: gg.ones([2]), [2]),
        ([1.0, 1.0], None),
        (np.ones(2, np.float32), None),
        (torch.ones(2), None),
    ],
)
def test_initializers(run, initializer, shape):
    w = gg.get_variable("w", shape, initializer=initializer)
    assert run(w).tolist() == [1, 1]
    assert w.dtype is torch.float32


def test_an_initializer_may_be_a_tensor(run):
    w = gg.get_variable("w", initializer=gg.constant([3, 4]))
    assert (w.dtype, run(w).tolist()) == (torch.int32, [3, 4])


def test_a_size_may_be_a_number_or_a_known_dimension():
    x = gg.placeholder(gg.float32, [None, 5])
    assert gg.get_variable("a", 3).shape == [3]
    assert gg.get_variable("b", [x.get_shape()[1], 2]).shape == [5, 2]
    assert gg.get_variable("c", []).shape == []


def test_a_regularizer_adds_to_the_losses(run):
    with gg.variable_scope("a", regularizer=lambda v: gg.reduce_sum(v * v)):
        gg.get_variable("w", initializer=[3.0, 4.0])
        gg.get_variable("b", [2], regularizer=gg.no_regularizer)
    (loss,) = gg.get_collection(gg.GraphKeys.REGULARIZATION_LOSSES)
    assert run(loss) == 25.0
    assert loss.name.startswith("a/w/Regularizer/")
    with gg.variable_scope("a", reuse=True, regularizer=lambda v: v):
        gg.get_variable("w")
    assert len(gg.get_collection(gg.GraphKeys.REGULARIZATION_LOSSES)) == 1


def test_a_custom_getter_makes_the_variable(run):
    def double(getter, name, *args, **kwargs):
        return 2 * getter(name + "_half", *args, **kwargs)

    def fixed(getter, name, shape, dtype, initializer, regularizer, reuse, trainable, collections, caching_device,
              partitioner, validate_shape, use_resource):  # fmt: skip
        return getter(name, shape=shape, initializer=gg.ones_initializer(), trainable=trainable)

    with gg.variable_scope("a", custom_getter=double):
        w = gg.get_variable("w", initializer=[1.0])
        with gg.variable_scope("b", custom_getter=double):
            v = gg.get_variable("v", initializer=[1.0])
    u = gg.get_variable("u", [1], custom_getter=fixed)
    assert [each.tolist() for each in run([w, v, u])] == [[2], [4], [1]]
    assert [each.op.name for each in gg.global_variables()] == ["a/w_half", "a/b/v_half_half", "u"]


def test_trainable_collections_and_constraint():
    w = gg.get_variable("w", [1], trainable=False, collections=["mine"], constraint=gg.abs)
    assert (gg.get_collection("mine"), gg.trainable_variables(), w.constraint) == ([w], [], gg.abs)


def test_a_local_variable():
    w = gg.get_local_variable("w", [1], collections=["mine"])
    assert gg.local_variables() == gg.get_collection("mine") == [w]
    assert gg.global_variables() == gg.trainable_variables() == []


def test_a_name_that_an_operation_has():
    with gg.variable_scope("a"):
        v = gg.Variable(1.0, name="w")
        w = gg.get_variable("w", [1])
    assert (v.op.name, w.op.name) == ("a/w", "a/w_1")
    with gg.variable_scope("a", reuse=True):
        assert gg.get_variable("w", [1]) is w


def test_a_variable_waits_for_no_control_dependency():
    with gg.control_dependencies([gg.no_op()]):
        w = gg.get_variable("w", [1])
    assert w.op.control_inputs == () == w.initializer.control_inputs


def existing(**options):
    with gg.variable_scope("a"):
        gg.get_variable("w", [2])
    with gg.variable_scope("a", reuse=options.pop("reuse", True)):
        return gg.get_variable("w", **options)


BAD = {
    "already exists": lambda: existing(reuse=None),
    r"has shape \[2\], not the \[3\]": lambda: existing(shape=[3]),
    r"has shape \[2\], not the \[2, 1\]": lambda: existing(shape=[2, 1]),
    "not the torch.float64": lambda: existing(dtype=gg.float64),
    r"must be known, it is \[\?\]": lambda: gg.get_variable("w", [None]),
    "is new and needs a shape": lambda: gg.get_variable("w"),
    "give no other shape": lambda: gg.get_variable("w", [1], initializer=[1.0]),
    "initializer's dtype is torch.float32": lambda: gg.get_variable("w", initializer=1.0, dtype=gg.float64),
    "needs a name": lambda: gg.get_variable("", [1]),
    "not a function": lambda: gg.get_variable("w", [1], constraint=3),
}


@pytest.mark.parametrize("says", BAD)
def test_what_cannot_be(says):
    with pytest.raises(ValueError, match=says):
        BAD[says]()


def test_a_variable_that_does_not_exist():
    gg.Variable(1.0, name="w")
    with gg.variable_scope("", reuse=True), pytest.raises(ValueError, match="does not exist, or was not made by get"):
        gg.get_variable("w", [])


def test_a_partitioner_is_refused():
    with pytest.raises(NotImplementedError, match="partitioned"):
        gg.get_variable("w", [1], partitioner=max)
