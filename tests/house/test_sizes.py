"""A module fits in a few screens and a function in one."""

import ast

import pytest

from tests.house.source import function_lines, modules

MODULE_LINES = 400
FUNCTION_LINES = 60


def test_modules_are_short() -> None:
    sizes = {module.where: len(module.path.read_text("utf-8").splitlines()) for module in modules()}
    assert {where: lines for where, lines in sizes.items() if lines > MODULE_LINES} == {}


def test_functions_are_short() -> None:
    sizes = {
        f"{module.where}:{node.lineno} {node.name}": function_lines(node)
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {where: lines for where, lines in sizes.items() if lines > FUNCTION_LINES} == {}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("def f():\n    pass", 1),
        ('def f():\n    """Doc\n\n    string."""', 0),
        ('def f(\n    a,\n):\n    """Doc."""\n    a = 1\n\n    return a', 3),
    ],
)
def test_the_docstring_and_the_signature_do_not_count(text: str, lines: int) -> None:
    (node,) = ast.parse(text).body
    assert isinstance(node, ast.FunctionDef)
    assert function_lines(node) == lines
