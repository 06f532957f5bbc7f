"""Summary operations: a run gives the bytes of a TensorBoard `Summary`, as an array of uint8.

`FileWriter.add_summary(value, step)` writes them. The bytes are protocol buffers, one `Summary.Value` after another,
so that summaries are merged by joining their bytes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..graph.graph import get_default_graph, name_scope
from ..graph.scopes import legal_name
from ..ground.protobuf import block, double, doubles, framed, integer, single
from ..record.infer import probing
from ..record.record import record
from .keys import GraphKeys, add_to_collections
from .sources import convert_to_tensor
from .table import tensor

_BUCKETS = 40  # of a histogram: so many that a bell looks like one


def _bytes(data: bytes) -> torch.Tensor:
    return torch.from_numpy(np.frombuffer(data, np.uint8).copy())


def _array(values: torch.Tensor) -> np.ndarray[Any, Any]:
    """The values, wherever they are, as doubles; a zero for those that are not there yet."""
    if values.is_meta:
        return np.zeros(1)
    found: np.ndarray[Any, Any] = values.detach().cpu().to(torch.float64).numpy()
    return found


def scalar_summary(value: torch.Tensor, tag: str) -> torch.Tensor:
    """A Summary with one number."""
    return _bytes(block(1, block(1, tag) + single(2, float(np.float32(_array(value).reshape(-1)[0])))))


def histogram_summary(values: torch.Tensor, tag: str) -> torch.Tensor:
    """A Summary with the number of values in each of some equal intervals, and their moments.

    Raises:
        ValueError: for a value that is not finite.
    """
    found = _array(values).reshape(-1)
    if not np.isfinite(found).all():
        if not probing():
            raise ValueError(f"the histogram {tag!r} has a value that is not finite")
        found = np.zeros(1)
    low, high = (float(found.min()), float(found.max())) if found.size else (0.0, 0.0)
    wide = high - low or max(abs(low), 1.0) * 1e-6
    limits = low + wide * np.arange(1, _BUCKETS + 1) / _BUCKETS
    limits[-1] = max(limits[-1], high)
    counts, _ = np.histogram(found, np.concatenate([[low], limits]))
    moments = (low, high, float(found.size), float(found.sum()), float((found * found).sum()))
    content = b"".join(double(field, number) for field, number in enumerate(moments, 1))
    content += doubles(6, limits) + doubles(7, counts)
    return _bytes(block(1, block(1, tag) + block(5, content)))


def image_summary(images: torch.Tensor, tag: str, count: int) -> torch.Tensor:
    """A Summary with the first images of a batch, as PNG.

    Floats are scaled as TF1 does: images with no negative value to 0..255, others with 0 at 127; values that are not
    finite are red, or black where there is no colour.
    """
    names = [f"{tag}/image" if count == 1 else f"{tag}/image/{n}" for n in range(min(count, images.shape[0]))]
    head = b"".join(integer(field, size) for field, size in enumerate(images.shape[1:], 1))
    if images.is_meta:
        inner = len(head) + framed(_png_length(*images.shape[1:]))
        lengths = [framed(len(block(1, name)) + framed(inner)) for name in names]
        return torch.empty(sum(lengths), dtype=torch.uint8, device="meta")
    found = images.detach().cpu()
    pictures = [found[n] if found.dtype is torch.uint8 else _scaled(found[n]) for n in range(len(names))]
    files = [block(4, png(picture.numpy())) for picture in pictures]
    return _bytes(b"".join(block(1, block(1, n) + block(4, head + file)) for n, file in zip(names, files, strict=True)))


def _scaled(picture: torch.Tensor) -> torch.Tensor:
    """Floats as bytes."""
    values = picture.to(torch.float64)
    finite = values.isfinite()
    known = torch.where(finite, values, torch.zeros_like(values))
    low, high = known.amin(), known.amax()
    if low < 0:
        scaled = known * (127.0 / torch.maximum(-low, high)) + 128.0
    else:
        scaled = known * (255.0 / high) if high > 0 else known
    broken = torch.zeros_like(scaled)
    if picture.shape[-1] >= 3:
        broken[..., 0] = 255.0
    if picture.shape[-1] == 4:
        broken[..., 3] = 255.0
    return torch.where(finite.all(-1, keepdim=True), scaled, broken).clamp(0, 255).to(torch.uint8)


_COLOURS = {1: 0, 3: 2, 4: 6}  # PNG's kinds, by the number of channels
_STORED = 65535  # the most that a block without compression holds


def png(picture: np.ndarray[Any, Any]) -> bytes:
    """A picture [height, width, channels] of bytes as a PNG file, without compression: its size gives its length."""
    height, width, channels = picture.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), picture.reshape(height, width * channels)], 1).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOURS[channels], 0, 0, 0)
    pieces = [rows[start : start + _STORED] for start in range(0, len(rows), _STORED)] or [b""]
    stored = b"\x78\x01" + b"".join(
        struct.pack("<BHH", number == len(pieces) - 1, len(piece), len(piece) ^ 0xFFFF) + piece
        for number, piece in enumerate(pieces)
    )
    parts = ((b"IHDR", head), (b"IDAT", stored + struct.pack(">I", zlib.adler32(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def _png_length(height: int, width: int, channels: int) -> int:
    """The length of such a file: signature, three chunks, the head, and the rows in their blocks."""
    rows = height * (width * channels + 1)
    return 8 + 3 * 12 + 13 + 2 + rows + 5 * max(-(-rows // _STORED), 1) + 4


def merge_summary(*parts: torch.Tensor) -> torch.Tensor:
    """Summaries, one after another."""
    return torch.cat(parts)


# -- operations -----------------------------------------------------------------------------------------


def _tag(name: str, family: str | None) -> str:
    """The tag of a summary: its name inside the scopes around, as TensorBoard groups it."""
    plain = legal_name(name)
    plain = f"{legal_name(family)}/{plain}" if family else plain
    scope = get_default_graph().context.scope
    full = get_default_graph().unique_name(plain, mark_as_used=False)
    return f"{family}/{scope}{plain}" if family and scope else full


def _summary(target: Any, name: str, family: str | None, args: tuple[Any, ...], collections: Any) -> Any:
    tag = _tag(name, family)
    plain = legal_name(f"{family}/{name}" if family else name)
    result = record(target, (args[0], tag, *args[1:]), {}, plain)
    add_to_collections(collections or [GraphKeys.SUMMARIES], result)
    return result


def scalar(name: str, tensor: Any, collections: Sequence[str] | None = None, family: str | None = None) -> Any:
    r"""A summary of one number.

    Args:
        name: the tag in TensorBoard, with the name scopes around it.
        tensor: a real tensor with one element.
        collections: where to list it; `GraphKeys.SUMMARIES` if None.
        family: a first part of the tag.

    >>> import graphgrad as gg
    >>> with gg.Session() as sess:
    ...     bytes(sess.run(gg.summary.scalar("loss", gg.constant(1.5))))
    b'\n\x0b\n\x04loss\x15\x00\x00\xc0?'
    """
    value = convert_to_tensor(tensor)
    if value.dtype.is_complex or int(value.numel() if value.dim() else 1) != 1:
        raise ValueError(f"a scalar summary is of one real number, not of {value!r}")
    return _summary(scalar_summary, name, family, (value,), collections)


def histogram(name: str, values: Any, collections: Sequence[str] | None = None, family: str | None = None) -> Any:
    """A summary of how the values of a tensor are distributed; a run fails if one is not finite."""
    return _summary(histogram_summary, name, family, (tensor(values),), collections)


def image(
    name: str, tensor: Any, max_outputs: int = 3, collections: Sequence[str] | None = None, family: str | None = None
) -> Any:
    """A summary of the first images of a batch [batch, height, width, channels], of 1, 3 or 4 channels."""
    values = convert_to_tensor(tensor)
    if values.dim() != 4 or not isinstance(values.shape[3], int) or int(values.shape[3]) not in _COLOURS:
        raise ValueError(f"an image summary is of [batch, height, width, 1, 3 or 4], not of {values!r}")
    if max_outputs < 1:
        raise ValueError(f"max_outputs is {max_outputs}, not at least 1")
    return _summary(image_summary, name, family, (values, int(max_outputs)), collections)


def text(name: str, tensor: Any, collections: Sequence[str] | None = None) -> Any:
    """A summary of a text, or of a list of texts; it is known when it is recorded, since tensors hold no texts."""
    texts = [tensor] if isinstance(tensor, (str, bytes)) else tensor
    if not isinstance(texts, (list, tuple)) or not all(isinstance(each, (str, bytes)) for each in texts):
        raise TypeError(f"a text summary is of a str or a list of them, got {tensor!r}")
    content = integer(1, 7)  # DT_STRING
    if isinstance(tensor, (list, tuple)):
        content += block(2, block(2, integer(1, len(texts))))
    else:
        content += block(2, b"")
    content += b"".join(block(8, each) for each in texts)
    tag = _tag(name, None)
    data = block(1, block(1, tag) + block(9, block(1, block(1, "text"))) + block(8, content))
    result = convert_to_tensor(np.frombuffer(data, np.uint8), name=legal_name(name))
    add_to_collections(collections or [GraphKeys.SUMMARIES], result)
    return result


def merge(inputs: Sequence[Any], collections: Sequence[str] | None = None, name: str | None = None) -> Any:
    """A summary that has all of some summaries in it."""
    parts = list(inputs)
    if not parts:
        raise ValueError("merge needs at least one summary")
    with name_scope(name, "Merge"):
        result = record(merge_summary, tuple(parts), {}, "MergeSummary")
    add_to_collections(collections, result)
    return result


def merge_all(key: str = GraphKeys.SUMMARIES, scope: str | None = None, name: str | None = None) -> Any:
    """A summary that has all of those that are listed in it; None if there are none.

    >>> import graphgrad as gg
    >>> loss, size = gg.summary.scalar("loss", 1.5), gg.summary.histogram("weights", [1.0, 2.0])
    >>> gg.summary.merge_all().dtype
    torch.uint8
    """
    found = get_default_graph().get_collection(key, scope)
    return merge(found, name=name) if found else None
