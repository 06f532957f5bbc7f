"""The front door: `graphgrad/__init__.py` holds names only, each importable and explained, and opens fast."""

import ast
import inspect
import subprocess
import sys

import pytest

import graphgrad
from tests.house.source import ROOT, modules

HEAVY = ("matplotlib", "IPython", "scipy")


def test_all_is_sorted_and_has_no_name_twice() -> None:
    assert list(graphgrad.__all__) == sorted(set(graphgrad.__all__))


def test_every_name_is_importable() -> None:
    assert [name for name in graphgrad.__all__ if not hasattr(graphgrad, name)] == []


def test_every_public_name_is_listed() -> None:
    ours = {
        name
        for name, value in vars(graphgrad).items()
        if not name.startswith("_") and (inspect.isroutine(value) or inspect.isclass(value))
    }
    assert sorted(ours - set(graphgrad.__all__)) == []


def test_every_public_function_and_class_has_a_docstring() -> None:
    public = {name: getattr(graphgrad, name, None) for name in graphgrad.__all__}
    missing = [
        name
        for name, value in public.items()
        if (inspect.isroutine(value) or inspect.isclass(value)) and not _explained(value)
    ]
    assert missing == []


def test_every_public_method_has_a_docstring() -> None:
    public = [getattr(graphgrad, name, None) for name in graphgrad.__all__]
    missing = [
        f"{owner.__name__}.{name}"
        for owner in public
        if inspect.isclass(owner) and owner.__module__.startswith("graphgrad")
        for name, value in vars(owner).items()
        if not name.startswith("_")
        and (inspect.isroutine(value) or isinstance(value, property))
        and not inspect.getdoc(getattr(owner, name))
    ]
    assert missing == []


def _explained(value: object) -> bool:
    """Whether `value` has a docstring of its own: not inherited, nor the signature that dataclass writes."""
    text = (vars(value).get("__doc__") if inspect.isclass(value) else value.__doc__) or ""
    return bool(text.strip()) and not text.startswith(f"{getattr(value, '__name__', '')}(")


def test_init_files_hold_names_only() -> None:
    found = [
        f"{module.where}:{node.lineno} {type(node).__name__}"
        for module in modules()
        if module.is_package
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.For | ast.While)
    ]
    assert found == []


@pytest.mark.parametrize("package", HEAVY)
def test_importing_graphgrad_does_not_import(package: str) -> None:
    script = f"import sys, graphgrad; sys.exit({package!r} in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr or f"import graphgrad imports {package}"
