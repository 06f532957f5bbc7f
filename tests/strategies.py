"""Random programs: hypothesis strategies, and the programs as data.

A program is a list of steps over numbered values: sources, ops, and calls of gradients(). It is made
together with its reference nodes, so that a later step can use a gradient exactly where there is one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
from hypothesis import strategies as st

from tests import reference
from tests.reference import Array, Node, Shape

T = TypeVar("T")

SHAPES: tuple[Shape, ...] = ((), (2,), (2, 2))
SOURCES = ("placeholder", "placeholder", "constant", "variable")
UNARY = ("neg", "sin", "cos", "exp", "tanh", "sigmoid", "relu", "abs", "sign", "scale", "shift", "pow", "pow")
GUARDED = ("div", "log", "sqrt", "reciprocal")  # of 1.5 + b*b
BINARY = ("add", "add", "sub", "mul", "mul", "mul")
PAIRS = ("unbind", "var_mean", "frexp")
CONSTANTS = ("stop", "floor", "round", "zeros_like")
MAX_ORDER = 4
MAX_STEPS = 16
MAX_NODES = 4000


@dataclass(frozen=True)
class Step:
    """One line of a program; it makes one value, `unbind`, `var_mean` and `frexp` two."""

    op: str
    reads: tuple[int, ...]
    option: Any = None

    @property
    def width(self) -> int:
        """How many values it makes."""
        return 2 if self.op in PAIRS else 1

    def __str__(self) -> str:
        arguments = [f"v{read}" for read in self.reads]
        option = [] if self.option is None else [repr(self.option)]
        return f"{self.op}({', '.join(arguments + option)})"


@dataclass(frozen=True)
class Call:
    """One gradients() call; a seed is a value, a float (an array full of it) or None (ones)."""

    ys: tuple[int, ...]
    xs: tuple[int, ...]
    stops: tuple[int, ...] = ()
    seeds: tuple[int | float | None, ...] | None = None
    aggregation: int = 0
    gate: bool = False
    colocate: bool = False
    unconnected: str = "none"
    name: str = "gradients"

    @property
    def width(self) -> int:
        return len(self.xs)

    def __str__(self) -> str:
        lists = [f"[{', '.join(f'v{n}' for n in group)}]" for group in (self.ys, self.xs, self.stops)]
        seeds = "" if self.seeds is None else f", grad_ys={list(self.seeds)}"
        more = f", aggregation_method={self.aggregation}" if self.aggregation else ""
        more += ", gate_gradients=True" if self.gate else ""
        return f"gradients({lists[0]}, {lists[1]}, stop_gradients={lists[2]}{seeds}{more})"


@dataclass
class Program:
    """Steps, and the reference node of every value: None where a gradient is None."""

    steps: list[Step | Call] = field(default_factory=list)
    nodes: list[Node | None] = field(default_factory=list)
    orders: list[int] = field(default_factory=list)
    given: dict[Node, Array] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)

    def add(self, step: Step | Call) -> list[int]:
        """Append a step; the numbers of its values."""
        made = self._call(step) if isinstance(step, Call) else self._step(step)
        read = (*step.ys, *(s for s in step.seeds or () if type(s) is int)) if isinstance(step, Call) else step.reads
        order = max((self.orders[number] for number in read), default=0) + isinstance(step, Call)
        self.steps.append(step)
        self.nodes += made
        self.orders += [order] * len(made)
        self.kinds += ["gradient" if isinstance(step, Call) else step.op] * len(made)
        return list(range(len(self.nodes) - len(made), len(self.nodes)))

    def node(self, number: int) -> Node:
        found = self.nodes[number]
        assert found is not None
        return found

    def _step(self, step: Step) -> Sequence[Node]:
        reads = [self.node(number) for number in step.reads]
        make = reference.make
        match step.op:
            case "placeholder" | "constant" | "variable":
                array = np.asarray(step.option)
                node = reference.source(array.shape, array.dtype.kind == "i")
                self.given[node] = array
                return [node]
            case "unbind":
                return [make("row", reads[0], option=0), make("row", reads[0], option=1)]
            case "var_mean":
                return [make("variance", reads[0]), make("mean", reads[0])]
            case "frexp":
                exponent = make("exponent", reads[0])
                return [make("mantissa", reads[0], exponent), exponent]
            case "sum":
                return [make("sum_to", reads[0], option=())]
            case "expand":
                return [make("expand", reads[0], option=step.option)]
            case _:
                return [make(step.op, *reads, option=step.option)]

    def _call(self, call: Call) -> Sequence[Node | None]:
        ys = [self.node(n) for n in call.ys]
        seeds: list[Node | None] | None = None
        if call.seeds is not None:
            seeds = [
                reference.constant(np.full(y.shape, seed))
                if isinstance(seed, float)
                else None if seed is None else self.node(seed)
                for y, seed in zip(ys, call.seeds, strict=True)
            ]  # fmt: skip
        return reference.gradients(ys, [self.node(n) for n in call.xs], seeds, [self.node(n) for n in call.stops])

    def __str__(self) -> str:
        lines, number = [], 0
        for step in self.steps:
            made = range(number, number + step.width)
            names = ", ".join(f"v{n}" + ("=None" if self.nodes[n] is None else "") for n in made)
            lines.append(f"{names} = {step}")
            number += step.width
        return "\n".join(lines)


@dataclass
class Case:
    """A program and a run of it: what is fetched, and the values fed to what is not a placeholder."""

    program: Program
    fetches: tuple[int, ...]
    feeds: dict[int, Array]

    def __repr__(self) -> str:
        feeds = "".join(f"\nfeed v{n}: {value!r}" for n, value in self.feeds.items())
        return f"\n{self.program}{feeds}\nfetch {self.fetches}\n"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How hypothesis prints it."""
        printer.text(repr(self))


