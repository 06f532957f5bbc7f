"""Variable scopes, as in TF1: they prefix the names of the variables that `get_variable` makes inside.

A variable scope opens a name scope for the operations, too. Each graph has a current scope per thread.
"""

from __future__ import annotations

import copy
import enum
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from ..graph.body import home, root_of
from ..graph.graph import Graph, get_default_graph, name_scope
from ..graph.operation import Operation
from ..graph.scopes import check_name
from ..record.tensor import Tensor
from .keys import GraphKeys

_ANNEX = "ops.scopes"


class _ReuseMode(enum.Enum):
    """How `get_variable` looks for a variable that may be there already."""

    AUTO_REUSE = 1

    def __repr__(self) -> str:
        return f"gg.{self.name}"


AUTO_REUSE = _ReuseMode.AUTO_REUSE


@dataclass
class VariableScope:
    """What `get_variable` takes from its surroundings. Made by `variable_scope`.

    Attributes:
        reuse: None or False (variables are made), True (they must exist) or AUTO_REUSE.
        name: the prefix of variables, without the last '/'.
        original_name_scope: the name scope that was opened with it, with a '/' at the end.
        initializer, regularizer, custom_getter, dtype, constraint: the defaults of `get_variable`.
    """

    reuse: Any = None
    name: str = ""
    original_name_scope: str = ""
    initializer: Any = None
    regularizer: Callable[[Any], Any] | None = None
    custom_getter: Callable[..., Any] | None = None
    dtype: Any = torch.float32
    constraint: Callable[[Any], Any] | None = None
    caching_device: Any = None
    partitioner: None = None
    use_resource: bool | None = None

    def reuse_variables(self) -> None:
        """Reuse variables from here on, in this scope and those opened in it."""
        self.reuse = True

    def set_initializer(self, initializer: Any) -> None:
        """Set the default initializer."""
        self.initializer = initializer

    def set_regularizer(self, regularizer: Callable[[Any], Any] | None) -> None:
        """Set the default regularizer."""
        self.regularizer = regularizer

    def set_custom_getter(self, custom_getter: Callable[..., Any] | None) -> None:
        """Set the function that makes variables instead."""
        self.custom_getter = custom_getter

    def set_dtype(self, dtype: Any) -> None:
        """Set the default dtype."""
        self.dtype = dtype

    def set_caching_device(self, caching_device: Any) -> None:
        """Remember a caching device, which makes no difference."""
        self.caching_device = caching_device

    def set_use_resource(self, use_resource: bool) -> None:
        """Remember the choice, which makes no difference: all variables read as resource variables do."""
        self.use_resource = use_resource

    def set_partitioner(self, partitioner: Any) -> None:
        """`NotImplementedError`, unless it is None."""
        refuse_partitioner(partitioner)

    def get_collection(self, name: str) -> list[Any]:
        """The items of a collection that lie in this scope."""
        return get_default_graph().get_collection(name, self.name + "/" if self.name else None)

    def global_variables(self) -> list[Any]:
        """The global variables of this scope."""
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def trainable_variables(self) -> list[Any]:
        """The trainable variables of this scope."""
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def local_variables(self) -> list[Any]:
        """The local variables of this scope."""
        return self.get_collection(GraphKeys.LOCAL_VARIABLES)


class _Here(threading.local):
    """Where a thread is: its scope, and how often each scope has been opened. Branches and bodies have no other."""

    def __init__(self) -> None:
        self.scope = VariableScope()
        self.opened: Counter[str] = Counter()


def _here(graph: Graph) -> _Here:
    graph = root_of(graph)
    found: _Here | None = graph.annexes.get(_ANNEX)
    return graph.annexes.setdefault(_ANNEX, _Here()) if found is None else found


def current(graph: Graph) -> VariableScope:
    """The variable scope of a graph on this thread."""
    return _here(graph).scope


def get_variable_scope() -> VariableScope:
    """The current variable scope.

    >>> import graphgrad as gg
    >>> with gg.variable_scope("layer"):
    ...     gg.get_variable_scope().name
    'layer'
    """
    return current(get_default_graph())


def no_regularizer(_: Any) -> None:
    """A regularizer that adds nothing, for a variable in a scope that has one."""
    return None


def refuse_partitioner(partitioner: Any) -> None:
    """`NotImplementedError`, unless there is none."""
    if partitioner is not None:
        raise NotImplementedError("partitioned variables do not exist here: leave the partitioner out")


# -- scopes ---------------------------------------------------------------------------------------------


