"""Checkpoints that TensorFlow 2.21 wrote: tests/train/data/ has two of them, of some kilobytes.

`kinds.ckpt` was saved by `tf.train.Saver(sharded=True)` from two CPU devices. Variables `kinds/<dtype>` are 2 x 3:
3 k - 4 for the k-th element, for unsigned and bool 0 and 200 in turn, plus 2i where complex; `kinds/string` has texts;
`part/table` and `part/wide` count up and are partitioned in three along their first and second axis.
`model.ckpt-3` has forty layers, and a matrix after three steps of Adam.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from graphgrad.train.bundle import Bundle

DATA = Path(__file__).parent / "data"
KINDS = str(DATA / "kinds.ckpt")
DTYPES = (
    "float32 float64 float16 bfloat16 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool complex64 complex128"
).split()


def test_names_and_shapes():
    file = Bundle(KINDS)
    names = sorted([*(f"kinds/{name}" for name in [*DTYPES, "string"]), "scalar", "empty", "part/table", "part/wide"])
    assert file.names() == names
    shapes = {name: file.shape(name) for name in ("kinds/int8", "scalar", "empty", "part/table", "part/wide")}
    assert list(shapes.values()) == [(2, 3), (), (0, 3), (7, 2), (2, 300)]


@pytest.mark.parametrize("name", DTYPES)
def test_values_of_every_dtype(name):
    file, dtype = Bundle(KINDS), getattr(torch, name)
    unsigned = not dtype.is_signed
    wanted = torch.tensor([0, 200] * 3 if unsigned else [3 * k - 4 for k in range(6)])
    wanted = wanted.reshape(2, 3).to(torch.complex128) + (2j if dtype.is_complex else 0)
    found = file.read(f"kinds/{name}")
    assert found.dtype is dtype is file.dtype(f"kinds/{name}")
    assert torch.equal(found.to(torch.complex128), wanted if name != "bool" else (wanted != 0).to(torch.complex128))


def test_texts():
    found = Bundle(KINDS).read("kinds/string")
    assert found.tolist() == [[b"a", b"", b"\x00\xff long" * 20]] and Bundle(KINDS).dtype("kinds/string") == "string"


def test_scalars_and_what_is_empty():
    assert Bundle(KINDS).read("scalar").item() == 7.5
    assert Bundle(KINDS).read("empty").shape == (0, 3)


@pytest.mark.parametrize("name", ["part/table", "part/wide"])
def test_partitioned_variables_are_put_together(name):
    found = Bundle(KINDS).read(name)
    assert torch.equal(found, torch.arange(found.numel(), dtype=torch.float32).reshape(found.shape))


def test_a_training_session_of_tensorflow():
    file = Bundle(str(DATA / "model.ckpt-3"))
    for layer in range(40):
        assert file.read(f"layer_{layer}/weights").tolist() == [layer, layer + 0.5]
    assert file.read("global_step").item() == 3
    assert file.read("beta1_power").item() == pytest.approx(0.9**4, rel=1e-6)
    # Three steps of Adam move everything by nearly three times the rate.
    np.testing.assert_allclose(file.read("w"), np.array([[1, 2], [3, 4]]) - 0.3, atol=2e-3)
    assert file.shape("w/Adam") == file.shape("w/Adam_1") == (2, 2)


def test_what_is_not_there():
    with pytest.raises(KeyError):
        Bundle(KINDS).read("kinds/int4")
    with pytest.raises(FileNotFoundError):
        Bundle(str(DATA / "none"))


@pytest.fixture
def copy(tmp_path):
    for path in DATA.glob("kinds.ckpt.*"):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_a_damaged_index_is_noticed(copy):
    index = copy / "kinds.ckpt.index"
    whole = index.read_bytes()
    for damaged in (whole[:-1], whole[:100] + b"\x00" + whole[101:], b""):
        index.write_bytes(damaged)
        with pytest.raises(ValueError, match="not a whole index"):
            Bundle(str(copy / "kinds.ckpt"))


def test_damaged_numbers_are_noticed(copy):
    file = Bundle(str(copy / "kinds.ckpt"))
    entry = file.entries["kinds/float32"]
    (shard,) = copy.glob(f"*.data-{entry.shard:05d}-of-*")
    data = bytearray(shard.read_bytes())
    data[entry.start] ^= 1
    shard.write_bytes(data)
    with pytest.raises(ValueError, match="'kinds/float32' does not have the checksum"):
        file.read("kinds/float32")
    shard.write_bytes(data[: entry.start + 3])
    with pytest.raises(ValueError, match="ends within 'kinds/float32'"):
        file.read("kinds/float32")


def test_a_shard_that_is_missing(copy):
    file = Bundle(str(copy / "kinds.ckpt"))
    for shard in copy.glob("*.data-*"):
        shard.unlink()
    with pytest.raises(FileNotFoundError):
        file.read("kinds/float32")
