"""The typed data that a plan is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..autodiff.adjoint import GradientCall
from ..graph.operation import Operation, Value
from ..record.variable import State
from .passes import ALL, Passes


@dataclass(slots=True)
class Step:
    """One operation of a run.

    Attributes:
        tape: True if autograd must see it, False if it must not, None if it makes no difference.
        own: outputs that need an autograd node of their own, because their identity matters.
        started: outputs likewise that start the tape if nothing upstream of them turns out to be on it.
        begun: outputs that start the tape in that case, and need no node of their own.
        cut: outputs that leave the tape: they may be the very tensor that was read.
        roots: outputs that start the tape: nothing upstream of them is differentiated.
        gates: output -> the numbers of the calls that stop there.
        fed: output -> the feed that replaces it although the operation runs.
        fans: output -> how many aliases hand it to its readers (for a summing order other than torch's).
        math: whether attention has to use its formula, because it is differentiated twice.
    """

    op: Operation
    tape: bool | None = None
    own: tuple[int, ...] = ()
    started: tuple[int, ...] = ()
    begun: tuple[int, ...] = ()
    cut: tuple[int, ...] = ()
    roots: tuple[int, ...] = ()
    gates: dict[int, tuple[int, ...]] = field(default_factory=dict)
    fed: dict[int, int] = field(default_factory=dict)
    fans: dict[int, int] = field(default_factory=dict)
    math: bool = False


@dataclass(slots=True)
class Sweep:
    """One call of `torch.autograd.grad`.

    Attributes:
        number: its place among the run's sweeps; gates go by it.
        outputs: which outputs of the gradient operation are computed.
        ys, seeds: where the sweep starts; a seed of None is ones.
        groups: per output, the values whose gradients are summed.
        create: whether its results are differentiated again in this run.
        retain: whether a later sweep needs the tape.
    """

    number: int
    call: GradientCall
    outputs: tuple[int, ...]
    ys: tuple[Value, ...]
    seeds: tuple[Value | None, ...]
    groups: tuple[tuple[Value, ...], ...]
    create: bool
    retain: bool


@dataclass(slots=True)
class Update:
    """What becomes of a variable: an in-place update at the end of the run, or a new value.

    Attributes:
        op: the last assign to it.
        donated: whether the old tensor is updated in place, because nobody reads it again.
        copied: whether the new value may share memory with something else and is copied.
        kernel: the operation that computes the new value, if it can change its arguments in place and all of its
            values are donated.
    """

    state: State
    op: Operation
    donated: bool
    copied: bool
    kernel: Operation | None = None


@dataclass(slots=True)
class Plan:
    """A run: feeds and state in, steps in order, fetches and updates out.

    Attributes:
        feeds: the fed values, in the order in which the run receives them.
        roots: fed values at which the tape starts.
        fans: fed values that are handed to their readers as aliases, and how many.
        states: the variables that the run reads; initialised ones are required.
        steps: what is executed, in order.
        sweeps: gradient operation -> its sweep.
        same: a value -> the equal value that is computed in its place (common subexpressions).
        versions: a read or an updating assign -> the assign whose result it sees, if any.
        aliases: (reader, position) -> the alias that it reads, for fanned-out values.
        fetches: the values that are returned.
        shared: positions of fetches whose memory may belong to something else, and are checked or copied.
        cloned: positions of fetches that are copied before the updates, which would change them.
        through: whether gradients of a caller pass from the fetches to the feeds.
        apart: fed values that come with an autograd node of their own.
        passes: what was done, and is to be done with the program, to make it cheaper.
        folding: the plan of what is computed once for all runs, if anything is; the steps are here as well, for a
            run where that fails.
        segments: where stretches of steps begin and end that are computed again on the way back.
    """

    feeds: tuple[Value, ...]
    roots: frozenset[Value]
    fans: dict[Value, int]
    states: tuple[State, ...]
    steps: list[Step]
    sweeps: dict[Operation, Sweep]
    same: dict[Value, Value]
    versions: dict[Operation, Operation]
    aliases: dict[tuple[Operation, int], int]
    fetches: tuple[Value, ...]
    shared: tuple[int, ...]
    cloned: frozenset[int]
    updates: list[Update]
    random: bool
    through: bool = False
    apart: frozenset[Value] = frozenset()
    passes: Passes = ALL
    folding: Plan | None = None
    segments: list[tuple[int, int]] = field(default_factory=list)
