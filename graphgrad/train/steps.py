"""The global step: the integer variable of a graph that counts training steps."""

from __future__ import annotations

from typing import Any

import torch

from ..graph.graph import Graph, get_default_graph
from ..ops.keys import GraphKeys
from ..ops.variables import new_variable
from ..record.tensor import Tensor
from ..record.variable import Variable


def create_global_step(graph: Graph | None = None) -> Variable:
    """A new global step, an int64 variable named `global_step` that starts at zero.

    Args:
        graph: the graph; the default graph if None.

    Raises:
        ValueError: if the graph has one already.

    >>> import graphgrad as gg
    >>> gg.train.create_global_step()
    <Variable 'global_step:0' int64[]>
    """
    graph = get_default_graph() if graph is None else graph
    if get_global_step(graph) is not None:
        raise ValueError("the graph has a global step already: use get_or_create_global_step()")
    listed = [GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP]
    with graph.as_default(), graph.name_scope(None):
        zero = torch.zeros((), dtype=torch.int64)
        step: Variable = new_variable(zero, trainable=False, name=GraphKeys.GLOBAL_STEP, collections=listed)
    return step


def get_global_step(graph: Graph | None = None) -> Any:
    """The graph's global step, or None: that of the collection, or what is named `global_step`.

    Raises:
        TypeError: if it is no integer variable.

    >>> import graphgrad as gg
    >>> gg.train.get_global_step() is None
    True
    """
    graph = get_default_graph() if graph is None else graph
    listed = graph.get_collection(GraphKeys.GLOBAL_STEP)
    if len(listed) > 1:
        raise ValueError(f"the graph has {len(listed)} global steps: {', '.join(item.name for item in listed)}")
    if listed:
        found = listed[0]
    else:
        try:
            found = graph.get_tensor_by_name("global_step:0")
        except KeyError:
            return None
    assert_global_step(found)
    return found


def get_or_create_global_step(graph: Graph | None = None) -> Any:
    """The graph's global step, made if there is none.

    >>> import graphgrad as gg
    >>> gg.train.get_or_create_global_step() is gg.train.get_or_create_global_step()
    True
    """
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found


def assert_global_step(global_step_tensor: Any) -> None:
    """`TypeError` for anything but an integer scalar."""
    found = global_step_tensor
    if not isinstance(found, Tensor) or found.dtype not in (torch.int64, torch.int32) or found.dim():
        raise TypeError(f"the global step is an integer variable without axes, not {found!r}")


def global_step(sess: Any, global_step_tensor: Any) -> int:
    """The number of steps taken, from a session.

    >>> import graphgrad as gg
    >>> step = gg.train.create_global_step()
    >>> with gg.Session() as sess:
    ...     sess.run(step.initializer)
    ...     gg.train.global_step(sess, step)
    0
    """
    return int(sess.run(global_step_tensor))
