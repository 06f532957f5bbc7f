"""`make_template`: a function that shares its variables between calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .scopes import AUTO_REUSE, VariableScope, variable_scope


class Template:
    """A function whose calls use the variables of its first call. Made by `make_template`."""

    def __init__(
        self, name: str, function: Callable[..., Any], create_scope_now: bool, unique_name: str | None, getter: Any
    ) -> None:
        self._function = function
        self._name = name
        self._unique_name = unique_name
        self._getter = getter
        self._scope: VariableScope | None = None
        self._called = False
        self.__doc__ = getattr(function, "__doc__", None)
        self.__name__ = getattr(function, "__name__", name)
        if create_scope_now:
            with self._opened() as self._scope:
                pass

    def _opened(self) -> variable_scope:
        return variable_scope(self._unique_name, default_name=self._name, custom_getter=self._getter)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._scope is None:
            with self._opened() as scope:
                self._scope = scope
                result = self._function(*args, **kwargs)
        else:
            with variable_scope(self._scope, reuse=True if self._called else AUTO_REUSE):
                result = self._function(*args, **kwargs)
        self._called = True
        return result

    @property
    def name(self) -> str:
        """The name that it was made with."""
        return self._name

    @property
    def variable_scope(self) -> VariableScope | None:
        """The scope of its variables; None before the first call."""
        return self._scope

    @property
    def variable_scope_name(self) -> str | None:
        """The name of that scope."""
        return None if self._scope is None else self._scope.name

    @property
    def variables(self) -> list[Any]:
        """Its global variables."""
        return [] if self._scope is None else self._scope.global_variables()

    @property
    def trainable_variables(self) -> list[Any]:
        """Its trainable variables."""
        return [] if self._scope is None else self._scope.trainable_variables()


def make_template(
    name_: str, func_: Callable[..., Any], create_scope_now_: bool = False, unique_name_: str | None = None,
    custom_getter_: Any = None, **kwargs: Any,
) -> Template:  # fmt: skip
    """A function that shares its variables between calls.

    Args:
        name_: the name of the scope of its variables, made unique.
        func_: a function that makes variables with `get_variable`.
        create_scope_now_: whether its scope is chosen here, and not at the first call.
        unique_name_: the name of the scope as it is, instead.
        custom_getter_: makes its variables; see `get_variable`.
        **kwargs: arguments of `func_`.

    Raises:
        ValueError: at a later call, if it makes a variable that the first call did not make.

    >>> import graphgrad as gg
    >>> scale = gg.make_template("scale", lambda x: x * gg.get_variable("factor", []))
    >>> y, z = scale(gg.ones([2])), scale(gg.ones([3]))
    >>> [variable.name for variable in gg.global_variables()]
    ['scale/factor:0']
    """
    function = (lambda *args, **more: func_(*args, **{**kwargs, **more})) if kwargs else func_
    return Template(name_, function, create_scope_now_, unique_name_, custom_getter_)
