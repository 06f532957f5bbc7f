"""The samples on which graphgrad may differ from eager torch, each with its reason; few, and all still needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.conformance.samples import Sample

SHARE = 0.005  # of all samples, at most


@dataclass(frozen=True)
class Excepted:
    """Samples of one operator that may fail, and that must.

    Attributes:
        operator: the entry's formatted name.
        reason: why eager torch's answer is not the right one for a graph.
        where: which of its samples; all of them if None.
        what: the check that may fail: 'forward', 'gradient', or the name of a variant.
    """

    operator: str
    reason: str
    where: Callable[[Sample], bool] | None = None
    what: str = "forward"


_ANSWER = "it answers with a Python value, which a graph has only in a run: NoValueError"
_SPARSE = "its argument is a sparse CSR tensor; a placeholder is dense"
_MEMORY = "it changes the memory of a tensor, which a graph does not have"
_COLUMNS = "it needs an argument in column-major memory; what is fed is contiguous"
_TOGETHER = "torch's gradient of all outputs together is not the sum of its gradients of each"
_SPARSE_SEED = "the check can't draw a sparse start for the gradient"

EXCEPTIONS: tuple[Excepted, ...] = (
    Excepted("allclose", _ANSWER),
    Excepted("allclose", _ANSWER, what="method"),
    Excepted("equal", _ANSWER),
    Excepted("equal", _ANSWER, what="method"),
    Excepted("item", _ANSWER),
    Excepted("sparse_mm_reduce", _SPARSE),
    Excepted("sparse_sampled_addmm", _SPARSE),
    Excepted("resize_", _MEMORY),
    Excepted("resize_", _MEMORY, what="in place"),
    Excepted("resize_as_", _MEMORY, what="in place"),
    Excepted("torch__scaled_mm", _COLUMNS),
    Excepted("torch__scaled_mm_v2", _COLUMNS),
    Excepted("native_group_norm", _TOGETHER, lambda sample: sample.index not in (12, 13, 14, 15), "gradient"),
    Excepted("to_sparse", _SPARSE_SEED, what="gradient"),
)


def excepted(sample: Sample, what: str) -> Excepted | None:
    """The exception for a check of this sample, if there is one."""
    for each in EXCEPTIONS:
        if each.operator == sample.operator and each.what == what and (each.where is None or each.where(sample)):
            return each
    return None
