"""What of a TF1 script is supported, as a text for people."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from .refused import instead
from .served import supported
from .uses import Survey, survey


def report(script: Path) -> tuple[str, bool]:
    """The report on a script and the modules beside it that it imports.

    What is not supported comes first, with file and line; then what is Python 2; then the share that is supported.

    Returns:
        The text, and whether all of it is supported.

    Raises:
        OSError: if the script can't be read.
    """
    found = survey(script)
    known = {name: supported(name) for name in {use.name for use in found.uses}}
    lacking = [use for use in found.uses if not known[use.name]]
    lines = []
    if lacking:
        lines.append("not supported:")
        for use in lacking:
            hint = instead(use.name)
            lines.append(f"  {_place(use.file, use.line)}  tf.{use.name}" + (f"  (instead: {hint})" if hint else ""))
    lines += _python2(found)
    lines += _share(found, known)
    return "\n".join(lines), not lacking and not found.python2


def _place(file: Path, line: int) -> str:
    return f"{_printable(str(file))}:{line}"


def _printable(text: str) -> str:
    """A name that can't do anything to a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _python2(found: Survey) -> list[str]:
    lines = [
        f"  {_place(file, remark.line)}  {remark.text}" for file, remarks in found.python2.items() for remark in remarks
    ]
    return ["Python 2:", *lines] if lines else []


def _share(found: Survey, known: dict[str, bool]) -> list[str]:
    files = f"{len(found.files)} file{'s' * (len(found.files) != 1)}"
    if not found.uses:
        return [f"no TensorFlow name in {files}"]
    good = sum(known[use.name] for use in found.uses)
    names = Counter(known.values())
    lines = [
        f"supported: {good} of {len(found.uses)} uses ({100 * good / len(found.uses):.1f}%), "
        f"{names[True]} of {len(known)} names, in {files}"
    ]
    if names[False]:
        often = Counter(use.name for use in found.uses if not known[use.name]).most_common()
        lines.append("missing: " + ", ".join(f"tf.{name} ({count})" for name, count in often))
    return lines


def python2_remarks(script: Path) -> str:
    """What of a script only Python 2 understands, a line each; '' if nothing."""
    found = survey(script)
    return "\n".join(_python2(found)[1:])
