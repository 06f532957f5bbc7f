"""Branches and loops: values, derivatives, connection and errors."""

import numpy as np

from tests.parity.case import case, each_of
from tests.parity.session import raised, run, sizes

FEEDS = {"then": 3.0, "else": -2.0}

BRANCHES = {
    "two functions": lambda tf, x, w: (lambda: x * x, lambda: tf.exp(x)),
    "one constant": lambda tf, x, w: (lambda: x * x, lambda: tf.constant(5.0)),
    "one stopped": lambda tf, x, w: (lambda: tf.stop_gradient(x * x), lambda: x * 3.0),
    "both constant": lambda tf, x, w: (lambda: tf.constant(4.0), lambda: tf.constant(5.0)),
    "both stopped": lambda tf, x, w: (lambda: tf.stop_gradient(x), lambda: tf.stop_gradient(x * 2.0)),
    "different inputs": lambda tf, x, w: (lambda: x * x, lambda: w * w),
    "the same": lambda tf, x, w: (lambda: tf.identity(x), lambda: tf.identity(x)),
    "nested": lambda tf, x, w: (
        lambda: tf.cond(w > 0.0, lambda: x * w, lambda: x + w),
        lambda: tf.cond(w > 10.0, lambda: x - w, lambda: x / w),
    ),
    "through integers": lambda tf, x, w: (
        lambda: tf.cast(tf.cast(x, tf.int32), tf.float32),
        lambda: tf.cast(tf.cast(x, tf.int32), tf.float32) + 1.0,
    ),
}


@each_of({f"{key}, {feed}": (make, FEEDS[feed]) for key, make in BRANCHES.items() for feed in FEEDS})
def cond(tf, row):
    make, fed = row
    x, w = tf.placeholder(tf.float32, []), tf.constant(5.0)
    y = tf.cond(x > 0.0, *make(tf, x, w))
    return run(tf, [y, tf.gradients(y, [x, w])], {x: fed})


@each_of(FEEDS)
def cond_of_several_results(tf, fed):
    x = tf.placeholder(tf.float32, [])
    a, b = tf.cond(x > 0.0, lambda: (x * 2.0, x * x), lambda: (x * 3.0, tf.constant(1.0)))
    return run(tf, [a, b, tf.gradients(a, x), tf.gradients(b, x), tf.gradients([a, b], x)], {x: fed})


@each_of(FEEDS)
def cond_with_a_gradient_inside(tf, fed):
    x = tf.placeholder(tf.float32, [])
    y = tf.cond(x > 0.0, lambda: tf.gradients(x * x * x, x)[0], lambda: x * 2.0)
    return run(tf, y, {x: fed})


@each_of(FEEDS, loops_v2=True)
def cond_twice(tf, fed):
    x = tf.placeholder(tf.float32, [])
    y = tf.cond(x > 0.0, lambda: x**3.0, lambda: tf.exp(x))
    (slope,) = tf.gradients(y, x)
    return run(tf, [slope, tf.gradients(slope, x)], {x: fed})


@each_of(FEEDS)
def cond_of_a_predicate_that_depends_on_x(tf, fed):
    x = tf.placeholder(tf.float32, [])
    total = x * x * tf.sign(x)
    y = tf.cond(total > 0.0, lambda: total * 2.0, lambda: total * 3.0)
    return run(tf, [y, tf.gradients(y, [x, total])], {x: fed})


@each_of(FEEDS)
def cond_with_a_lookup(tf, fed):
    x = tf.placeholder(tf.float32, [])
    table = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    y = tf.cond(x > 0.0, lambda: tf.gather(table, [0, 0]), lambda: tf.gather(table, [2, 1]))
    return run(tf, [y, tf.gradients(y, table)], {x: fed})


@each_of(FEEDS)
def cond_that_assigns(tf, fed):
    x = tf.placeholder(tf.float32, [])
    v = tf.Variable(1.0)
    done = tf.cond(x > 0.0, lambda: tf.assign_add(v, 10.0), lambda: tf.assign_sub(v, 1.0))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found = session.run(done, {x: fed})
        return [found, session.run(v)]


WRONG_BRANCHES = {
    "bool": lambda tf: tf.cond(True, lambda: tf.constant(1.0), lambda: tf.constant(2.0)),
    "float predicate": lambda tf: tf.cond(tf.constant(1.0), lambda: tf.constant(1.0), lambda: tf.constant(2.0)),
    "no function": lambda tf: tf.cond(tf.constant(True), tf.constant(1.0), lambda: tf.constant(2.0)),
    "dtypes": lambda tf: tf.cond(tf.constant(True), lambda: tf.constant(1.0), lambda: tf.constant(2)),
    "structure": lambda tf: tf.cond(tf.constant(True), lambda: [tf.constant(1.0)] * 2, lambda: [tf.constant(1.0)] * 3),
    "no branches": lambda tf: tf.cond(tf.constant(True)),
}


@each_of(WRONG_BRANCHES)
def wrong_cond(tf, call):
    return raised(lambda: call(tf))


