"""The safetensors format: bytes written by hand, everything that can be wrong with them, and the package beside it."""

import json
import os
import pickle

import pytest
import torch

from graphgrad.train.safetensors import SafetensorsFile, write_tensors

DTYPES = [
    torch.bool, torch.uint8, torch.int8, torch.uint16, torch.int16, torch.uint32, torch.int32, torch.uint64,
    torch.int64, torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.float8_e4m3fn,
    torch.float8_e5m2, torch.complex64, torch.complex128,
]  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "file.safetensors")


def by_hand(path, header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + data)


def test_a_file_written_by_hand_is_read(path):
    header = {
        "__metadata__": {"format": "pt"},
        "b": {"dtype": "I16", "shape": [], "data_offsets": [8, 10]},
        "a": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]},
    }
    by_hand(path, header, b"\x00\x00\x80\x3f\x00\x00\x00\xc0\x05\x00")
    file = SafetensorsFile(path)
    assert file.names() == ["a", "b"]
    assert file.read("a").tolist() == [[1.0], [-2.0]] and file.read("b").item() == 5
    assert (file.shape("a"), file.dtype("a"), file.dtype("b")) == ((2, 1), torch.float32, torch.int16)


def test_a_file_has_the_bytes_of_the_format(path):
    write_tensors(path, {"b": torch.tensor(5, dtype=torch.int16), "a": torch.tensor([[1.0], [-2.0]])})
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header, data = json.loads(file.read(length)), file.read()
    assert length % 8 == 0
    assert header["a"] == {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]}
    assert header["b"] == {"dtype": "I16", "shape": [], "data_offsets": [8, 10]}
    assert data == b"\x00\x00\x80\x3f\x00\x00\x00\xc0\x05\x00"


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3)], ids=str)
def test_every_dtype_comes_back(path, shape):
    tensors = {str(dtype): torch.randint(0, 2, shape).to(dtype) for dtype in DTYPES}
    tensors["complex"] = torch.randn(shape, dtype=torch.complex128)
    write_tensors(path, tensors)
    file = SafetensorsFile(path)
    for name, tensor in tensors.items():
        found = file.read(name)
        assert (found.dtype, found.shape) == (tensor.dtype, tensor.shape) == (file.dtype(name), file.shape(name))
        assert torch.equal(found.to(torch.complex128), tensor.to(torch.complex128))


def test_tensors_laid_out_in_any_way(path):
    base = torch.arange(6.0).reshape(2, 3)
    z = torch.complex(base, base + 1)
    tensors = {"t": base.T, "e": base[:1].expand(4, 3), "s": base[:, ::2], "c": z.conj(), "n": z.conj().imag}
    tensors["w"] = z.to(torch.complex128).conj()
    write_tensors(path, tensors)
    assert all(torch.equal(SafetensorsFile(path).read(name), tensor) for name, tensor in tensors.items())


def test_what_is_read_is_its_own(path):
    write_tensors(path, {"a": torch.zeros(2)})
    file = SafetensorsFile(path)
    file.read("a").add_(1)
    assert file.read("a").tolist() == [0, 0]
    with pytest.raises(KeyError):
        file.read("b")


@pytest.mark.parametrize("name", ["", "layer/w", "näme", 'a"b\\c', "a\nb", "<script>", "__metadata", "x" * 5000])
def test_any_name_comes_back(path, name):
    write_tensors(path, {name: torch.ones(1)})
    assert SafetensorsFile(path).names() == [name]


@pytest.mark.parametrize(
    ("name", "tensor"),
    [("__metadata__", torch.ones(1)), ("sparse", torch.eye(2).to_sparse())],
    ids=["metadata", "sparse"],
)
def test_what_the_format_can_not_have(path, name, tensor):
    with pytest.raises(ValueError, match="can't be in a safetensors file"):
        write_tensors(path, {name: tensor})
    assert not os.path.exists(path)


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@pytest.mark.parametrize(
    ("header", "data", "what"),
    [
        (b"", b"", "ends within its header"),
        (b"{]", b"", "no JSON"),
        (b"[1]", b"", "no JSON object"),
        (b"[" * 100_000, b"", "no JSON"),
        ({"a": 3}, b"", "described as 3"),
        ({"a": {"dtype": "F32"}}, b"", "described as"),
        ({"a": entry("F33")}, b"x" * 8, "described as"),
        ({"a": entry(offsets=(0, 9))}, b"x" * 9, "at bytes 0 to 9"),
        ({"a": entry(shape=(3,))}, b"x" * 8, "at bytes 0 to 8"),
        ({"a": entry(shape=(-2,), offsets=(0, -8))}, b"x" * 8, "at bytes 0 to -8"),
        ({"a": entry(shape=(2.0,))}, b"x" * 8, "at bytes 0 to 8"),
        ({"a": entry()}, b"x" * 7, "at bytes 0 to 8 of 7"),
        ({"a": entry()}, b"x" * 9, "9 bytes of numbers"),
        ({"a": entry(offsets=(4, 12))}, b"x" * 12, "starts at byte 4"),
        ({"a": entry(), "b": entry(offsets=(4, 12))}, b"x" * 12, "'b' starts at byte 4"),
        ({"a": entry(shape=(2**40, 2**40), offsets=(0, 8))}, b"x" * 8, "at bytes 0 to 8"),
    ],
    ids=str,
)
def test_what_is_damaged_is_refused(path, header, data, what):
    by_hand(path, header, data)
    with pytest.raises(ValueError, match=what) as caught:
        SafetensorsFile(path)
    assert "file.safetensors is not a whole safetensors file" in str(caught.value)


def test_files_that_are_too_short_or_something_else(path):
    for content in (b"", b"\x05", b"\xff" * 100, pickle.dumps({"a": 1})):
        with open(path, "wb") as file:
            file.write(content)
        with pytest.raises(ValueError, match="not a whole safetensors file"):
            SafetensorsFile(path)


def test_every_cut_of_a_file_is_noticed(path):
    write_tensors(path, {"a": torch.arange(3.0), "b": torch.arange(2)})
    with open(path, "rb") as file:
        whole = file.read()
    for length in range(len(whole)):
        with open(path, "wb") as file:
            file.write(whole[:length])
        with pytest.raises(ValueError, match="not a whole safetensors file"):
            SafetensorsFile(path)


def test_the_package_reads_and_writes_the_same(path):
    package = pytest.importorskip("safetensors.torch")
    tensors = {"w": torch.randn(3, 4), "b": torch.randn(4).to(torch.bfloat16), "n": torch.tensor(7)}
    write_tensors(path, tensors)
    found = package.load_file(path)
    assert found.keys() == tensors.keys() and all(torch.equal(found[name], tensors[name]) for name in tensors)
    package.save_file(tensors, path)
    file = SafetensorsFile(path)
    assert all(torch.equal(file.read(name), tensors[name]) for name in tensors)
