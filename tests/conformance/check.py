"""What is asked of every sample: numbers, dtype, shape, gradients; of random operators their draws."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from tests.conformance.draws import Replay, compare_distributions, drawing
from tests.conformance.nests import Disagreement, side_by_side
from tests.conformance.recorded import Eager, Function, Recorded, Refused, compare, compare_results, symbolic
from tests.conformance.samples import UNDEFINED, Sample

AGREED, FAILED, REFUSED = "agreed", "failed", "refused"
MANY = 4  # outputs of which each is differentiated alone
NO_TENSOR = "no tensor among the arguments: nothing to record"


@dataclass(frozen=True)
class Outcome:
    """What came of one check.

    Attributes:
        sample: its name, `add[3]`.
        what: 'forward', 'gradient', or the name of the variant that was called.
        state: 'agreed', 'failed', or 'refused' where eager torch itself refuses the call.
        stage: what was being done when it failed: 'record', 'run', 'gradients', 'sweep'.
        error: the first line.
        trace: the traceback.
        notes: what was particular, counted in the report.
        zeros: gradients that are None here and zeros in torch.
    """

    sample: str
    what: str
    state: str
    stage: str = ""
    error: str = ""
    trace: str = ""
    notes: tuple[str, ...] = ()
    zeros: int = 0


class _Progress:
    """How far a check has come, for the report."""

    def __init__(self) -> None:
        self.stage = "eager"
        self.notes: list[str] = []
        self.zeros = 0


def check(sample: Sample) -> list[Outcome]:
    """The outcomes of one sample: forward and, where torch has one, gradient."""
    function = sample.entry.op
    outcomes = [_outcome(sample, "forward", lambda progress: _forward(sample, function, progress))]
    if outcomes[0].state == AGREED and sample.entry.supports_autograd:
        outcomes.append(_outcome(sample, "gradient", lambda progress: _gradient(sample, function, progress)))
    return outcomes


def check_call(sample: Sample, what: str, function: Function) -> Outcome:
    """The forward outcome of another spelling of the call."""
    return _outcome(sample, what, lambda progress: _forward(sample, function, progress))


def _outcome(sample: Sample, what: str, step: Callable[[_Progress], None]) -> Outcome:
    progress = _Progress()
    torch.default_generator.manual_seed(sample.index)
    try:
        step(progress)
    except Refused as error:
        return Outcome(sample.name, what, REFUSED, progress.stage, str(error), notes=tuple(progress.notes))
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        kind = "" if isinstance(error, Disagreement) else f"{type(error).__name__}: "
        trace = traceback.format_exc()
        return Outcome(sample.name, what, FAILED, progress.stage, kind + lines[0], trace)
    return Outcome(sample.name, what, AGREED, notes=tuple(progress.notes), zeros=progress.zeros)


def _record(sample: Sample, function: Function, progress: _Progress) -> Recorded:
    progress.stage = "record"
    recorded = Recorded(function, sample.args, sample.kwargs)
    progress.stage = "run"
    return recorded


def _forward(sample: Sample, function: Function, progress: _Progress) -> None:
    eager = Eager(function, sample.args, sample.kwargs)
    if not eager.drew:
        recorded = _record(sample, function, progress)
        written = sample.entry.name not in UNDEFINED
        if not recorded.feeds or not written:
            progress.notes.append("unwritten memory: shape and dtype only" if recorded.feeds else NO_TENSOR)
        compare_results(recorded, eager.result, written)
        _compare_warnings(recorded, eager)
        return
    with drawing() as replay:
        recorded = _record(sample, function, progress)
        compare_results(recorded, eager.result, numbers=False)
        if recorded.feeds and not replay.states:
            raise Disagreement("random: torch draws numbers, the graph does not")
        again = _repeat(replay, function, sample, grad=False)
        if again is not None:
            replay.states.clear()
            recorded.restart()
            compare_results(recorded, again.result)
            progress.notes.append("random: with the numbers of the run, torch gives the same")
        elif recorded.feeds:
            compare_distributions(recorded, lambda: Eager(function, sample.args, sample.kwargs).result)
            progress.notes.append("random: the distribution is the same")
        else:
            progress.notes.append(NO_TENSOR)
    _compare_warnings(recorded, eager)


def _repeat(replay: Replay, function: Function, sample: Sample, grad: bool) -> Eager | None:
    """The eager call with the numbers that the run drew; None if it drew more than once."""
    if len(replay.states) != 1:
        return None
    with replay.numbers():
        return Eager(function, sample.args, sample.kwargs, grad)


def _gradient(sample: Sample, function: Function, progress: _Progress) -> None:
    eager = Eager(function, sample.args, sample.kwargs, grad=True)
    with drawing() as replay:
        progress.stage = "gradients"
        recorded = Recorded(function, sample.args, sample.kwargs)
        leaves = list(side_by_side(recorded.result, eager.result))
        places = [place for place, (_, _, want) in enumerate(leaves) if _floating(want)]
        seeds = {place: torch.randn_like(leaves[place][2].detach()) for place in places}
        groups = _groups(places)
        wrt = [x for x, copy in zip(recorded.xs, eager.inputs, strict=True) if copy.requires_grad]
        if not groups or not wrt:
            progress.notes.append("no floating output, or no input that requires a gradient")
            return
        ys = [[leaves[place][1] for place in group] for group in groups]
        starts = [[seeds[place] for place in group] for group in groups]
        asked: list[tuple[list[int], Any]] = []
        refusal = None
        for group, y, start in zip(groups, ys, starts, strict=True):
            try:  # first: where eager torch has no gradient, graphgrad may refuse in any way
                eager.gradients([leaves[place][2] for place in group], start)
            except Refused as error:
                refusal = error
                continue
            asked.append((group, recorded.gradients(y, wrt, start)))
        if not asked and refusal is not None:
            raise refusal
        progress.stage = "sweep"
        values = recorded.run([[have for _, have, _ in leaves if symbolic(have)], [found for _, found in asked]])
        if eager.drew:
            again = _repeat(replay, function, sample, grad=True)
            if again is None:
                progress.notes.append("random: gradients computed, not compared")
                return
            eager = again
            leaves = list(side_by_side(recorded.result, eager.result))
        _compare_gradients(eager, leaves, seeds, asked, values[1], progress)
    _compare_warnings(recorded, eager)


def _compare_gradients(
    eager: Eager, leaves: list[Any], seeds: dict[int, Any], asked: list[Any], values: list[Any], progress: _Progress
) -> None:
    for (group, _), found in zip(asked, values, strict=True):
        wanted = eager.gradients([leaves[place][2] for place in group], [seeds[place] for place in group])
        for number, (have, want) in enumerate(zip(found, wanted, strict=True)):
            where = f"d {'+'.join(leaves[place][0] for place in group)} / d x{number}"
            if have is None and want is not None and not want.to_dense().any():
                progress.zeros += 1
            elif have is None or want is None:
                if have is not want:
                    raise Disagreement(f"connection: {where} is {_presence(have)}, in torch {_presence(want)}")
            else:
                compare(where, have, want)


def _groups(places: list[int]) -> list[list[int]]:
    """The outputs that are differentiated alone, and all together."""
    single = [[place] for place in places[:MANY]]
    return single if len(places) < 2 else [*single, places]


def _floating(item: Any) -> bool:
    return isinstance(item, torch.Tensor) and (item.is_floating_point() or item.is_complex())


def _presence(gradient: Any) -> str:
    return "None" if gradient is None else "a tensor"


def _compare_warnings(recorded: Recorded, eager: Eager) -> None:
    extra = recorded.warnings - eager.warnings
    if extra:
        raise Disagreement(f"warning: {min(extra)}")
