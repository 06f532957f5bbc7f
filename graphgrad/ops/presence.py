"""Whether a variable has a value, and which: questions to the session, asked in a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..graph.graph import name_scope
from ..graph.operation import Role, handle_of
from ..graph.sessions import require_session
from ..ground.spec import Spec, spec
from ..record.variable import State, Variable
from .branches import cond
from .sources import named
from .variables import global_variables, local_variables

_ANNEX = "ops.presence"


class Presence(State):
    """What a session answers with a bool: whether another state has a value. It is read, and never set.

    Attributes:
        of: the state that is asked about.
    """

    __slots__ = ("of",)
    of: State


class Tentative(Presence):
    """What a session answers with another state's value, or with zeros if it has none."""

    __slots__ = ()


def _asked(kind: type[Presence], ref: Variable, answer: Spec, label: str, name: str) -> Any:
    """An operation that asks the session about a variable."""
    known: dict[tuple[type, State], Presence] = ref.graph.annexes.setdefault(_ANNEX, {})
    state = known.get((kind, ref.state))
    if state is None:
        state = known[kind, ref.state] = kind(f"{ref.state.name}/{label}", answer, ref.graph, False, None)
        state.of = ref.state
    op = ref.graph.add(Role.READ, "IsVariableInitialized", name, (), (answer,), payload=state)
    state.add_read(op.values[0])
    return handle_of(op.values[0])


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
    asked = named(name, "IsVariableInitialized")
    return _asked(Presence, ref, spec((), torch.bool), "is_initialized", asked)


def initialized_value(variable: Variable) -> Any:
    """The value that the variable has before the run, or the one that its initializer would give if it has none.

    It is for the initial values of other variables: when both are initialized for the first time, in one run, both
    start from the same numbers, random ones too.

    >>> import graphgrad as gg
    >>> v = gg.Variable(gg.random_uniform([]))
    >>> w = gg.Variable(v.initialized_value())
    >>> with gg.Session() as sess:
    ...     sess.run(gg.global_variables_initializer())
    ...     one, other = sess.run([v, w])
    ...     v.load(5.0)
    ...     sess.run(w.initializer)
    ...     one == other, sess.run(w)
    (np.True_, np.float32(5.0))
    """
    if variable.initial is None:
        return variable.value()
    own = variable.state.spec
    known = _asked(Presence, variable, spec((), torch.bool), "is_initialized", "IsVariableInitialized")
    now = _asked(Tentative, variable, own, "initialized_value", "initialized_value")
    first = handle_of(variable.initial)
    if own.static:
        return torch.where(known, now, first)
    return cond(known, lambda: now, lambda: first)  # the two may differ in shape


class UninitializedNames:
    """A fetch that gives the names of the variables that have no value before the run, as an array of bytes.

    Tensors of strings do not exist, so this is no tensor: a run or `eval` gives its value.
    """

    def __init__(self, variables: Sequence[Variable]) -> None:
        self._names = [variable.name.removesuffix(":0") for variable in variables]
        self.parts = [is_variable_initialized(variable) for variable in variables]

    def build(self, known: Sequence[Any]) -> np.ndarray[Any, Any]:
        """The array, from what the parts gave."""
        missing = [name.encode() for name, one in zip(self._names, known, strict=True) if not one]
        return np.array(missing, dtype=object)

    def eval(self, feed_dict: dict[Any, Any] | None = None, session: Any = None) -> Any:
        """Its value in the default session, or in the one given."""
        return require_session(session, "evaluate the names of uninitialized variables").run(self, feed_dict)


def report_uninitialized_variables(
    var_list: Sequence[Any] | None = None, name: str = "report_uninitialized_variables"
) -> UninitializedNames:
    """The names of the variables that have no value yet, to be fetched.

    Args:
        var_list: the variables; the global and local ones of the default graph if None.
        name: the scope of the operations.

    >>> import graphgrad as gg
    >>> v, w = gg.Variable(1.0, name="v"), gg.Variable(2.0, name="w")
    >>> missing = gg.report_uninitialized_variables()
    >>> with gg.Session() as sess:
    ...     sess.run(v.initializer)
    ...     sess.run(missing)
    array([b'w'], dtype=object)
    """
    chosen = [*global_variables(), *local_variables()] if var_list is None else list(var_list)
    with name_scope(name):
        return UninitializedNames(chosen)
