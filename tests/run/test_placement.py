"""Where a session runs, and what TF1's configuration changes about it."""

import pytest
import torch

import graphgrad as gg
from graphgrad.run.placement import placed

without_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")


def test_the_cpu_is_the_usual_place() -> None:
    assert placed(None, gg.ConfigProto()) == placed("/cpu:0", gg.ConfigProto()) == "cpu"


@without_cuda
def test_soft_placement_falls_back_to_the_cpu() -> None:
    assert placed("/gpu:0", gg.ConfigProto(allow_soft_placement=True)) == "cpu"
    with pytest.raises(RuntimeError, match="torch finds no CUDA device here"):
        placed("/gpu:0", gg.ConfigProto())


def test_a_session_says_where_operations_go(capsys: pytest.CaptureFixture[str]) -> None:
    y = gg.sin(gg.constant(1.0, name="x"), name="y")
    with gg.Session(config=gg.ConfigProto(log_device_placement=True)) as session:
        session.run(y)
    assert "y: (Sin): cpu\n" in capsys.readouterr().err


def test_what_is_no_configuration() -> None:
    with pytest.raises(TypeError):
        gg.Session(config=3)
