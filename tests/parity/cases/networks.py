"""Neural networks: convolution, pooling, normalisation, cross entropy, images; values and gradients."""

import numpy as np

from tests.parity.case import case, each_of
from tests.parity.session import raised

IMAGE = np.sin(np.arange(2 * 7 * 6 * 3)).reshape(2, 7, 6, 3).astype(np.float32)
SIGNAL = np.cos(np.arange(2 * 9 * 3)).reshape(2, 9, 3).astype(np.float32)
VOLUME = np.sin(np.arange(5 * 4 * 5 * 2)).reshape(1, 5, 4, 5, 2).astype(np.float32)


def weights(*shape):
    return np.cos(np.arange(np.prod(shape)) * 0.7).reshape(shape).astype(np.float32)


def with_gradients(tf, y, xs):
    return [y, tf.gradients(y * y * 0.1, xs)]


CONVOLUTIONS = {
    f"{height}x{width} by {stride}, {padding}": (height, width, stride, padding)
    for height, width, stride in [
        (1, 1, 1),
        (3, 3, 1),
        (3, 3, 2),
        (2, 2, 2),
        (2, 3, 1),
        (5, 4, 3),
        (1, 1, 2),
        (4, 4, 2),
    ]
    for padding in ("SAME", "VALID")
}


@each_of(CONVOLUTIONS, tolerance=1e-4)
def conv2d(tf, row):
    height, width, stride, padding = row
    x, w = tf.constant(IMAGE), tf.constant(weights(height, width, 3, 2))
    return with_gradients(tf, tf.nn.conv2d(x, w, [1, stride, stride, 1], padding), [x, w])


MORE_CONVOLUTIONS = {
    "unequal strides": lambda tf, x: tf.nn.conv2d(x, weights(3, 3, 3, 2), [1, 2, 1, 1], "VALID"),
    "explicit padding": lambda tf, x: tf.nn.conv2d(
        x, weights(3, 3, 3, 2), [1, 1, 1, 1], [[0, 0], [2, 1], [0, 3], [0, 0]]
    ),
    "atrous": lambda tf, x: tf.nn.atrous_conv2d(x, weights(3, 3, 3, 2), 2, "SAME"),
    "convolution": lambda tf, x: tf.nn.convolution(x, weights(3, 3, 3, 2), "SAME", strides=[2, 2]),
    "depthwise": lambda tf, x: tf.nn.depthwise_conv2d(x, weights(3, 3, 3, 2), [1, 1, 1, 1], "SAME"),
    "depthwise by 2": lambda tf, x: tf.nn.depthwise_conv2d(x, weights(3, 3, 3, 1), [1, 2, 2, 1], "VALID"),
    "separable": lambda tf, x: tf.nn.separable_conv2d(
        x, weights(3, 3, 3, 2), weights(1, 1, 6, 4), [1, 1, 1, 1], "SAME"
    ),
    "transposed": lambda tf, x: tf.nn.conv2d_transpose(
        x, weights(3, 3, 2, 3), [2, 14, 12, 2], [1, 2, 2, 1], "SAME"
    ),
    "transposed valid": lambda tf, x: tf.nn.conv2d_transpose(
        x, weights(3, 2, 2, 3), [2, 15, 12, 2], [1, 2, 2, 1], "VALID"
    ),
    "transposed odd": lambda tf, x: tf.nn.conv2d_transpose(
        x, weights(3, 3, 2, 3), [2, 13, 11, 2], [1, 2, 2, 1], "SAME"
    ),
    "bias": lambda tf, x: tf.nn.bias_add(x, [1.0, 2.0, 3.0]),
    "dilation2d": lambda tf, x: tf.nn.dilation2d(
        x, weights(2, 3, 3), strides=[1, 1, 2, 1], rates=[1, 1, 1, 1], padding="SAME"
    ),
    "local_response": lambda tf, x: tf.nn.lrn(x, depth_radius=1, bias=1.0, alpha=0.5, beta=0.6),
    "max_pool": lambda tf, x: tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"),
    "max_pool valid": lambda tf, x: tf.nn.max_pool(x, [1, 3, 2, 1], [1, 2, 1, 1], "VALID"),
    "avg_pool": lambda tf, x: tf.nn.avg_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"),
    "avg_pool overlapping": lambda tf, x: tf.nn.avg_pool(x, [1, 3, 3, 1], [1, 1, 2, 1], "SAME"),
    "avg_pool valid": lambda tf, x: tf.nn.avg_pool(x, [1, 3, 2, 1], [1, 2, 2, 1], "VALID"),
    "pool": lambda tf, x: tf.nn.pool(x, [2, 2], "AVG", "VALID", strides=[2, 1]),
    "max_pool_with_argmax": lambda tf, x: tf.nn.max_pool_with_argmax(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")[0],
    "moments": lambda tf, x: tf.nn.moments(x, [0, 1, 2])[1],
    "batch_normalization": lambda tf, x: tf.nn.batch_normalization(
        x, *tf.nn.moments(x, [0, 1, 2]), tf.constant([0.1, 0.2, 0.3]), tf.constant([1.0, 2.0, 3.0]), 1e-3
    ),
    "fused_batch_norm": lambda tf, x: tf.nn.fused_batch_norm(x, [1.0, 2.0, 3.0], [0.1, 0.2, 0.3])[0],
    "l2_normalize": lambda tf, x: tf.nn.l2_normalize(x, 3),
    "softmax": lambda tf, x: tf.nn.softmax(x),
    "crelu": lambda tf, x: tf.nn.crelu(x),
    "NCHW": lambda tf, x: tf.nn.bias_add(tf.transpose(x, [0, 3, 1, 2]), [1.0, 2.0, 3.0], "NCHW"),
}  # fmt: skip


@each_of(MORE_CONVOLUTIONS, tolerance=1e-4)
def of_an_image(tf, function):
    x = tf.constant(IMAGE)
    return with_gradients(tf, function(tf, x), [x])


OTHER_RANKS = {
    "conv1d": (SIGNAL, lambda tf, x: tf.nn.conv1d(x, weights(3, 3, 2), 2, "SAME")),
    "conv1d valid": (SIGNAL, lambda tf, x: tf.nn.conv1d(x, weights(4, 3, 2), 1, "VALID")),
    "max_pool1d": (SIGNAL, lambda tf, x: tf.nn.max_pool1d(x, 2, 2, "SAME")),
    "avg_pool1d": (SIGNAL, lambda tf, x: tf.nn.avg_pool1d(x, 3, 2, "VALID")),
    "conv3d": (VOLUME, lambda tf, x: tf.nn.conv3d(x, weights(2, 3, 2, 2, 2), [1, 2, 1, 1, 1], "SAME")),
    "max_pool3d": (VOLUME, lambda tf, x: tf.nn.max_pool3d(x, [1, 2, 2, 2, 1], [1, 2, 2, 2, 1], "SAME")),
    "avg_pool3d": (VOLUME, lambda tf, x: tf.nn.avg_pool3d(x, [1, 2, 2, 2, 1], [1, 2, 2, 2, 1], "VALID")),
}


@each_of(OTHER_RANKS, tolerance=1e-4)
def of_a_signal_or_volume(tf, row):
    data, function = row
    x = tf.constant(data)
    return with_gradients(tf, function(tf, x), [x])


@case()
def max_pool_of_ties(tf):
    x = tf.constant(np.float32([[1, 1, 2], [1, 1, 2], [3, 3, 3]]).reshape(1, 3, 3, 1))
    return tf.gradients(tf.nn.max_pool(x, [1, 2, 2, 1], [1, 1, 1, 1], "SAME"), x)


@case()
def fused_batch_norm_statistics(tf):
    x = tf.constant(IMAGE)
    y, mean, variance = tf.nn.fused_batch_norm(x, [1.0] * 3, [0.0] * 3, epsilon=0.01)
    given = tf.nn.fused_batch_norm(
        x, [1.0] * 3, [0.5] * 3, mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0], is_training=False
    )[0]
    return [y, mean, variance, given]


