"""`gg.contrib`: what research code used most of TF1's contrib."""

from . import layers, opt, rnn

__all__ = ["layers", "opt", "rnn"]
