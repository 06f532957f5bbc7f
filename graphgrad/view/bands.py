"""The rows of a long plan, folded: neighbours of one scope as one."""

from __future__ import annotations

import os
from collections.abc import Hashable
from dataclasses import dataclass
from itertools import groupby

from .planned import Row

BUDGET, CALM = 80, 60  # rows that are shown as they are; folded, it stays below the second where scopes allow


@dataclass
class Band:
    """Rows that are drawn as one.

    Attributes:
        places: the positions of its rows in the plan.
        title, note, number: what is written on it.
    """

    rows: list[Row]
    places: list[int]
    title: str
    note: str

    @property
    def number(self) -> str:
        """`12`, or `12–19`."""
        numbers = [row.number for row in self.rows if row.number]
        if len(numbers) < 2:
            return str(numbers[0]) if numbers else ""
        return f"{numbers[0]}–{numbers[-1]}"

    @property
    def tags(self) -> tuple[str, ...]:
        """Those of the row; of several, those that matter however many there are."""
        if len(self.rows) == 1:
            return self.rows[0].tags
        found = dict.fromkeys(tag for row in self.rows for tag in row.tags)
        return tuple(tag for tag in found if tag in ("stop", "fed", "fetched", "in place", "new value", "random"))


def bands(rows: list[Row]) -> list[Band]:
    """Each row by itself; of a long plan, neighbours in a scope as one, as deep as the budget allows."""
    keys: list[Hashable] = list(range(len(rows)))
    if len(rows) > BUDGET:
        keys = _folded(rows)
    found = []
    for _, places in groupby(range(len(rows)), key=lambda n: keys[n]):
        each = list(places)
        found.append(_band([rows[n] for n in each], each))
    return found


def _folded(rows: list[Row]) -> list[Hashable]:
    """The band of each row: by scope, as deep as is calm; if that leaves too few, runs of the scopes below."""
    scopes = _scopes(rows)
    finer: list[Hashable] = list(range(len(rows)))
    for depth in range(max(map(len, scopes)), -1, -1):
        keys = [_key(row, scope, n, depth) for n, (row, scope) in enumerate(zip(rows, scopes, strict=True))]
        count = len(list(groupby(keys)))
        if count <= CALM:
            return keys if count >= CALM // 6 else _runs(keys, finer)
        finer = keys
    return finer


def _scopes(rows: list[Row]) -> list[list[str]]:
    """The scope of each row; sources are where they are first needed, whatever their names."""
    found: list[list[str]] = []
    scope: list[str] = []
    for row in reversed(rows):
        if not _is_source(row):
            scope = _scope(row)
        found.append(scope)
    return found[::-1]


def _key(row: Row, scope: list[str], n: int, depth: int) -> Hashable:
    if row.kind == "sweep":
        return n
    if row.kind in ("feed", "update") or not depth:
        return row.kind
    return (row.kind, tuple(scope[:depth])) if len(scope) >= depth else n


def _runs(keys: list[Hashable], finer: list[Hashable]) -> list[Hashable]:
    """Neighbouring parts as one, never of two scopes, so many that it is calm."""
    parts = [number for number, (_, part) in enumerate(groupby(finer)) for _ in part]
    share = -(-(parts[-1] + 1) // CALM)
    first: dict[int, int] = {}
    found: list[Hashable] = []
    for n, (scope, each) in enumerate(groupby(keys)):
        for _ in each:
            number = parts[len(found)]
            first.setdefault(n, number)
            found.append(scope if scope in ("feed", "update") else (n, (number - first[n]) // share))
    return found


def _is_source(row: Row) -> bool:
    return row.kind == "step" and not row.reads


def _scope(row: Row) -> list[str]:
    return row.op.name.split("/")[:-1]


def _band(rows: list[Row], places: list[int]) -> Band:
    first = rows[0]
    if len(rows) == 1:
        return Band(rows, places, first.title, first.note)
    if first.kind in ("feed", "update"):
        title = "Fed" if first.kind == "feed" else "Updates"
        return Band(rows, places, title, f"{first.note} … {rows[-1].note}, {len(rows)} in all")
    return Band(rows, places, _title(rows), f"{len(rows)} steps")


def _title(rows: list[Row]) -> str:
    """The scope of the rows; of several, the part that they share and the first and the last of them."""
    scopes = [_scope(row) for row in rows if not _is_source(row)] or [_scope(row) for row in rows]
    common = os.path.commonprefix(scopes)  # of lists, too
    inner = list(dict.fromkeys(scope[len(common)] for scope in scopes if len(scope) > len(common)))
    whole = any(len(scope) == len(common) for scope in scopes)
    if len(inner) > 1 and not whole:
        return "/".join([*common, f"{inner[0]} … {inner[-1]}"])
    return "/".join(common) or f"{rows[0].title} … {rows[-1].title}"
