"""gg.nn: activations, losses, convolutions and pools as TF1 defines them, against loops in numpy."""

import math

import numpy as np
import pytest

import graphgrad as gg

REAL = np.array([[-2.5, -0.25, 0.5], [0.75, 2.5, 7.0]])


@pytest.fixture(params=["recorded", "eager"])
def call(request, run):
    """A function of arrays, called on constants in a session or on torch tensors at once."""

    def recorded(function, *arrays):
        return run(function(*[gg.constant(array) for array in arrays]))

    def eager(function, *arrays):
        with gg.eager_execution():
            found = function(*[gg.constant(array) for array in arrays])
        return [each.numpy() for each in found] if isinstance(found, tuple) else found.numpy()

    return recorded if request.param == "recorded" else eager


# -- activations ----------------------------------------------------------------------------------------

SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772
ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0), "relu6": lambda x: np.clip(x, 0, 6),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "selu": lambda x: SCALE * np.where(x > 0, x, ALPHA * np.expm1(x)), "softplus": lambda x: np.log1p(np.exp(x)),
    "softsign": lambda x: x / (1 + np.abs(x)), "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "tanh": np.tanh,
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
}  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation(call, name):
    np.testing.assert_allclose(call(getattr(gg.nn, name), REAL), ACTIVATIONS[name](REAL), rtol=1e-9)


def test_the_slope_of_leaky_relu(call):
    np.testing.assert_allclose(call(lambda x: gg.nn.leaky_relu(x, alpha=0.5), REAL), np.where(REAL > 0, REAL, REAL / 2))


def softmax(x, axis=-1):
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_softmax(call, axis):
    np.testing.assert_allclose(call(lambda x: gg.nn.softmax(x, axis=axis), REAL), softmax(REAL, axis))
    np.testing.assert_allclose(call(lambda x: gg.nn.log_softmax(x, axis=axis), REAL), np.log(softmax(REAL, axis)))


# -- losses ---------------------------------------------------------------------------------------------

LABELS = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])


@pytest.mark.parametrize("name", ["softmax_cross_entropy_with_logits", "softmax_cross_entropy_with_logits_v2"])
def test_softmax_cross_entropy(call, name):
    found = call(lambda y, x: getattr(gg.nn, name)(labels=y, logits=x), LABELS, REAL)
    np.testing.assert_allclose(found, -(LABELS * np.log(softmax(REAL))).sum(-1))


def test_softmax_cross_entropy_along_another_axis(call):
    found = call(lambda y, x: gg.nn.softmax_cross_entropy_with_logits_v2(y, x, axis=0), LABELS, REAL)
    np.testing.assert_allclose(found, -(LABELS * np.log(softmax(REAL, 0))).sum(0))


def test_labels_get_a_gradient_from_the_second_version_only():
    y, x = gg.constant(LABELS), gg.constant(REAL)
    old = gg.nn.softmax_cross_entropy_with_logits(labels=y, logits=x)
    new = gg.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=x)
    assert [g is None for g in gg.gradients(old, [y, x])] == [True, False]
    assert [g is None for g in gg.gradients(new, [y, x])] == [False, False]


@pytest.mark.parametrize("shape", [(), (2,), (2, 2)], ids=str)
def test_sparse_softmax_cross_entropy(call, shape):
    classes, scores = np.random.randint(0, 3, shape), np.random.randn(*shape, 3)
    found = call(lambda y, x: gg.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=x), classes, scores)
    wanted = -np.take_along_axis(np.log(softmax(scores)), np.asarray(classes)[..., None], -1)[..., 0]
    np.testing.assert_allclose(found, wanted)


def test_sigmoid_cross_entropy(call):
    found = call(lambda y, x: gg.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=x), LABELS, REAL)
    p = 1 / (1 + np.exp(-REAL))
    np.testing.assert_allclose(found, -LABELS * np.log(p) - (1 - LABELS) * np.log(1 - p), rtol=1e-9)


def test_l2_loss(call):
    np.testing.assert_allclose(call(gg.nn.l2_loss, REAL), (REAL**2).sum() / 2)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("axes", [[0], [0, 1], [-1]], ids=str)
