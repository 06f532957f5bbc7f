"""`gg.contrib.framework`: default arguments of blocks, and the variables of models."""

from ..train.reader import list_variables, load_checkpoint, load_variable
from ..train.steps import create_global_step, get_global_step, get_or_create_global_step
from .arguments import add_arg_scope, arg_scope, arg_scoped_arguments, current_arg_scope, has_arg_scope
from .variables import (
    assign_from_checkpoint_fn,
    get_local_variables,
    get_model_variables,
    get_trainable_variables,
    get_unique_variable,
    get_variables,
    get_variables_by_name,
    get_variables_by_suffix,
    get_variables_to_restore,
    model_variable,
    variable,
)

__all__ = [
    "add_arg_scope", "arg_scope", "arg_scoped_arguments", "assign_from_checkpoint_fn", "create_global_step",
    "current_arg_scope", "get_global_step", "get_local_variables", "get_model_variables",
    "get_or_create_global_step", "get_trainable_variables", "get_unique_variable", "get_variables",
    "get_variables_by_name", "get_variables_by_suffix", "get_variables_to_restore", "has_arg_scope", "list_variables",
    "load_checkpoint", "load_variable", "model_variable", "variable",
]  # fmt: skip