@each_of({"first": 0.5, "second": 1.5, "default": 9.0})
def case_of_three(tf, fed):
    x = tf.placeholder(tf.float32, [])
    pairs = [(x < 1.0, lambda: x * 2.0), (x < 2.0, lambda: x * x)]
    y = tf.case(pairs, default=lambda: tf.exp(x * 0.1))
    return run(tf, [y, tf.gradients(y, x)], {x: fed})


@case()
def case_exclusive_and_no_match(tf):
    x = tf.constant(0.5)
    both = [(x < 1.0, lambda: x), (x < 2.0, lambda: x * x)]
    none = [(x > 1.0, lambda: x), (x > 2.0, lambda: x * x)]
    return [
        raised(lambda: run(tf, tf.case(both, default=lambda: x, exclusive=True))),
        raised(lambda: run(tf, tf.case(none))),
    ]


@each_of({str(k): k for k in (-1, 0, 1, 2, 5)})
def switch_case(tf, branch):
    x, k = tf.constant(3.0), tf.placeholder(tf.int32, [])
    y = tf.switch_case(k, [lambda: x, lambda: x * x, lambda: x**3.0])
    return run(tf, [y, tf.gradients(y, x)], {k: branch})


@each_of({str(n): n for n in (0, 1, 4)})
def loop_of_so_many_turns(tf, turns):
    x, w, n = tf.constant(1.3), tf.constant(0.7), tf.placeholder(tf.int32, [])
    _, y = tf.while_loop(lambda i, a: i < n, lambda i, a: (i + 1, a * w + x), [0, x])
    return run(tf, [y, tf.gradients(y, [x, w])], {n: turns})


@each_of({str(n): n for n in (0, 1, 3)}, loops_v2=True)
def loop_twice(tf, turns):
    x, w, n = tf.constant(1.3), tf.constant(0.7), tf.placeholder(tf.int32, [])
    _, y = tf.while_loop(lambda i, a: i < n, lambda i, a: (i + 1, a * a * w), [0, x])
    slopes = tf.gradients(y, [x, w])
    return run(tf, [slopes, tf.gradients(slopes[0], [x, w])], {n: turns})


@case()
def loop_until_a_value(tf):
    x = tf.constant([1.0, 2.0])
    y = tf.while_loop(lambda a: tf.reduce_sum(a) < 100.0, lambda a: a * a + 1.0, [x])
    return [y, tf.gradients(y, x)]


@case()
def loop_with_maximum_iterations(tf):
    x = tf.constant(2.0)
    y = tf.while_loop(lambda a: a < 1000.0, lambda a: a * x, [x], maximum_iterations=3)
    return [y, tf.gradients(y, x)]


@case()
def loop_without_back_prop(tf):
    x = tf.constant(2.0)
    y = tf.while_loop(lambda a: a < 10.0, lambda a: a * x, [x], back_prop=False)
    return [y, tf.gradients(y, x)]


@case()
def loop_counters_are_not_connected(tf):
    n = tf.constant(4)
    count, y = tf.while_loop(lambda i, a: i < n, lambda i, a: (i + 1, a * 2.0), [0, 1.0])
    return [count, y, tf.gradients(y, n)]


@case()
def loop_in_a_loop(tf):
    x = tf.constant(1.1)

    def outer(i, a):
        _, b = tf.while_loop(lambda j, b: j < 2, lambda j, b: (j + 1, b * x), [0, a])
        return i + 1, b + a

    _, y = tf.while_loop(lambda i, a: i < 3, outer, [0, x])
    return [y, tf.gradients(y, x)]


@case()
def cond_in_a_loop(tf):
    x = tf.constant(0.9)

    def body(i, a):
        return i + 1, tf.cond(tf.equal(i % 2, 0), lambda: a * x, lambda: a + x)

    _, y = tf.while_loop(lambda i, a: i < 5, body, [0, x])
    return [y, tf.gradients(y, x)]


@each_of({"loop": True, "no loop": False})
def loop_in_a_cond(tf, taken):
    x, choose = tf.constant(1.2), tf.placeholder(tf.bool, [])
    y = tf.cond(
        choose, lambda: tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * x), [0, x])[1], lambda: x * 5.0
    )
    return run(tf, [y, tf.gradients(y, x)], {choose: taken})


@case()
def loop_over_a_structure(tf):
    x = tf.constant(2.0)
    start = [{"a": x, "n": tf.constant(0)}, (tf.constant(1.0),)]
    (found, (total,)) = tf.while_loop(
        lambda s, t: s["n"] < 3, lambda s, t: [{"a": s["a"] * x, "n": s["n"] + 1}, (t[0] + s["a"],)], start
    )
    return [found, total, tf.gradients(found["a"], x), tf.gradients(total, x)]


