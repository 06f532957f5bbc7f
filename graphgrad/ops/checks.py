"""`gg.debugging`: TF1's assertions, and what prints while a run is under way."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..graph.graph import get_default_graph
from ..graph.operation import Operation, Role, Value
from ..ground.errors import InvalidArgumentError
from ..ground.mode import executing_eagerly
from ..ground.spec import as_dtype
from ..record.dims import UnknownShape
from ..record.tensor import Tensor
from ..record.variable import Variable
from .kernels import checks
from .math import is_finite, is_inf, is_nan, is_non_decreasing, is_strictly_increasing
from .refused_names import refusal
from .shapes import ensure_shape
from .sources import group, named, no_op
from .table import apply, row, tensor, tensors

check_numerics = row("check_numerics", checks.check_numerics, "tensor:t message")


def _looking(target: Callable[..., Any], args: tuple[Any, ...], default: str, name: str | None) -> Any:
    """An operation without a result that calls a function in every run that it is a part of."""
    found = [item for item in _flat(args) if isinstance(item, Tensor)]
    if not found and executing_eagerly():
        return target(*args)
    graph = found[0].graph if found else get_default_graph()
    placed = _placed(args)
    reads = tuple(item for item in _flat(placed) if isinstance(item, Value))
    return graph.add(Role.CALL, default, named(name, default), reads, (), target=target, args=placed)


def _flat(nest: Sequence[Any]) -> list[Any]:
    return [leaf for item in nest for leaf in (_flat(item) if isinstance(item, (tuple, list)) else [item])]


def _placed(nest: Any) -> Any:
    if isinstance(nest, (tuple, list)):
        return tuple(_placed(item) for item in nest)
    if isinstance(nest, Variable):
        return nest.read()
    return nest._value if isinstance(nest, Tensor) else nest


def _shown(data: Any) -> tuple[Any, ...]:
    """What an assertion or a print shows: text as it is, arrays as tensors."""
    items = data if isinstance(data, (list, tuple)) else [data]
    return tuple(item if isinstance(item, (str, int, float)) else tensor(item) for item in items)


def Print(  # noqa: N802
    input_: Any, data: Sequence[Any], message: str | None = None, first_n: int | None = None,
    summarize: int | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """The tensor; a run that computes it prints the data on the standard error stream.

    Args:
        input_: a tensor.
        data: the tensors that are printed, before their first elements.
        message: text before them.
        first_n: print this often only; always if None.
        summarize: how many elements of each are shown, 3 if None; all for -1.
        name: the operation's name.

    >>> import graphgrad as gg
    >>> gg.Print(gg.constant(1.0), [gg.constant([1, 2])], "now: ")
    <Tensor 'Print:0' float32[]>
    """
    printing = checks.Printing(first_n, message or "", summarize)
    return apply(printing, (tensor(input_), _shown(data)), {}, name or "Print")


def print_(
    *inputs: Any, output_stream: Any = sys.stderr, end: str = "\n", sep: str = " ", summarize: int = 3,
    name: str | None = None,
) -> Any:  # fmt: skip
    """An operation that prints a line in every run that it is a part of.

    Args:
        *inputs: text, numbers and tensors.
        output_stream: `sys.stderr`, `sys.stdout`, or the name of a file as 'file://name', which is appended to.
        end: what ends the line.
        sep: what stands between the inputs.
        summarize: how many elements of a tensor are shown; all for -1.
        name: the operation's name.

    Raises:
        ValueError: for another stream.
    """
    if output_stream not in (sys.stderr, sys.stdout) and not str(output_stream).startswith("file://"):
        raise ValueError(f"output_stream is {output_stream!r}; use sys.stderr, sys.stdout or 'file://name'")
    stream = "stdout" if output_stream is sys.stdout else "stderr" if output_stream is sys.stderr else output_stream
    return _looking(checks.print_line, (_shown(list(inputs)), stream, end, sep, summarize), "PrintV2", name)


def Assert(  # noqa: N802
    condition: Any, data: Sequence[Any], summarize: int | None = None, name: str | None = None
) -> Any:  # fmt: skip
    """An operation that fails, and shows the data, in a run in which the condition does not hold.

    Args:
        condition: a boolean tensor; all of it has to hold.
        data: text and tensors that the error shows.
        summarize: how many elements of each are shown, 3 if None.
        name: the operation's name.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [])
    >>> with gg.control_dependencies([gg.Assert(x > 0.0, ["x is", x])]):
    ...     y = gg.identity(x)
    >>> with gg.Session() as session:
    ...     session.run(y, {x: 2.0})
    np.float32(2.0)
    """
    if isinstance(condition, bool):
        condition = tensor(condition)
    return _looking(checks.assert_true, (tensor(condition), _shown(data), summarize), "Assert", name)


def _payload(value: Any) -> torch.Tensor | None:
    """The numbers of a constant."""
    if isinstance(value, Tensor):
        return value.op.payload if value.op.role is Role.CONSTANT else None
    return value if isinstance(value, torch.Tensor) else None


def _checked(
    name: str, holds: Callable[..., Any], operands: list[Any], said: str, data: Any, summarize: int | None,
    message: str | None, given: str | None,
) -> Any:  # fmt: skip
    """An assertion that all of a comparison holds; at once if it is one of constants."""
    known = [_payload(each) for each in operands]
    told = f"{message}: " if message else ""
    if all(each is not None for each in known):
        if not bool(holds(*known).all()):
            shown = ", ".join(str(each.tolist()) for each in known if each is not None)
            raise InvalidArgumentError(f"{told}Condition {said} did not hold: {shown}")
        return None if executing_eagerly() else no_op(given or name)
    default: list[Any] = [f"{told}Condition {said} did not hold element-wise:", *operands]
    return Assert(holds(*operands), default if data is None else [told, *data], summarize, given or name)


def _pair(x: Any, y: Any) -> list[Any]:
    left = tensor(x, y)
    return [left, tensor(y, left)]


def _comparison(name: str, said: str, holds: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def function(
        x: Any, y: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
        name: str | None = None,
    ) -> Any:  # fmt: skip
        return _checked(function.__name__, holds, _pair(x, y), said, data, summarize, message, name)

    return _documented(function, name, f"all of {said}")


def _property(name: str, said: str, holds: Callable[[Any], Any]) -> Callable[..., Any]:
    def function(
        x: Any, data: Any = None, summarize: int | None = None, message: str | None = None, name: str | None = None
    ) -> Any:
        return _checked(function.__name__, holds, [tensor(x)], said, data, summarize, message, name)

    return _documented(function, name, f"all of {said}")


def _documented(function: Any, name: str, said: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"An operation that fails in a run unless {said}; at once, with `InvalidArgumentError`, for constants.\n\n"
        "`data` is what the error shows, `summarize` how many elements of it; `message` comes first.\n"
    )
    return function  # type: ignore[no-any-return]


assert_equal = _comparison("assert_equal", "x == y", lambda x, y: x == y)
assert_greater = _comparison("assert_greater", "x > y", lambda x, y: x > y)
assert_greater_equal = _comparison("assert_greater_equal", "x >= y", lambda x, y: x >= y)
assert_less = _comparison("assert_less", "x < y", lambda x, y: x < y)
assert_less_equal = _comparison("assert_less_equal", "x <= y", lambda x, y: x <= y)
assert_none_equal = _comparison("assert_none_equal", "x != y", lambda x, y: x != y)
assert_negative = _property("assert_negative", "x < 0", lambda x: x < 0)
assert_non_negative = _property("assert_non_negative", "x >= 0", lambda x: x >= 0)
assert_non_positive = _property("assert_non_positive", "x <= 0", lambda x: x <= 0)
assert_positive = _property("assert_positive", "x > 0", lambda x: x > 0)


def assert_near(
    x: Any, y: Any, rtol: Any = None, atol: Any = None, data: Any = None, summarize: int | None = None,
    message: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """An operation that fails in a run unless `abs(x - y) <= atol + rtol * abs(y)`.

    `rtol` and `atol` are ten of the dtype's steps if None.
    """
    operands = _pair(x, y)
    step = 10 * torch.finfo(operands[0].dtype).eps
    allowed = (step if rtol is None else rtol, step if atol is None else atol)

    def holds(left: Any, right: Any) -> Any:
        return (left - right).abs() <= right.abs() * allowed[0] + allowed[1]

    return _checked("assert_near", holds, operands, "x and y are near", data, summarize, message, name)


def _rank(x: Any) -> int | None:
    shape = tensor(x).shape
    return None if isinstance(shape, UnknownShape) else len(shape)


def _ranked(x: Any, fits: Callable[[int], bool], said: str, message: str | None, name: str | None) -> Any:
    found = _rank(x)
    if found is None:
        raise ValueError(f"the rank of {x} is not known before a run: give it a shape with ensure_shape")
    if not fits(found):
        raise ValueError(f"{message or ''} Tensor {x} must have rank {said}. Received rank {found}".strip())
    return None if executing_eagerly() else no_op(name)


def assert_rank(
    x: Any, rank: int, data: Any = None, summarize: int | None = None, message: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """An operation that does nothing; `ValueError` if x has another number of axes."""
    return _ranked(x, lambda found: found == rank, str(rank), message, name or "assert_rank")


def assert_rank_at_least(
    x: Any, rank: int, data: Any = None, summarize: int | None = None, message: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """An operation that does nothing; `ValueError` if x has fewer axes."""
    return _ranked(x, lambda found: found >= rank, f"at least {rank}", message, name or "assert_rank_at_least")


def assert_rank_in(
    x: Any, ranks: Sequence[int], data: Any = None, summarize: int | None = None, message: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """An operation that does nothing; `ValueError` if the number of x's axes is none of these."""
    return _ranked(x, lambda found: found in ranks, f"in {list(ranks)}", message, name or "assert_rank_in")