LOGITS = [[2.0, -1.0, 0.5], [0.1, 0.2, -3.0]]
LABELS = [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]]

ENTROPIES = {
    "softmax": lambda tf, x, p: tf.nn.softmax_cross_entropy_with_logits(labels=p, logits=x),
    "softmax_v2": lambda tf, x, p: tf.nn.softmax_cross_entropy_with_logits_v2(labels=p, logits=x),
    "sparse": lambda tf, x, p: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[2, 0], logits=x),
    "sigmoid": lambda tf, x, p: tf.nn.sigmoid_cross_entropy_with_logits(labels=p, logits=x),
    "weighted": lambda tf, x, p: tf.nn.weighted_cross_entropy_with_logits(p, x, 3.0),
    "log_poisson": lambda tf, x, p: tf.nn.log_poisson_loss(p, x, compute_full_loss=True),
    "log_softmax": lambda tf, x, p: -tf.reduce_sum(p * tf.nn.log_softmax(x), 1),
    "l2": lambda tf, x, p: tf.nn.l2_loss(x - p),
}


@each_of(ENTROPIES)
def cross_entropy(tf, function):
    x, p = tf.constant(LOGITS), tf.constant(LABELS)
    y = function(tf, x, p)
    return [y, tf.gradients(y, [x, p])]


@case()
def cross_entropy_is_called_by_keywords(tf):
    x, p = tf.constant(LOGITS), tf.constant(LABELS)
    return [
        raised(lambda: tf.nn.softmax_cross_entropy_with_logits(x, p)),
        raised(lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=p, logits=x)),
        raised(lambda: tf.nn.sigmoid_cross_entropy_with_logits(labels=p[:1], logits=x)),
    ]


@case()
def rankings(tf):
    x = tf.constant([[0.1, 0.9, 0.9, 0.3], [3.0, 1.0, 2.0, 3.0]])
    values, places = tf.nn.top_k(x, 3)
    return [values, places, tf.nn.in_top_k(x, [1, 2], 2), tf.argmax(x, 1), tf.argsort(x), tf.argmin(x, 0)]


