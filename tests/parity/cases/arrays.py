"""Arrays: shapes, slices, padding, gathering, scattering, reordering; values and gradients."""

import numpy as np

from tests.parity.case import case, each_of
from tests.parity.session import run

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 4 - 1

RESHAPED = {
    "reshape": lambda tf, x: tf.reshape(x, [4, -1]),
    "reshape flat": lambda tf, x: tf.reshape(x, [-1]),
    "reshape by tensor": lambda tf, x: tf.reshape(x, tf.stack([tf.shape(x)[0] * 3, 4])),
    "transpose": lambda tf, x: tf.transpose(x),
    "transpose by order": lambda tf, x: tf.transpose(x, [1, 2, 0]),
    "expand_dims": lambda tf, x: tf.expand_dims(x, 1),
    "squeeze": lambda tf, x: tf.squeeze(x[:1, :, :1]),
    "squeeze one": lambda tf, x: tf.squeeze(x[:1, :, :1], [0]),
    "tile": lambda tf, x: tf.tile(x, [2, 1, 3]),
    "stack": lambda tf, x: tf.stack([x, x * 2.0], axis=2),
    "unstack": lambda tf, x: tf.unstack(x, axis=1)[1],
    "concat": lambda tf, x: tf.concat([x, x * 2.0], axis=1),
    "concat of the last": lambda tf, x: tf.concat([x, x[:, :, :2]], -1),
    "split": lambda tf, x: tf.split(x, 2, axis=2)[1],
    "split by sizes": lambda tf, x: tf.split(x, [1, 3], axis=2)[1],
    "split with a rest": lambda tf, x: tf.split(x, [1, -1], axis=1)[1],
    "reverse": lambda tf, x: tf.reverse(x, [0, 2]),
    "reverse_sequence": lambda tf, x: tf.reverse_sequence(x, [2, 3], seq_axis=1, batch_axis=0),
    "roll": lambda tf, x: tf.roll(x, [1, -2], [0, 2]),
    "repeat": lambda tf, x: tf.repeat(x, [1, 2, 0], axis=1),
    "broadcast_to": lambda tf, x: tf.broadcast_to(x[:, :1], [2, 5, 4]),
    "pad": lambda tf, x: tf.pad(x, [[0, 1], [2, 0], [1, 1]]),
    "pad with a value": lambda tf, x: tf.pad(x, [[0, 1], [2, 0], [0, 0]], constant_values=7.0),
    "pad reflect": lambda tf, x: tf.pad(x, [[0, 1], [2, 0], [1, 3]], "REFLECT"),
    "pad symmetric": lambda tf, x: tf.pad(x, [[1, 1], [2, 3], [0, 4]], "SYMMETRIC"),
    "slice": lambda tf, x: tf.slice(x, [0, 1, 2], [-1, 2, 1]),
    "strided_slice": lambda tf, x: tf.strided_slice(x, [0, 0, 3], [2, 3, 0], [1, 2, -1]),
    "space_to_depth": lambda tf, x: tf.space_to_depth(tf.reshape(x, [1, 4, 6, 1]), 2),
    "depth_to_space": lambda tf, x: tf.depth_to_space(tf.reshape(x, [1, 2, 3, 4]), 2),
    "space_to_batch": lambda tf, x: tf.space_to_batch(tf.reshape(x, [1, 4, 6, 1]), [[0, 0], [1, 1]], 2),
    "batch_to_space": lambda tf, x: tf.batch_to_space(tf.reshape(x, [4, 2, 3, 1]), [[0, 1], [0, 0]], 2),
    "meshgrid": lambda tf, x: tf.meshgrid(x[0, 0], x[0, :, 0])[1],
    "meshgrid ij": lambda tf, x: tf.meshgrid(x[0, 0], x[0, :, 0], indexing="ij")[0],
    "extract_image_patches": lambda tf, x: tf.extract_image_patches(
        tf.reshape(x, [1, 4, 6, 1]), [1, 2, 3, 1], [1, 1, 2, 1], [1, 1, 1, 1], "SAME"
    ),
}


@each_of(RESHAPED)
def rearranged(tf, function):
    x = tf.constant(X)
    y = function(tf, x)
    return [y, tf.gradients(y * y, x)]


