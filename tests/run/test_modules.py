"""The values of a module's parameters and buffers in a session, by name."""

from __future__ import annotations

import pytest
import torch

import graphgrad as gg
from graphgrad.run.modules import values_for, values_of
from graphgrad.run.store import Store


def test_what_the_graph_has_not_used_comes_from_the_module() -> None:
    net = torch.nn.ModuleList([torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)])
    net[0](gg.placeholder(gg.float32, [1, 2]))
    states = gg.get_default_graph().parameters
    store = Store("cpu")
    weight = states[id(net[0].weight)]
    store.put([weight], [torch.full((1, 2), 7.0)])
    found = values_of(net, states, store)
    assert found["0.weight"].tolist() == [[7.0, 7.0]] and torch.equal(found["1.weight"], net[1].weight)
    found["1.weight"].zero_()
    assert bool(net[1].weight.any())


def test_only_what_the_graph_has_used_is_given_to_it() -> None:
    net = torch.nn.ModuleList([torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)])
    net[0](gg.placeholder(gg.float32, [1, 2]))
    states = gg.get_default_graph().parameters
    given = {"0.bias": torch.ones(1), "1.bias": torch.ones(1)}
    assert [state.parameter for state in values_for(net, states, given)] == [net[0].bias]
    with pytest.raises(KeyError, match=r"no parameter or buffer '2\.bias'"):
        values_for(net, states, {"2.bias": torch.ones(1)})
    with pytest.raises(ValueError, match="shape"):
        values_for(net, states, {"0.bias": torch.ones(2)})
