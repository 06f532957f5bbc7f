"""`gg.contrib.slim`: layers, losses and blocks of default arguments under one name."""

from ..ops.refused_names import refusal
from . import layers, learning, losses
from .framework import (
    add_arg_scope,
    arg_scope,
    arg_scoped_arguments,
    assign_from_checkpoint_fn,
    create_global_step,
    current_arg_scope,
    get_global_step,
    get_local_variables,
    get_model_variables,
    get_or_create_global_step,
    get_trainable_variables,
    get_unique_variable,
    get_variables,
    get_variables_by_name,
    get_variables_by_suffix,
    get_variables_to_restore,
    has_arg_scope,
    model_variable,
    variable,
)
from .layers import *  # noqa: F403

__getattr__ = refusal(__name__, "gg.contrib.slim")

__all__ = [
    *layers.__all__,
    "add_arg_scope", "arg_scope", "arg_scoped_arguments", "assign_from_checkpoint_fn", "create_global_step",
    "current_arg_scope", "get_global_step", "get_local_variables", "get_model_variables",
    "get_or_create_global_step", "get_trainable_variables", "get_unique_variable", "get_variables",
    "get_variables_by_name", "get_variables_by_suffix", "get_variables_to_restore", "has_arg_scope", "layers",
    "learning", "losses", "model_variable", "variable",
]  # fmt: skip