SLICES = {
    "row": lambda x: x[1], "last row": lambda x: x[-1], "range": lambda x: x[:, 1:3], "step": lambda x: x[:, ::2],
    "backwards range": lambda x: x[:, -2:], "ellipsis": lambda x: x[..., 1], "new axis": lambda x: x[:, None, 1],
    "mixed": lambda x: x[1, ..., None, ::2], "element": lambda x: x[0, 1, 2], "empty": lambda x: x[:, 2:2],
    "beyond": lambda x: x[:, 1:99], "ellipsis in the middle": lambda x: x[0, ..., 2], "all": lambda x: x[:],
}  # fmt: skip


@each_of(SLICES)
def sliced(tf, function):
    x = tf.constant(X)
    y = function(x)
    return [y, tf.gradients(y * y, x)]


@case()
def sliced_by_tensors(tf):
    x, k = tf.constant(X), tf.placeholder(tf.int32, [])
    return run(tf, [x[k], x[:, k:], x[:, :k, k], tf.gradients(x[k] ** 2, x)], {k: 1})


GATHERED = {
    "gather": lambda tf, x: tf.gather(x, [1, 0, 1]),
    "gather of a matrix": lambda tf, x: tf.gather(x, [[1, 0], [0, 0]]),
    "gather along 1": lambda tf, x: tf.gather(x, [2, 2, 0], axis=1),
    "gather along -1": lambda tf, x: tf.gather(x, [3], axis=-1),
    "gather of one": lambda tf, x: tf.gather(x, 1, axis=1),
    "gather in batches": lambda tf, x: tf.gather(x, [[0, 2], [1, 1]], axis=1, batch_dims=1),
    "gather_nd": lambda tf, x: tf.gather_nd(x, [[0, 1, 2], [1, 2, 3]]),
    "gather_nd of rows": lambda tf, x: tf.gather_nd(x, [[0, 1], [1, 2], [0, 1]]),
    "gather_nd of one index": lambda tf, x: tf.gather_nd(x, [[1]]),
    "gather_nd of more": lambda tf, x: tf.gather_nd(x, [[[0, 1]], [[1, 0]]]),
    "embedding_lookup": lambda tf, x: tf.nn.embedding_lookup(x, [[1, 0], [1, 1]]),
    "boolean_mask": lambda tf, x: tf.boolean_mask(x, [[True, False, True], [False, False, True]]),
    "boolean_mask along 1": lambda tf, x: tf.boolean_mask(x, [True, False, True], axis=1),
    "batch_gather": lambda tf, x: tf.batch_gather(x, [[[1], [2], [0]], [[0], [3], [3]]]),
    "dynamic_partition": lambda tf, x: tf.dynamic_partition(x, [1, 0], 2)[1],
    "dynamic_stitch": lambda tf, x: tf.dynamic_stitch([[0, 2], [1, 2]], [x, x * 10.0]),
    "where": lambda tf, x: tf.where(x > 1.0, x * x, -x),
    "where of rows": lambda tf, x: tf.where([True, False], x, x * 3.0),
    "scatter_nd": lambda tf, x: tf.scatter_nd([[0], [2]], x, [4, 3, 4]),
    "scatter_nd adds": lambda tf, x: tf.scatter_nd([[1], [1]], x, [3, 3, 4]),
    "tensor_scatter_update": lambda tf, x: tf.tensor_scatter_update(tf.ones([3, 3, 4]), [[0], [2]], x),
    "tensor_scatter_add": lambda tf, x: tf.tensor_scatter_add(x, [[0], [0]], tf.ones([2, 3, 4])),
    "tensor_scatter_sub": lambda tf, x: tf.tensor_scatter_sub(x, [[1], [0]], x),
    "top_k": lambda tf, x: tf.nn.top_k(x, 2)[0],
    "argsort": lambda tf, x: tf.gather(x[0, 0], tf.argsort(-x[0, 0])),
    "sparse": lambda tf, x: tf.gather(tf.gather(x, [1, 1]), [0, 1, 1]),
}


@each_of(GATHERED)
def gathered(tf, function):
    x = tf.constant(X)
    y = function(tf, x)
    return [y, tf.gradients(y, x), tf.gradients(y * y, x)]


@case()
def lookups_add_up(tf):
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    y = tf.reduce_sum(tf.nn.embedding_lookup(v, [0, 0, 2]) ** 2) + tf.reduce_sum(v * v)
    z = tf.nn.embedding_lookup(v, [0, 0, 2]) * tf.gather(v, [1, 0, 2])
    return [tf.gradients(y, v), tf.gradients(z, v), tf.gradients(tf.exp(tf.gather(v, [1, 1])), v)]


