"""Rows of text as a table: in a terminal, and in a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence

Row = Sequence[str]


def text_table(head: Row, rows: Sequence[Row], right: Sequence[int] = ()) -> str:
    """A table for a terminal; the columns in `right` are flush right.

    >>> print(text_table(["op", "ms"], [["mul", "1.5"], ["matmul", "10.0"]], right=[1]))
    op        ms
    mul      1.5
    matmul  10.0
    """
    lines = [[printable(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if n in right else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def html_table(caption: str, head: Row, rows: Sequence[Row], right: Sequence[int] = ()) -> str:
    """A table for a notebook; nothing in a cell is taken for markup."""

    def cells(row: Row, tag: str) -> str:
        return "".join(
            f'<{tag} style="text-align:{"right" if n in right else "left"}">{html.escape(printable(cell))}</{tag}>'
            for n, cell in enumerate(row)
        )

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    title = html.escape(printable(caption))
    return f"<table><caption>{title}</caption><thead><tr>{cells(head, 'th')}</tr></thead><tbody>{body}</tbody></table>"


def printable(text: str) -> str:
    """The text without line ends and other controls, which names of files may have."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)
