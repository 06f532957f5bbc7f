"""An independent gradients(): every derivative written out as nodes, evaluated with numpy.

It shares nothing with graphgrad and uses no torch. A derivative reads the very nodes that torch's own
backward formula reads (that of exp its output, that of `x**2` a power of x, that of `x + w` nothing), so
a gradient is again a DAG of nodes, whether a gradient is None follows from reads alone, and feeding a
node replaces its value wherever it is read, in derivatives too.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]
Shape: TypeAlias = tuple[int, ...]

_numbers = itertools.count()


class Node:
    """One value: an op, what it reads (older nodes), and a static argument."""

    __slots__ = ("number", "op", "reads", "option", "shape", "integer")

    def __init__(self, op: str, reads: Sequence[Node], shape: Shape, option: Any = None, integer: bool = False) -> None:
        self.number = next(_numbers)
        self.op = op
        self.reads = tuple(reads)
        self.option = option
        self.shape = shape
        self.integer = integer

    def __repr__(self) -> str:
        return f"{self.op}#{self.number}"


Pull: TypeAlias = Callable[[], Node]


@dataclass(frozen=True)
class Rule:
    """An op: its shape, its value, and per read the derivative (None where torch's formula has none)."""

    value: Callable[..., Array]
    pulls: Callable[[Node, Node], Sequence[Pull | None]]
    shape: Callable[..., Shape] = lambda option, *reads: np.broadcast_shapes(*reads)
    integer: bool = False


def make(op: str, *reads: Node, option: Any = None) -> Node:
    """A node of an op of `RULES`."""
    rule = RULES[op]
    integer = rule.integer or (op in INTEGER and all(read.integer for read in reads))
    return Node(op, reads, rule.shape(option, *(read.shape for read in reads)), option, integer)


def source(shape: Shape, integer: bool = False) -> Node:
    """An input; its value is fed."""
    return Node("source", (), shape, None, integer)


def constant(value: Any) -> Node:
    array = np.asarray(value)
    return Node("constant", (), array.shape, array, array.dtype.kind == "i")


# -- the ops -------------------------------------------------------------------------------------------


def _mul(a: Node, b: Node) -> Node:
    return make("mul", a, b)


def _scaled(a: Node, factor: float) -> Node:
    return make("scale", a, option=factor)


def _neg(a: Node) -> Node:
    return make("neg", a)


def _one_minus(a: Node) -> Node:
    return make("shift", _neg(a), option=1.0)


def _zeros(like: Node) -> Node:
    return constant(np.zeros(like.shape))


def _unary(value: Callable[[Any], Array], pull: Callable[[Node, Node], Node]) -> Rule:
    """An elementwise op of one read; `pull(node, g)` is its derivative."""
    return Rule(lambda option, x: value(x), lambda n, g: [lambda: pull(n, g)])


def _constant_function(value: Callable[[Any], Array], integer: bool = False) -> Rule:
    """An op with no derivative by nature, or one that casts to or from integers."""
    return Rule(lambda option, x: value(x), lambda n, g: [None], integer=integer)


def _power(n: Node, g: Node) -> Node:
    if n.option == 0:
        return _zeros(n)
    return _mul(g, _scaled(make("pow", n.reads[0], option=n.option - 1), float(n.option)))


def _quotient(n: Node, g: Node) -> Sequence[Pull]:
    a, b = n.reads
    return [lambda: make("div", g, b), lambda: _mul(_neg(g), make("div", make("div", a, b), b))]


def _product(n: Node, g: Node) -> Sequence[Pull]:
    a, b = n.reads
    return [lambda: make("mm", g, make("t", b)), lambda: make("mm", make("t", a), g)]


def _step(n: Node, g: Node) -> Sequence[Pull]:
    """g where the second read is positive: relu's derivative, which reads its output."""
    return [lambda: make("step", g, n.reads[1]), lambda: _zeros(n.reads[1])]


def _chosen(n: Node, g: Node) -> Sequence[Pull | None]:
    condition, a, b = n.reads
    return [None, lambda: make("where", condition, g, _zeros(b)), lambda: make("where", condition, _zeros(a), g)]


def _variance(n: Node, g: Node) -> Node:
    x = n.reads[0]
    spread = make("sub", x, make("mean", x))
    return _mul(_scaled(g, 2.0 / (_size(x.shape) - 1)), spread)


def _size(shape: Shape) -> int:
    return int(np.prod(shape))


def _sum_to(array: Array, shape: Shape) -> Array:
    extra = array.ndim - len(shape)
    axes = [*range(extra)] + [n + extra for n, size in enumerate(shape) if size == 1 != array.shape[n + extra]]
    return np.asarray(array.sum(axis=tuple(axes))).reshape(shape)


def _pad(row: Array, option: tuple[int, int]) -> Array:
    position, length = option
    out = np.zeros((length, *row.shape), dtype=row.dtype)
    out[position] = row
    return out


_first: Callable[..., Shape] = lambda option, *reads: reads[0]  # noqa: E731

SAME = ("contiguous", "plus", "view_as", "to_same", "identity", "dropout_eval", "clone", "reshape_same")
ROUNDING = ("floor", "round", "to_int")
INTEGER = {"add", "mul", "sub", "neg", "identity"}

RULES: dict[str, Rule] = {
    "add": Rule(lambda o, a, b: a + b, lambda n, g: [lambda: g, lambda: g]),
    "sub": Rule(lambda o, a, b: a - b, lambda n, g: [lambda: g, lambda: _neg(g)]),
    "mul": Rule(
        lambda o, a, b: a * b, lambda n, g: [lambda: _mul(g, n.reads[1]), lambda: _mul(g, n.reads[0])]
    ),
    "div": Rule(lambda o, a, b: a / b, _quotient),
    "mm": Rule(lambda o, a, b: a @ b, _product, lambda o, a, b: (a[0], b[1])),
    "where": Rule(lambda o, c, a, b: np.where(c > 0, a, b), _chosen),
    "step": Rule(lambda o, g, out: np.where(out > 0, g, 0.0), _step),
    "neg": _unary(lambda x: -x, lambda n, g: _neg(g)),
    "sin": _unary(np.sin, lambda n, g: _mul(g, make("cos", n.reads[0]))),
    "cos": _unary(np.cos, lambda n, g: _mul(g, _neg(make("sin", n.reads[0])))),
    "log": _unary(np.log, lambda n, g: make("div", g, n.reads[0])),
    "exp": _unary(np.exp, lambda n, g: _mul(g, n)),
    "tanh": _unary(np.tanh, lambda n, g: _mul(g, _one_minus(_mul(n, n)))),
    "sigmoid": _unary(lambda x: 1 / (1 + np.exp(-x)), lambda n, g: _mul(_mul(g, _one_minus(n)), n)),
    "sqrt": _unary(np.sqrt, lambda n, g: make("div", g, _scaled(n, 2.0))),
    "reciprocal": _unary(lambda x: 1 / x, lambda n, g: _mul(_neg(g), _mul(n, n))),
    "relu": _unary(lambda x: np.maximum(x, 0), lambda n, g: make("step", g, n)),
    "abs": _unary(np.abs, lambda n, g: _mul(g, make("sign", n.reads[0]))),
    "sign": _unary(np.sign, lambda n, g: _zeros(n)),
    "pow": Rule(lambda o, x: x**o, lambda n, g: [lambda: _power(n, g)]),
    "scale": Rule(lambda o, x: x * o, lambda n, g: [lambda: _scaled(g, n.option)]),
    "shift": Rule(lambda o, x: x + o, lambda n, g: [lambda: g]),
    "t": Rule(lambda o, x: x.T, lambda n, g: [lambda: make("t", g)], lambda o, x: x[::-1]),
    "expand": Rule(
        lambda o, x: np.broadcast_to(x, o), lambda n, g: [lambda: g], lambda o, x: o
    ),
    "sum_to": Rule(
        lambda o, x: _sum_to(x, o), lambda n, g: [lambda: make("expand", g, option=n.reads[0].shape)], lambda o, x: o
    ),
    "mean": Rule(
        lambda o, x: np.mean(x),
        lambda n, g: [lambda: _scaled(make("expand", g, option=n.reads[0].shape), 1.0 / _size(n.reads[0].shape))],
        lambda o, x: (),
    ),
    "variance": Rule(lambda o, x: np.var(x, ddof=1), lambda n, g: [lambda: _variance(n, g)], lambda o, x: ()),
    "row": Rule(
        lambda o, x: x[o],
        lambda n, g: [lambda: make("pad", g, option=(n.option, n.reads[0].shape[0]))],
        lambda o, x: x[1:],
    ),
    "pad": Rule(
        lambda o, x: _pad(x, o), lambda n, g: [lambda: make("row", g, option=n.option[0])], lambda o, x: (o[1], *x)
    ),
    "stack": Rule(
        lambda o, *rows: np.stack(rows),
        lambda n, g: [lambda k=k: make("row", g, option=k) for k in range(len(n.reads))],  # type: ignore[misc]
        lambda o, *rows: (len(rows), *rows[0]),
    ),
    # the exponent of frexp is an integer: for the mantissa's derivative it is a constant
    "mantissa": Rule(
        lambda o, x, e: np.frexp(x)[0], lambda n, g: [lambda: make("div", g, make("exp2", n.reads[1])), None], _first
    ),
    "exponent": _constant_function(lambda x: np.frexp(x)[1].astype(np.int64), integer=True),
    "exp2": _constant_function(lambda k: np.exp2(k)),
    "to_int": _constant_function(lambda x: np.asarray(x).astype(np.int64), integer=True),
    "to_float": _constant_function(lambda k: np.asarray(k).astype(np.float64)),
    "floor": _constant_function(np.floor),
    "round": _constant_function(np.round),
    "stop": _constant_function(lambda x: x),
    "zeros_like": _constant_function(np.zeros_like),
} | {op: _unary(lambda x: x, lambda n, g: g) for op in SAME}  # fmt: skip


# -- gradients -----------------------------------------------------------------------------------------


def ancestors(nodes: Iterable[Node]) -> list[Node]:
    """These nodes and all that they are computed from, oldest first."""
    found: set[Node] = set()
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if node not in found:
            found.add(node)
            pending.extend(node.reads)
    return sorted(found, key=lambda node: node.number)


def _passes(node: Node) -> list[int]:
    """The reads that a gradient goes on to from this node."""
    if node.integer or not node.reads:
        return []
    return [
        k for k, pull in enumerate(RULES[node.op].pulls(node, node)) if pull is not None and not node.reads[k].integer
    ]


def gradients(
    ys: Sequence[Node],
    xs: Sequence[Node],
    grad_ys: Sequence[Node | None] | None = None,
    stops: Iterable[Node] = (),
) -> list[Node | None]:
    """Per x the node of its gradient, or None if no y depends on it."""
    seeds = grad_ys if grad_ys is not None else [None] * len(ys)
    stopped, wanted = frozenset(stops), frozenset(xs)
    order = ancestors(ys)
    useful = {x for x in wanted if not x.integer}
    for node in order:
        if node not in stopped and any(node.reads[k] in useful for k in _passes(node)):
            useful.add(node)
    terms: dict[Node, list[Node]] = {}
    for y, seed in zip(ys, seeds, strict=True):
        if y in useful or y in wanted:
            ones = constant(np.ones(y.shape, dtype=np.int64 if y.integer else np.float64))
            terms.setdefault(y, []).append(ones if seed is None else seed)
    totals: dict[Node, Node] = {}
    for node in reversed(order):
        if node in terms:
            totals[node] = _total(terms[node])
            if node not in stopped:
                _pull_back(node, totals[node], useful, terms)
    found = {x: make("identity", totals[x]) for x in dict.fromkeys(xs) if x in totals}
    return [found.get(x) for x in xs]


def _total(terms: Sequence[Node]) -> Node:
    total = terms[0]
    for term in terms[1:]:
        total = make("add", total, term)
    return total


def _pull_back(node: Node, g: Node, useful: Set[Node], terms: dict[Node, list[Node]]) -> None:
    passing = [k for k in _passes(node) if node.reads[k] in useful]
    if not passing:
        return
    pulls = RULES[node.op].pulls(node, g)
    for k in passing:
        pull, read = pulls[k], node.reads[k]
        assert pull is not None
        term = pull()
        terms.setdefault(read, []).append(term if term.shape == read.shape else make("sum_to", term, option=read.shape))


# -- values --------------------------------------------------------------------------------------------

_NEAR = 1e-6


def evaluate(nodes: Iterable[Node], given: Mapping[Node, Array]) -> dict[Node, Array]:
    """The value of every ancestor; a node in `given` has that value instead, whatever it is made of."""
    values: dict[Node, Array] = {}
    with np.errstate(all="ignore"):
        for node in _needed(nodes, given):
            if node in given:
                values[node] = np.asarray(given[node])
            elif node.op == "constant":
                values[node] = node.option
            elif node.op == "source":
                raise KeyError(f"{node} is not given")
            else:
                reads = [values[read] for read in node.reads]
                values[node] = np.asarray(RULES[node.op].value(node.option, *reads))
    return values


def _needed(nodes: Iterable[Node], given: Mapping[Node, Array]) -> list[Node]:
    found: set[Node] = set()
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if node not in found:
            found.add(node)
            if node not in given:
                pending.extend(node.reads)
    return sorted(found, key=lambda node: node.number)


def sizes(values: Mapping[Node, Array], given: Mapping[Node, Array]) -> dict[Node, float]:
    """Per node the largest number that it is computed from; inf where rounding decides the answer.

    It decides near a jump (floor at an integer, relu at 0) and where numbers are not finite.
    """
    found: dict[Node, float] = {}
    for node, value in values.items():
        own = float(np.max(np.abs(value), initial=0.0))
        own = own if np.isfinite(own) else np.inf
        if node in given:
            found[node] = own
            continue
        if _jumps(node, values):
            own = np.inf
        found[node] = max([own, *(found[read] for read in node.reads)])
    return found


def _jumps(node: Node, values: Mapping[Node, Array]) -> bool:
    """Whether a rounding error in what it reads could change this node by a jump."""
    if node.op in ROUNDING and not node.reads[0].integer:
        scaled = values[node.reads[0]] * (2 if node.op == "round" else 1)
        return bool(np.any(np.abs(scaled - np.round(scaled)) < _NEAR))
    if node.op in ("relu", "sign", "abs", "where"):
        return bool(np.any(np.abs(values[node.reads[0]]) < _NEAR))
    if node.op == "step":  # its second read is relu's output: zero, or a number that is not near it
        output = np.abs(values[node.reads[1]])
        return bool(np.any((output > 0) & (output < _NEAR)))
    if node.op in ("mantissa", "exponent"):
        mantissa = np.abs(np.frexp(values[node.reads[0]])[0])
        return bool(np.any((mantissa - 0.5 < _NEAR) | (1 - mantissa < _NEAR)))
    return False
