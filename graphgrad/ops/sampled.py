"""Losses over many classes that look at a few: noise-contrastive estimation, sampled softmax, and their samplers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..graph.graph import name_scope
from .kernels import candidates
from .nn import embedding_lookup, sigmoid_cross_entropy_with_logits, softmax_cross_entropy_with_logits_v2
from .sources import convert_to_tensor
from .table import apply, seeded, tensor

# -- samplers -------------------------------------------------------------------------------------------


def _sampled(kernel: Any, true: Any, num_true: int, rest: tuple[Any, ...], seed: int | None, name: str) -> Any:
    classes = tensor(true)
    if classes.shape.as_list()[-1] not in (num_true, None):
        raise ValueError(f"true_classes has {classes.shape} classes a row, num_true is {num_true}")
    return tuple(seeded(apply(kernel, (classes.long(), *rest), {}, name), seed))


def log_uniform_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Classes drawn as words are: class k with probability log((k + 2) / (k + 1)) / log(range_max + 1).

    Args:
        true_classes: [batch, num_true], integers below range_max.
        num_true: how many true classes a row has.
        num_sampled: how many classes to draw, for the whole batch.
        unique: whether they are all different.
        range_max: the number of classes, the most frequent first.
        seed: the operation's own seed.
        name: the operation's name.

    Returns:
        The classes drawn [num_sampled], and how often the true ones [batch, num_true] and these [num_sampled] are
        expected to be among as many draws.

    >>> import graphgrad as gg
    >>> drawn, true, expected = gg.nn.log_uniform_candidate_sampler([[3]], 1, 5, True, 100)
    >>> drawn.shape, true.shape, expected.shape
    (TensorShape([5]), TensorShape([1, 1]), TensorShape([5]))
    """
    rest = (int(num_sampled), bool(unique), int(range_max))
    return _sampled(candidates.log_uniform, true_classes, num_true, rest, seed, name or "LogUniformCandidateSampler")


def uniform_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Classes that are all as likely; arguments and result as of `log_uniform_candidate_sampler`."""
    rest = (int(num_sampled), bool(unique), int(range_max))
    return _sampled(candidates.uniform, true_classes, num_true, rest, seed, name or "UniformCandidateSampler")


def fixed_unigram_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, vocab_file: str = "",
    distortion: float = 1.0, num_reserved_ids: int = 0, num_shards: int = 1, shard: int = 0,
    unigrams: Sequence[float] = (), seed: int | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Classes drawn in proportion to their counts; the other arguments and the result as of the log-uniform sampler.

    Args:
        range_max: the number of classes.
        vocab_file: must be empty: read the counts in Python.
        distortion: the power of the counts that is drawn by.
        num_reserved_ids: so many classes come before those that have counts, and are never drawn.
        num_shards, shard: must be 1 and 0.
        unigrams: the count of each class.
    """
    if vocab_file or num_shards != 1 or shard:
        raise NotImplementedError("vocab_file and shards: read the counts in Python and pass them as unigrams")
    weights = (0.0,) * num_reserved_ids + tuple(float(count) ** distortion for count in unigrams)
    if len(weights) != range_max:
        raise ValueError(f"range_max is {range_max}, there are {len(weights)} classes")
    rest = (int(num_sampled), bool(unique), weights)
    return _sampled(candidates.weighted, true_classes, num_true, rest, seed, name or "FixedUnigramCandidateSampler")


def compute_accidental_hits(
    true_classes: Any, sampled_candidates: Any, num_true: int, seed: int | None = None, name: str | None = None
) -> Any:
    """Where classes that were drawn are true ones.

    Args:
        true_classes: [batch, num_true].
        sampled_candidates: [num_sampled].
        num_true: how many true classes a row has.
        seed: makes no difference: nothing is drawn.
        name: the operation's name.

    Returns:
        Rows, places among the candidates, and weights: the lowest float32, to be added to the logits there.
    """
    given = (tensor(true_classes).long(), tensor(sampled_candidates).long())
    return tuple(apply(candidates.accidental_hits, given, {}, name or "ComputeAccidentalHits"))


# -- losses ---------------------------------------------------------------------------------------------


def _logits(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int,
    sampled_values: Any, remove_accidental_hits: bool, seed: int | None,
) -> tuple[Any, Any]:  # fmt: skip
    """Logits and labels of the true classes and those drawn, [batch, num_true + num_sampled]."""
    true = tensor(labels).long()
    if true.dim() == 1:
        true = true.unsqueeze(1)
    if sampled_values is None:
        sampled_values = log_uniform_candidate_sampler(true, num_true, num_sampled, True, num_classes, seed)
    drawn, expected_true, expected_drawn = (tensor(each).detach() for each in sampled_values)
    rows, shifts = embedding_lookup(weights, true), embedding_lookup(biases, true)
    given = convert_to_tensor(inputs)
    near = (rows * given.unsqueeze(1)).sum(2) + shifts - torch.log(expected_true)
    far = given @ embedding_lookup(weights, drawn).t() + embedding_lookup(biases, drawn)
    if remove_accidental_hits:
        low = torch.finfo(torch.float32).min
        far = torch.where(apply(candidates.hits, (true, drawn), {}, "hits"), far + low, far)
    far = far - torch.log(expected_drawn)
    wanted = torch.cat([torch.ones_like(near) / num_true, torch.zeros_like(far)], 1).detach()
    return torch.cat([near, far], 1), wanted


def nce_loss(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int = 1,
    sampled_values: Any = None, remove_accidental_hits: bool = False, partition_strategy: str = "mod",
    name: str = "nce_loss",
) -> Any:  # fmt: skip
    """The loss of noise-contrastive estimation: true classes against a few that are drawn.

    Args:
        weights: [num_classes, size], a row for each class.
        biases: [num_classes].
        labels: [batch, num_true], integers.
        inputs: [batch, size].
        num_sampled: how many classes are drawn, for the whole batch.
        num_classes: how many there are; the most frequent ones first, if they are drawn by the usual sampler.
        num_true: how many true classes a row has.
        sampled_values: what a sampler returned; that of `log_uniform_candidate_sampler` without repeats if None.
        remove_accidental_hits: whether classes drawn that are true ones do not count.
        partition_strategy: of weights in several parts, which are refused.
        name: the scope of the operations.

    Returns:
        [batch], the loss of each row.

    >>> import graphgrad as gg
    >>> gg.nn.nce_loss(gg.ones([50, 8]), gg.zeros([50]), [[3], [7]], gg.ones([2, 8]), 5, 50).shape
    TensorShape([2])
    """
    with name_scope(name):
        logits, wanted = _logits(
            weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values,
            remove_accidental_hits, None,
        )  # fmt: skip
        return sigmoid_cross_entropy_with_logits(labels=wanted, logits=logits).sum(1)


def sampled_softmax_loss(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int = 1,
    sampled_values: Any = None, remove_accidental_hits: bool = True, partition_strategy: str = "mod",
    name: str = "sampled_softmax_loss", seed: int | None = None,
) -> Any:  # fmt: skip
    """The cross entropy of a softmax over the true classes and a few that are drawn; for training only.

    Args:
        weights, biases, labels, inputs, num_sampled, num_classes, num_true: as of `nce_loss`.
        sampled_values, remove_accidental_hits, partition_strategy, name: as of `nce_loss`.
        seed: of the draws.

    Returns:
        [batch], the loss of each row.
    """
    with name_scope(name):
        logits, wanted = _logits(
            weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values,
            remove_accidental_hits, seed,
        )  # fmt: skip
        return softmax_cross_entropy_with_logits_v2(labels=wanted, logits=logits)
