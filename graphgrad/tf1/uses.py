"""Which TensorFlow names a script uses, in itself and in the modules beside it that it imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .python2 import Remark, parse
from .served import plain


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """A TensorFlow name, without `tensorflow.`, at a place of a file."""

    file: Path
    line: int
    name: str


@dataclass(slots=True)
class Survey:
    """What was found in a script and its neighbours.

    Attributes:
        uses: the TensorFlow names, by file and line.
        python2: file -> its lines that only Python 2 understands.
        files: what was read, the script first.
    """

    uses: list[Use] = field(default_factory=list)
    python2: dict[Path, list[Remark]] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)


def survey(script: Path) -> Survey:
    """Read a script and the modules of its folder that it imports, and what those import.

    Raises:
        OSError: if the script can't be read.
    """
    found = Survey()
    pending = [script]
    root = script.parent
    while pending:
        path = pending.pop(0)
        if path in found.files:
            continue
        tree, remarks = parse(path.read_bytes().decode("utf-8", "replace").lstrip("\ufeff"))
        found.files.append(path)
        if remarks:
            found.python2[path] = remarks
        if tree is not None:
            found.uses += sorted(set(_Uses(path).of(tree)))
            pending += [each for each in _neighbours(tree, path, root) if each not in found.files]
    return found


class _Uses(ast.NodeVisitor):
    """Collects uses; knows by which names TensorFlow's modules go."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.known: dict[str, str] = {}  # a name of the script -> a path below tensorflow
        self.found: list[Use] = []

    def of(self, tree: ast.Module) -> list[Use]:
        for node in ast.walk(tree):  # imports may stand anywhere, and after their uses
            if isinstance(node, ast.Import):
                self._import(node)
            elif isinstance(node, ast.ImportFrom):
                self._import_from(node)
        self.visit(tree)
        return self.found

    def _add(self, node: ast.AST, path: str) -> None:
        path = plain(path)
        if path and path != "compat":
            self.found.append(Use(self.file, getattr(node, "lineno", 0), path))

    def _import(self, node: ast.Import) -> None:
        for each in node.names:
            top, _, inner = each.name.partition(".")
            if top == "tensorflow":
                self.known[each.asname or top] = plain(inner) if each.asname else ""
                if inner:
                    self._add(node, inner)

    def _import_from(self, node: ast.ImportFrom) -> None:
        top, _, inner = (node.module or "").partition(".")
        if node.level or top != "tensorflow":
            return
        for each in node.names:
            if each.name == "*":
                self._add(node, inner)
                continue
            path = f"{inner}.{each.name}" if inner else each.name
            self.known[each.asname or each.name] = plain(path)
            self._add(node, path)

    def visit_Assign(self, node: ast.Assign) -> None:  # noqa: N802
        """`slim = tf.contrib.slim` is another name of a module."""
        path = self._path(node.value) if isinstance(node.value, ast.Attribute) else None
        if path and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            self.known.setdefault(node.targets[0].id, path)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:  # noqa: N802
        """The longest chain of names counts, once."""
        path = self._path(node)
        if path is None:
            self.generic_visit(node)
        else:
            self._add(node, path)

    def _path(self, node: ast.expr) -> str | None:
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.known:
            return None
        return ".".join(filter(None, [self.known[node.id], *reversed(names)]))


def _neighbours(tree: ast.Module, path: Path, root: Path) -> Iterator[Path]:
    """The files below the script's folder that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                yield from _files(root, each.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            folder = root
            if node.level:
                folder = path.parent
                for _ in range(node.level - 1):
                    folder = folder.parent
            parts = (node.module or "").split(".") if node.module else []
            yield from _files(folder, parts)
            for each in node.names:
                yield from _files(folder, [*parts, each.name])


def _files(folder: Path, parts: list[str]) -> Iterator[Path]:
    """The files of a module: `a/__init__.py` and `a/b.py` of `a.b`."""
    for depth in range(1, len(parts) + 1):
        place = folder.joinpath(*parts[:depth])
        for candidate in (place.with_suffix(".py"), place / "__init__.py"):
            if candidate.is_file():
                yield candidate
