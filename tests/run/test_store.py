"""The store: a session's values, and who may change them."""

import threading

import pytest
import torch

import graphgrad as gg
from graphgrad.run.store import Store, leaf


@pytest.fixture
def store():
    return Store("cpu")


@pytest.fixture
def state():
    return gg.Variable([0.0, 0.0], name="v").state


def held(store, state):
    """The store's own tensor, which runs are given."""
    (tensor,), exclusive = store.begin([state], [])
    store.end(exclusive)
    return tensor


def test_a_value_that_was_put_is_got(store, state):
    assert not store.is_initialized(state)
    store.put([state], [torch.ones(2)])
    assert store.is_initialized(state) and store.copy(state).tolist() == [1, 1]


def test_no_value_is_a_failed_precondition_that_names_the_variable(store, state):
    for ask in (lambda: store.copy(state), lambda: store.begin([state], [])):
        with pytest.raises(gg.errors.FailedPreconditionError, match="v has no value yet") as caught:
            ask()
        assert caught.value.op is state.reads[0].op


def test_a_failed_beginning_leaves_the_store_free(store, state):
    with pytest.raises(gg.errors.FailedPreconditionError):
        store.begin([state], [state])
    store.put([state], [torch.ones(2)])
    _, exclusive = store.begin([state], [state])
    assert exclusive


def test_a_parameter_starts_from_a_copy(store):
    weight = torch.nn.Parameter(torch.ones(2))
    gg.ones([2]) * weight
    state = gg.trainable_variables()[0].state
    assert store.is_initialized(state)
    held(store, state).data.zero_()
    assert weight.tolist() == [1, 1] and store.copy(state).tolist() == [0, 0]


def test_a_parameter_is_copied_when_it_is_first_read(store):
    weight = torch.nn.Parameter(torch.ones(2))
    gg.ones([2]) * weight
    state = gg.trainable_variables()[0].state
    with torch.no_grad():
        weight.fill_(5.0)
    assert store.copy(state).tolist() == [5, 5]


def test_values_are_leaves_that_autograd_can_differentiate(store, state):
    store.put([state], [torch.ones(2)])
    value = held(store, state)
    assert value.requires_grad and value.is_leaf
    assert leaf(torch.ones(2, dtype=torch.int32)).requires_grad is False
    assert leaf(torch.ones(2, dtype=torch.complex64)).requires_grad


def test_a_run_alone_gets_the_stores_own_tensor_to_update(store, state):
    store.put([state], [torch.ones(2)])
    own = held(store, state)
    (tensor,), exclusive = store.begin([state], [state])
    assert exclusive and tensor is own
    store.end(exclusive)


def test_a_run_beside_another_gets_a_copy_to_update(store, state):
    store.put([state], [torch.ones(2)])
    (own,), reading = store.begin([state], [])
    (tensor,), exclusive = store.begin([state], [state])
    assert not exclusive and tensor is not own and tensor.requires_grad and tensor.is_leaf
    store.end(exclusive)
    store.end(reading)
    assert store.begin([state], [state])[1]


def test_others_wait_while_a_run_owns_the_store(store, state):
    store.put([state], [torch.ones(2)])
    (tensor,), exclusive = store.begin([state], [state])
    seen = []

    def reader():
        (value,), mine = store.begin([state], [])
        seen.append(value.tolist())
        store.end(mine)

    thread = threading.Thread(target=reader)
    thread.start()
    thread.join(0.2)
    assert thread.is_alive() and seen == []
    with torch.no_grad():
        tensor.add_(1.0)
    store.end(exclusive)
    thread.join()
    assert seen == [[2, 2]]


def test_a_run_inside_a_run_does_not_wait_for_itself(store, state):
    store.put([state], [torch.ones(2)])
    _, outer = store.begin([state], [state])
    _, inner = store.begin([state], [])
    store.end(inner)
    store.end(outer)
    assert (outer, inner) == (True, False) and store.begin([state], [state])[1]


def test_a_copy_is_the_askers_own(store, state):
    store.put([state], [torch.ones(2)])
    store.copy(state).zero_()
    assert store.copy(state).tolist() == [1, 1] and not store.copy(state).requires_grad
