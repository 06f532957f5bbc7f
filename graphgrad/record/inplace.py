"""In-place calls recorded functionally: the handle moves to the new value, the old one keeps its name."""

from __future__ import annotations

from typing import Any, NoReturn

import torch

from ..graph.graph import get_default_graph
from ..graph.operation import Value
from ..ground.errors import RecordingError, message
from .aliasing import change, lineage
from .buffers import buffer, state_of
from .canonical import canonical
from .record import call, first_symbolic, handlers, out_handler, record
from .tensor import Recorder, Tensor, set_item
from .variable import Variable, names


def in_place(tensor: Tensor, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> Tensor:
    """Compute `function(tensor, ...)` and let the tensor's handle stand for the result."""
    variable = state_of(lineage(tensor._value)[0])
    if variable is not None and not variable.state.buffer:
        what = f"{tensor.name} is {'' if tensor is variable else 'a view of '}a variable"
        raise RecordingError(message(f"{what}: it can't change in place", tensor.op, "variable.assign(...)"))
    old = tensor._value.spec
    result = call(function, (tensor, *args), kwargs or {})
    spec = result._value.spec
    if spec.dtype is not old.dtype:
        raise RecordingError(
            message(f"in place, {old.dtype} can't hold the {spec.dtype} result of {result.op.type}", result.op)
        )
    if spec.worlds is None and old.worlds is None and spec.shape != old.shape:
        raise RecordingError(message(f"in place, {old!r} can't hold the result {spec!r}", result.op))
    change(tensor, result)
    return tensor


class OnCopy:
    """An in-place method as a function: it works on a copy."""

    def __init__(self, method: Any) -> None:
        self.method = method
        self.__name__ = method.__name__.strip("_")

    def __call__(self, tensor: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        return self.method(tensor.clone(), *args, **kwargs)


def _install_methods() -> None:
    """A handler for everything that works in place: `x.add_`, `torch.relu_`, `F.elu_`, `nn.init.zeros_`, ..."""
    for owner in (torch.Tensor, torch, torch.nn.functional, torch.nn.init):
        for name in dir(owner):
            in_place_name = name.endswith("_") and not name.startswith("_")
            if in_place_name and name not in ("requires_grad_", "share_memory_") and callable(getattr(owner, name)):
                _install(getattr(owner, name))


# In place they change how a tensor looks at its memory, not the memory: the handle moves to a view.
_GEOMETRY = frozenset(
    getattr(torch.Tensor, name)
    for name in "t_ transpose_ swapaxes_ swapdims_ squeeze_ unsqueeze_ as_strided_ detach_".split()
)
_REFUSED = frozenset(getattr(torch.Tensor, name) for name in "resize_ resize_as_ apply_ map_ map2_".split())


def _geometry(method: Any) -> Any:
    view = getattr(torch.Tensor, method.__name__.removesuffix("_"))

    def handler(tensor: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(tensor, Tensor) or isinstance(tensor, Variable):
            raise RecordingError(message(f"{method.__name__} of a variable or a plain tensor", None, "its view"))
        tensor.rebind(call(view, (tensor, *args), kwargs)._value)
        return tensor

    return handler


def _refusal(method: Any) -> Any:
    def handler(*args: Any, **kwargs: Any) -> NoReturn:
        symbolic = first_symbolic((args, kwargs))
        what = f"Tensor.{method.__name__} changes memory that a graph does not have"
        raise RecordingError(message(what, symbolic.op if symbolic is not None else None, "a new tensor"))

    return handler


def into(out: Any, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`function(..., out=out)`: the handles of `out` move to the results."""
    result = call(function, args, kwargs)
    wanted = out if isinstance(out, (tuple, list)) else (out,)
    given = result if isinstance(out, (tuple, list)) else (result,)
    for target, new in zip(wanted, given, strict=True):
        target = changeable(target)
        state = state_of(lineage(target._value)[0])
        if state is not None and not state.state.buffer:
            what = f"{canonical(function).name}(..., out=...) would write into the variable {state.name}"
            raise RecordingError(message(what, new.op, "variable.assign(...)"))
        have, want = new._value.spec, target._value.spec
        if not torch.can_cast(have.dtype, want.dtype):
            raise RecordingError(message(f"out={target.name} is {want.dtype} and can't hold {have!r}", new.op))
        if want.static and want.shape == (0,):
            target.rebind(call(torch.Tensor.to, (new, want.dtype), {})._value)
            continue
        if want.worlds is None and have.worlds is None and want.shape != have.shape:
            raise RecordingError(message(f"out={target.name} is {want!r} and can't hold {have!r}", new.op))
        change(target, new if have.dtype is want.dtype else call(torch.Tensor.to, (new, want.dtype), {}))
    return out


def _install(method: Any) -> None:
    if method in _GEOMETRY or method in _REFUSED:
        handlers[method] = _geometry(method) if method in _GEOMETRY else _refusal(method)
        return
    functional = OnCopy(method)

    def handler(tensor: Any, *args: Any, **kwargs: Any) -> Any:
        return in_place(changeable(tensor), functional, args, kwargs)

    handlers[method] = handler


def changeable(tensor: Any) -> Tensor:
    """The symbolic tensor itself, or the variable of a buffer."""
    if isinstance(tensor, Tensor):
        return tensor
    if id(tensor) in names.buffers:
        return buffer(get_default_graph(), tensor)
    raise RecordingError(
        "a plain tensor can't be changed in place by a symbolic one; make it symbolic first: gg.constant(tensor)"
    )


def _set_item(tensor: Any, index: Any, value: Any) -> None:
    if isinstance(value, Tensor) and isinstance(tensor, Tensor) and _is_item(value._value, tensor._value, index):
        return  # the last step of `x[0] += 1`, which has changed x already
    in_place(changeable(tensor), set_item, (index, value))


def _is_item(value: Value, source: Value, index: Any) -> bool:
    """Whether a value is `source[index]`, as recorded; tensors in the index are not compared."""
    op = value.op
    if op.target is not torch.Tensor.__getitem__ or op.reads != (source,):
        return False
    plain = all(isinstance(part, (int, slice, type(None), type(...))) for part in _parts(index))
    return plain and bool(op.args[1] == index)


def _parts(index: Any) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)


def _inplace_option(function: Any) -> Any:
    def handler(tensor: Any, *args: Any, inplace: bool = False, **kwargs: Any) -> Any:
        if inplace:
            return in_place(tensor, function, args, kwargs)
        return record(function, (tensor, *args), kwargs)

    return handler


def _set_data(tensor: Any, value: Any) -> NoReturn:
    symbolic = first_symbolic((tensor, value))
    what = "`tensor.data = ...` or `tensor.grad = ...` changes what a graph does not have"
    advice = "tensor.detach().copy_(...) for a change behind autograd's back, variable.assign(...)"
    raise RecordingError(message(what, symbolic.op if symbolic is not None else None, advice))


for _name in ("data", "grad"):
    handlers[getattr(torch.Tensor, _name).__set__] = _set_data
_install_methods()
for _name in (
    "relu", "relu6", "elu", "selu", "celu", "leaky_relu", "hardtanh", "silu", "mish", "hardsigmoid",
    "hardswish", "threshold", "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "rrelu",
):  # fmt: skip
    handlers[getattr(torch.nn.functional, _name)] = _inplace_option(getattr(torch.nn.functional, _name))
handlers[torch.Tensor.__setitem__] = _set_item
Recorder.in_place = staticmethod(in_place)
out_handler.append(into)
