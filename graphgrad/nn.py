"""`gg.nn`: TF1's neural network functions, recurrent networks and losses over many classes."""

from .ops import nn as _functions
from .ops import rnn as rnn_cell
from .ops.nn import *  # noqa: F403
from .ops.refused_names import refusal
from .ops.rnn.unrolled import (
    bidirectional_dynamic_rnn,
    dynamic_rnn,
    static_bidirectional_rnn,
    static_rnn,
)
from .ops.sampled import (
    compute_accidental_hits,
    fixed_unigram_candidate_sampler,
    log_uniform_candidate_sampler,
    nce_loss,
    sampled_softmax_loss,
    uniform_candidate_sampler,
)

__getattr__ = refusal(__name__, "gg.nn")

__all__ = [
    *_functions.__all__,
    "bidirectional_dynamic_rnn", "compute_accidental_hits", "dynamic_rnn", "fixed_unigram_candidate_sampler",
    "log_uniform_candidate_sampler", "nce_loss", "rnn_cell", "sampled_softmax_loss", "static_bidirectional_rnn",
    "static_rnn", "uniform_candidate_sampler",
]  # fmt: skip
