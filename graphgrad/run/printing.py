"""Values, callables and arguments as Python text."""

from __future__ import annotations

import inspect
import keyword
import math
import operator
import re
import sys
from typing import Any

import torch

from ..graph.operation import Operation, Value
from ..plan.steps import Step
from ..record.canonical import NAMESPACES, Attribute
from ..record.infer import Leaf
from ..record.inplace import OnCopy

_BINARY = {
    operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/", operator.pow: "**",
    operator.matmul: "@", operator.floordiv: "//", operator.mod: "%", operator.and_: "&", operator.or_: "|",
    operator.xor: "^", operator.eq: "==", operator.ne: "!=", operator.lt: "<", operator.le: "<=",
    operator.gt: ">", operator.ge: ">=",
}  # fmt: skip

_RESERVED = frozenset(
    "torch F feeds state const run own begun handed leaves inf nan live set_grad overwrite straight_through "
    "batched_grad math_attention default_dtype check_shape Run program grad_was_on slice float complex bool _".split()
)


class Names:
    """A readable, unique Python name for every value."""

    def __init__(self) -> None:
        self._taken: set[str] = set(_RESERVED)
        self._counts: dict[str, int] = {}
        self.of: dict[Value, str] = {}

    def new(self, value: Value) -> str:
        op = value.op
        text = op.name if len(op.values) == 1 else f"{op.name}_{value.index}"
        name = self.of[value] = self.fresh(text)
        return name

    def fresh(self, text: str) -> str:
        base = re.sub(r"\W", "_", text, flags=re.ASCII)
        if not base or base[0].isdigit() or keyword.iskeyword(base):
            base = f"v_{base}"
        name = base
        while name in self._taken:
            self._counts[base] = self._counts.get(base, 0) + 1
            name = f"{base}_{self._counts[base]}"
        self._taken.add(name)
        return name


