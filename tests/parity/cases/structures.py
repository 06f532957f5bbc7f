"""gradients(): what ys, xs, grad_ys, stop_gradients and the options may be, and what comes back."""

from collections import namedtuple

import numpy as np

from tests.parity.case import case, each_of
from tests.parity.session import dtype_name, raised, run, sizes

Pair = namedtuple("Pair", "a b")


def inputs(tf):
    x = tf.constant([1.0, 2.0], name="x")
    w = tf.constant([3.0, 5.0], name="w")
    return x, w, x * w + tf.exp(x)


STRUCTURES = {
    "one x": lambda tf, x, w, y: tf.gradients(y, x),
    "list of one": lambda tf, x, w, y: tf.gradients(y, [x]),
    "tuple": lambda tf, x, w, y: tf.gradients(y, (x, w)),
    "duplicate xs": lambda tf, x, w, y: tf.gradients(y, [x, w, x]),
    "no xs": lambda tf, x, w, y: tf.gradients(y, []),
    "no ys": lambda tf, x, w, y: tf.gradients([], [x, w]),
    "nothing at all": lambda tf, x, w, y: tf.gradients([], []),
    "tuple of ys": lambda tf, x, w, y: tf.gradients((y, x), [x, w]),
    "duplicate ys": lambda tf, x, w, y: tf.gradients([y, y], [x]),
    "y is x": lambda tf, x, w, y: tf.gradients(x, x),
    "ys hold x": lambda tf, x, w, y: tf.gradients([x, x * x], x),
    "dependent ys": lambda tf, x, w, y: tf.gradients([y, y * y], [x, w, y]),
    "x downstream": lambda tf, x, w, y: tf.gradients(x, [y, w]),
    "unrelated": lambda tf, x, w, y: tf.gradients(tf.constant(2.0) * 3.0, [x, w]),
    "some unrelated": lambda tf, x, w, y: tf.gradients(tf.exp(x), [w, x]),
    "keyword names": lambda tf, x, w, y: tf.gradients(ys=y, xs=[x], grad_ys=None, name="g", gate_gradients=True),
    "colocated": lambda tf, x, w, y: tf.gradients(y, [x, w], colocate_gradients_with_ops=True),
    "gate number": lambda tf, x, w, y: tf.gradients(y, [x, w], gate_gradients=2),
}


@each_of(STRUCTURES)
def structure(tf, call):
    return call(tf, *inputs(tf))


SEEDS = {
    "none": lambda tf, x, y: tf.gradients(y, x, grad_ys=[None]),
    "bare none": lambda tf, x, y: tf.gradients(y, x, grad_ys=None),
    "tensor": lambda tf, x, y: tf.gradients(y, x, grad_ys=tf.constant([2.0, 3.0])),
    "nested list": lambda tf, x, y: tf.gradients(y, x, grad_ys=[[5.0, 6.0]]),
    "array": lambda tf, x, y: tf.gradients(y, x, grad_ys=np.float32([5, 6])),
    "list of arrays": lambda tf, x, y: tf.gradients([y, x], x, grad_ys=[np.float32([5, 6]), np.float32([1, 2])]),
    "mixed with none": lambda tf, x, y: tf.gradients([y, x], x, grad_ys=[None, tf.constant([1.0, 2.0])]),
    "of y itself": lambda tf, x, y: tf.gradients(x, x, grad_ys=[tf.constant([7.0, 8.0])]),
    "depends on x": lambda tf, x, y: tf.gradients(y, x, grad_ys=[x]),
    "duplicate ys": lambda tf, x, y: tf.gradients([y, y], x, grad_ys=[tf.ones([2]), tf.constant([1.0, 5.0])]),
    "zeros": lambda tf, x, y: tf.gradients(y, x, grad_ys=tf.zeros_like(y)),
    "too few": lambda tf, x, y: raised(lambda: tf.gradients([y, x], x, grad_ys=[None])),
    "too many": lambda tf, x, y: raised(lambda: tf.gradients(y, x, grad_ys=[None, None])),
    "empty": lambda tf, x, y: raised(lambda: tf.gradients(y, x, grad_ys=[])),
    "flat numbers are two": lambda tf, x, y: raised(lambda: tf.gradients(y, x, grad_ys=[5.0, 6.0])),
    "bool": lambda tf, x, y: raised(lambda: tf.gradients(y, x, grad_ys=tf.constant([True, False]))),
    "complex for real": lambda tf, x, y: raised(lambda: tf.gradients(y, x, grad_ys=tf.constant([1j, 2j]))),
    "wrong size": lambda tf, x, y: raised(lambda: tf.gradients(y, x, grad_ys=tf.ones([3]))),
    "scalar is not broadcast": lambda tf, x, y: raised(lambda: tf.gradients(y, x, grad_ys=tf.constant(1.0))),
    "integers": lambda tf, x, y: raised(lambda: tf.gradients(y, x, grad_ys=tf.constant([1, 2]))),
    "number of wide float": lambda tf, x, y: raised(lambda: tf.gradients(y, x, grad_ys=np.float64([1, 2]))),
}


