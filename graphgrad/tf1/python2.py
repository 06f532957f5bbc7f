"""Python 2 in a script: found line by line, so that it is told as such and not as a syntax error."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

# What Python 3 can't parse: a pattern of the line, what it is, and a line that can be parsed in its place.
_SYNTAX: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"^(\s*)print\b(?!\s*[(=.\[]).*$"), "print is a statement: write print(...)", r"\1pass"),
    (re.compile(r"^(.*:\s*)print\b(?!\s*[(=.\[]).*$"), "print is a statement: write print(...)", r"\1pass"),
    (re.compile(r"^(\s*)print\s*\(.*\)\s*%.*$"), "print is a statement: write print(...)", r"\1pass"),
    (re.compile(r"^(\s*except\s+[^,:]+|\s*except\s*\([^)]*\)\s*),\s*\w+\s*:(.*)$"),
     "except with a comma: write `except Kind as name:`", r"\1:\2"),
    (re.compile(r"^(\s*)raise\s+[\w.]+\s*,.*$"), "raise with a comma: write raise Kind(text)", r"\1pass"),
    (re.compile(r"^(\s*)exec\s+(?!\().*$"), "exec is a statement: write exec(...)", r"\1pass"),
    (re.compile(r"^(.*)<>(.*)$"), "<> is written !=", r"\1!=\2"),
    (re.compile(r"^(.*)`([^`]+)`(.*)$"), "backquotes: write repr(...)", r"\1(\2)\3"),
    (re.compile(r"^(.*?)\b0([0-7]+)\b(.*)$"), "an octal number is written 0o17", r"\1\2\3"),
    (re.compile(r"^(.*?)\b[uU][rR](['\"].*)$"), "ur'...' is written r'...'", r"\1r\2"),
    (re.compile(r"^(.*?)\b(\d+)[lL]\b(.*)$"), "a long number is written without L", r"\1\2\3"),
)  # fmt: skip

# What Python 3 parses and does not have.
_NAMES = {
    "xrange": "range", "raw_input": "input", "unicode": "str", "basestring": "str", "unichr": "chr",
    "execfile": "exec(open(name).read())", "reload": "importlib.reload", "long": "int",
}  # fmt: skip
_METHODS = {
    "iteritems": "items", "itervalues": "values", "iterkeys": "keys", "has_key": "in", "viewitems": "items",
}  # fmt: skip
_MODULES = {
    "cPickle": "pickle", "urllib2": "urllib.request", "ConfigParser": "configparser", "StringIO": "io",
    "cStringIO": "io", "Queue": "queue", "Tkinter": "tkinter", "HTMLParser": "html.parser", "commands": "subprocess",
}  # fmt: skip


_TRIES = 500  # so many lines at most are put right


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """A line that only Python 2 understands."""

    line: int
    text: str


def parse(source: str) -> tuple[ast.Module | None, list[Remark]]:
    r"""The syntax tree of a script and what in it is Python 2; lines that Python 3 can't parse are left out.

    Returns:
        The tree, None if the rest can't be parsed either; and the remarks, in order of lines.

    >>> tree, remarks = parse("print 'loss', 3\nfor i in xrange(3): pass")
    >>> [remark.text for remark in remarks]
    ['print is a statement: write print(...)', 'xrange does not exist: use range']
    """
    lines = source.expandtabs(8).splitlines()
    remarks: list[Remark] = []
    tree = None
    for _ in range(min(len(lines), _TRIES) + 1):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about escapes in strings
                tree = ast.parse("\n".join(lines) + "\n")
            break
        except SyntaxError as error:
            remarks.append(_mend(lines, error))
    if tree is not None:
        remarks += _names(tree)
    return tree, sorted(set(remarks))


def _mend(lines: list[str], error: SyntaxError) -> Remark:
    """Put a line that can be parsed in the place of the one that can't."""
    last = min(max(error.lineno or 1, 1), len(lines))
    for number in (last, last - 1):  # Python often notices on the line after
        for pattern, text, instead in _SYNTAX if number >= 1 else ():
            if pattern.match(lines[number - 1]):
                lines[number - 1] = pattern.sub(instead, lines[number - 1])
                return Remark(number, text)
    lines[last - 1] = ""
    return Remark(last, f"can't be parsed: {error.msg}")


def _names(tree: ast.Module) -> list[Remark]:
    own = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    own |= {each.asname or each.name for node in ast.walk(tree)
            if isinstance(node, (ast.Import, ast.ImportFrom)) for each in node.names}  # fmt: skip
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in _NAMES and node.id not in own:
            found.append(Remark(node.lineno, f"{node.id} does not exist: use {_NAMES[node.id]}"))
        elif isinstance(node, ast.Attribute) and node.attr in _METHODS:
            found.append(Remark(node.lineno, f".{node.attr} does not exist: use {_METHODS[node.attr]}"))
        elif isinstance(node, ast.Import):
            found += [
                Remark(node.lineno, f"the module {each.name} does not exist: use {_MODULES[each.name]}")
                for each in node.names
                if each.name in _MODULES and not _guarded(tree, node)
            ]
    return found


def _guarded(tree: ast.Module, node: ast.Import) -> bool:
    """Whether an import stands in a `try`, so that the script knows what to do without it."""
    return any(
        isinstance(each, ast.Try) and any(node is inner for part in each.body for inner in ast.walk(part))
        for each in ast.walk(tree)
    )
