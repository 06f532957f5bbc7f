"""Configurations: what has a meaning, and what says once that it has none."""

import warnings

import pytest

import graphgrad as gg
from graphgrad.platform import config
from graphgrad.platform.config import as_config


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch):
    monkeypatch.setattr(config, "_told", set())


def test_what_has_a_meaning_is_kept():
    found = gg.ConfigProto(allow_soft_placement=True, device_count={"GPU": 0}, log_device_placement=True)
    assert (found.allow_soft_placement, found.device_count, found.log_device_placement) == (True, {"GPU": 0}, True)
    assert (found.gpus(4), gg.ConfigProto().gpus(4), gg.ConfigProto(device_count={"GPU": 2}).gpus(4)) == (0, 4, 2)


def test_the_usual_lines_of_scripts():
    found = gg.ConfigProto()
    found.gpu_options.allow_growth = True
    found.device_count["GPU"] = 1
    assert found.gpu_options.allow_growth and gg.ConfigProto().device_count == {}
    assert not gg.ConfigProto().gpu_options.allow_growth


def test_what_has_no_meaning_says_so_once():
    with pytest.warns(UserWarning, match="ConfigProto.inter_op_parallelism_threads has no meaning") as told:
        gg.ConfigProto(inter_op_parallelism_threads=2)
    assert told[0].filename == __file__
    gg.ConfigProto(inter_op_parallelism_threads=2)
    with pytest.warns(UserWarning, match="GPUOptions.per_process_gpu_memory_fraction"):
        gg.GPUOptions(per_process_gpu_memory_fraction=0.5)
    with pytest.warns(UserWarning, match="OptimizerOptions.global_jit_level"):
        gg.GraphOptions(optimizer_options=gg.OptimizerOptions(global_jit_level=gg.OptimizerOptions.ON_1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gg.OptimizerOptions(opt_level=gg.OptimizerOptions.L0, do_constant_folding=False)


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({}, (True, True)),
        ({"opt_level": gg.OptimizerOptions.L0}, (False, False)),
        ({"opt_level": gg.OptimizerOptions.L0, "do_constant_folding": True}, (False, True)),
        ({"opt_level": gg.OptimizerOptions.L0, "do_common_subexpression_elimination": True}, (True, False)),
    ],
    ids=["usual", "level 0", "folding", "merging"],
)
def test_what_optimizer_options_ask_for(options, asked):
    assert gg.OptimizerOptions(**options).asked() == asked


def test_a_field_that_does_not_exist():
    with pytest.raises(AttributeError, match="no field 'soft_placement'; it has allow_soft_placement"):
        gg.ConfigProto(soft_placement=True)
    with pytest.raises(TypeError, match="gpu_options is a GPUOptions"):
        gg.ConfigProto(gpu_options=True)


def test_copies_and_comparisons():
    a, b = gg.ConfigProto(device_count={"GPU": 1}), gg.ConfigProto()
    assert a != b
    b.CopyFrom(a)
    assert a == b
    b.device_count["CPU"] = 1
    assert a != b and a.device_count == {"GPU": 1}
    c = gg.ConfigProto(allow_soft_placement=True)
    c.MergeFrom(a)
    assert (c.allow_soft_placement, c.device_count) == (True, {"GPU": 1})
    assert repr(a) == "ConfigProto(device_count={'GPU': 1})"


def test_as_config():
    found = gg.ConfigProto()
    assert as_config(found) is found and as_config(None) is None
    with pytest.raises(TypeError, match="not a gg.ConfigProto"):
        as_config({"allow_soft_placement": True})
    with pytest.raises(TypeError, match="write config="):
        as_config(gg.GPUOptions())
