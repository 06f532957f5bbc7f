"""Variables of models: made, listed, and found by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..graph.graph import get_default_graph
from ..ops.getting import get_variable
from ..ops.keys import GraphKeys
from ..ops.scopes import VariableScope
from ..train.saver import Saver
from .arguments import add_arg_scope


@add_arg_scope
def variable(
    name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
    trainable: bool = True, collections: Sequence[str] | None = None, caching_device: Any = None, device: Any = None,
    partitioner: Any = None, custom_getter: Any = None, use_resource: bool | None = None,
) -> Any:  # fmt: skip
    """`get_variable`, on a device, with the defaults of an `arg_scope`.

    Args:
        name, shape, dtype, initializer, regularizer, trainable, partitioner, custom_getter: as of `get_variable`.
        collections: where to list it besides the global variables.
        device: where it lives; wherever the block around says if None.
        caching_device, use_resource: make no difference.
    """
    listed = list(dict.fromkeys([*(collections or ()), GraphKeys.GLOBAL_VARIABLES]))
    graph = get_default_graph()
    with graph.device(graph.context.device or None if device is None else device):
        return get_variable(
            name, shape, dtype, initializer, regularizer, trainable, listed, caching_device, partitioner,
            custom_getter=custom_getter,
        )  # fmt: skip


@add_arg_scope
def model_variable(
    name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
    trainable: bool = True, collections: Sequence[str] | None = None, **options: Any,
) -> Any:  # fmt: skip
    """`variable`, listed with the model's variables, too; arguments as there.

    >>> import graphgrad as gg
    >>> w = gg.contrib.framework.model_variable("w", [2])
    >>> gg.model_variables() == [w]
    True
    """
    listed = [*(collections or ()), GraphKeys.MODEL_VARIABLES]
    return variable(name, shape, dtype, initializer, regularizer, trainable, listed, **options)


# -- finding --------------------------------------------------------------------------------------------


def get_variables(
    scope: Any = None, suffix: str | None = None, collection: str = GraphKeys.GLOBAL_VARIABLES
) -> list[Any]:
    """The variables of a collection.

    Args:
        scope: a variable scope, or a regular expression that the beginning of the name must match.
        suffix: the last part of the name.
        collection: the collection's name.
    """
    place = scope.name if isinstance(scope, VariableScope) else scope
    found = get_default_graph().get_collection(collection, place)
    return found if suffix is None else [each for each in found if _name(each).rpartition("/")[2] == suffix]


def get_model_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """The model's variables; arguments as of `get_variables`."""
    return get_variables(scope, suffix, GraphKeys.MODEL_VARIABLES)


def get_trainable_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """The trainable variables; arguments as of `get_variables`."""
    return get_variables(scope, suffix, GraphKeys.TRAINABLE_VARIABLES)


def get_local_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """The local variables; arguments as of `get_variables`."""
    return get_variables(scope, suffix, GraphKeys.LOCAL_VARIABLES)


def get_variables_by_name(given_name: str, scope: Any = None) -> list[Any]:
    """The variables whose last part of the name is this one."""
    return get_variables(scope, given_name)


get_variables_by_suffix = get_variables_by_name


def get_unique_variable(var_op_name: str) -> Any:
    """The variable of exactly this name; `ValueError` if there is none."""
    found = [each for each in get_variables(re.escape(var_op_name)) if _name(each) == var_op_name]
    if len(found) != 1:
        raise ValueError(f"the graph has {len(found)} variables named {var_op_name}")
    return found[0]


def get_variables_to_restore(
    include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
) -> list[Any]:  # fmt: skip
    """The variables of some scopes, without those of others.

    Args:
        include: scopes; all variables if None.
        exclude: scopes whose variables are left out.
    """
    chosen = get_variables() if include is None else [each for scope in include for each in get_variables(scope)]
    out = {id(each) for scope in exclude or () for each in get_variables(scope)}
    return list({id(each): each for each in chosen if id(each) not in out}.values())


def assign_from_checkpoint_fn(
    model_path: Any, var_list: Sequence[Any] | Mapping[str, Any], ignore_missing_vars: bool = False,
    reshape_variables: bool = False,
) -> Callable[[Any], None]:  # fmt: skip
    """A function of a session that restores variables from a checkpoint.

    Args:
        model_path: the checkpoint.
        var_list: variables, or a dict of them by the names that they have in the checkpoint.
        ignore_missing_vars: whether variables that the checkpoint does not have keep their values.
        reshape_variables: whether to restore values of another shape with as many elements.
    """
    saver = Saver(var_list, reshape=reshape_variables)

    def restore(session: Any) -> None:
        saver.restore(session, model_path, partial=ignore_missing_vars)

    return restore


def _name(variable: Any) -> str:
    name: str = variable.name
    return name.removesuffix(":0")
