"""The package as text: its modules, what each imports, and from where in the file. Imports no graphgrad."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "graphgrad"

Place = Literal["top", "type checking", "branch", "class", "function"]


@dataclass(frozen=True)
class Module:
    """One file of the package: its dotted name, where it lies and its syntax tree."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def where(self) -> str:
        return self.path.relative_to(ROOT).as_posix()


@dataclass(frozen=True)
class Import:
    """One imported name, as a dotted path, and the place in the file where it is imported."""

    target: str
    line: int
    place: Place


def modules() -> list[Module]:
    """Every module of graphgrad/, by name."""
    paths = sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)
    assert paths, f"no module in {PACKAGE}"
    return [Module(_dotted(path), path, ast.parse(path.read_text("utf-8"))) for path in paths]


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST, package: str = "") -> list[Import]:
    """The imports of a syntax tree; `package` resolves the relative ones."""
    return list(_imports(tree, package, "top"))


def _imports(node: ast.AST, package: str, place: Place) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import(names=names):
                yield from (Import(name.name, child.lineno, place) for name in names)
            case ast.ImportFrom(names=names):
                base = _base(child, package)
                yield from (Import(f"{base}.{name.name}", child.lineno, place) for name in names)
            case _:
                yield from _imports(child, package, _inside(child, place))


def _base(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parents = package.split(".")
    kept = parents[: len(parents) - node.level + 1]
    return ".".join([*kept, node.module] if node.module else kept)


def _inside(node: ast.AST, place: Place) -> Place:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            return "function"
        case _ if place == "function":
            return "function"
        case ast.ClassDef():
            return "class"
        case ast.If() if place == "top" and _asks_for_type_checking(node):
            return "type checking"
        case ast.stmt() if place in ("top", "type checking"):
            return "branch"
        case _:
            return place


def _asks_for_type_checking(node: ast.If) -> bool:
    return ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING") and not node.orelse


def module_imports(module: Module) -> list[Import]:
    """What `module` imports."""
    package = module.name if module.is_package else module.name.rpartition(".")[0]
    return imports(module.tree, package)


def own_imports(module: Module, names: frozenset[str]) -> list[Import]:
    """What `module` imports from graphgrad, each target cut to the module among `names` that it lies in."""
    found = []
    for item in module_imports(module):
        if item.target.split(".")[0] == PACKAGE.name:
            target = item.target
            while target not in names and "." in target:
                target = target.rpartition(".")[0]
            found.append(Import(target, item.line, item.place))
    return found


def function_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body, its docstring left out."""
    statements = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1 if statements else 0
