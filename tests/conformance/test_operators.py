"""Every operator of torch's database agrees with eager torch: two samples each, or all of them.

`GRAPHGRAD_CONFORMANCE=all` takes all; `python -m tests.conformance` prints the figures.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest
import torch

import graphgrad as gg
from tests.conformance.check import FAILED, check, check_call
from tests.conformance.exceptions import EXCEPTIONS, SHARE, Excepted, excepted
from tests.conformance.report import complaint, judged
from tests.conformance.samples import FEW, Sample, entries, samples

SHORT = os.environ.get("GRAPHGRAD_CONFORMANCE") != "all"
ENTRIES = {entry.formatted_name: entry for entry in entries()}


@pytest.mark.parametrize("operator", ENTRIES)
def test_an_operator_agrees_with_eager_torch(operator: str) -> None:
    found = [text for item in judged(ENTRIES[operator], SHORT) if (text := complaint(item))]
    assert not found, "\n".join(found)


def test_the_exceptions_are_operators() -> None:
    assert [each.operator for each in EXCEPTIONS if each.operator not in ENTRIES] == []


@pytest.mark.skipif(SHORT, reason="counts every sample of the database")
def test_the_exceptions_are_few() -> None:
    total, outside = 0, Counter[str]()
    for entry in ENTRIES.values():
        for sample in samples(entry, few=False):
            total += 1
            exception = excepted(sample, "forward") or excepted(sample, "gradient")
            outside[exception.reason if exception else ""] += 1
    del outside[""]
    assert outside.total() <= SHARE * total, outside


# -- the checks themselves find what is wrong ----------------------------------------------------------


@pytest.fixture
def sample() -> Sample:
    return samples(ENTRIES["sin"], few=True)[0]


def test_few_samples_are_always_the_same() -> None:
    indices = [[sample.index for sample in samples(ENTRIES["svd"], few=True)] for _ in range(2)]
    assert indices[0] == indices[1] and len(indices[0]) == FEW


@pytest.mark.parametrize(
    ("ours", "error"),
    [
        (lambda x: torch.sin(x) + 1e-6, "value: result"),
        (lambda x: torch.sin(x).float(), "declared dtype: result"),
        (lambda x: torch.sin(x)[None], "declared shape: result"),
        (lambda x: (torch.sin(x),), "structure: result"),
        (lambda x: torch.zeros(x.shape), "structure: result is a plain Tensor"),
        (lambda x: torch.sin(x) + torch.rand_like(x), "value: result"),
        (lambda x: x @ x[:0], "RecordingError: "),
    ],
)
def test_a_difference_is_found(sample: Sample, ours: object, error: str) -> None:
    def function(x: torch.Tensor) -> object:
        return ours(x) if isinstance(x, gg.Tensor) else torch.sin(x)  # type: ignore[operator]

    outcome = check_call(sample, "forward", function)
    assert outcome.state == FAILED
    assert outcome.error.startswith(error)


@pytest.mark.parametrize(
    ("ours", "error"),
    [
        (lambda x: torch.sin(x) + (x - x.detach()), "value: d result / d x0"),
        (lambda x: torch.sin(x).detach(), "connection: d result / d x0 is None, in torch a tensor"),
    ],
)
def test_a_wrong_gradient_is_found(sample: Sample, monkeypatch: pytest.MonkeyPatch, ours: object, error: str) -> None:
    def function(x: torch.Tensor) -> object:
        return ours(x) if isinstance(x, gg.Tensor) else torch.sin(x)  # type: ignore[operator]

    monkeypatch.setattr(sample.entry, "op", function)
    forward, gradient = check(sample)
    assert (forward.state, gradient.state) == ("agreed", FAILED)
    assert gradient.error.startswith(error)


def test_a_wrong_distribution_is_found(sample: Sample) -> None:
    def function(x: torch.Tensor) -> torch.Tensor:
        shift = 0.1 if isinstance(x, gg.Tensor) else 0.0
        return torch.rand_like(x) + torch.rand_like(x) + shift

    outcome = check_call(sample, "forward", function)
    assert (outcome.state, outcome.error) == (FAILED, "random: result has another mean than in torch")


def test_an_exception_must_fail(sample: Sample) -> None:
    exception = Excepted("sin", "a made-up reason")
    agrees = check_call(sample, "forward", torch.sin)
    differs = check_call(sample, "forward", lambda x: torch.sin(x) + isinstance(x, gg.Tensor))
    assert complaint((sample, agrees, None)) == ""
    assert "it is no exception any more (a made-up reason)" in complaint((sample, agrees, exception))
    assert complaint((sample, differs, exception)) == ""
    assert "sin[0] forward, run: value: result" in complaint((sample, differs, None))
