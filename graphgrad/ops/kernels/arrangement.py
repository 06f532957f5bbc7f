"""The elements of a tensor in other shapes, orders and multiplicities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812

from ...record.infer import probing
from ..sizes import ints, made_up


def reshape(tensor: torch.Tensor, shape: Any) -> torch.Tensor:
    """The elements in a shape that the run computes."""
    return tensor.sum().expand(ints(shape)) if _tried(shape) else tensor.reshape(ints(shape))


def _tried(shape: Any) -> bool:
    """Whether a kernel is tried on a shape that means nothing."""
    return isinstance(shape, torch.Tensor) and probing()


def tile(input: torch.Tensor, multiples: Any) -> torch.Tensor:
    """The tensor repeated along each axis."""
    times = ints(multiples)
    if len(times) != input.dim():
        raise ValueError(f"one number per axis is needed, {input.dim()}, got {len(times)}")
    return input.repeat(times) if times else input.clone()


def broadcast_to(input: torch.Tensor, shape: Any) -> torch.Tensor:
    """The tensor repeated along axes of size 1 and new leading ones."""
    return input.sum().expand(ints(shape)) if _tried(shape) else input.expand(ints(shape))


def transpose(a: torch.Tensor, perm: Sequence[int]) -> torch.Tensor:
    """The conjugate of the tensor, with its axes permuted."""
    return torch.permute(a, tuple(perm)).conj().resolve_conj()


def pad(tensor: torch.Tensor, paddings: Any, mode: str = "CONSTANT", value: float = 0) -> torch.Tensor:
    """The tensor with [before, after] elements added on each axis: one number, or those inside, mirrored."""
    amounts = [tuple(ints(pair)) for pair in paddings]
    if isinstance(paddings, torch.Tensor) and probing():
        amounts = [(0, int(bool((paddings != 0).any())))] * len(amounts)
    if len(amounts) != tensor.dim():
        raise ValueError(f"one pair per axis is needed, {tensor.dim()}, got {len(amounts)}")
    if mode.upper() == "CONSTANT":
        return F.pad(tensor, [amount for pair in reversed(amounts) for amount in pair], "constant", value)
    if mode.upper() not in ("REFLECT", "SYMMETRIC"):
        raise ValueError(f"mode is {mode!r}; use 'CONSTANT', 'REFLECT' or 'SYMMETRIC'")
    for axis, (before, after) in enumerate(amounts):
        tensor = _mirrored(tensor, axis, before, after, 0 if mode.upper() == "SYMMETRIC" else 1)
    return tensor


def _mirrored(tensor: torch.Tensor, axis: int, before: int, after: int, skip: int) -> torch.Tensor:
    length = tensor.shape[axis]
    if max(before, after) > length - skip:
        raise ValueError(f"axis {axis} of size {length} can't be mirrored into [{before}, {after}]")
    parts = [tensor]
    if before:
        parts.insert(0, tensor.narrow(axis, skip, before).flip(axis))
    if after:
        parts.append(tensor.narrow(axis, length - skip - after, after).flip(axis))
    return torch.cat(parts, axis) if len(parts) > 1 else tensor


def reverse(tensor: torch.Tensor, axis: Sequence[int]) -> torch.Tensor:
    """The tensor with the order of its elements turned round along some axes."""
    return torch.flip(tensor, [axis] if isinstance(axis, int) else list(axis))


def reverse_sequence(input: torch.Tensor, lengths: torch.Tensor, seq_axis: int, batch_axis: int = 0) -> torch.Tensor:
    """Each row with its first elements, as many as its length, in the opposite order."""
    size = input.shape[seq_axis]
    places = torch.arange(size, device=input.device)
    ends = lengths.reshape(-1, 1).long()
    index = torch.where(places < ends, ends - 1 - places, places)
    if probing():
        index = index % max(size, 1)
    shape = [1] * input.dim()
    shape[batch_axis], shape[seq_axis] = index.shape
    if seq_axis % input.dim() < batch_axis % input.dim():
        index = index.T
    return input.gather(seq_axis, index.reshape(shape).expand(input.shape))


def repeat(input: torch.Tensor, repeats: Any, axis: int | None = None) -> torch.Tensor:
    """Each element, or slice along an axis, as often as asked for."""
    if isinstance(repeats, torch.Tensor) and repeats.dim() == 0:
        repeats = made_up([int(repeats.item())]) if probing() else int(repeats.item())
    if axis is None:
        input, axis = input.reshape(-1), 0
    if isinstance(repeats, tuple):
        if len(repeats) == 1:
            return torch.repeat_interleave(input, int(repeats[0]), axis)
        repeats = torch.tensor(repeats, device=input.device)
    if isinstance(repeats, torch.Tensor):
        return torch.repeat_interleave(input, repeats.long(), axis)
    return torch.repeat_interleave(input, repeats, axis)


def roll(input: torch.Tensor, shift: Any, axis: Any) -> torch.Tensor:
    """The elements moved on along some axes, those that fall off the end first."""
    if isinstance(shift, torch.Tensor):
        places = torch.arange(input.shape[axis], device=input.device)
        return input.index_select(axis, (places - shift) % input.shape[axis])
    return torch.roll(input, shift, axis)


def meshgrid(*args: torch.Tensor, indexing: str = "xy") -> tuple[torch.Tensor, ...]:
    """The coordinates of a grid, an array per axis."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"indexing is {indexing!r}; use 'xy' or 'ij'")
    return torch.meshgrid(*[each.reshape(-1) for each in args], indexing=indexing)


