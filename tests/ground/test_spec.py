"""Specs: interned facts of a tensor without data, sizes in worlds, and the spellings of a dtype."""

import numpy as np
import pytest
import torch

from graphgrad.ground import spec as specs
from graphgrad.ground.spec import (
    WORLDS,
    as_dtype,
    compatible,
    declared,
    dtype_name,
    format_shape,
    int_spec,
    merged,
    spec,
)


def test_equal_specs_are_one_object():
    assert spec([2, 3], torch.float32) is spec((2, 3), torch.float32)
    assert spec([2, 3], torch.float32) is not spec([2, 3], torch.float64)
    assert spec([2, 3], torch.float32) is not spec([2, 3], torch.float32, (1, 2))
    assert int_spec((1, 2, 3)) is int_spec((1, 2, 3))
    assert declared([None, 3], torch.int32) is declared((None, 3), torch.int32)


def test_a_static_spec_is_the_same_in_every_world():
    known = declared([2, 3], torch.float32)
    assert known.static and {known.in_world(world) for world in range(len(WORLDS))} == {(2, 3)}


def test_an_unknown_size_differs_from_world_to_world():
    unknown = declared([None, 3], torch.float32)
    assert not unknown.static and unknown.shape == (None, 3)
    assert [unknown.in_world(world) for world in range(len(WORLDS))] == [(size, 3) for size in WORLDS]


def test_an_unknown_rank_differs_in_rank():
    unknown = declared(None, torch.float32)
    assert unknown.shape is None
    assert len({len(unknown.in_world(world)) for world in range(len(WORLDS))}) > 1


def test_a_world_in_which_the_tensor_does_not_exist():
    found = merged(((2, 4), None, (2, 5)), torch.float32, None)
    assert found.shape == (2, None)
    with pytest.raises(LookupError):
        found.in_world(1)


def test_worlds_that_agree_make_a_known_shape():
    assert merged(((2, 3), (2, 3), None), torch.float32, None) is spec((2, 3), torch.float32)


def test_worlds_of_different_rank_make_an_unknown_one():
    assert merged(((2, 3), (2,), (2,)), torch.float32, None).shape is None


@pytest.mark.parametrize(
    ("dtype", "differentiable"),
    [(torch.float16, True), (torch.bfloat16, True), (torch.complex64, True), (torch.int64, False), (torch.bool, False)],
)
def test_floating_and_complex_tensors_are_differentiable(dtype, differentiable):
    assert spec([2], dtype).differentiable is differentiable


def test_a_size_is_an_int_of_no_axes():
    size = int_spec((1, 2, 3))
    assert (size.shape, size.dtype, size.differentiable, size.in_world(0)) == ((), torch.int64, False, ())


@pytest.mark.parametrize(
    ("value", "shape", "fits"),
    [
        ((2, 3), [2, 3], True),
        ((2, 3), [None, 3], True),
        ((2, 3), None, True),
        ((), [], True),
        ((2, 3), [3, 3], False),
        ((2, 3), [2], False),
        ((2,), [None, None], False),
        ((), [None], False),
    ],
)
def test_what_can_be_fed_where(value, shape, fits):
    assert compatible(value, shape) is fits


def test_shapes_and_dtypes_as_text():
    assert format_shape([None, 3]) == "[?, 3]" and format_shape(()) == "[]" and format_shape(None) == "[...]"
    assert dtype_name(torch.bfloat16) == "bfloat16"
    assert repr(declared([None, 3], torch.float32)) == "float32[?, 3]" and repr(int_spec((1, 2, 3))) == "int"


@pytest.mark.parametrize(
    ("spelling", "dtype"),
    [
        (torch.float32, torch.float32),
        (np.float64, torch.float64),
        (np.dtype("int16"), torch.int16),
        (np.dtype(">f4"), torch.float32),
        ("bfloat16", torch.bfloat16),
        ("float", torch.float32),
        ("int", torch.int32),
        (float, torch.float32),
        (int, torch.int32),
        (bool, torch.bool),
        (np.bool_, torch.bool),
        (complex, torch.complex64),
        ("uint8", torch.uint8),
    ],
    ids=str,
)
def test_the_spellings_of_a_dtype(spelling, dtype):
    assert as_dtype(spelling) is dtype


@pytest.mark.parametrize("spelling", ["float31", "object", print, np.dtype("U3"), 3, "", list], ids=repr)
def test_what_is_no_dtype_is_a_type_error(spelling):
    with pytest.raises(TypeError, match="is not a dtype"):
        as_dtype(spelling)


def test_the_first_worlds_divide_by_what_models_divide_by():
    for divisor in (2, 3, 4, 5, 6, 7, 8, 12, 24):
        assert WORLDS[0] % divisor == WORLDS[1] % divisor == 0
    assert len(WORLDS) == len(specs.RANKS) == len(set(WORLDS))