class Choose(Protocol):
    """Where the choices come from: hypothesis, or a seeded generator for long unshrunk searches."""

    def integer(self, low: int, high: int) -> int: ...


class Drawn:
    """Choices drawn by hypothesis, which can shrink them: smaller is simpler."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def integer(self, low: int, high: int) -> int:
        return int(self._draw(st.integers(low, high)))


class Seeded:
    """Choices of a seeded generator."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def integer(self, low: int, high: int) -> int:
        return self._random.randint(low, high)


class _Writer:
    """Writes one program."""

    def __init__(self, choose: Choose) -> None:
        self.choose = choose
        self.program = Program()
        self.mixed = self.one_in(3)  # whether its calls sum in different orders

    # -- choices ---------------------------------------------------------------------------------------

    def one_in(self, count: int) -> bool:
        return self.choose.integer(0, count - 1) == count - 1

    def pick(self, items: Sequence[T]) -> T:
        return items[self.choose.integer(0, len(items) - 1)]

    def some(self, items: Sequence[T], low: int, high: int) -> tuple[T, ...]:
        return tuple(self.pick(items) for _ in range(self.choose.integer(low, high))) if items else ()

    def number(self) -> float:
        """A number between 0.3 and 1.4 or its negative, of which no simple sum or product is round."""
        return (0.3 + 0.013717 * self.choose.integer(0, 80)) * (-1 if self.one_in(3) else 1)

    def values(self, fits: Callable[[Node], bool]) -> list[int]:
        """The numbers of the values that fit, the newest first."""
        return [n for n in reversed(range(len(self.program.nodes))) if (node := self.program.nodes[n]) and fits(node)]

    def floats(self, *shapes: Shape) -> list[int]:
        return self.values(lambda node: not node.integer and (not shapes or node.shape in shapes))

    def recent(self, numbers: Sequence[int]) -> int:
        """One of these, newest first: half of the time one of the newest three."""
        return self.pick(numbers[:3] if self.one_in(2) else numbers)

    # -- steps -----------------------------------------------------------------------------------------

    def source(self) -> None:
        shape = self.pick(SHAPES)
        kind = self.pick(SOURCES)
        if self.one_in(8):
            array = np.full(shape, self.choose.integer(1, 3), dtype=np.int64)
        else:
            array = np.array([self.number() for _ in range(int(np.prod(shape)))]).reshape(shape)
        self.program.add(Step(kind, (), array.tolist()))

    def step(self) -> None:
        writers = [
            self.unary, self.binary, self.binary, self.unary, self.same, self.guarded, self.reduced, self.constant,
            self.detour, self.matrix, self.outputs, self.chosen,
        ]  # fmt: skip
        self.pick(writers)()

    def unary(self) -> None:
        op = self.pick(UNARY)
        options = {"scale": (2.0, -0.7), "shift": (0.6, -1.1), "pow": (2, 3, 1, 0)}
        self.program.add(Step(op, (self.recent(self.floats()),), self.pick(options[op]) if op in options else None))

    def binary(self) -> None:
        a, b = self.recent(self.floats()), self.recent(self.floats())
        self.program.add(Step(self.pick(BINARY), (a, b)))

    def same(self) -> None:
        self.program.add(Step(self.pick(reference.SAME), (self.recent(self.floats()),)))

    def guarded(self) -> None:
        op = self.pick(GUARDED)
        (square,) = self.program.add(Step("pow", (self.recent(self.floats()),), 2))
        (safe,) = self.program.add(Step("shift", (square,), 1.5))
        self.program.add(Step(op, (self.recent(self.floats()), safe) if op == "div" else (safe,)))

    def reduced(self) -> None:
        if self.one_in(2):
            narrow = self.floats((), (2,))
            if narrow:
                self.program.add(Step("expand", (self.recent(narrow),), (2, 2)))
                return
        self.program.add(Step("sum", (self.recent(self.floats()),)))

    def constant(self) -> None:
        self.program.add(Step(self.pick(CONSTANTS), (self.recent(self.floats()),)))

    def detour(self) -> None:
        """Float to integer, or an integer back to float."""
        integers = self.values(lambda node: node.integer)
        if integers and not self.one_in(3):
            op = self.pick(("to_float", "to_float", "mul_float", "add", "identity"))
            first = self.recent(integers)
            if op == "mul_float":
                (made,) = self.program.add(Step("to_float", (first,)))
                self.program.add(Step("mul", (self.recent(self.floats()), made)))
            elif op == "add":
                self.program.add(Step("add", (first, self.recent(integers))))
            else:
                self.program.add(Step(op, (first,)))
        else:
            self.program.add(Step("to_int", (self.recent(self.floats()),)))

    def matrix(self) -> None:
        matrices = self.floats((2, 2))
        if not matrices:
            self.binary()
        elif self.one_in(3):
            self.program.add(Step("t", (self.recent(matrices),)))
        else:
            self.program.add(Step("mm", (self.recent(matrices), self.recent(matrices))))

    def outputs(self) -> None:
        """Ops with several outputs, and stack."""
        op = self.pick(("unbind", "unbind", "var_mean", "frexp", "stack"))
        if op == "stack":
            shape = self.pick(((), (2,)))
            fitting = self.floats(shape)
            if fitting:
                self.program.add(Step("stack", (self.recent(fitting), self.recent(fitting))))
            return
        fitting = self.floats((2,), (2, 2)) if op != "frexp" else self.floats()
        if fitting:
            self.program.add(Step(op, (self.recent(fitting),)))

    def chosen(self) -> None:
        a, b, c = (self.recent(self.floats()) for _ in range(3))
        self.program.add(Step("where", (a, b, c)))

    # -- gradients -------------------------------------------------------------------------------------

    def call(self) -> None:
        program = self.program
        candidates = [n for n in self.values(lambda node: True) if program.orders[n] < MAX_ORDER]
        floats = [n for n in candidates if not program.node(n).integer]
        ys = [self.recent(floats)]
        while self.one_in(4) and len(ys) < 4:
            ys.append(self.recent(candidates))
        above = set(reference.ancestors(program.node(y) for y in ys))
        if len(above) > MAX_NODES // 4:
            return
        upstream = self.values(lambda node: node in above)
        everything = self.values(lambda node: True)
        xs = tuple(self.pick(everything if self.one_in(8) else upstream) for _ in range(self.choose.integer(1, 4)))
        stops = () if self.one_in(2) else self.some(everything if self.one_in(8) else upstream, 0, 3)
        call = Call(tuple(ys), xs, stops, self.seeds(ys), self.aggregation(), self.one_in(4))
        program.add(call)

    def aggregation(self) -> int:
        return self.pick((0, 1, 2)) if self.mixed else 0

    def seeds(self, ys: Sequence[int]) -> tuple[int | float | None, ...] | None:
        if not self.one_in(3):
            return None
        found: list[int | float | None] = []
        for y in ys:
            node = self.program.node(y)
            fitting = [n for n in self.floats(node.shape) if self.program.orders[n] < MAX_ORDER]
            if node.integer or self.one_in(3):
                found.append(None)
            else:
                found.append(self.number() if self.one_in(3) or not fitting else self.recent(fitting))
        return tuple(found)

    # -- a whole ---------------------------------------------------------------------------------------

    def write(self) -> Case:
        self.program.add(Step("placeholder", (), self.number()))
        for _ in range(self.choose.integer(1, 3)):
            self.source()
        for _ in range(MAX_STEPS):
            if self.choose.integer(0, 11) == 0:
                break
            if self.one_in(3):
                self.call()
            else:
                self.step()
        self.call()
        gradients = [n for n in self.values(lambda node: True) if self.program.kinds[n] == "gradient"]
        others = self.some(self.values(lambda node: True), 0, 3)
        fetches = tuple(dict.fromkeys((*gradients, *others)))
        return Case(self.program, fetches, self.feeds())

    def feeds(self) -> dict[int, Array]:
        """Values for computed tensors; variables and placeholders have theirs."""
        found: dict[int, Array] = {}
        while self.one_in(3):
            computed = self.values(lambda node: not node.integer and (node.op != "source"))
            if computed:
                number = self.recent(computed) if self.one_in(2) else self.pick(computed)
                shape = self.program.node(number).shape
                found[number] = np.array([self.number() for _ in range(int(np.prod(shape)))]).reshape(shape)
        return found


@st.composite
def cases(draw: Any) -> Case:
    """Random programs with a run of each."""
    return _Writer(Drawn(draw)).write()


def seeded_case(seed: int) -> Case:
    """The random program of a seed; fast, but not shrunk."""
    return _Writer(Seeded(seed)).write()
