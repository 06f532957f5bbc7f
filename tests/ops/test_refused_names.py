"""Names that are not there say what to use."""

import importlib

import pytest

import graphgrad as gg
from graphgrad.ops.refused_names import REFUSED, RefusedName, alternative, nearest

SAID = {
    "FIFOQueue": "DataLoader",
    "train.batch": "DataLoader",
    "estimator": "Session",
    "data": "DataLoader",
    "image.decode_jpeg": "PIL",
    "string_join": "strings",
    "strings": "strings",
    "string": "strings",
    "sparse_placeholder": "sparse",
    "SparseTensor": "sparse",
    "nn.learned_unigram_candidate_sampler": "uniform_candidate_sampler",
    "read_file": "open",
    "nn.raw_rnn": "dynamic_rnn",
    "decode_raw": "frombuffer",
    "import_graph_def": "GraphDef",
    "GraphDef": "graph.nx",
    "nn.ctc_loss": "ctc_loss",
    "parse_single_example": "DataLoader",
    "qint8": "torch.ao",
}


@pytest.mark.parametrize("name", SAID)
def test_a_name_that_makes_no_sense_here(name):
    assert SAID[name] in alternative(name)


@pytest.mark.parametrize("name", [name for name in SAID if not name.startswith("train.")])
def test_asking_for_it_says_so(name):
    space, _, last = name.rpartition(".")
    module = getattr(gg, space) if space else gg
    with pytest.raises(AttributeError, match=r"has no .*: "):
        getattr(module, last)
    with pytest.raises(NotImplementedError):
        getattr(module, last)
    assert not hasattr(module, last)


def test_an_unknown_name_has_neighbours():
    with pytest.raises(AttributeError, match="reduce_sum") as refused:
        gg.reduce_summ  # noqa: B018
    assert not isinstance(refused.value, RefusedName) and refused.value.name == "reduce_summ"
    with pytest.raises(AttributeError, match="max_pool"):
        gg.nn.maxpool  # noqa: B018
    with pytest.raises(AttributeError, match=r"has no attribute 'zzzzzz'$"):
        gg.zzzzzz  # noqa: B018
    assert nearest("softmax_cross_entropy", gg.nn.__all__)[0].startswith("softmax_cross_entropy")


def test_nothing_that_exists_is_refused():
    for space in ("", "nn", "image", "linalg", "math", "random", "debugging"):
        module = getattr(gg, space) if space else gg
        names = [f"{space}.{name}" if space else name for name in module.__all__]
        assert [name for name in names if alternative(name)] == []


def test_the_machinery_of_python_is_not_disturbed():
    for name in ("__path__x", "__wrapped__", "_private"):
        with pytest.raises(AttributeError, match="has no attribute"):
            getattr(gg.nn, name)
    assert importlib.import_module("graphgrad.nn") is gg.nn
    assert all(use and not use.endswith(".") for use in REFUSED.values())
