"""How a kernel is called: by torch's own function where it leads to the very kernel, since its parser is faster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.fx import Node
from torch.utils._python_dispatch import TorchDispatchMode

from .made import Made, Sized, valued

# Where torch has functions, and how an expression names them; methods come last.
_PLACES: tuple[tuple[str, Any], ...] = (
    ("torch", torch), *((f"torch._C.{name}", getattr(torch._C, name)) for name in "_nn _linalg _special _fft".split()),
    ("", torch.Tensor),
)  # fmt: skip

_known: dict[Any, str | None] = {}


def spelling(node: Node) -> str | None:
    """The name of a function that reaches this node's kernel with its arguments; '.name' for a method, or None."""
    overload: Any = node.target
    key = (overload, _kinds(node.args), tuple((name, _kinds(item)) for name, item in sorted(node.kwargs.items())))
    if key not in _known:
        _known[key] = _find(overload, *_examples(node))
    return _known[key]


def _kinds(argument: Any) -> Any:
    """What an argument is, as far as torch's parsers care."""
    if isinstance(argument, (tuple, list)):
        return tuple(map(_kinds, argument))
    if isinstance(argument, Node):
        made = argument.meta.get("made")
        return (made.dtype, len(made.shape), made.device) if isinstance(made, Made) else None
    return type(argument.value if isinstance(argument, Sized) else argument)


def _examples(node: Node) -> tuple[tuple[Any, ...], dict[str, Any]]:
    def example(argument: Node) -> Any:
        made = argument.meta.get("made")
        return torch.empty((1,) * len(made.shape), dtype=made.dtype, device=made.device) if made else None

    args: Any = valued(torch.fx.map_arg(node.args, example))
    kwargs: Any = valued(torch.fx.map_arg(node.kwargs, example))
    return args, kwargs


def _find(overload: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    name = overload._schema.name.removeprefix("aten::")
    if name == overload._schema.name:
        return None
    wanted = _settled(overload, args, kwargs)
    for prefix, place in _PLACES:
        function = getattr(place, name, None)
        if function is None or (place is torch.Tensor and not (args and isinstance(args[0], torch.Tensor))):
            continue
        if _reaches(function, args, kwargs, wanted):
            return f"{prefix}.{name}"
    return None


class _Seen(Exception):
    """The kernel that a call reached."""

    def __init__(self, func: Any, args: Any, kwargs: Any) -> None:
        super().__init__()
        self.found = func, args, kwargs


class _Catch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Stops at the first kernel."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise _Seen(func, args, kwargs or {})


def _reaches(function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], wanted: Any) -> bool:
    try:
        with torch.no_grad(), _Catch():  # type: ignore[no-untyped-call]
            function(*args, **kwargs)
    except _Seen as seen:
        func, given, options = seen.found
        return bool(_settled(func, given, options) == wanted)
    except Exception:  # it takes other arguments
        return False
    return False


def _settled(overload: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The kernel and all of its arguments, defaults among them, in a form that can be compared."""
    found: list[Any] = [overload]
    for position, argument in enumerate(overload._schema.arguments):
        default = argument.default_value if argument.has_default_value() else None
        given = args[position] if position < len(args) else kwargs.get(argument.name, default)
        found.append(_comparable(given))
    return found


def _comparable(given: Any) -> Any:
    if isinstance(given, torch.Tensor):
        return id(given)
    if isinstance(given, (tuple, list)):
        return [_comparable(item) for item in given]
    return (type(given) in (int, float, bool, complex) and type(given).__name__, repr(given))