def test_moments(call, axes, keep):
    mean, variance = call(lambda x: gg.nn.moments(x, axes, keep_dims=keep), REAL)
    np.testing.assert_allclose(mean, REAL.mean(tuple(axes), keepdims=keep))
    np.testing.assert_allclose(variance, REAL.var(tuple(axes), keepdims=keep))


def test_bias_add(call):
    images, bias = np.random.rand(2, 3, 4, 5), np.arange(5.0)
    np.testing.assert_allclose(call(gg.nn.bias_add, images, bias), images + bias)
    found = call(lambda x, b: gg.nn.bias_add(x, b, data_format="NCHW"), images, np.arange(3.0))
    np.testing.assert_allclose(found, images + np.arange(3.0)[:, None, None])


def test_embedding_lookup(call):
    rows = np.random.rand(5, 3)
    for ids in (np.array([4, 0, 4]), np.array([[1], [2]]), np.array(3)):
        np.testing.assert_allclose(call(gg.nn.embedding_lookup, rows, ids), rows[ids])


def test_in_top_k(call):
    scores = np.array([[0.1, 0.9, 0.5], [0.3, 0.2, 0.1], [0.5, 0.5, 0.1]])
    assert call(lambda p, t: gg.nn.in_top_k(p, t, 2), scores, np.array([0, 1, 1])).tolist() == [False, True, True]
    assert call(lambda p, t: gg.nn.in_top_k(p, t, 1), scores, np.array([1, 1, 1])).tolist() == [True, False, True]


# -- dropout --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"keep_prob": 0.75}, {"rate": 0.25}], ids=str)
def test_dropout_scales_what_it_keeps(call, options):
    found = call(lambda x: gg.nn.dropout(x, **options), np.ones(4000))
    assert set(np.round(found, 12)) == {0.0, round(4 / 3, 12)}
    assert 0.7 < (found > 0).mean() < 0.8


def test_keep_prob_may_be_fed():
    x, keep = gg.ones([4000]), gg.placeholder(gg.float32, [])
    y = gg.nn.dropout(x, keep)
    (g,) = gg.gradients(y, x)
    with gg.Session() as session:
        assert session.run(y, {keep: 1.0}).min() == 1.0
        value, gradient = session.run([y, g], {keep: 0.5})
    assert set(value) == {0.0, 2.0} and value.tolist() == gradient.tolist()
    assert 0.45 < (value > 0).mean() < 0.55


@pytest.mark.parametrize("options", [{}, {"keep_prob": 0.5, "rate": 0.5}], ids=str)
def test_dropout_takes_one_of_two(options):
    with pytest.raises(ValueError, match="either keep_prob or rate"):
        gg.nn.dropout(gg.ones([2]), **options)


@pytest.mark.parametrize(("options", "says"), [({}, "either"), ({"rate": 1.5}, "range"), ({"keep_prob": -1}, "range")])
def test_what_dropout_refuses(options, says):
    with pytest.raises(ValueError, match=says):
        gg.nn.dropout(gg.ones([2]), **options)
    with pytest.raises(ValueError, match="floating"):
        gg.nn.dropout(gg.constant([1, 2]), 0.5)


def test_a_table_in_parts_is_refused():
    with pytest.raises(ValueError, match="join them"):
        gg.nn.embedding_lookup([gg.ones([2, 2])] * 2, [0])
    assert gg.nn.embedding_lookup([gg.ones([2, 2])], [0]).shape.as_list() == [1, 2]


# -- convolutions and pools -----------------------------------------------------------------------------