def sequence_mask(lengths: torch.Tensor, maxlen: Any, dtype: torch.dtype) -> torch.Tensor:
    """Rows that are true up to a length; as wide as maxlen, or as the largest length."""
    if maxlen is None:
        width = int(lengths.max().item()) if lengths.numel() else 0
    else:
        (width,) = ints(maxlen)
    places = torch.arange(width, device=lengths.device)
    return (places < lengths.unsqueeze(-1)).to(dtype)


def squeeze(input: torch.Tensor, axis: Sequence[int]) -> torch.Tensor:
    """The tensor without these axes, whose sizes are 1."""
    for each in axis:
        if input.shape[each] != 1:
            raise ValueError(f"can't squeeze axis {each} of {list(input.shape)}: its size is not 1")
    return torch.squeeze(input, tuple(axis))


def _geometry(images: torch.Tensor, block: int, data_format: str) -> torch.Tensor:
    if data_format not in ("NHWC", "NCHW"):
        raise ValueError(f"data_format is {data_format!r}; use 'NHWC' or 'NCHW'")
    if block < 2:
        raise ValueError(f"a block has a size of 2 or more, got {block}")
    return images if data_format == "NHWC" else images.permute(0, 2, 3, 1)


def space_to_depth(input: torch.Tensor, block_size: int, data_format: str = "NHWC") -> torch.Tensor:
    """Blocks of pixels as channels of one pixel each."""
    images = _geometry(input, block_size, data_format)
    n, height, width, depth = images.shape
    cut = images.reshape(n, height // block_size, block_size, width // block_size, block_size, depth)
    joined = cut.permute(0, 1, 3, 2, 4, 5).reshape(n, height // block_size, width // block_size, -1)
    return joined if data_format == "NHWC" else joined.permute(0, 3, 1, 2)


def depth_to_space(input: torch.Tensor, block_size: int, data_format: str = "NHWC") -> torch.Tensor:
    """Channels as blocks of pixels."""
    images = _geometry(input, block_size, data_format)
    n, height, width, depth = images.shape
    if depth % block_size**2:
        raise ValueError(f"{depth} channels are no whole number of blocks of {block_size} x {block_size}")
    cut = images.reshape(n, height, width, block_size, block_size, depth // block_size**2)
    joined = cut.permute(0, 1, 3, 2, 4, 5).reshape(n, height * block_size, width * block_size, -1)
    return joined if data_format == "NHWC" else joined.permute(0, 3, 1, 2)


def space_to_batch_nd(
    input: torch.Tensor, block_shape: Sequence[int], paddings: Sequence[Sequence[int]]
) -> torch.Tensor:
    """The tensor padded with zeros, and each block's elements spread over new entries of the batch."""
    blocks = list(block_shape)
    rest = input.dim() - 1 - len(blocks)
    padded = pad(input, [(0, 0), *paddings, *([(0, 0)] * rest)])
    n, sizes, inner = padded.shape[0], padded.shape[1 : 1 + len(blocks)], padded.shape[1 + len(blocks) :]
    if any(size % block for size, block in zip(sizes, blocks, strict=True)):
        raise ValueError(f"padded sizes {list(sizes)} are no whole number of blocks {blocks}")
    cut = [part for size, block in zip(sizes, blocks, strict=True) for part in (size // block, block)]
    outer = [1 + 2 * axis for axis in range(len(blocks))]
    order = [*(axis + 1 for axis in outer), 0, *outer, *range(1 + len(cut), 1 + len(cut) + rest)]
    shape = [-1, *(size // block for size, block in zip(sizes, blocks, strict=True)), *inner]
    return padded.reshape(n, *cut, *inner).permute(order).reshape(shape)


def batch_to_space_nd(input: torch.Tensor, block_shape: Sequence[int], crops: Sequence[Sequence[int]]) -> torch.Tensor:
    """The opposite of space_to_batch_nd: entries of the batch as blocks, then cropped."""
    blocks = list(block_shape)
    count = 1
    for block in blocks:
        count *= block
    sizes, inner = input.shape[1 : 1 + len(blocks)], input.shape[1 + len(blocks) :]
    split = input.reshape(*blocks, input.shape[0] // count, *sizes, *inner)
    width = len(blocks)
    order = [width, *(axis for n in range(width) for axis in (width + 1 + n, n))]
    order += range(2 * width + 1, split.dim())
    whole = split.permute(order).reshape(
        input.shape[0] // count, *(size * block for size, block in zip(sizes, blocks, strict=True)), *inner
    )
    for axis, (before, after) in enumerate(crops, 1):
        whole = whole.narrow(axis, before, whole.shape[axis] - before - after)
    return whole


def unstack(value: torch.Tensor, num: int, axis: int) -> tuple[torch.Tensor, ...]:
    """The slices along an axis, of which there have to be so many."""
    if probing():
        return tuple([value.select(axis, 0) for _ in range(num)])
    if value.shape[axis] != num:
        raise ValueError(f"axis {axis} of {list(value.shape)} has not {num} slices")
    return torch.unbind(value, axis)


def broadcast_shape(shape_x: torch.Tensor, shape_y: torch.Tensor) -> torch.Tensor:
    """The shape that two shapes have in common after broadcasting."""
    length = max(shape_x.shape[0], shape_y.shape[0])
    left, right = (F.pad(shape, [length - shape.shape[0], 0], value=1) for shape in (shape_x, shape_y))
    if not probing() and bool(((left != right) & (left != 1) & (right != 1)).any()):
        raise ValueError(f"incompatible shapes: {shape_x.tolist()} and {shape_y.tolist()}")
    return torch.where(left == 1, right, left)
