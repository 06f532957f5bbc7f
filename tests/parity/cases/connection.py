"""gradients(): what is connected to what, through which dtypes, and what a stop cuts."""

import itertools

import numpy as np

from tests.parity.case import case, each_of
from tests.parity.session import run


def chain(tf):
    a = tf.constant(3.0)
    b = a * 2.0
    return a, b, a + b


@each_of({"none": [], "a": ["a"], "b": ["b"], "both": ["a", "b"], "sum": ["c"], "all": ["a", "b", "c"]})
def total_and_partial(tf, stops):
    named = dict(zip("abc", chain(tf), strict=True))
    xs = [named[key] for key in "abc"]
    return tf.gradients(named["c"], xs, stop_gradients=[named[key] for key in stops])


@each_of({"".join(stops) or "none": stops for n in range(5) for stops in itertools.combinations("uvwz", n)})
def stops_of_a_diamond(tf, stops):
    x = tf.constant([0.5, 1.5])
    named = {"u": tf.sin(x)}
    named["v"] = named["u"] * x
    named["w"] = tf.exp(named["u"]) + named["v"]
    named["z"] = named["w"] * named["v"]
    xs = [x, *named.values()]
    stopped = [named[key] for key in stops]
    return tf.gradients(named["z"] * x, xs, stop_gradients=stopped, unconnected_gradients="none")


@case()
def stop_in_the_graph(tf):
    x = tf.constant([1.0, 2.0])
    s = tf.stop_gradient(x * x)
    return [tf.gradients(s * x, [x, s]), tf.gradients(s, x), tf.gradients(s, s), tf.gradients(tf.exp(s), [s, x])]


@case()
def stop_in_the_graph_and_in_the_call(tf):
    x = tf.constant(2.0)
    a = x * x
    b = tf.stop_gradient(a) + a
    return [tf.gradients(b * x, [x, a, b], stop_gradients=stops) for stops in ([], [a], [b], [a, b])]


@case()
def stop_is_the_y(tf):
    x = tf.constant(2.0)
    y = x * x
    return [
        tf.gradients(y, x, stop_gradients=[y]),
        tf.gradients(y, x, stop_gradients=y, unconnected_gradients="zero"),
        tf.gradients(y, [y, x], stop_gradients=[y]),
    ]


@case()
def stop_that_does_not_matter(tf):
    x = tf.constant(2.0)
    aside = tf.exp(x)
    return tf.gradients(x * x, x, stop_gradients=[aside, tf.constant(1.0), x])


@case()
def stop_one_of_two_paths(tf):
    x = tf.constant([1.0, 2.0])
    left, right = tf.sin(x), tf.cos(x)
    y = left * right
    return [tf.gradients(y, x, stop_gradients=[left]), tf.gradients(y, x, stop_gradients=[right])]


@case()
def stop_one_output_of_a_split(tf):
    x = tf.constant([1.0, 2.0, 3.0, 4.0])
    a, b = tf.split(x, 2)
    return tf.gradients(a * b, [x], stop_gradients=[a])


@case()
def output_of_a_split_as_x(tf):
    x = tf.constant([1.0, 2.0, 3.0, 4.0])
    a, b = tf.split(x, 2)
    return [tf.gradients(a * a, [a, x]), tf.gradients(a * b, [a, b]), tf.gradients(a, [b])]


@case()
def sibling_output_beside_its_source(tf):
    x = tf.constant([1.0, 2.0])
    a, b = tf.unstack(x)
    return tf.gradients(a * a, [b, x])


CUTS = {
    "floor": lambda tf, x: tf.floor(x),
    "ceil": lambda tf, x: tf.ceil(x),
    "round": lambda tf, x: tf.round(x),
    "rint": lambda tf, x: tf.rint(x),
    "floordiv": lambda tf, x: x // 2.0,
    "zeros_like": lambda tf, x: tf.zeros_like(x),
    "ones_like": lambda tf, x: tf.ones_like(x),
    "argmax": lambda tf, x: tf.cast(tf.argmax(x, 0), tf.float32),
    "greater": lambda tf, x: tf.cast(x > 1.0, tf.float32),
    "equal": lambda tf, x: tf.cast(tf.equal(x, 1.0), tf.float32),
    "shape": lambda tf, x: tf.cast(tf.shape(x), tf.float32),
    "size": lambda tf, x: tf.cast(tf.size(x), tf.float32),
    "rank": lambda tf, x: tf.cast(tf.rank(x), tf.float32),
    "cast to int": lambda tf, x: tf.cast(tf.cast(x, tf.int32), tf.float32),
    "one_hot": lambda tf, x: tf.one_hot(tf.cast(x, tf.int32), 4),
    "sign": lambda tf, x: tf.sign(x),
    "stop": lambda tf, x: tf.stop_gradient(x),
    "fill": lambda tf, x: tf.fill(tf.shape(x), 2.0),
    "is_finite": lambda tf, x: tf.cast(tf.is_finite(x), tf.float32),
    "cast to double": lambda tf, x: tf.cast(tf.cast(x, tf.float64), tf.float32),
    "cast to complex": lambda tf, x: tf.real(tf.cast(x, tf.complex64)),
    "cast to bool": lambda tf, x: tf.cast(tf.cast(x, tf.bool), tf.float32),
    "identity": lambda tf, x: tf.identity(x),
    "floormod": lambda tf, x: tf.floormod(x, 0.7),
    "mod operator": lambda tf, x: x % 0.7,
    "random like": lambda tf, x: tf.cast(tf.shape(tf.random_uniform(tf.shape(x))), tf.float32),
    "sequence_mask": lambda tf, x: tf.sequence_mask(tf.cast(x, tf.int32), 4, dtype=tf.float32),
}