@each_of(SEEDS)
def seed(tf, call):
    x = tf.constant([1.0, 2.0])
    return call(tf, x, x * x)


ERRORS = {
    "none as y": lambda tf, x, y: tf.gradients(None, x),
    "none as x": lambda tf, x, y: tf.gradients(y, None),
    "none in ys": lambda tf, x, y: tf.gradients([None, y], x),
    "none in xs": lambda tf, x, y: tf.gradients(y, [x, None]),
    "dict of ys": lambda tf, x, y: tf.gradients({"y": y}, x),
    "set of xs": lambda tf, x, y: tf.gradients(y, {x}),
    "generator": lambda tf, x, y: tf.gradients((t for t in [y]), x),
    "object": lambda tf, x, y: tf.gradients(object(), x),
    "text as y": lambda tf, x, y: tf.gradients("y", x),
    "operation as y": lambda tf, x, y: tf.gradients(y.op, x),
    "operation as x": lambda tf, x, y: tf.gradients(y, x.op),
    "nested xs": lambda tf, x, y: tf.gradients(y, [[x]]),
    "number as y": lambda tf, x, y: tf.gradients(2.0, x),
    "array as x": lambda tf, x, y: tf.gradients(y, [x, np.float32([1, 2])]),
    "unknown keyword": lambda tf, x, y: tf.gradients(y, x, strict=True),
    "no xs given": lambda tf, x, y: tf.gradients(y),
    "unconnected ZERO": lambda tf, x, y: tf.gradients(y, x, unconnected_gradients="ZERO"),
    "unconnected None": lambda tf, x, y: tf.gradients(y, x, unconnected_gradients=None),
    "unconnected True": lambda tf, x, y: tf.gradients(y, x, unconnected_gradients=True),
    "unconnected nonsense": lambda tf, x, y: tf.gradients(y, x, unconnected_gradients="nonsense"),
    "aggregation": lambda tf, x, y: tf.gradients(x * x + x, x, aggregation_method=17),
    "aggregation unused": lambda tf, x, y: tf.gradients(tf.constant(1.0), x, aggregation_method=17),
    "name with a space": lambda tf, x, y: tf.gradients(y, x, name="a b"),
    "name that starts low": lambda tf, x, y: tf.gradients(y, x, name="_x"),
    "name is a number": lambda tf, x, y: tf.gradients(y, x, name=3),
    "stop is a number": lambda tf, x, y: tf.gradients(y, x, stop_gradients=[1.0]),
    "stop is None": lambda tf, x, y: tf.gradients(y, x, stop_gradients=[None]),
    "stop is an operation": lambda tf, x, y: tf.gradients(y, x, stop_gradients=[x.op]),
}


@each_of(ERRORS)
def error(tf, call):
    x = tf.constant([1.0, 2.0])
    return raised(lambda: call(tf, x, x * x))


@case()
def complex_y_needs_a_seed(tf):
    z = tf.constant([1 + 2j, 3 - 1j])
    return [
        raised(lambda: tf.gradients(z * z, z)),
        tf.gradients(z * z, z, grad_ys=[tf.constant([1 + 0j, 1j])]),
        raised(lambda: tf.gradients(z * z, z, grad_ys=[tf.constant([1.0, 2.0])])),
    ]


@case()
def two_graphs(tf):
    with tf.Graph().as_default():
        other = tf.constant(1.0)
    x = tf.constant(2.0)
    return [
        raised(lambda: tf.gradients(x * x, other)),
        raised(lambda: tf.gradients([x * x, other], x)),
        raised(lambda: tf.gradients(x * x, x, grad_ys=[other])),
        raised(lambda: tf.gradients(x * x, x, stop_gradients=[other])),
    ]


@case()
def a_graph_that_is_not_the_default(tf):
    other = tf.Graph()
    with other.as_default():
        x = tf.constant(3.0)
        y = x * x
    (slope,) = tf.gradients(y, x)
    with tf.Session(graph=other) as session:
        return [slope.graph is other, session.run(slope)]


@case()
def a_finalized_graph(tf):
    x = tf.constant(3.0)
    y = x * x
    tf.get_default_graph().finalize()
    return raised(lambda: tf.gradients(y, x))