def assert_scalar(tensor: Any, name: str | None = None, message: str | None = None) -> Any:
    """The tensor; `ValueError` if it has axes."""
    (value,) = tensors([tensor])
    if _rank(value) != 0:
        raise ValueError(f"{message or ''} Expected scalar shape for {value}".strip())
    return value


def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> Any:
    """An operation that does nothing; `TypeError` if the tensor has another dtype."""
    (value,) = tensors([tensor])
    if value.dtype is not as_dtype(tf_type):
        raise TypeError(f"{message or ''} {value} must be of type {as_dtype(tf_type)}".strip())
    return None if executing_eagerly() else no_op(name or "assert_type")


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> Any:
    """An operation that does nothing; `TypeError` if the tensor is not one of integers."""
    value = tensor(x)
    if value.dtype.is_floating_point or value.dtype.is_complex or value.dtype is torch.bool:
        raise TypeError(f"{message or ''} Expected {value} to be integer type".strip())
    return None if executing_eagerly() else no_op(name or "assert_integer")


def assert_same_float_dtype(tensors: Sequence[Any] | None = None, dtype: Any = None) -> torch.dtype:
    """The one floating dtype of some tensors, float32 if there are none; `ValueError` if there is more than one."""
    found = {tensor(each).dtype for each in tensors or [] if each is not None}
    found |= set() if dtype is None else {as_dtype(dtype)}
    if len(found) > 1 or any(not each.is_floating_point for each in found):
        raise ValueError(f"Expected one floating point type, got {sorted(map(str, found))}")
    return found.pop() if found else torch.float32