@each_of(CUTS)
def cut_or_not(tf, function):
    x = tf.constant([1.5, 2.25])
    y = function(tf, x)
    return [tf.gradients(y, x), tf.gradients(tf.reduce_sum(y) * x, x)]


FILLED = {"fill": lambda tf, x: tf.fill([3], x), "broadcast": lambda tf, x: tf.broadcast_to(x, [3])}


@each_of(FILLED)
def value_that_fills(tf, function):
    x = tf.constant(1.5)
    return tf.gradients(function(tf, x), x)


INTEGERS = {
    "square": lambda tf, k: k * k,
    "identity": lambda tf, k: tf.identity(k),
    "cast": lambda tf, k: tf.cast(k, tf.float32) * 2.0,
    "index": lambda tf, k: tf.gather(tf.constant([1.0, 2.0, 3.0]), k),
    "power": lambda tf, k: tf.pow(tf.constant(2.0), tf.cast(k, tf.float32)),
    "shape of fill": lambda tf, k: tf.fill(k, 1.0),
    "one_hot": lambda tf, k: tf.one_hot(k, 3),
    "tile": lambda tf, k: tf.tile([1.0, 2.0], k),
}


@each_of(INTEGERS)
def integer_x(tf, function):
    k = tf.constant([2])
    return tf.gradients(function(tf, k), k)


@case()
def integer_detour_kills_its_path_only(tf):
    x = tf.constant([2.5, -3.7])
    k = tf.cast(x, tf.int32)
    y = x * tf.cast(k, tf.float32)
    return [tf.gradients(y, [x, k]), tf.gradients(tf.cast(k, tf.float32), [x, k])]


@case()
def integer_y_and_x_together(tf):
    x = tf.constant(3)
    y = x * x
    return tf.gradients([x, y], [x, y])


@case()
def integer_y_with_a_float_x(tf):
    x = tf.constant([2.5, 3.5])
    return tf.gradients(tf.cast(x, tf.int32), x)


@case()
def bool_y(tf):
    x = tf.constant([2.5, 3.5])
    return tf.gradients(x > 3.0, x)


@case()
def x_is_a_stop_gradient_output(tf):
    x = tf.constant([2.0])
    s = tf.stop_gradient(x)
    return [tf.gradients(s * s, [s, x]), tf.gradients(s * x, [s, x])]


@case()
def x_upstream_of_another_x(tf):
    x = tf.constant(0.7)
    a = tf.sin(x)
    b = tf.exp(a)
    c = b * a
    return [tf.gradients(c, [a]), tf.gradients(c, [b]), tf.gradients(c, [x, a, b]), tf.gradients(c, [b, a, x, c])]


@case()
def fed_intermediate(tf):
    x = tf.constant([1.0, 2.0])
    y = tf.exp(x)
    z = tf.square(y) * x
    slopes = tf.gradients(z, [x, y])
    return [run(tf, [z, slopes], {y: [3.0, 5.0]}), run(tf, [z, slopes], {x: [0.5, 0.25]}), run(tf, slopes)]


@case()
def fed_output_of_exp_is_its_derivative(tf):
    x = tf.constant([1.0, 2.0])
    y = tf.exp(x)
    s = tf.square(x)
    return run(tf, [tf.gradients(y, x), tf.gradients(s, x)], {y: [10.0, 20.0], s: [7.0, 7.0]})


@case()
def fed_gradient(tf):
    x = tf.placeholder(tf.float32, [2])
    (slope,) = tf.gradients(tf.sin(x), x)
    return run(tf, [slope * 2.0, slope], {slope: [5.0, 6.0], x: [1.0, 2.0]})


@case()
def variables_as_xs(tf):
    v = tf.Variable([1.0, 2.0])
    u = tf.Variable([3.0, 4.0], trainable=False)
    y = v * v * u
    return [tf.gradients(y, [v, u]), tf.gradients(v, v), tf.gradients(y * 1.0, [u])]


@case()
def read_of_a_variable(tf):
    v = tf.Variable([1.0, 2.0])
    read = v.read_value()
    return [tf.gradients(read * read, [v, read]), tf.gradients(read * v, [v])]


@case()
def assigned_value_is_cut(tf):
    v = tf.Variable([1.0, 2.0])
    x = tf.constant([5.0, 6.0])
    return tf.gradients(tf.assign(v, x * 2.0) * 1.0, [x])


@case()
def control_dependencies_connect_nothing(tf):
    x, w = tf.constant(2.0), tf.constant(3.0)
    with tf.control_dependencies([w * w]):
        y = x * x
        slopes = tf.gradients(y, [x, w])
    return slopes


@case()
def a_fan_in_and_a_fan_out(tf):
    x = tf.constant(1.1)
    parts = [x * float(n) for n in range(20)]
    return [tf.gradients(tf.add_n(parts), [x, parts[7]]), tf.gradients(parts, x), tf.gradients(sum(parts), x)]


@case()
def a_long_chain(tf):
    x = y = tf.constant(0.3)
    for _ in range(300):
        y = tf.sin(y) + 0.01
    return tf.gradients(y, x)


@case()
def unused_outputs_of_a_split(tf):
    x = tf.constant(np.arange(6, dtype=np.float32))
    parts = tf.split(x, 3)
    return tf.gradients(parts[1] ** 2, x)


@case()
def unstacked_and_used_unevenly(tf):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    a, _, c = tf.unstack(x)
    return [tf.gradients(a * c + a, x), tf.gradients(c, [a, x])]


@case()
def a_second_call_sees_the_first(tf):
    x = tf.constant([1.0, 2.0])
    (slope,) = tf.gradients(x**3, x)
    loss = tf.reduce_sum(slope * x)
    return [tf.gradients(loss, [x, slope]), tf.gradients(loss, x, stop_gradients=[slope])]