class variable_scope:  # noqa: N801
    """A block in which `get_variable` prefixes names, and reuses or makes variables.

    Args:
        name_or_scope: a name, or a `VariableScope` to go back to.
        default_name: used, made unique, where `name_or_scope` is None.
        values: tensors whose graph is used.
        initializer, regularizer, custom_getter, dtype, constraint: the defaults of `get_variable` inside.
        reuse: True: variables must exist; AUTO_REUSE: those missing are made; None: as the scope around.
        auxiliary_name_scope: whether to open a name scope for operations, too.
        caching_device, use_resource: make no difference.
        partitioner: must be None.

    Raises:
        TypeError: without name and default name.
        ValueError: for `reuse=True` without a name.

    >>> import graphgrad as gg
    >>> with gg.variable_scope("layer"):
    ...     w = gg.get_variable("w", [2])
    >>> with gg.variable_scope("layer", reuse=True):
    ...     gg.get_variable("w", [2]) is w, gg.constant(1.0).name
    (True, 'layer_1/Const:0')
    """

    def __init__(
        self, name_or_scope: Any, default_name: str | None = None, values: Any = None, initializer: Any = None,
        regularizer: Any = None, caching_device: Any = None, partitioner: Any = None, custom_getter: Any = None,
        reuse: Any = None, dtype: Any = None, use_resource: bool | None = None, constraint: Any = None,
        auxiliary_name_scope: bool = True,
    ) -> None:  # fmt: skip
        refuse_partitioner(partitioner)
        if name_or_scope is None and default_name is None:
            raise TypeError("variable_scope needs a name or a scope, or a default_name")
        if name_or_scope is not None and not isinstance(name_or_scope, (str, VariableScope)):
            raise TypeError(f"variable_scope takes a name or a VariableScope, got {name_or_scope!r}")
        if name_or_scope is None and reuse is True:
            raise ValueError("reuse=True needs the name of the scope to reuse, not only a default_name")
        if not isinstance(auxiliary_name_scope, bool):
            raise TypeError(f"auxiliary_name_scope is a bool, got {auxiliary_name_scope!r}")
        self._target = name_or_scope
        self._default_name = default_name
        self._values = values
        self._reuse = reuse or None
        self._auxiliary = auxiliary_name_scope
        self._getter = custom_getter
        given = {
            "initializer": initializer, "regularizer": regularizer, "constraint": constraint, "dtype": dtype,
            "caching_device": caching_device, "use_resource": use_resource,
        }  # fmt: skip
        self._given = {name: value for name, value in given.items() if value is not None}
        self._entered: list[tuple[Any, ...]] = []

    def __enter__(self) -> VariableScope:
        graph = _graph_of(self._values)
        default = graph.as_default()
        default.__enter__()
        here = _here(graph)
        names, outer, opened = None, here.scope, here.opened
        try:
            names = self._name_scope(graph)
            original = graph.context.scope if names is None else names.__enter__()
            scope = self._inner(graph, outer, original)
        except BaseException:
            default.__exit__(None, None, None)
            raise
        if isinstance(self._target, VariableScope):
            here.opened = copy.copy(opened)
        here.opened[scope.name] += 1
        here.scope = scope
        self._entered.append((default, names, here, outer, opened))
        return scope

    def __exit__(self, *failure: Any) -> None:
        default, names, here, outer, opened = self._entered.pop()
        prefix = here.scope.name + "/"
        here.scope = outer
        if isinstance(self._target, VariableScope):
            here.opened = opened
        else:
            for name in here.opened:
                if name.startswith(prefix):
                    here.opened[name] = 0
        if names is not None:
            names.__exit__(*failure)
        default.__exit__(*failure)

    def _name_scope(self, graph: Graph) -> Any:
        """The name scope to open: that of the name, of a scope's last part, or none for the root scope."""
        if not self._auxiliary:
            return None
        if self._target is None:
            return graph.name_scope(self._default_name)
        name = self._target.name.rpartition("/")[2] if isinstance(self._target, VariableScope) else self._target
        return graph.name_scope(name) if name else None

    def _inner(self, graph: Graph, outer: VariableScope, original: str) -> VariableScope:
        """The scope of the block: what is not given is inherited."""
        target = self._target
        if isinstance(target, VariableScope):
            scope = copy.copy(target)
            scope.reuse = self._reuse or target.reuse
        else:
            name = _unique(graph, self._default_name or "") if target is None else check_name(target, True)
            scope = copy.copy(outer)
            scope.name = f"{outer.name}/{name}" if outer.name else name
            scope.reuse = self._reuse or outer.reuse
            scope.original_name_scope = original
        for option, value in self._given.items():
            setattr(scope, option, value)
        if self._getter is not None:
            scope.custom_getter = nested(self._getter, scope.custom_getter)
        return scope


def _graph_of(values: Any) -> Graph:
    for value in values or ():
        if isinstance(value, (Tensor, Operation)):
            return home(value.graph)
    return get_default_graph()


def _unique(graph: Graph, prefix: str) -> str:
    """The first of `prefix`, `prefix_1`, ... that is no open or finished scope inside the current one."""
    here = _here(graph)
    outer = here.scope.name + "/" if here.scope.name else ""
    number, name = 0, prefix
    while here.opened[outer + name]:
        number += 1
        name = f"{prefix}_{number}"
    return name


def nested(getter: Callable[..., Any], outer: Callable[..., Any] | None) -> Callable[..., Any]:
    """A getter whose own `getter` is that of the scope around."""
    if outer is None:
        return getter
    return lambda true_getter, *args, **kwargs: getter(partial(outer, true_getter), *args, **kwargs)


def variable_op_scope(values: Any, name_or_scope: Any, default_name: str | None = None, **options: Any) -> Any:
    """`variable_scope` with the order of arguments that it had before TF 1.0."""
    return variable_scope(name_or_scope, default_name, values, **options)


def op_scope(values: Any, name: str | None, default_name: str | None = None) -> Any:
    """`name_scope` with the order of arguments that it had before TF 1.0.

    >>> import graphgrad as gg
    >>> with gg.op_scope([], None, "block"):
    ...     gg.constant(1.0).name
    'block/Const:0'
    """
    return name_scope(name, default_name, values)
