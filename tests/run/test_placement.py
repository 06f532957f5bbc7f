"""Where a session runs, and what TF1's configuration changes about it."""

from collections.abc import Iterator

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


@pytest.fixture
def threads() -> Iterator[int]:
    """The number of threads before the test, and afterwards again."""
    before = torch.get_num_threads()
    yield before
    torch.set_num_threads(before)


@pytest.mark.parametrize("wanted", [1, 3])
def test_a_session_is_given_threads(threads: int, wanted: int) -> None:
    gg.Session(config=gg.ConfigProto(intra_op_parallelism_threads=wanted))
    assert torch.get_num_threads() == wanted
    gg.Session(config=gg.ConfigProto())
    assert torch.get_num_threads() == wanted


def test_no_session_has_a_negative_number_of_threads(threads: int) -> None:
    with pytest.raises(ValueError, match="intra_op_parallelism_threads is -1"):
        gg.Session(config=gg.ConfigProto(intra_op_parallelism_threads=-1))
    assert torch.get_num_threads() == threads


def test_what_is_no_configuration() -> None:
    with pytest.raises(TypeError):
        gg.Session(config=3)