@case()
def slopes_of_duplicates_are_one_tensor(tf):
    x = tf.constant(3.0)
    a, b = tf.gradients(x * x, [x, x])
    return a is b


AGGREGATION = ["DEFAULT", "ADD_N", "EXPERIMENTAL_TREE", "EXPERIMENTAL_ACCUMULATE_N"]


@each_of({name: name for name in AGGREGATION})
def aggregation(tf, name):
    x = tf.constant([1.0, 2.0])
    terms = tf.add_n([x] * 10) + tf.sin(x) + x * x
    return tf.gradients(terms, [x], aggregation_method=getattr(tf.AggregationMethod, name))


@each_of({"x": "x", "w": "w", "product": "product", "two": "two", "all": "all"})
def gated_results(tf, fetched):
    x, w = tf.constant([1.0, 2.0]), tf.constant([3.0, 5.0])
    slopes = tf.gradients(x * w + tf.exp(w), [x, w], gate_gradients=True)
    chosen = {"x": slopes[0], "w": slopes[1], "product": slopes[0] * slopes[1], "two": slopes, "all": [slopes, x, w]}
    return chosen[fetched]


ZEROS = {
    "float32": lambda tf: tf.constant([1.0, 2.0]),
    "float64": lambda tf: tf.constant([[1.0], [2.0]], tf.float64),
    "int32": lambda tf: tf.constant([1, 2, 3]),
    "int64": lambda tf: tf.constant(5, tf.int64),
    "bool": lambda tf: tf.constant([True, False]),
    "complex": lambda tf: tf.constant([1 + 2j]),
    "uint8": lambda tf: tf.constant([7, 8], tf.uint8),
    "scalar": lambda tf: tf.constant(2.0),
    "empty": lambda tf: tf.zeros([0, 3]),
    "variable": lambda tf: tf.Variable([[1.0, 2.0]]),
    "intermediate": lambda tf: tf.constant([1.0, 4.0]) * 2.0,
}


@each_of(ZEROS)
def zeros_for_the_unconnected(tf, make):
    x = make(tf)
    y = tf.constant([3.0]) * 2.0
    by_name = tf.gradients(y, [x], unconnected_gradients="zero")
    by_enum = tf.gradients(y, [x], unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return [by_name, by_enum, tf.gradients(y, [x], unconnected_gradients=tf.UnconnectedGradients.NONE)]


@case()
def zeros_of_an_unknown_size(tf):
    x = tf.placeholder(tf.float32, [None, 2])
    slopes = tf.gradients(tf.constant(1.0) * 2.0, [x], unconnected_gradients="zero")
    return run(tf, slopes, {x: np.ones([3, 2], np.float32)})


@case()
def zeros_of_an_uninitialised_variable(tf):
    v = tf.Variable([[1.0, 2.0]])
    slopes = tf.gradients(tf.constant(1.0) * 2.0, [v], unconnected_gradients="zero")
    with tf.Session() as session:
        return session.run(slopes)


@case()
def a_connected_zero_is_computed(tf):
    x = tf.constant([1.0, -2.0])
    return [tf.gradients(tf.sign(x), x, unconnected_gradients=mode) for mode in ("none", "zero")]


@case()
def zeros_for_the_stopped_and_for_integers(tf):
    x, k = tf.constant([1.0, 2.0]), tf.constant([1, 2])
    stopped = tf.stop_gradient(x * x)
    counted = tf.cast(k * k, tf.float32)
    return tf.gradients([stopped, counted], [x, k], unconnected_gradients="zero")


DTYPES = ["float32", "float64", "int32", "int64", "uint8", "bool", "complex64", "complex128"]


@each_of({name: name for name in DTYPES})
def y_is_x_of_dtype(tf, name):
    x = tf.constant([True, False] if name == "bool" else [1, 0], getattr(tf, name))
    if name.startswith("complex"):
        return [raised(lambda: tf.gradients(x, x)), tf.gradients(x, x, grad_ys=[x])]
    (slope,) = tf.gradients(x, x)
    return [slope, dtype_name(slope), sizes(slope)]


@case()
def shapes_of_the_slopes(tf):
    x = tf.placeholder(tf.float32, [None, 3])
    w = tf.constant(np.ones([3, 2], np.float32))
    slopes = tf.gradients(tf.matmul(x, w), [x, w])
    feed = {x: np.float32([[1, 2, 3], [4, 5, 6]])}
    return [sizes(slopes[1]), [dtype_name(each) for each in slopes], run(tf, slopes, feed)]


@case()
def a_call_adds_up_over_ys_and_elements(tf):
    x = tf.constant([1.0, 2.0, 3.0])
    return tf.gradients([x[:, None] * x[None, :], tf.reduce_sum(x)], x)