@case()
def loop_that_swaps(tf):
    x, w = tf.constant(2.0), tf.constant(3.0)
    _, a, b = tf.while_loop(lambda i, a, b: i < 3, lambda i, a, b: (i + 1, b, a * b), [0, x, w])
    return [a, b, tf.gradients(a, [x, w]), tf.gradients(b, [x, w])]


@case()
def loop_with_a_stop_inside(tf):
    x, w = tf.constant(2.0), tf.constant(3.0)
    _, y = tf.while_loop(lambda i, a: i < 2, lambda i, a: (i + 1, tf.stop_gradient(a * w) * w), [0, x])
    return [y, tf.gradients(y, [w])]


@case()
def loop_that_grows(tf):
    x = tf.constant([1.0])
    y = tf.while_loop(
        lambda a: tf.size(a) < 4, lambda a: tf.concat([a, a[-1:] * 2.0], 0), [x],
        shape_invariants=[tf.TensorShape([None])],
    )  # fmt: skip
    return [y, tf.gradients(y, x), sizes(y)]


@case()
def loop_with_a_variable(tf):
    v = tf.Variable(1.5)
    _, y = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * v), [0, 1.0])
    return [y, tf.gradients(y, v)]


@case()
def loop_with_a_gradient_inside(tf):
    x = tf.constant(3.0)
    _, y = tf.while_loop(
        lambda i, a: i < 3, lambda i, a: (i + 1, a - 0.1 * tf.gradients(tf.square(a - 1.0), a)[0]), [0, x]
    )
    return y


WRONG_LOOPS = {
    "shape changes": lambda tf: tf.while_loop(
        lambda a: tf.size(a) < 4, lambda a: tf.concat([a, a], 0), [tf.constant([1.0])]
    ),
    "arity": lambda tf: tf.while_loop(lambda i, a: i < 3, lambda i, a: [i + 1], [0, 1.0]),
    "no function": lambda tf: tf.while_loop(3, lambda i: i + 1, [0]),
    "body no function": lambda tf: tf.while_loop(lambda i: i < 3, 3, [0]),
    "parallel": lambda tf: tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0], parallel_iterations=0),
    "no variables": lambda tf: tf.while_loop(lambda: tf.constant(False), lambda: [], []),
    "dtype": lambda tf: tf.while_loop(lambda a: a < 3, lambda a: tf.cast(a + 1, tf.float32), [tf.constant(1)]),
}


@each_of(WRONG_LOOPS)
def wrong_loop(tf, call):
    return raised(lambda: call(tf))


ROWS = [[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]]

FUNCTIONALS = {
    "map_fn": lambda tf, x, w: tf.map_fn(lambda row: row * row * w, x),
    "map_fn of sums": lambda tf, x, w: tf.map_fn(lambda row: tf.reduce_sum(row) * w, x),
    "map_fn of a pair": lambda tf, x, w: tf.map_fn(lambda pair: pair[0] * pair[1] * w, (x, x + 1.0), dtype=tf.float32),
    "map_fn to a pair": lambda tf, x, w: tf.map_fn(
        lambda row: (row * w, tf.reduce_sum(row)), x, dtype=(tf.float32, tf.float32)
    )[0],
    "map_fn over integers": lambda tf, x, w: tf.map_fn(lambda i: x[i] * w, tf.range(3), dtype=tf.float32),
    "scan": lambda tf, x, w: tf.scan(lambda a, row: a * w + row, x),
    "scan from a start": lambda tf, x, w: tf.scan(lambda a, row: a * w + row, x, initializer=tf.zeros([2])),
    "scan of sums": lambda tf, x, w: tf.scan(lambda a, row: a + tf.reduce_sum(row) * w, x, initializer=0.0),
    "scan reversed": lambda tf, x, w: tf.scan(lambda a, row: a * w + row, x, reverse=True),
    "foldl": lambda tf, x, w: tf.foldl(lambda a, row: a * w + row, x),
    "foldr": lambda tf, x, w: tf.foldr(lambda a, row: a * w + row, x),
    "foldl from a start": lambda tf, x, w: tf.foldl(lambda a, row: a * w + row, x, initializer=tf.ones([2])),
    "foldr from a start": lambda tf, x, w: tf.foldr(lambda a, row: a * w - row, x, initializer=tf.ones([2])),
    "scan of products": lambda tf, x, w: tf.scan(lambda a, row: a * row, x) * w,
}


@each_of(FUNCTIONALS)
def functional(tf, function):
    x, w = tf.constant(ROWS), tf.constant(0.5)
    y = function(tf, x, w)
    return [y, tf.gradients(y, [x, w])]


@case()
def map_fn_of_an_unknown_length(tf):
    x = tf.placeholder(tf.float32, [None, 2])
    y = tf.map_fn(lambda row: tf.reduce_sum(row * row), x)
    return run(tf, [y, tf.gradients(y, x)], {x: np.float32(ROWS)})


@case()
def fibonacci_by_scan(tf):
    start = (tf.constant(1), tf.constant(0))
    return tf.scan(lambda a, _: (a[0] + a[1], a[0]), tf.zeros([8]), initializer=start)
