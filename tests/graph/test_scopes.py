"""Names and devices: TF1's rules, and the context that blocks set per thread."""

import threading

import pytest
import torch

from graphgrad.graph.scopes import Context, Names, as_device, check_name


def test_a_name_is_given_once():
    names = Names()
    assert [names.unique("a") for _ in range(3)] == ["a", "a_1", "a_2"]


def test_a_name_made_for_one_is_taken_for_another():
    names = Names()
    assert [names.unique(name) for name in ("a", "a_1", "a", "a_1", "a")] == ["a", "a_1", "a_2", "a_1_1", "a_3"]


def test_no_two_names_differ_only_in_case():
    names = Names()
    assert [names.unique(name) for name in ("Relu", "relu", "RELU", "Relu_1")] == [
        "Relu",
        "relu_1",
        "RELU_2",
        "Relu_1_1",
    ]


def test_asking_does_not_take_the_name():
    names = Names()
    assert [names.unique("a", mark=False), names.unique("a"), names.unique("a", mark=False)] == ["a", "a", "a_1"]
    assert names.unique("a") == "a_1"


@pytest.mark.parametrize("name", ["a", "A_1", "layer/w", ".x", "1x", "a-b", "a>b", "a.b"])
def test_legal_names(name):
    assert check_name(name, False) == name == check_name(name, True)


@pytest.mark.parametrize("name", ["_a", "-a", "/a"])
def test_names_that_are_legal_inside_a_scope_only(name):
    assert check_name(name, True) == name
    with pytest.raises(ValueError, match="not a valid name"):
        check_name(name, False)


@pytest.mark.parametrize("name", ["a b", "a:0", "ä", "a\n", "a,b", "%"])
def test_illegal_names(name):
    for inner in (False, True):
        with pytest.raises(ValueError, match="not a valid name"):
            check_name(name, inner)


@pytest.mark.parametrize("name", [1, None, b"a", ["a"]])
def test_a_name_is_text(name):
    with pytest.raises(TypeError, match="a name is a str"):
        check_name(name, True)


@pytest.mark.parametrize(
    ("spelling", "device"),
    [
        (None, ""),
        ("", ""),
        ("cpu", "cpu"),
        ("/cpu:0", "cpu"),
        ("/CPU:3", "cpu"),
        ("/device:CPU:0", "cpu"),
        ("/gpu:1", "cuda:1"),
        ("/device:GPU:0", "cuda:0"),
        ("/job:worker/replica:0/task:1/device:GPU:2", "cuda:2"),
        ("/gpu:*", "cuda:0"),
        ("/gpu", "cuda:0"),
        ("cuda", "cuda:0"),
        ("cuda:1", "cuda:1"),
        (torch.device("cuda"), "cuda:0"),
        (torch.device("cpu"), "cpu"),
    ],
    ids=str,
)
def test_the_spellings_of_a_device(spelling, device):
    assert as_device(spelling) == device


@pytest.mark.parametrize("spelling", ["tpu9", "gpu:0:1", "cuda:x", "here"])
def test_what_is_no_device(spelling):
    with pytest.raises(ValueError, match="is not a device"):
        as_device(spelling)


def test_each_thread_has_its_context():
    context, found = Context(), []
    context.scope, context.device = "layer/", "cpu"

    def work():
        found.append((context.scope, context.controls, context.device))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [("", (), "")] and context.scope == "layer/"
