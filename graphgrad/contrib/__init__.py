"""`gg.contrib`: what research code used most of TF1's contrib."""

from ..ops.refused_names import refusal
from . import framework, layers, losses, opt, rnn, slim

__getattr__ = refusal(__name__, "gg.contrib")

__all__ = ["framework", "layers", "losses", "opt", "rnn", "slim"]
