"""A flat graph as a Python program, with the same face as the one that it was traced from."""

from __future__ import annotations

import itertools
import math
import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.fx import Node

from ...graph.operation import Operation, Role
from ..layout import Line, layout
from ..printing import Names, Printer
from ..program import Program, findable
from ..runtime import default_dtype
from .flat import Draw, Flat
from .made import Sized
from .spelling import spelling

_numbers = itertools.count()

_HEADER = (
    "import torch",
    "from torch import inf, nan",
    "from graphgrad.run.runtime import default_dtype",
    "aten = torch.ops.aten",
)

# Options that say what is the case anyway.
_IDLE = {"pin_memory": (False, None), "layout": (torch.strided, None)}


def write(flat: Flat, program: Program) -> Program:
    """The program of a flat graph; it takes what the original takes and returns what it returns."""
    writer = _Writer(flat, program)
    text, ops = writer.text()
    filename = f"<graphgrad flat program {next(_numbers)}>"
    namespace: dict[str, Any] = dict(writer.printer.functions)
    namespace |= {"torch": torch, "aten": torch.ops.aten, "inf": float("inf"), "nan": float("nan")}
    namespace |= {"math": math} if flat.sizes else {}
    namespace |= {"default_dtype": default_dtype, "set_grad": torch._C._set_grad_enabled}
    imports = text.index("\ndef ")
    body = "\n" * text.count("\n", 0, imports) + text[imports:]
    exec(compile(body, filename, "exec"), namespace)  # noqa: S102
    constants = writer.printer.constants
    return findable(
        replace(program, text=text, call=namespace["program"], constants=constants, ops=ops, filename=filename)
    )