class Printer:
    """Prints calls; what has no literal goes into the pool of constants or of functions."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.constants: list[Any] = []
        self.functions: dict[str, Any] = {}
        self.imports: list[str] = []
        self._expressions: dict[Any, str] = {}
        self._indices: dict[int, int] = {}

    def constant(self, item: Any) -> str:
        """The place of an object in the pool of constants."""
        index = self._indices.get(id(item))
        if index is None:
            index = self._indices[id(item)] = len(self.constants)
            self.constants.append(item)
        return f"const[{index}]"

    def call(self, op: Operation, read: Any) -> str:
        """The expression of an operation; `read(position)` names what it reads, in order."""
        target = op.target
        reader = _Reader(self, read)
        if target in _BINARY and len(op.args) == 2:
            left, right = reader.text(op.args[0]), reader.text(op.args[1])
            if left.startswith("-"):
                left = f"({left})"
            return f"{left} {_BINARY[target]} {right}"
        if target is torch.Tensor.__getitem__:
            return f"{reader.text(op.args[0])}[{reader.index(op.args[1])}]"
        args = [reader.text(argument) for argument in op.args]
        usual = _defaults(target) if op.kwargs else {}
        for key, argument in op.kwargs.items():
            text = reader.text(argument)
            if key not in usual or usual[key] is not argument:
                args.append(f"{key}={text}")
        if type(target) is Attribute:
            return f"{args[0]}.{target.__name__}"
        if type(target) is OnCopy:
            target = target.method
            args[0] += ".clone()"
        name = getattr(target, "__name__", "")
        if op.args and type(op.args[0]) is Value and getattr(torch.Tensor, name, None) is target:
            return f"{args[0]}.{name}({', '.join(args[1:])})"
        return f"{self.function(target)}({', '.join(args)})"

    def function(self, target: Any) -> str:
        """How a callable is written."""
        found = self._expressions.get(target)
        if found is None:
            found = self._expressions[target] = self._lookup(target)
        return found

    def _lookup(self, target: Any) -> str:
        name = getattr(target, "__name__", "")
        for prefix, namespace in NAMESPACES:
            if name and getattr(namespace, name, None) is target:
                return f"{prefix}.{name}"
            short = name.removeprefix(prefix.rpartition(".")[2] + "_")  # torch.linalg.inv is named linalg_inv
            if short != name and getattr(namespace, short, None) is target:
                return f"{prefix}.{short}"
        module = sys.modules.get(getattr(target, "__module__", None) or "")
        importable = module is not None and name.isidentifier() and getattr(module, name, None) is target
        if module is None or not importable or module.__name__ == "__main__":
            return self.constant(target)
        alias = self.names.fresh(name)
        self.functions[alias] = target
        self.imports.append(f"from {module.__name__} import {name}" + (f" as {alias}" if alias != name else ""))
        return alias


_known_defaults: dict[Any, dict[str, Any]] = {}


def _defaults(target: Any) -> dict[str, Any]:
    """The arguments of a Python function that need not be written, with their usual values."""
    found = _known_defaults.get(target)
    if found is None:
        found = {}
        if inspect.isfunction(target):
            parameters = inspect.signature(target, follow_wrapped=False).parameters.values()
            found = {each.name: each.default for each in parameters}
        _known_defaults[target] = found
    return found


class _Reader:
    """Prints arguments; counts the reads as they pass, which is the order of `op.reads`."""

    def __init__(self, printer: Printer, read: Any) -> None:
        self.printer = printer
        self.read = read
        self.position = 0

    def text(self, argument: Any) -> str:
        kind = type(argument)
        if kind is Value:
            text: str = self.read(self.position)
            self.position += 1
            return text
        if kind is float:
            return repr(argument) if math.isfinite(argument) else f"float('{argument}')"
        if kind in (int, bool, str, type(None)):
            return repr(argument)
        if argument is ...:
            return "..."
        if kind is complex:
            return f"complex({argument.real!r}, {argument.imag!r})".replace("inf", "float('inf')")
        if kind in (torch.dtype, torch.memory_format, torch.layout):
            return str(argument)
        if kind is torch.device:
            return f"torch.device({str(argument)!r})"
        if kind is tuple:
            return f"({', '.join(map(self.text, argument))}{',' if len(argument) == 1 else ''})"
        if kind is list:
            return f"[{', '.join(map(self.text, argument))}]"
        if kind is dict:
            return "{" + ", ".join(f"{key!r}: {self.text(item)}" for key, item in argument.items()) + "}"
        if kind is slice:
            return self._slice(argument)
        if callable(argument):
            return self.printer.function(argument)
        return self.printer.constant(argument)

    def index(self, argument: Any) -> str:
        """What stands between brackets."""
        if type(argument) is tuple and argument:
            return ", ".join(map(self.index, argument)) + ("," if len(argument) == 1 else "")
        if type(argument) is not slice:
            return self.text(argument)
        start, stop, step = (
            "" if part is None else self.text(part) for part in (argument.start, argument.stop, argument.step)
        )
        return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"

    def _slice(self, argument: slice) -> str:
        parts = [self.text(part) for part in (argument.start, argument.stop, argument.step)]
        return f"slice({', '.join(parts)})"


def pattern_of(structure: Any, names: list[str]) -> str:
    """A nest of targets for the left side of an assignment."""
    if type(structure) is Leaf:
        return names[structure.index]
    if isinstance(structure, (tuple, list)):
        return "(" + "".join(f"{pattern_of(item, names)}, " for item in structure).rstrip() + ")"
    return "{}" if isinstance(structure, dict) else "_"


def with_modes(step: Step, text: str) -> str:
    """The statement of a call, in the modes that held while it was recorded."""
    modes = step.op.signature.modes
    blocks = []
    if step.math:
        blocks.append("math_attention()")
    if modes.default_dtype is not torch.float32 and not any(value.spec.differentiable for value in step.op.reads):
        blocks.append(f"default_dtype({modes.default_dtype})")
    if modes.autocast:
        device, dtype = modes.autocast
        blocks.append(f"torch.autocast({device!r}, {dtype})")
    return f"with {', '.join(blocks)}: {text}" if blocks else text
