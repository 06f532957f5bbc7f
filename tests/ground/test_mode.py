"""Eager mode: per thread, per block, and for good."""

import subprocess
import sys
import threading

import pytest
import torch

import graphgrad as gg


def in_another_thread(question):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(question()))
    thread.start()
    thread.join()
    return answers[0]


def test_graphs_are_what_one_starts_with():
    assert not gg.executing_eagerly()
    assert isinstance(gg.ones([2]), gg.Tensor)


def test_a_block_is_eager_and_leaves_the_graph_alone():
    with gg.eager_execution():
        assert gg.executing_eagerly()
        assert type(gg.ones([2]) * 2) is torch.Tensor
    assert not gg.executing_eagerly()
    assert gg.get_default_graph().get_operations() == []


def test_blocks_nest():
    with gg.eager_execution():
        with gg.eager_execution():
            pass
        assert gg.executing_eagerly()


def test_a_block_that_raises_ends():
    with pytest.raises(KeyError), gg.eager_execution():
        raise KeyError
    assert not gg.executing_eagerly()


def test_a_block_holds_for_its_thread_only():
    with gg.eager_execution():
        assert in_another_thread(gg.executing_eagerly) is False


def test_enabling_holds_for_this_thread_and_those_started_later():
    program = (
        "import threading, graphgrad as gg\n"
        "gg.enable_eager_execution()\n"
        "found = [gg.executing_eagerly()]\n"
        "thread = threading.Thread(target=lambda: found.append(gg.executing_eagerly()))\n"
        "thread.start(); thread.join()\n"
        "print(found, type(gg.ones([2])).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[True, True] Tensor"


@pytest.mark.parametrize(
    "call",
    [
        lambda: gg.placeholder(gg.float32, [2]),
        lambda: gg.Variable(1.0),
        lambda: gg.gradients(torch.ones(1), torch.ones(1)),
    ],
    ids=["placeholder", "Variable", "gradients"],
)
def test_what_needs_a_graph_is_a_runtime_error(call):
    with gg.eager_execution(), pytest.raises(RuntimeError, match="eager"):
        call()


def test_gradients_name_the_function_to_use_instead():
    with gg.eager_execution(), pytest.raises(RuntimeError, match=r"torch\.autograd\.grad"):
        gg.gradients(torch.ones(1), torch.ones(1))
