"""TF1 names that make no sense here, and what to use instead: those that `ops/refused_names.py` does not know."""

from __future__ import annotations

from ..ops.refused_names import alternative

# The beginning of a name, without `tensorflow.` -> what to use.
INSTEAD: dict[str, str] = {
    "contrib.distributions": "torch.distributions",
    "contrib.rnn": "the cells of gg.nn.rnn_cell; or torch.nn.LSTM, which takes symbolic tensors",
    "contrib.seq2seq": "gg.nn.dynamic_rnn with gg.while_loop",
    "contrib.tpu": "torch_xla",
    "contrib.training": "a plain dict",
    "distributions": "torch.distributions",
    "examples.tutorials.mnist": "torchvision.datasets.MNIST, fed as arrays",
    "feature_column": "torch.nn.Embedding",
    "matching_files": "gg.gfile.Glob",
    "python.keras": "torch.nn modules, called with symbolic tensors",
    "train.BytesList": "feed arrays",
    "train.Example": "feed arrays",
    "train.Feature": "feed arrays",
    "train.FloatList": "feed arrays",
    "train.Int64List": "feed arrays",
    "train.Server": "torch.distributed",
}


def instead(name: str) -> str:
    """What to use in place of a name, '' if nobody has said.

    >>> instead("contrib.seq2seq.BasicDecoder"), instead("nn.relu")
    ('gg.nn.dynamic_rnn with gg.while_loop', '')
    """
    fitting = [known for known in INSTEAD if name.startswith(known)]
    return INSTEAD[max(fitting, key=len)] if fitting else alternative(name) or ""
