"""The stand-ins on which a call is tried, and what can be seen of it there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ..ground.spec import IntSpec, Spec


class ChangesArguments(RuntimeError):
    """A call changes what it reads at these positions, so it can't be recorded as it is."""

    def __init__(self, positions: list[int]) -> None:
        super().__init__("it changes its arguments in place")
        self.positions = positions


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees the kernels that a call reaches: whether it is random, is attention, or writes into what it was given."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.random = False
        self.attention = False
        self.familiar = False  # whether the call is made of torch functions that have rules, and of nothing else
        self.given: set[int] = set()
        self.wrote: set[int] = set()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """No: torch would import its compiler on first use, which takes longer than all else here."""
        return False

    def check(self, tensors: Sequence[Any], versions: Sequence[int]) -> None:
        """Raise `ChangesArguments` if the call has written into these, whose versions were those."""
        pairs = zip(versions, versions_of(tensors), strict=True)
        changed = {n for n, (before, after) in enumerate(pairs) if before != after}
        changed.update(n for n, tensor in enumerate(tensors) if id(tensor) in self.wrote)
        if changed:
            raise ChangesArguments(sorted(changed))

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if torch.Tag.nondeterministic_seeded in func.tags:
            self.random = True
        if "scaled_dot_product" in func.name():
            self.attention = True
        if func._schema.is_mutable:
            written = zip(func._schema.arguments, args, strict=False)
            targets = (item for described, item in written if described.alias_info and described.alias_info.is_write)
            self.wrote.update(id(leaf) for target in targets for leaf in _leaves(target) if id(leaf) in self.given)
        return func(*args, **(kwargs or {}))


def write(tensor: torch.Tensor, data: int) -> None:
    """Put counting numbers (0), zeros (1), random (2) or small ones (3) into a tensor.

    Integers are never random, and with 3 they are 1, 0, 1, 0, ...: they may be classes or lengths, which some of
    torch's kernels (`ctc_loss`) use without a look at their range.
    """
    numbers = torch.arange(1, tensor.numel() + 1).reshape(tensor.shape)
    if data == 1:
        tensor.zero_()
    elif not (tensor.dtype.is_floating_point or tensor.dtype.is_complex):
        tensor.copy_({0: numbers, 2: numbers.clamp(max=2), 3: numbers % 2}[data])
    elif data != 2:
        tensor.copy_(numbers)
    else:
        tensor.copy_(torch.randn(tensor.shape, generator=torch.Generator().manual_seed(0)))


def elements(reads: Sequence[Spec | IntSpec]) -> int:
    total = 0
    for read in reads:
        if isinstance(read, Spec):
            worlds = [shape for shape in read.worlds or () if shape is not None]
            shape = worlds[0] if worlds else read.shape
            total += int(torch.Size([size or 0 for size in shape or ()]).numel())
    return total


def order_of(tensor: torch.Tensor) -> tuple[int, ...]:
    """The axes from the outermost in memory to the innermost, after a -1 if there are gaps between elements."""
    strides = tensor.stride()
    axes = sorted(range(tensor.dim()), key=lambda axis: -strides[axis])
    return (*axes,) if tensor.permute(axes).is_contiguous() else (-1, *axes)


def laid_out(shape: Sequence[int], order: Sequence[int], dtype: torch.dtype, device: str) -> torch.Tensor:
    """A tensor of this shape whose memory is ordered so."""
    axes = [axis for axis in order if axis >= 0]
    if len(axes) != len(shape):  # in this world its rank is another
        return torch.empty(shape, dtype=dtype, device=device)
    sizes = [shape[axis] for axis in axes]
    if order[0] >= 0:
        made = torch.empty(sizes, dtype=dtype, device=device)
    else:
        made = torch.empty([*sizes[:-1], 2 * sizes[-1]], dtype=dtype, device=device)[..., : sizes[-1]]
    return made.permute([axes.index(axis) for axis in range(len(axes))])


def memory_of(tensor: Any) -> int | None:
    """What tells one tensor's memory from another's."""
    if not isinstance(tensor, torch.Tensor) or tensor.layout is not torch.strided:
        return None
    return int(tensor.untyped_storage()._cdata)


def versions_of(tensors: Sequence[Any]) -> list[int]:
    """How often each tensor has been changed in place."""
    return [tensor._version if isinstance(tensor, torch.Tensor) else 0 for tensor in tensors]


def _leaves(nest: Any) -> Iterator[Any]:
    if isinstance(nest, (tuple, list)):
        for item in nest:
            yield from _leaves(item)
    else:
        yield nest
