"""Which checkpoints there are: the files of one, and the `checkpoint` file that lists them, in TF1's format."""

from __future__ import annotations

import contextlib
import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .atomic import replacing

SUFFIX = ".safetensors"
_LINE = re.compile(r"""\s*(\w+)\s*:\s*(?:"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|([-+.\w]+))\s*""")
_ESCAPED = {"n": 10, "r": 13, "t": 9, "a": 7, "b": 8, "f": 12, "v": 11}


@dataclass
class CheckpointState:
    """What a `checkpoint` file says.

    Attributes:
        model_checkpoint_path: the newest checkpoint.
        all_model_checkpoint_paths: all that have not been deleted, oldest first.
        all_model_checkpoint_timestamps: when each was written, in seconds since 1970.
        last_preserved_timestamp: when the last one was written that is kept for good.
    """

    model_checkpoint_path: str = ""
    all_model_checkpoint_paths: list[str] = field(default_factory=list)
    all_model_checkpoint_timestamps: list[float] = field(default_factory=list)
    last_preserved_timestamp: float | None = None


def get_checkpoint_state(checkpoint_dir: str, latest_filename: str | None = None) -> CheckpointState | None:
    """What the folder's `checkpoint` file says, with whole paths; None if there is no such file, or it says nothing.

    Args:
        checkpoint_dir: the folder.
        latest_filename: the file's name, `checkpoint` if None.

    >>> import graphgrad as gg
    >>> gg.train.get_checkpoint_state("no such folder") is None
    True
    """
    checkpoint_dir = os.fspath(checkpoint_dir)
    try:
        with open(os.path.join(checkpoint_dir, latest_filename or "checkpoint"), "rb") as file:
            text = file.read().decode("utf-8", "surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return None
    state = CheckpointState()
    for key, value in _pairs(text):
        path = os.path.join(checkpoint_dir, value)  # which leaves an absolute path alone
        if key == "model_checkpoint_path":
            state.model_checkpoint_path = path
        elif key == "all_model_checkpoint_paths":
            state.all_model_checkpoint_paths.append(path)
        elif key == "all_model_checkpoint_timestamps":
            state.all_model_checkpoint_timestamps.append(float(value))
        elif key == "last_preserved_timestamp":
            state.last_preserved_timestamp = float(value)
    return state if state.model_checkpoint_path else None


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text.rstrip()):
        found = _LINE.match(text, position)
        if found is None:
            raise ValueError(f"a checkpoint file has a line that can't be read: {text[position:].splitlines()[0]!r}")
        quoted = found[2] if found[3] is None else found[3]
        yield found[1], found[4] if quoted is None else _unescaped(quoted)
        position = found.end()


def _unescaped(text: str) -> str:
    r"""The text of a quoted one, in which bytes may stand as `\303` or `\n`."""

    def byte(match: re.Match[bytes]) -> bytes:
        code = match[1]
        if code[:1] in b"01234567":
            return bytes([int(code, 8) & 0xFF])
        if code[:1] in b"xX" and len(code) > 1:
            return bytes([int(code[1:], 16)])
        return bytes([_ESCAPED.get(code.decode("latin-1"), code[0])])

    raw = text.encode("utf-8", "surrogateescape")
    plain = re.sub(rb"\\([0-7]{1,3}|[xX][0-9a-fA-F]{1,2}|.)", byte, raw, flags=re.DOTALL)
    return plain.decode("utf-8", "surrogateescape")


def _quoted(text: str) -> str:
    """The text between quotes; what is no plain character stands as its bytes."""
    raw = text.encode("utf-8", "surrogateescape")
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:03o}" for b in raw) + '"'


def update_checkpoint_state(
    save_dir: str, model_checkpoint_path: str, all_model_checkpoint_paths: Sequence[str] | None = None,
    latest_filename: str | None = None, all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> None:  # fmt: skip
    """Write the `checkpoint` file of a folder, whole or not at all.

    Args:
        save_dir: the folder.
        model_checkpoint_path: the newest checkpoint; the last one listed, whether or not it is among them.
        all_model_checkpoint_paths: all that there are, oldest first.
        latest_filename: the file's name, `checkpoint` if None.
        all_model_checkpoint_timestamps: when each was written, if that is to be noted.
        last_preserved_timestamp: when the last one was written that is kept for good.

    Raises:
        ValueError: if there are not as many times as paths, or the file would take a checkpoint's place.
    """
    paths = list(all_model_checkpoint_paths or [])
    times = list(all_model_checkpoint_timestamps or [])
    if not paths or paths[-1] != model_checkpoint_path:
        paths.append(model_checkpoint_path)
    if times and len(times) != len(paths):
        raise ValueError(f"{len(times)} times for {len(paths)} checkpoints")
    target = os.path.join(save_dir, latest_filename or "checkpoint")
    if target == model_checkpoint_path:
        raise ValueError(f"the checkpoint and the file that lists checkpoints are both {target}")
    if not os.path.isabs(save_dir):  # then the listed paths hold from that folder, which may move
        model_checkpoint_path, *paths = (
            path if os.path.isabs(path) else os.path.relpath(path, save_dir or ".")
            for path in (model_checkpoint_path, *paths)
        )
    lines = [f"model_checkpoint_path: {_quoted(model_checkpoint_path)}"]
    lines += [f"all_model_checkpoint_paths: {_quoted(path)}" for path in paths]
    lines += [f"all_model_checkpoint_timestamps: {time!r}" for time in times]
    lines += [] if last_preserved_timestamp is None else [f"last_preserved_timestamp: {last_preserved_timestamp!r}"]
    with replacing(target) as file:
        file.write(("\n".join(lines) + "\n").encode())


def latest_checkpoint(checkpoint_dir: str, latest_filename: str | None = None) -> str | None:
    """The path of the newest checkpoint that the folder lists, for `Saver.restore`; None if there is none.

    Args:
        checkpoint_dir: the folder.
        latest_filename: the name of the file that lists them, `checkpoint` if None.

    >>> import graphgrad as gg
    >>> gg.train.latest_checkpoint("no such folder") is None
    True
    """
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    found = state is not None and checkpoint_exists(state.model_checkpoint_path)
    return state.model_checkpoint_path if state is not None and found else None


def checkpoint_exists(checkpoint_prefix: str) -> bool:
    """Whether there is a checkpoint of this path: written by a `Saver`, or by TensorFlow.

    >>> import graphgrad as gg
    >>> gg.train.checkpoint_exists("no such file")
    False
    """
    return any(os.path.isfile(f"{os.fspath(checkpoint_prefix)}{end}") for end in (SUFFIX, ".index"))


def get_checkpoint_mtimes(checkpoint_prefixes: Sequence[str]) -> list[float]:
    """When each checkpoint was written, in seconds since 1970; those that do not exist are left out."""
    times = []
    for prefix in checkpoint_prefixes:
        for end in (SUFFIX, ".index"):
            with contextlib.suppress(FileNotFoundError):
                times.append(os.path.getmtime(f"{prefix}{end}"))
                break
    return times


def remove_checkpoint(checkpoint_prefix: str) -> None:
    """Delete the files of a checkpoint; none that is not there is missed."""
    prefix = glob.escape(os.fspath(checkpoint_prefix))
    shards = glob.glob(f"{prefix}.data-[0-9][0-9][0-9][0-9][0-9]-of-[0-9][0-9][0-9][0-9][0-9]")
    for path in (f"{checkpoint_prefix}{SUFFIX}", f"{checkpoint_prefix}.index", f"{checkpoint_prefix}.meta", *shards):
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)
