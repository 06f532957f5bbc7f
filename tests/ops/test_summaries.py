"""Summaries: their bytes are read by TensorBoard's own messages, their pictures by PIL or matplotlib."""

import io

import numpy as np
import pytest

import graphgrad as gg
from graphgrad.ops.summaries import png

Summary = pytest.importorskip("tensorboard.compat.proto.summary_pb2").Summary


@pytest.fixture
def read(run):
    """What TensorBoard makes of the summary of a run."""
    return lambda fetch, feeds=None: Summary.FromString(bytes(run(fetch, feeds))).value


def test_a_scalar(read):
    x = gg.placeholder(gg.float32, [])
    (value,) = read(gg.summary.scalar("loss", x), {x: 2.5})
    assert (value.tag, value.simple_value) == ("loss", 2.5)
    (value,) = read(gg.summary.scalar("count", gg.constant(7)))
    assert value.simple_value == 7
    (value,) = read(gg.summary.scalar("nan", gg.constant([np.nan])))
    assert np.isnan(value.simple_value)


def test_tags_have_the_scopes_around():
    with gg.name_scope("train"):
        first, second = gg.summary.scalar("loss", 1.0), gg.summary.scalar("loss", 1.0, family="all")
    assert (first.op.name, first.op.args[1]) == ("train/loss", "train/loss")
    assert second.op.args[1] == "all/train/all/loss"
    assert gg.summary.scalar("a name: 1", 1.0).op.args[1] == "a_name__1"
    assert [gg.summary.scalar("x", 1.0).op.args[1] for _ in range(2)] == ["x", "x_1"]


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_a_histogram(read, size):
    data = np.random.randn(size)
    x = gg.placeholder(gg.float64, [None])
    (value,) = read(gg.summary.histogram("w", x), {x: data})
    histogram = value.histo
    assert (value.tag, histogram.num) == ("w", size)
    np.testing.assert_allclose(
        [histogram.min, histogram.max, histogram.sum, histogram.sum_squares],
        [data.min(), data.max(), data.sum(), (data**2).sum()],
    )
    limits, counts = np.array(histogram.bucket_limit), np.array(histogram.bucket)
    assert counts.sum() == size and (np.diff(limits) > 0).all() and limits[-1] >= data.max()
    inner = limits[9:30:10]  # as many values lie at or below a limit as numpy counts, but for those on a limit
    np.testing.assert_array_equal(counts.cumsum()[9:30:10], [(data < limit).sum() for limit in inner])


def test_a_histogram_of_nothing(read):
    x = gg.placeholder(gg.float32, [None])
    (value,) = read(gg.summary.histogram("w", x), {x: []})
    assert (value.histo.num, sum(value.histo.bucket)) == (0, 0)


def test_a_histogram_of_nan_fails(run):
    x = gg.placeholder(gg.float32, [2])
    with pytest.raises(gg.errors.InvalidArgumentError, match="'w' has a value that is not finite"):
        run(gg.summary.histogram("w", x), {x: [1.0, np.nan]})


PICTURES = pytest.importorskip("matplotlib.image")


def pixels(value):
    """The picture of a summary, as bytes."""
    return np.round(np.atleast_3d(PICTURES.imread(io.BytesIO(value.image.encoded_image_string))) * 255).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images_of_bytes(read, channels):
    data = np.random.randint(0, 256, (3, 5, 4, channels), dtype=np.uint8)
    x = gg.placeholder(gg.uint8, [None, None, None, channels])
    values = read(gg.summary.image("im", x, max_outputs=2), {x: data})
    assert [value.tag for value in values] == ["im/image/0", "im/image/1"]
    for number, value in enumerate(values):
        assert (value.image.height, value.image.width, value.image.colorspace) == (5, 4, channels)
        np.testing.assert_array_equal(pixels(value), data[number])


