"""TF1's switches between its old and its new ways; graphgrad has one way, and says which."""

from __future__ import annotations

from ..ground.mode import disable_eager_execution


def disable_v2_behavior() -> None:
    """Graphs and sessions, as they are here anyway; ends eager mode, if it was enabled.

    >>> import graphgrad as gg
    >>> gg.disable_v2_behavior()
    >>> gg.executing_eagerly()
    False
    """
    disable_eager_execution()


def disable_v2_tensorshape() -> None:
    """Nothing to do: `shape[i].value` and `shape[i]` both work."""


def disable_tensor_equality() -> None:
    """Nothing to do: tensors are hashable by identity; `==` stays elementwise, as in torch."""


def enable_resource_variables() -> None:
    """Nothing to do: variables read as TF1's resource variables do, the value from before the run or an assign."""


def disable_resource_variables() -> None:
    """Nothing to do: a read never sees half of an assign, which scripts for the older variables can live with."""


def resource_variables_enabled() -> bool:
    """True: that is how variables read."""
    return True


def enable_control_flow_v2() -> None:
    """Nothing to do: branches and loops are functions of their own, as in the second version."""


def disable_control_flow_v2() -> None:
    """Nothing to do: graphs that the first version accepts are accepted."""


def control_flow_v2_enabled() -> bool:
    """True: branches and loops are functions of their own."""
    return True