@case()
def gradient_of_a_lookup_with_given_seeds(tf):
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    rows = tf.gather(v, [2, 0])
    return tf.gradients([rows, rows], v, grad_ys=[tf.constant([[1.0, 2.0], [3.0, 4.0]]), None])


MADE = {
    "zeros": lambda tf: tf.zeros([2, 3]), "ones": lambda tf: tf.ones([2], tf.int32), "fill": lambda tf: tf.fill([2], 7),
    "eye": lambda tf: tf.eye(2, 3), "batch of eyes": lambda tf: tf.eye(2, batch_shape=[2]),
    "range": lambda tf: tf.range(5), "range of floats": lambda tf: tf.range(1.0, 2.0, 0.25),
    "range down": lambda tf: tf.range(5, 0, -2), "linspace": lambda tf: tf.linspace(0.0, 1.0, 5),
    "one_hot": lambda tf: tf.one_hot([0, 2, -1, 5], 3), "one_hot by axis": lambda tf: tf.one_hot([0, 2], 3, axis=0),
    "one_hot of values": lambda tf: tf.one_hot([[1], [0]], 2, on_value=5, off_value=-1),
    "sequence_mask": lambda tf: tf.sequence_mask([1, 3, 0]), "rank": lambda tf: tf.rank(tf.zeros([2, 3])),
    "sequence_mask wide": lambda tf: tf.sequence_mask([[1], [2]], 4, tf.float32), "size": lambda tf: tf.size([[1, 2]]),
    "shape": lambda tf: tf.shape(tf.zeros([2, 3]), out_type=tf.int64), "zeros_like": lambda tf: tf.zeros_like([1, 2]),
    "ones_like": lambda tf: tf.ones_like([1.0, 2.0], dtype=tf.int32), "constant": lambda tf: tf.constant(3, shape=[2]),
    "constant of a list": lambda tf: tf.constant([1, 2, 3, 4], tf.float64, [2, 2]),
    "unravel_index": lambda tf: tf.unravel_index([5, 2], [2, 3]), "diag": lambda tf: tf.diag([1, 2]),
    "broadcast_dynamic_shape": lambda tf: tf.broadcast_dynamic_shape([2, 1], [3]),
    "stack of numbers": lambda tf: tf.stack([1.0, 2.0]), "shape_n": lambda tf: tf.shape_n([tf.zeros([2]), [[1]]]),
    "convert": lambda tf: tf.convert_to_tensor([[1.0], [2.0]]), "pad of integers": lambda tf: tf.pad([1, 2], [[1, 1]]),
    "parallel_stack": lambda tf: tf.parallel_stack([[1, 2], [3, 4]]), "bitcast": lambda tf: tf.bitcast([1.0], tf.int32),
}  # fmt: skip


@each_of(MADE)
def made(tf, function):
    return function(tf)


UNKNOWN = {
    "shape": lambda tf, x: tf.shape(x), "flatten": lambda tf, x: tf.reshape(x, [tf.shape(x)[0], -1]),
    "rows of zeros": lambda tf, x: tf.zeros([tf.shape(x)[0], 2]), "range": lambda tf, x: tf.range(tf.shape(x)[0]),
    "tile": lambda tf, x: tf.tile(x[:1], [tf.shape(x)[0], 1]), "mean": lambda tf, x: tf.reduce_mean(x, 0),
    "one_hot": lambda tf, x: tf.one_hot(tf.cast(x[:, 0], tf.int32), tf.shape(x)[1]), "last": lambda tf, x: x[-1],
    "mask": lambda tf, x: tf.boolean_mask(x, x[:, 0] > 0.0), "where": lambda tf, x: tf.where(x > 0.0),
    "stack": lambda tf, x: tf.stack([x, x]), "concat": lambda tf, x: tf.concat([x, x], 1),
    "expand": lambda tf, x: x[:, None] * x[None], "fill": lambda tf, x: tf.fill(tf.shape(x), 3.0),
    "eye": lambda tf, x: tf.eye(tf.shape(x)[0]), "split": lambda tf, x: tf.split(x, 2, 1),
    "zeros_like": lambda tf, x: tf.zeros_like(x), "cumsum": lambda tf, x: tf.cumsum(x),
    "size": lambda tf, x: tf.size(x), "rank": lambda tf, x: tf.rank(x),
}  # fmt: skip


@each_of(UNKNOWN)
def of_unknown_sizes(tf, function):
    x = tf.placeholder(tf.float32, [None, None])
    return run(tf, function(tf, x), {x: [[1.0, -2.0], [0.0, 3.0], [-1.0, 2.0]]})