def assert_proper_iterable(values: Any) -> None:
    """`TypeError` for what is no collection of tensors: a tensor, an array, text, a number."""
    if isinstance(values, (torch.Tensor, str, bytes)) or hasattr(values, "dtype") or not hasattr(values, "__iter__"):
        raise TypeError(f"Expected argument `values` to be a 'proper' iterable. Found: {type(values)}")


def verify_tensor_all_finite(
    t: Any = None, msg: str | None = None, name: str | None = None, x: Any = None, message: str | None = None
) -> Any:
    """The tensor; a run fails if one of its numbers is infinite or not a number."""
    return check_numerics(t if x is None else x, msg if message is None else message, name)


def add_check_numerics_ops() -> Operation:
    """An operation that fails in a run unless every number of every floating tensor of the graph is finite."""
    outputs = [value for op in get_default_graph().get_operations() for value in op.outputs]
    floating = [value for value in outputs if isinstance(value, Tensor) and value.dtype.is_floating_point]
    return group(*[check_numerics(value, value.name) for value in floating])


def is_tensor(x: Any) -> bool:
    """Whether something is a tensor or a variable."""
    return isinstance(x, torch.Tensor)


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether something is a tensor of numbers."""
    return isinstance(tensor, torch.Tensor) and tensor.dtype is not torch.bool


__getattr__ = refusal(__name__, "gg.debugging")

__all__ = [
    "Assert", "assert_equal", "assert_greater", "assert_greater_equal", "assert_integer", "assert_less",
    "assert_less_equal", "assert_near", "assert_negative", "assert_non_negative", "assert_non_positive",
    "assert_none_equal", "assert_positive", "assert_proper_iterable", "assert_rank", "assert_rank_at_least",
    "assert_rank_in", "assert_same_float_dtype", "assert_scalar", "assert_type", "check_numerics", "ensure_shape",
    "is_finite", "is_inf", "is_nan", "is_non_decreasing", "is_numeric_tensor", "is_strictly_increasing",
]  # fmt: skip
