"""The figures: every sample checked, counted, and the failures grouped by what went wrong."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from tests.conformance.check import AGREED, FAILED, REFUSED, Outcome, check, check_call
from tests.conformance.exceptions import Excepted, excepted
from tests.conformance.samples import Sample, samples
from tests.conformance.variants import variants

Judged = tuple[Sample, Outcome, Excepted | None]


def judged(entry: Any, few: bool, dtype: torch.dtype | None = None) -> Iterator[Judged]:
    """Every outcome of an entry, with the exception that covers it: all samples, then the variants of one."""
    spelled = False
    for sample in samples(entry, few, dtype):
        outcomes = check(sample)
        if not spelled and outcomes[0].state != REFUSED and not sample.broadcasts:
            spelled = isinstance(sample.args[0], torch.Tensor)
            outcomes += [check_call(sample, name, function) for name, function in variants(sample)]
        for outcome in outcomes:
            yield sample, outcome, excepted(sample, outcome.what)


def complaint(item: Judged) -> str:
    """What is wrong with an outcome, or ''."""
    sample, outcome, exception = item
    label = f"{outcome.sample} {outcome.what}"
    if outcome.state == FAILED and exception is None:
        return f"{label}, {outcome.stage}: {outcome.error}\n    {sample.summary()}"
    if outcome.state == AGREED and exception is not None:
        return f"{label} agrees: it is no exception any more ({exception.reason})"
    return ""


@dataclass
class Tally:
    """The counts of a report, kept while it runs."""

    states: Counter[str] = field(default_factory=Counter)
    variants: Counter[str] = field(default_factory=Counter)
    gradients: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    refusals: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    zeros: int = 0
    stale: list[str] = field(default_factory=list)
    groups: defaultdict[str, list[tuple[Sample, Outcome]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, items: Iterable[Judged]) -> None:
        """Count the outcomes of one entry."""
        worst: dict[str, str] = {}
        for sample, outcome, exception in items:
            state = "excepted" if exception is not None and outcome.state == FAILED else outcome.state
            self.zeros += outcome.zeros
            self.notes.update(outcome.notes)
            if state == REFUSED:
                self.refusals[outcome.error[:90]].append(f"{outcome.sample} {outcome.what}")
            if exception is not None and outcome.state == AGREED:
                self.stale.append(complaint((sample, outcome, exception)))
            if state == "excepted" and exception is not None:
                self.reasons[exception.reason] += 1
            if state == FAILED:
                self.groups[grouped(outcome)].append((sample, outcome))
            if outcome.what not in ("forward", "gradient"):
                self.variants[state] += 1
                continue
            if outcome.what == "gradient":
                self.gradients[state] += 1
                if state == REFUSED:
                    continue
            worst[sample.name] = max(worst.get(sample.name, AGREED), state, key=_ORDER.index)
        self.states.update(worst.values())


_ORDER = [AGREED, REFUSED, "excepted", FAILED]


def grouped(outcome: Outcome) -> str:
    """The line under which a failure is counted: numbers and names left out."""
    text = re.sub(r"^(\w+Error: )[\w.]+: ", r"\1<op>: ", outcome.error)
    text = re.sub(r"\b\w+:\d+\b", "<tensor>", re.sub(r"d result\S* / d x\d+", "<gradient>", text))
    return f"{outcome.stage}: " + re.sub(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?", "#", text)


def text(tally: Tally, trace: bool) -> str:
    """The report: the table, then the failing samples by group, largest first."""
    total = sum(tally.states.values())
    lines = [f"{'samples':12}{total:8}"]
    lines += [f"{state:12}{tally.states[state]:8}" for state in _ORDER]
    lines += [f"gradients   {dict(tally.gradients)}, None where torch has zeros: {tally.zeros}"]
    lines += [f"variants    {dict(tally.variants)}"]
    lines += [f"  excepted {count:6}  {reason}" for reason, count in tally.reasons.most_common()]
    lines += [f"  {count:6}  {note}" for note, count in tally.notes.most_common()]
    lines += [f"  eager torch refuses {len(names)}: {why}  ({names[0]}, ...)" for why, names in tally.refusals.items()]
    lines += tally.stale
    for group, failures in sorted(tally.groups.items(), key=lambda item: -len(item[1])):
        operators = Counter(sample.operator for sample, _ in failures)
        lines += ["", f"== {len(failures)} x {group}"]
        lines += ["   " + ", ".join(f"{name} {count}" for name, count in operators.most_common())]
        shown: set[str] = set()
        for sample, outcome in failures:
            key = f"{sample.operator} {outcome.what}"
            if key not in shown or trace:
                lines += [
                    f"   {outcome.sample} {outcome.what}: {outcome.error[:300]}",
                    f"      {sample.summary()[:300]}",
                ]
            if trace and key not in shown:
                lines += [outcome.trace]
            shown.add(key)
    return "\n".join(lines)
