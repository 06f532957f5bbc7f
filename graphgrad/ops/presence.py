"""Whether a variable has a value: a question to the session, asked in a run."""

from __future__ import annotations

from typing import Any

import torch

from ..graph.operation import Role, handle_of
from ..ground.spec import spec
from ..record.variable import State, Variable
from .sources import named

_ANNEX = "ops.presence"


class Presence(State):
    """What a session answers with a bool: whether another state has a value. It is read, and never set.

    Attributes:
        of: the state that is asked about.
    """

    __slots__ = ("of",)
    of: State


def is_variable_initialized(ref: Variable, name: str | None = None) -> Any:
    """A bool tensor: whether the variable has a value before the run.

    >>> import graphgrad as gg
    >>> v = gg.Variable(1.0)
    >>> known = gg.is_variable_initialized(v)
    >>> with gg.Session() as sess:
    ...     before = sess.run(known)
    ...     sess.run(v.initializer)
    ...     before, sess.run(known)
    (np.False_, np.True_)
    """
    known: dict[State, Presence] = ref.graph.annexes.setdefault(_ANNEX, {})
    state = known.get(ref.state)
    answer = spec((), torch.bool)
    if state is None:
        state = known[ref.state] = Presence(f"{ref.state.name}/is_initialized", answer, ref.graph, False, None)
        state.of = ref.state
    op = ref.graph.add(
        Role.READ, "IsVariableInitialized", named(name, "IsVariableInitialized"), (), (answer,), payload=state
    )
    state.add_read(op.values[0])
    return handle_of(op.values[0])
