"""The global step of a graph."""

import numpy as np
import pytest

import graphgrad as gg
from graphgrad.train import create_global_step, get_global_step, get_or_create_global_step, global_step


def test_a_new_global_step(run):
    with gg.name_scope("somewhere"):
        step = create_global_step()
    assert (step.name, step.dtype, step.trainable) == ("global_step:0", gg.int64, False)
    assert gg.get_collection(gg.GraphKeys.GLOBAL_STEP) == [step] == gg.global_variables()
    assert run(step) == 0


def test_there_is_one_global_step_per_graph():
    assert get_global_step() is None
    step = get_or_create_global_step()
    assert get_global_step() is step is get_or_create_global_step()
    with pytest.raises(ValueError, match="has a global step already"):
        create_global_step()
    with gg.Graph().as_default() as graph:
        assert get_global_step() is None
    assert create_global_step(graph).graph is graph
    assert get_global_step(graph).graph is graph


def test_a_global_step_is_known_by_its_name():
    step = gg.Variable(0, trainable=False, name="global_step")
    assert get_global_step() is step


def test_what_is_no_global_step():
    gg.Variable(0.5, name="global_step")
    with pytest.raises(TypeError, match="an integer variable"):
        get_global_step()
    gg.add_to_collection(gg.GraphKeys.GLOBAL_STEP, gg.Variable(0))
    gg.add_to_collection(gg.GraphKeys.GLOBAL_STEP, gg.Variable(0))
    with pytest.raises(ValueError, match="2 global steps"):
        get_global_step()


def test_the_number_of_steps_taken():
    w, step = gg.Variable(1.0), create_global_step()
    update = gg.train.GradientDescentOptimizer(0.1).minimize(w * w, global_step=step)
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        for _ in range(3):
            sess.run(update)
        assert global_step(sess, step) == 3 and type(global_step(sess, step)) is int
        assert isinstance(sess.run(step), np.int64)