def test_images_of_floats_are_scaled(read):
    data = np.random.rand(1, 4, 4, 1)
    (value,) = read(gg.summary.image("im", data, max_outputs=1))
    assert value.tag == "im/image"
    np.testing.assert_allclose(pixels(value).astype(float), np.floor(data[0] * 255 / data.max()), atol=1)  # roundings
    signed = data - 0.5
    (value,) = read(gg.summary.image("im", signed, max_outputs=1))
    expected = np.floor(signed[0] * 127 / np.abs(signed).max() + 128)
    np.testing.assert_allclose(pixels(value).astype(float), expected, atol=1)


def test_pixels_that_are_not_finite_are_red(read):
    data = np.ones((1, 2, 2, 3))
    data[0, 0, 0] = np.nan
    (value,) = read(gg.summary.image("im", data))
    assert pixels(value)[0, 0].tolist() == [255, 0, 0] and pixels(value)[1, 1].tolist() == [255] * 3


@pytest.mark.parametrize("shape", [(1, 1, 1), (9, 7, 3), (300, 300, 4)], ids=str)
def test_a_png_of_any_size(shape):
    data = np.random.RandomState(0).randint(0, 256, shape).astype(np.uint8)
    found = np.round(np.atleast_3d(PICTURES.imread(io.BytesIO(png(data)))) * 255)
    np.testing.assert_array_equal(found, data)


@pytest.mark.parametrize("shape", [(2, 9, 7, 3), (1, 300, 300, 4)], ids=str)
def test_the_length_is_known_where_the_size_is(run, shape):
    summary = gg.summary.image("im", gg.zeros(shape))
    assert summary.shape.as_list() == [run(summary).size]


@pytest.mark.parametrize("texts", ["hello", ["a", "h\u00e9"]], ids=str)
def test_a_text(read, texts):
    (value,) = read(gg.summary.text("note", texts))
    assert (value.tag, value.metadata.plugin_data.plugin_name, value.tensor.dtype) == ("note", "text", 7)
    given = [texts] if isinstance(texts, str) else texts
    assert [each.decode() for each in value.tensor.string_val] == given
    assert [dim.size for dim in value.tensor.tensor_shape.dim] == ([] if isinstance(texts, str) else [2])


def test_merging(read):
    x = gg.placeholder(gg.float32, [3])
    a, b = gg.summary.scalar("a", x[0]), gg.summary.histogram("b", x)
    c = gg.summary.scalar("c", 1.0, collections=["other"])
    assert gg.get_collection(gg.GraphKeys.SUMMARIES) == [a, b]
    with gg.name_scope("late"):
        d = gg.summary.scalar("d", 4.0)
    feeds = {x: [5.0, 6.0, 7.0]}
    assert [value.tag for value in read(gg.summary.merge_all(), feeds)] == ["a", "b", "late/d"]
    assert [value.tag for value in read(gg.summary.merge_all(scope="late"), feeds)] == ["late/d"]
    assert [value.tag for value in read(gg.summary.merge_all("other"), feeds)] == ["c"]
    merged = gg.summary.merge([d, c], collections=["m"], name="both")
    assert [value.simple_value for value in read(merged)] == [4.0, 1.0]
    assert (gg.get_collection("m"), merged.op.name) == ([merged], "both/MergeSummary")


def test_nothing_to_merge():
    assert gg.summary.merge_all() is None
    with pytest.raises(ValueError, match="at least one"):
        gg.summary.merge([])


BAD = [
    (lambda: gg.summary.scalar("a", [1.0, 2.0]), ValueError, "one real number"),
    (lambda: gg.summary.image("a", np.ones((2, 2, 3))), ValueError, "batch, height, width"),
    (lambda: gg.summary.image("a", np.ones((1, 2, 2, 2))), ValueError, "batch, height, width"),
    (lambda: gg.summary.image("a", np.ones((1, 2, 2, 3)), max_outputs=0), ValueError, "max_outputs is 0"),
    (lambda: gg.summary.text("a", 3), TypeError, "a str or a list"),
]


@pytest.mark.parametrize(("make", "error", "says"), BAD, ids=[says for *_, says in BAD])
def test_what_cannot_be(make, error, says):
    with pytest.raises(error, match=says):
        make()