def windows(images, size, strides, padding, fill, dilation=(1, 1)):
    """The windows of NHWC images by TF1's rule: [batch, height, width, window height, window width, channels]."""
    reach = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    lengths = images.shape[1:3]
    if padding == "SAME":
        out = [math.ceil(n / s) for n, s in zip(lengths, strides, strict=True)]
        total = [max((o - 1) * s + r - n, 0) for o, s, r, n in zip(out, strides, reach, lengths, strict=True)]
        before = [(t // 2, t - t // 2) for t in total]
        images = np.pad(images, [(0, 0), *before, (0, 0)], constant_values=fill)
    else:
        out = [math.ceil((n - r + 1) / s) for n, r, s in zip(lengths, reach, strides, strict=True)]
    found = np.empty((images.shape[0], *out, *size, images.shape[3]))
    for i in range(out[0]):
        for j in range(out[1]):
            top, left = i * strides[0], j * strides[1]
            found[:, i, j] = images[:, top : top + reach[0] : dilation[0], left : left + reach[1] : dilation[1]]
    return found


GEOMETRY = [
    (padding, stride, size, length)
    for padding in ("SAME", "VALID")
    for stride in ((1, 1), (2, 2), (2, 3), (3, 1))
    for size in ((1, 1), (2, 2), (3, 3), (2, 3), (5, 4))
    for length in ((7, 6), (8, 9))
]


@pytest.mark.parametrize(("padding", "stride", "size", "length"), GEOMETRY, ids=str)
def test_conv2d(run, padding, stride, size, length):
    images, kernel = np.random.randn(2, *length, 3), np.random.randn(*size, 3, 4)
    wanted = np.einsum("bijklc,klco->bijo", windows(images, size, stride, padding, 0.0), kernel)
    found = run(gg.nn.conv2d(gg.constant(images), gg.constant(kernel), [1, *stride, 1], padding))
    np.testing.assert_allclose(found, wanted, atol=1e-12)


@pytest.mark.parametrize(("padding", "stride", "size", "length"), GEOMETRY, ids=str)
def test_pools(run, padding, stride, size, length):
    images = np.random.randn(2, *length, 3)
    x = gg.constant(images)
    options = ([1, *size, 1], [1, *stride, 1], padding)
    largest, mean = run([gg.nn.max_pool(x, *options), gg.nn.avg_pool(x, *options)])
    np.testing.assert_allclose(largest, windows(images, size, stride, padding, -np.inf).max((3, 4)))
    np.testing.assert_allclose(mean, np.nanmean(windows(images, size, stride, padding, np.nan), (3, 4)))


@pytest.mark.parametrize("padding", ["SAME", "VALID", "same"])
@pytest.mark.parametrize("dilation", [2, (1, 3)], ids=str)
def test_a_dilated_conv2d(call, padding, dilation):
    images, kernel = np.random.randn(2, 9, 8, 2), np.random.randn(3, 2, 2, 2)
    pair = (2, 2) if dilation == 2 else dilation
    wanted = np.einsum("bijklc,klco->bijo", windows(images, (3, 2), (1, 1), padding.upper(), 0.0, pair), kernel)
    found = call(lambda x, k: gg.nn.conv2d(x, k, 1, padding, dilations=dilation), images, kernel)
    np.testing.assert_allclose(found, wanted, atol=1e-12)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("name", ["conv2d", "max_pool", "avg_pool"])
def test_nchw_is_nhwc_transposed(name, padding):
    images, kernel = np.random.randn(2, 7, 6, 3), np.random.randn(2, 3, 3, 4)
    function = getattr(gg.nn, name)
    with gg.eager_execution():
        second = gg.constant(kernel) if name == "conv2d" else [2, 3]
        usual = function(gg.constant(images), second, 2, padding).numpy()
        options = {"strides": [1, 1, 2, 2], "padding": padding, "data_format": "NCHW"}
        other = function(gg.constant(images.transpose(0, 3, 1, 2)), second, **options).numpy()
    np.testing.assert_allclose(other.transpose(0, 2, 3, 1), usual, atol=1e-12)


@pytest.mark.parametrize("stride", [1, [2, 2], [1, 2, 2, 1]], ids=str)
def test_the_spellings_of_a_stride(call, stride):
    images = np.random.randn(1, 4, 4, 1)
    found = call(lambda x: gg.nn.max_pool(x, [2], stride, "VALID"), images)
    step = 1 if stride == 1 else 2
    np.testing.assert_allclose(found, windows(images, (2, 2), (step, step), "VALID", 0).max((3, 4)))


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=str)
def test_the_gradient_of_a_same_conv2d(run, channels, dtype):
    images, kernel = np.random.randn(1, 5, 5, 2).astype(dtype), np.random.randn(3, 3, 2, channels).astype(dtype)
    x, k = gg.constant(images), gg.constant(kernel)
    found = run(gg.gradients(gg.nn.conv2d(x, k, 2, "SAME"), k)[0])
    wanted = windows(images, (3, 3), (2, 2), "SAME", 0.0).sum((0, 1, 2))[..., None]
    np.testing.assert_allclose(found, np.broadcast_to(wanted, kernel.shape), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["max_pool", "avg_pool"])
def test_the_gradient_of_a_same_pool_reaches_every_covered_pixel(run, name):
    x = gg.constant(np.random.randn(1, 3, 3, 1))
    (g,) = gg.gradients(getattr(gg.nn, name)(x, 2, 2, "SAME"), x)
    assert run(g).sum() == pytest.approx(4.0)


@pytest.mark.parametrize("name", ["conv2d", "max_pool", "avg_pool"])
def test_images_of_unknown_batch_and_size(run, name):
    x = gg.placeholder(gg.float64, [None, None, None, 1])
    second = gg.ones([3, 3, 1, 1], gg.float64) if name == "conv2d" else 3
    y = getattr(gg.nn, name)(x, second, 1, "SAME")
    assert y.shape.as_list()[-1] == 1
    assert run(y, {x: np.ones((2, 4, 5, 1))}).shape == (2, 4, 5, 1)


BAD = {
    "padding": (lambda x: gg.nn.max_pool(x, 2, 2, "FULL"), ValueError, "FULL"),
    "data_format": (lambda x: gg.nn.max_pool(x, 2, 2, "SAME", "CHWN"), ValueError, "CHWN"),
    "stride over channels": (lambda x: gg.nn.max_pool(x, 2, [1, 2, 2, 2], "SAME"), ValueError, "not supported"),
    "window over the batch": (lambda x: gg.nn.avg_pool(x, [2, 2, 2, 1], 2, "SAME"), ValueError, "not supported"),
    "cudnn": (lambda x: gg.nn.conv2d(x, gg.ones([1, 1, 1, 1]), 1, "SAME", False), ValueError, "cudnn"),
    "channels": (lambda x: gg.nn.conv2d(x, gg.ones([1, 1, 5, 1]), 1, "SAME"), ValueError, "conv2d"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_is_refused(what):
    function, error, says = BAD[what]
    with pytest.raises(error, match=says):
        function(gg.ones([1, 4, 4, 1]))


# -- names ----------------------------------------------------------------------------------------------

PICTURE = np.ones((1, 4, 4, 1), np.float32)
NAMED = {
    "relu": lambda n: gg.nn.relu([1.0], name=n), "softmax": lambda n: gg.nn.softmax([1.0], name=n),
    "log_softmax": lambda n: gg.nn.log_softmax([1.0], name=n), "l2_loss": lambda n: gg.nn.l2_loss([1.0], name=n),
    "softmax_cross_entropy_with_logits": lambda n: gg.nn.softmax_cross_entropy_with_logits(LABELS, REAL, name=n),
    "softmax_cross_entropy_with_logits_v2": lambda n: gg.nn.softmax_cross_entropy_with_logits_v2(LABELS, REAL, name=n),
    "sparse": lambda n: gg.nn.sparse_softmax_cross_entropy_with_logits([0, 1], REAL, name=n),
    "sigmoid": lambda n: gg.nn.sigmoid_cross_entropy_with_logits(LABELS, REAL, name=n),
    "bias_add": lambda n: gg.nn.bias_add([[1.0]], [1.0], name=n),
    "dropout": lambda n: gg.nn.dropout([1.0], 0.5, name=n),
    "conv2d": lambda n: gg.nn.conv2d(PICTURE, gg.ones([2, 2, 1, 1]), 1, "SAME", name=n),
    "max_pool": lambda n: gg.nn.max_pool(PICTURE, 2, 2, "SAME", name=n),
    "avg_pool": lambda n: gg.nn.avg_pool(PICTURE, 2, 2, "SAME", name=n),
    "embedding_lookup": lambda n: gg.nn.embedding_lookup(gg.ones([2, 2]), [0], name=n),
    "in_top_k": lambda n: gg.nn.in_top_k(REAL, [0, 1], 1, name=n),
}  # fmt: skip


@pytest.mark.parametrize("function", NAMED)
def test_the_name_given_is_the_results(function):
    assert NAMED[function]("wanted").name == "wanted:0"
