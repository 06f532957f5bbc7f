"""Checkpoints of any origin as names and arrays."""

from pathlib import Path

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.train.checkpoints import update_checkpoint_state
from graphgrad.train.safetensors import write_tensors

DATA = Path(__file__).parent / "data"


@pytest.fixture
def folder(tmp_path):
    tensors = {"w": torch.tensor([[1.0, 2.0]]), "half": torch.ones(2, dtype=torch.bfloat16), "n": torch.tensor(3)}
    write_tensors(str(tmp_path / "model-1.safetensors"), tensors)
    update_checkpoint_state(str(tmp_path), str(tmp_path / "model-1"))
    return tmp_path


def test_a_reader(folder):
    reader = gg.train.NewCheckpointReader(str(folder / "model-1"))
    assert reader.get_variable_to_shape_map() == {"half": [2], "n": [], "w": [1, 2]}
    dtypes = {"half": torch.bfloat16, "n": torch.int64, "w": torch.float32}
    assert reader.get_variable_to_dtype_map() == dtypes
    assert reader.has_tensor("w") and not reader.has_tensor("v")
    assert reader.get_tensor("w").tolist() == [[1, 2]] and isinstance(reader.get_tensor("w"), np.ndarray)
    assert reader.get_tensor("half").dtype is torch.bfloat16
    assert reader.debug_string() == b"'half' (bfloat16) [2]\n'n' (int64) []\n'w' (float32) [1, 2]"
    with pytest.raises(KeyError, match="no variable 'v'"):
        reader.get_tensor("v")


def test_a_checkpoint_by_folder_prefix_or_file(folder):
    for place in (folder, str(folder), folder / "model-1", str(folder / "model-1.safetensors")):
        assert gg.train.load_variable(place, "w").tolist() == [[1, 2]]
    assert gg.train.load_variable(folder, "w:0").tolist() == [[1, 2]]
    assert gg.train.list_variables(folder) == [("half", [2]), ("n", []), ("w", [1, 2])]


def test_a_checkpoint_of_tensorflow():
    for place in (DATA / "kinds.ckpt", DATA / "kinds.ckpt.index"):
        assert gg.train.load_variable(place, "scalar") == 7.5
    reader = gg.train.load_checkpoint(DATA / "kinds.ckpt")
    assert reader.get_variable_to_dtype_map()["kinds/string"] == "string"
    assert reader.get_tensor("kinds/string")[0, 0] == b"a"
    assert b"'kinds/string' (string) [1, 3]" in reader.debug_string()


def test_a_file_of_another_name(folder):
    (folder / "model-1.safetensors").rename(folder / "weights.bin")
    assert gg.train.load_variable(folder / "weights.bin", "n") == 3


def test_what_is_not_there(folder):
    with pytest.raises(ValueError, match="'none' is not a checkpoint: there is neither none.safetensors"):
        gg.train.load_checkpoint("none")
    (folder / "model-1.safetensors").unlink()
    with pytest.raises(ValueError, match="lists no checkpoint that exists"):
        gg.train.load_checkpoint(folder)
