"""Placeholders, constants and groups: operations that torch has no call for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..graph.graph import Graph, get_default_graph
from ..graph.operation import Operation, Role, handle_of
from ..graph.scopes import check_name
from ..ground.errors import ArgumentTypeError
from ..ground.mode import executing_eagerly
from ..ground.spec import as_dtype, declared
from ..record.constants import constant_value, from_numpy, refuse_layout
from ..record.dims import Dim, UnknownShape
from ..record.record import record
from ..record.tensor import Tensor
from ..record.variable import may_equal


def named(name: str | None, default: str) -> str:
    """The name asked for, if it is a legal one."""
    return default if name is None else check_name(name, bool(get_default_graph().context.scope))


def _sizes(shape: Any) -> list[int | None] | None:
    if shape is None or isinstance(shape, UnknownShape):
        return None
    if isinstance(shape, (int, np.integer)):
        return [int(shape)]
    sizes: list[int | None] = []
    for size in shape:
        known = None if size is None or isinstance(size, Dim) else int(size)
        if known is not None and known < 0:
            if known != -1:
                raise ValueError(f"a size is at least 0, or None, got {known}")
            known = None
        sizes.append(known)
    return sizes


def placeholder(dtype: Any, shape: Sequence[int | None] | None = None, name: str | None = None) -> Tensor:
    """A tensor that every run is fed.

    Args:
        dtype: a torch or numpy dtype, or its name.
        shape: the sizes, None where they may differ from run to run; None altogether for unknown rank.
        name: the operation's name.

    Raises:
        RuntimeError: in eager mode.

    >>> import graphgrad as gg
    >>> gg.placeholder(gg.float32, [None, 784], name="images")
    <Tensor 'images:0' float32[?, 784]>
    """
    if executing_eagerly():
        raise RuntimeError("placeholders need a graph: they do not exist in eager mode")
    spec = declared(_sizes(shape), as_dtype(dtype))
    op = get_default_graph().add(Role.PLACEHOLDER, "Placeholder", named(name, "Placeholder"), (), (spec,))
    return handle_of(op.values[0])  # type: ignore[no-any-return]


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Any:
    """A tensor that a run may be fed; it is the input if it is not.

    Args:
        input: the default: a tensor or numbers.
        shape: the sizes that may be fed, None where any will do.
        name: the operation's name.

    Raises:
        ValueError: if the default does not have such a shape.

    >>> import graphgrad as gg
    >>> gg.placeholder_with_default(gg.zeros([2, 3]), [None, 3], name="noise")
    <Tensor 'noise:0' float32[?, 3]>
    """
    values = convert_to_tensor(input)
    if executing_eagerly() and not isinstance(values, Tensor):
        return values
    given = record(_identity, (values,), {}, named(name, "PlaceholderWithDefault"))
    wanted, have = _sizes(shape), given._value.spec.shape
    if wanted is not None and have is not None:
        pairs = list(zip(have, wanted, strict=False))
        if len(have) != len(wanted) or any(None not in pair and pair[0] != pair[1] for pair in pairs):
            raise ValueError(f"the default has shape {list(have)}, which is not {wanted}")
    given._value.spec = declared(wanted, given.dtype)
    return given


def constant(value: Any, dtype: Any = None, shape: Sequence[int] | None = None, name: str | None = None) -> Any:
    """A tensor of the graph with these numbers, copied.

    Args:
        value: a number, a nest of them, an array or a torch tensor.
        dtype: its dtype; Python floats are float32 and ints int32, as in TF1, arrays and tensors keep theirs.
        shape: a shape to fill with the value, or to give to as many numbers.
        name: the operation's name.

    >>> import graphgrad as gg
    >>> gg.constant([[1, 2], [3, 4]]), gg.constant(0.0, shape=[2, 2])
    (<Tensor 'Const:0' int32[2, 2]>, <Tensor 'Const_1:0' float32[2, 2]>)
    """
    tensor = numbers(value, dtype)
    if shape is not None:
        sizes = [int(size) for size in shape]
        if tensor.numel() == 1:
            tensor = tensor.reshape(()).expand(sizes).clone()
        elif tensor.numel() == math.prod(sizes):
            tensor = tensor.reshape(sizes)
        else:
            raise ValueError(f"a constant of shape {sizes} has {math.prod(sizes)} elements, got {tensor.numel()}")
    if executing_eagerly():
        return tensor
    return handle_of(constant_value(get_default_graph(), tensor, named(name, "Const")))


def numbers(value: Any, dtype: Any) -> torch.Tensor:
    """The copy of numbers, an array or a plain tensor that a constant holds."""
    wanted = None if dtype is None else as_dtype(dtype)
    if isinstance(value, Tensor):
        raise ArgumentTypeError(f"{value.name} is symbolic; a constant is made of numbers")
    if isinstance(value, torch.Tensor):
        refuse_layout(value, "a constant of the graph")
        copy = value.detach().clone(memory_format=torch.contiguous_format)
        return copy if wanted is None else copy.to(wanted)
    array = np.asarray(value)
    if array.dtype == object:
        raise ArgumentTypeError(f"{value!r} is no array of numbers")
    if not isinstance(value, (np.ndarray, np.generic)):
        narrow = {"f": np.float32, "i": np.int32}.get(array.dtype.kind)
        if (
            narrow is not None
            and wanted is None
            and (narrow is np.float32 or not array.size or np.abs(array).max() < 2**31)
        ):
            array = array.astype(narrow)
    return from_numpy(array, wanted)


def convert_to_tensor(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """The tensor itself, or a constant of the numbers.

    >>> import graphgrad as gg
    >>> gg.convert_to_tensor([1.0, 2.0])
    <Tensor 'Const:0' float32[2]>
    """
    if isinstance(value, torch.Tensor):
        found: torch.Tensor = value
        if isinstance(value, Tensor) or executing_eagerly():
            if dtype is not None and found.dtype is not as_dtype(dtype):
                raise ValueError(f"the tensor is {found.dtype}, not {as_dtype(dtype)}; cast it")
            return found
    if holds_symbolic(value):
        return packed(value, None if dtype is None else as_dtype(dtype), name)
    return constant(value, dtype, name=name)


def holds_symbolic(value: Any) -> bool:
    """Whether a list, or one in it, has a symbolic tensor in it."""
    return isinstance(value, (list, tuple)) and any(isinstance(item, Tensor) or holds_symbolic(item) for item in value)


def packed(values: Any, dtype: Any = None, name: str | None = None) -> Any:
    """The tensor that a nest of tensors and numbers stands for; numbers take the dtype of the tensors beside them."""
    like = dtype
    pending = [values]
    while pending and like is None:
        item = pending.pop()
        like = item.dtype if isinstance(item, Tensor) else None
        pending += item if isinstance(item, (list, tuple)) else []
    items = [packed(item, like) if holds_symbolic(item) else convert_to_tensor(item, like) for item in values]
    return record(torch.stack, (items,), {}, named(name, "stack"))


def _identity(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.view_as(tensor)


def named_result(result: Any, name: str | None) -> Any:
    """The result of several operations under the name that was asked for, if one was."""
    return result if name is None or not isinstance(result, Tensor) else identity(result, name)


def identity(input: Any, name: str | None = None) -> Any:
    """The same tensor under a new name, and in the order that control dependencies ask for.

    >>> import graphgrad as gg
    >>> gg.identity(gg.constant(1.0), name="loss")
    <Tensor 'loss:0' float32[]>
    """
    if isinstance(input, Tensor):
        return record(_identity, (input,), {}, named(name, "Identity"))
    return convert_to_tensor(input, name=name)


def no_op(name: str | None = None) -> Operation:
    """An operation that does nothing; its control dependencies run."""
    return get_default_graph().add(Role.GROUP, "NoOp", named(name, "NoOp"), (), ())


def group(*inputs: Any, name: str | None = None) -> Operation:
    """An operation that has run when all of its inputs have.

    Args:
        *inputs: operations, tensors, variables, or lists of them.
        name: the operation's name.

    >>> import graphgrad as gg
    >>> gg.group(gg.constant(1.0).op, gg.no_op()).type
    'NoOp'
    """
    flat: list[Any] = []
    pending = list(inputs)
    while pending:
        item = pending.pop(0)
        if isinstance(item, (list, tuple)):
            pending = [*item, *pending]
        elif item is not None:
            flat.append(item)
    graph = _graph_of(flat)
    with graph.control_dependencies(flat):
        return graph.add(Role.GROUP, "NoOp", named(name, "group_deps"), (), ())


def _graph_of(items: list[Any]) -> Graph:
    for item in items:
        if isinstance(item, (Operation, Tensor)):
            return item.graph
    return get_default_graph()


def tuple_(tensors: Sequence[Any], name: str | None = None, control_inputs: Any = None) -> list[Any]:
    """The tensors, none of which is available before all have been computed. None entries stay."""
    present = [tensor for tensor in tensors if tensor is not None]
    if not present:
        raise ValueError("tuple() needs at least one tensor that is not None")
    graph = _graph_of(present)
    with graph.name_scope(name or "tuple"), graph.control_dependencies([*present, *(control_inputs or [])]):
        return [None if tensor is None else identity(tensor) for tensor in tensors]


def add_n(inputs: Sequence[Any], name: str | None = None) -> Any:
    """The sum of tensors of one shape and dtype; a single one is returned as it is.

    >>> import graphgrad as gg
    >>> gg.add_n([gg.constant(1.0), gg.constant(2.0)])
    <Tensor 'add:0' float32[]>
    """
    items = [convert_to_tensor(item) for item in (inputs if isinstance(inputs, (list, tuple)) else [inputs])]
    if not items:
        raise ValueError("add_n needs at least one tensor")
    total = items[0]
    for item in items[1:]:
        if item.dtype is not total.dtype or not _may_have_one_shape(item, total):
            raise ValueError(f"add_n takes tensors of one shape and dtype, got {total} and {item}")
        total = total + item
    return named_result(total, name) if len(items) > 1 else total


def _may_have_one_shape(left: Any, right: Any) -> bool:
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        return may_equal(left._value.spec.shape, right._value.spec.shape)
    return tuple(left.shape) == tuple(right.shape)
