"""A row, all frameworks side by side: made, checked against each other, then sampled round by round."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cold
import numpy as np
from contests import Row
from measure import Estimate, estimate, ratio
from pipe import Refused, Worker, unpacked

PATIENCE = 300.0  # seconds for making a row's work ready, or for one sample
LONG = 20.0  # a sample of so many seconds is taken once a contestant
AGREE = 2e-3  # of the largest number in an answer
OURS = "graphgrad"


@dataclass(frozen=True)
class Contestant:
    """A framework by one of its tiers.

    Attributes:
        tier: '' for the plain way.
        word: what the tier is called.
    """

    framework: str
    tier: str
    word: str

    def __str__(self) -> str:
        return f"{self.framework}, {self.word}"


@dataclass
class Outcome:
    """What came of a contestant in a row.

    Attributes:
        samples: seconds per unit, one a round.
        first: seconds from nothing to the first answer, imports left out; None where nothing is compiled.
        peak: bytes of the process at its largest during three later calls, beyond what it took before the row.
        error: how far its answers are from those of torch by hand, of their largest number.
        refused: why there is nothing.
    """

    contestant: Contestant
    samples: list[float] = field(default_factory=list)
    first: float | None = None
    peak: float | None = None
    error: float | None = None
    refused: str = ""

    @property
    def middle(self) -> float:
        return float(np.median(self.samples)) if self.samples else float("inf")


@dataclass
class Result:
    """A row and what came of each contestant."""

    title: str
    name: str
    unit: str
    scale: float
    outcomes: list[Outcome]
    versions: list[str] = field(default_factory=list)
    floor: float | None = None

    def best(self, framework: str) -> Outcome | None:
        """The outcome of the framework's fastest tier; None if it has none."""
        found = [each for each in self.outcomes if each.contestant.framework == framework and each.samples]
        return min(found, key=lambda each: each.middle, default=None)

    def ratio(self, other: Outcome) -> Estimate | None:
        """The time of graphgrad's fastest tier over the other's, round by round."""
        ours = self.best(OURS)
        if ours is None or not other.samples:
            return None
        count = min(len(ours.samples), len(other.samples))
        return ratio(ours.samples[:count], other.samples[:count])


@dataclass(frozen=True)
class Course:
    """How all rows are run."""

    interpreters: dict[str, str]
    threads: int
    rounds: int
    quick: bool
    tell: Callable[[str], Any] = print

    @property
    def lasting(self) -> float:
        """How long a sample should be, in seconds."""
        return 0.005 if self.quick else 0.05


# -- a row --------------------------------------------------------------------------------------------


def run_row(row: Row, contestants: list[Contestant], course: Course) -> Result:
    """Every contestant's worker is started, makes its work, takes turns, and ends with the row."""
    outcomes = [Outcome(each) for each in contestants]
    workers: dict[int, Worker] = {}
    answers: dict[int, list[np.ndarray]] = {}
    try:
        for number, outcome in enumerate(outcomes):
            who = outcome.contestant
            try:
                worker = Worker(who.framework, who.tier, course.interpreters[who.framework], course.threads)
                workers[number] = worker
                made = worker.ask(PATIENCE, do="make", row=row.name, quick=course.quick)
            except Refused as why:
                _refuse(outcome, workers.pop(number, None), why, course)
                continue
            outcome.first, outcome.peak = made["first"], made["peak"]
            answers[number] = unpacked(made["answers"]) if made["answers"] else []
        _compare(outcomes, answers)
        _take_turns(row, outcomes, workers, course)
        versions = list(dict.fromkeys(worker.name for worker in workers.values()))
    finally:
        for worker in workers.values():
            worker.close()
    return Result(row.title, row.name, row.unit, row.scale, outcomes, versions)


def _refuse(outcome: Outcome, worker: Worker | None, why: Refused, course: Course) -> None:
    outcome.refused = str(why)
    course.tell(f"  {outcome.contestant}: {why}")
    if worker is not None:
        worker.close()


def _compare(outcomes: list[Outcome], answers: dict[int, list[np.ndarray]]) -> None:
    """Answers are held against those of torch by hand, or else of the first that has any."""
    order = sorted(answers, key=lambda number: outcomes[number].contestant.framework != "torch")
    reference = answers[order[0]] if order else []
    for number, found in answers.items():
        if not reference:
            continue
        if [each.shape for each in found] != [each.shape for each in reference]:
            raise SystemExit(f"{outcomes[number].contestant}: answers of other shapes than its peers")
        size = max(float(np.abs(each).max()) for each in reference)
        error = max(float(np.abs(a - b).max()) for a, b in zip(found, reference, strict=True)) / size
        if not error < AGREE:
            raise SystemExit(f"{outcomes[number].contestant}: answers differ from its peers' by {error:.2g}")
        outcomes[number].error = error


def _take_turns(row: Row, outcomes: list[Outcome], workers: dict[int, Worker], course: Course) -> None:
    """One sample of each a round; the order turns round from round to round. The first round does not count."""
    order = list(workers)
    lengths: dict[int, float] = {}
    for turn in range(-1, min(course.rounds, row.rounds)):
        for number in order:
            outcome = outcomes[number]
            if number not in workers or (lengths.get(number, 0.0) > LONG and outcome.samples):
                continue
            try:
                seconds = workers[number].ask(PATIENCE, do="sample", lasting=course.lasting)["seconds"]
            except Refused as why:
                _refuse(outcome, workers.pop(number), why, course)
                continue
            lengths[number] = seconds * row.units(row.quick if course.quick else row.size)
            if turn >= 0 or lengths[number] > LONG:
                outcome.samples.append(seconds)
        order.reverse()


# -- starting -----------------------------------------------------------------------------------------


def run_start(contestants: list[Contestant], course: Course) -> Result:
    """New processes, one of each framework a round."""
    outcomes = [Outcome(each) for each in contestants if not each.tier]
    with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
        for turn in range(-1, min(course.rounds, 10)):
            for outcome in outcomes if turn % 2 else outcomes[::-1]:
                name = outcome.contestant.framework
                if outcome.refused:
                    continue
                try:
                    seconds = cold.start(name, course.interpreters[name], course.threads, Path(scratch))
                except Refused as why:
                    _refuse(outcome, None, why, course)
                    continue
                if turn >= 0:
                    outcome.samples.append(seconds)
    return Result("from the start of a process to the first number of a gradient", "start", "s", 1.0, outcomes)


def shown(samples: list[float], scale: float) -> str:
    """The median of the samples with its bounds."""
    found = estimate(samples)
    return str(Estimate(found.middle * scale, found.low * scale, found.high * scale))