@dataclass
class _Writer:
    flat: Flat
    program: Program

    def __post_init__(self) -> None:
        self.names = Names()
        self.sizes = {self.names.fresh(name): place for name, place in self.flat.sizes.items()}
        self.printer = Printer(self.names)
        self.printer.constants.extend(self.program.constants)
        self.of: dict[Node, str] = {}
        self.lines: list[Line] = []
        self.forward = self._last_kernels()

    def _last_kernels(self) -> dict[Operation, Node]:
        """Operation -> the last of its kernels, which has the operation's name."""
        found: dict[Operation, Node] = {}
        for node in self.flat.graph.nodes:
            op = self.flat.ops.get(node)
            if op is not None and op.role is not Role.GRADIENT and node.target is not operator.getitem:
                found[op] = node
        return found

    def text(self) -> tuple[str, list[Operation | None]]:
        self._emit("grad_was_on = torch.is_grad_enabled(); set_grad(False)", None, (), ("grad_was_on",))
        self._inputs()
        for name, (feed, axis) in self.sizes.items():
            self._emit(f"{name} = feeds[{feed}].shape[{axis}]", self.program.plan.feeds[feed].op, (), (name,))
        nodes = [node for node in self.flat.graph.nodes if node.op in ("call_function", "get_attr")]
        for draw, group in itertools.groupby(nodes, self.flat.draws.get):
            if draw is None:
                for node in group:
                    self._node(node)
            else:
                self._drawn(draw, list(group))
        result, kept = self._result()
        self._emit("set_grad(grad_was_on)", None, ("grad_was_on",))
        header = [*_HEADER, *(["import math"] if self.sizes else []), *self.printer.imports]
        return layout(header, self.lines, result, {*kept, *self.sizes})

    def _emit(self, text: str, op: Operation | None, uses: Sequence[str] = (), defines: Sequence[str] = ()) -> None:
        self.lines.append(Line(text, op, tuple(uses), tuple(defines)))

    def _inputs(self) -> None:
        """The placeholders: feeds, state, and those of the constants that are tensors."""
        plan = self.program.plan
        places: list[tuple[str, Operation | None]] = [
            (f"feeds[{number}]", value.op) for number, value in enumerate(plan.feeds)
        ]
        places += [(f"state[{number}]", each.reads[0].op) for number, each in enumerate(plan.states)]
        tensors = (k for k, each in enumerate(self.program.constants) if isinstance(each, torch.Tensor))
        places += [(f"const[{number}]", None) for number in tensors]
        nodes = [node for node in self.flat.graph.nodes if node.op == "placeholder"]
        for node, (place, op) in zip(nodes, places, strict=True):
            if node.users:
                name = self.of[node] = self.names.fresh(op.name if op is not None else "const_0")
                self._emit(f"{name} = {place}", op, (), (name,))

    # -- one node ---------------------------------------------------------------------------------

    def _node(self, node: Node) -> None:
        op = self.flat.ops.get(node)
        if node.op == "get_attr":
            name = self._name(node)
            self._emit(f"{name} = {self.printer.constant(self.flat.constants[node])}", op, (), (name,))
            return
        if node.target is operator.getitem and node in self.of:
            return  # unpacked where its tuple was made
        text = self._call(node)
        targets = self._targets(node)
        text = f"{', '.join(targets)} = {text}" if targets else text
        self._emit(self._in_mode(node, text), op, self._uses(node), self._defined(targets))

    def _defined(self, targets: Sequence[str]) -> list[str]:
        return [name.rstrip(",") for name in targets if name.rstrip(",") != "_"]

    def _targets(self, node: Node) -> list[str]:
        """The names that a call is assigned to: one per result if all that reads it takes one of them."""
        if not node.users:
            return []
        made = node.meta.get("made")
        parts = {user.args[1]: user for user in node.users if user.target is operator.getitem}
        if isinstance(made, list) and len(parts) == len(node.users):
            names = [self._name(parts[place]) if place in parts else "_" for place in range(len(made))]
            return [f"{names[0]},"] if len(names) == 1 else names
        return [self._name(node)]

    def _name(self, node: Node) -> str:
        op = self.flat.ops.get(node)
        own = node.args[0] if node.target is operator.getitem else node
        text = getattr(node.target, "_opname", node.name)
        if op is not None and self.forward.get(op) is own:
            text = op.name if own is node else f"{op.name}_{node.args[1]}"
        found = self.of[node] = self.names.fresh(text)
        return found

    def _drawn(self, draw: Draw, group: list[Node]) -> None:
        """The kernels of one random call: from the first to the last that draws, on its stream."""
        drawing = [place for place, node in enumerate(group) if node in self.flat.drew]
        first, end = (drawing[0], drawing[-1] + 1) if drawing else (0, 0)
        for node in (*group[:first], *(each for each in group[first:end] if each.op == "get_attr")):
            self._node(node)
        if drawing:
            self._together([each for each in group[first:end] if each.op != "get_attr"], draw)
        for node in group[end:]:
            self._node(node)

    def _together(self, nodes: list[Node], draw: Draw) -> None:
        """Some kernels as one call of `run.draw`, since each such call is a draw of its own."""
        calls: list[tuple[str, str]] = []
        uses: dict[str, None] = {}
        for node in nodes:
            text = self._call(node)
            uses.update(dict.fromkeys(self._uses(node)))
            calls.append((self._name(node), text))
        names = [name for name, _ in calls]
        inside = calls[0][1] if len(calls) == 1 else f"({', '.join(f'({name} := {text})' for name, text in calls)})"
        seed = "" if draw.seed is None else f", seed={draw.seed}"
        text = f"{', '.join(names)} = run.draw({draw.stream}, lambda: {inside}{seed})"
        outside = [name for name in uses if name not in names]
        self._emit(self._in_mode(nodes[0], text), self.flat.ops.get(nodes[0]), outside, names)

    def _in_mode(self, node: Node, text: str) -> str:
        dtype = self.flat.dtypes.get(node)
        return text if dtype is None else f"with default_dtype({dtype}): {text}"

    def _uses(self, node: Node) -> list[str]:
        return [self.of[each] for each in node.all_input_nodes if each in self.of]

    # -- one call ---------------------------------------------------------------------------------

    def _call(self, node: Node) -> str:
        if node.target is operator.getitem:
            return f"{self._text(node.args[0])}[{node.args[1]!r}]"
        schema = getattr(node.target, "_schema", None)
        if schema is None:
            function = self.printer.function(node.target)
            return f"{function}({', '.join(self._arguments(node.args, node.kwargs))})"
        found = spelling(node)
        arguments = self._arguments(node.args, node.kwargs)
        if found is None:
            return f"{_overload(node.target)}({', '.join(arguments)})"
        if found.startswith("."):
            return f"{arguments[0]}{found}({', '.join(arguments[1:])})"
        return f"{found}({', '.join(arguments)})"

    def _arguments(self, args: Sequence[Any], kwargs: dict[str, Any]) -> list[str]:
        found = [self._text(each) for each in args]
        for name, each in kwargs.items():
            if each is None or (name in _IDLE and each in _IDLE[name]):
                continue
            found.append(f"{name}={self._text(each)}")
        return found

    def _text(self, argument: Any) -> str:
        if isinstance(argument, Node):
            return self.of[argument]
        if isinstance(argument, tuple):
            return f"({', '.join(map(self._text, argument))}{',' if len(argument) == 1 else ''})"
        if isinstance(argument, list):
            return f"[{', '.join(map(self._text, argument))}]"
        if isinstance(argument, Sized):
            return repr(argument)
        if isinstance(argument, float) and argument != argument:
            return "nan"
        if isinstance(argument, (bool, int, float, str, type(None), torch.dtype, torch.memory_format, torch.layout)):
            return repr(argument)
        if isinstance(argument, complex):
            return f"complex({argument.real!r}, {argument.imag!r})".replace("inf", "float('inf')")
        if isinstance(argument, torch.device):
            return f"torch.device({str(argument)!r})"
        return self.printer.constant(argument)

    def _result(self) -> tuple[str, set[str]]:
        output = next(iter(reversed(self.flat.graph.nodes)))
        names = [self._text(each) for each in output.args[0]]
        kept = {name for name in names if name in self.of.values()}
        fetched, renamed = names[: self.flat.fetched], names[self.flat.fetched :]
        return f"return [{', '.join(fetched)}], [{', '.join(f'{name}.detach()' for name in renamed)}]", kept


def _overload(target: Any) -> str:
    """An overload as an expression."""
    packet, name = str(target).rsplit(".", 1)
    space, _, kernel = packet.partition(".")
    text = f"aten.{kernel}.{name}" if space == "aten" else f"torch.ops.{packet}.{name}"
    return text if re.fullmatch(r"[\w.]+", text) else f"torch.ops.{packet}.{name}"