@case()
def dropout_keeps_or_drops_everything(tf):
    x = tf.ones([4, 3])
    return [tf.nn.dropout(x, keep_prob=1.0), tf.nn.dropout(x, rate=0.0), raised(lambda: tf.nn.dropout(x, rate=1.5))]


@case(tolerance=0.05)
def dropout_moments(tf):
    y = tf.nn.dropout(tf.ones([100, 200]), keep_prob=0.25, seed=7)
    return [tf.reduce_mean(y), tf.reduce_max(y), tf.reduce_min(y), tf.reduce_mean(tf.cast(y > 0.0, tf.float32))]


PICTURES = {
    "bilinear": lambda tf, x: tf.image.resize_bilinear(x, [4, 9]),
    "bilinear aligned": lambda tf, x: tf.image.resize_bilinear(x, [14, 11], align_corners=True),
    "bilinear centred": lambda tf, x: tf.image.resize_bilinear(x, [3, 8], half_pixel_centers=True),
    "nearest": lambda tf, x: tf.image.resize_nearest_neighbor(x, [4, 9]),
    "nearest aligned": lambda tf, x: tf.image.resize_nearest_neighbor(x, [14, 11], align_corners=True),
    "bicubic": lambda tf, x: tf.image.resize_bicubic(x, [9, 5]),
    "resize_images": lambda tf, x: tf.image.resize_images(x, [10, 3]),
    "crop": lambda tf, x: tf.image.crop_to_bounding_box(x, 1, 2, 3, 3),
    "pad": lambda tf, x: tf.image.pad_to_bounding_box(x, 1, 2, 10, 9),
    "crop or pad": lambda tf, x: tf.image.resize_image_with_crop_or_pad(x, 4, 9),
    "central_crop": lambda tf, x: tf.image.central_crop(x, 0.5),
    "flip": lambda tf, x: tf.image.flip_left_right(x),
    "flip up": lambda tf, x: tf.image.flip_up_down(x),
    "rot90": lambda tf, x: tf.image.rot90(x, 3),
    "transpose": lambda tf, x: tf.image.transpose_image(x),
    "brightness": lambda tf, x: tf.image.adjust_brightness(x, 0.3),
    "gamma": lambda tf, x: tf.image.adjust_gamma(tf.abs(x) + 0.1, 1.5),
    "standardized": lambda tf, x: tf.image.per_image_standardization(x),
    "grayscale": lambda tf, x: tf.image.rgb_to_grayscale(x),
    "from grayscale": lambda tf, x: tf.image.grayscale_to_rgb(x[..., :1]),
    "yuv": lambda tf, x: tf.image.rgb_to_yuv(x),
    "yiq": lambda tf, x: tf.image.yiq_to_rgb(x),
    "variation": lambda tf, x: tf.image.total_variation(x),
    "sobel": lambda tf, x: tf.image.sobel_edges(x),
    "gradients": lambda tf, x: tf.image.image_gradients(x)[1],
    "crop_and_resize": lambda tf, x: tf.image.crop_and_resize(
        x, [[0.1, 0.2, 0.8, 0.9], [0.0, 0.0, 1.3, 0.5]], [1, 0], [4, 3]
    ),
}  # fmt: skip


@each_of(PICTURES, tolerance=1e-4)
def picture(tf, function):
    x = tf.constant(IMAGE)
    return with_gradients(tf, function(tf, x), [x])


# TensorFlow has no gradient of these, or none on the CPU.
VALUES = {
    "area": lambda tf, x: tf.image.resize_area(x, [3, 4]),
    "contrast": lambda tf, x: tf.image.adjust_contrast(x, 1.5),
    "dilated": lambda tf, x: tf.nn.conv2d(x, weights(3, 3, 3, 2), [1, 1, 1, 1], "SAME", dilations=[1, 2, 2, 1]),
    "dilated valid": lambda tf, x: tf.nn.conv2d(x, weights(3, 2, 3, 2), [1, 1, 1, 1], "VALID", dilations=[1, 2, 3, 1]),
    "hsv": lambda tf, x: tf.image.rgb_to_hsv(x),
    "from hsv": lambda tf, x: tf.image.hsv_to_rgb(x),
    "hue": lambda tf, x: tf.image.adjust_hue(x, 0.2),
    "saturation": lambda tf, x: tf.image.adjust_saturation(x, 0.5),
    "ssim": lambda tf, x: tf.image.ssim(tf.tile(x, [1, 2, 2, 1]), tf.tile(x * 0.9, [1, 2, 2, 1]), 1.0),
    "psnr": lambda tf, x: tf.image.psnr(x, x * 0.9, 1.0),
    "to integers": lambda tf, x: tf.image.convert_image_dtype(x, tf.uint8),
    "suppression": lambda tf, x: tf.image.non_max_suppression(
        [[0.0, 0.0, 1.0, 1.0], [0.0, 0.1, 1.0, 1.1], [0.0, 2.0, 1.0, 3.0]], [0.9, 0.75, 0.6], 3, 0.5
    ),
}


@each_of(VALUES, tolerance=1e-4)
def values(tf, function):
    return function(tf, tf.abs(tf.constant(IMAGE)))
