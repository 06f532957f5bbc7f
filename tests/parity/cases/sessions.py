"""Session.run: what may be fetched and fed, what comes back, and the errors."""

import threading
from collections import OrderedDict, namedtuple

import numpy as np

from tests.parity.case import case, each_of
from tests.parity.session import raised, run

Pair = namedtuple("Pair", "left right")


def graph(tf):
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    v = tf.Variable([1.0, 2.0], name="v")
    y = tf.multiply(x, v, name="y")
    return x, v, y


FED = np.float32([[1, 2], [3, 4]])

FETCHES = {
    "tensor": lambda tf, x, v, y: y,
    "list": lambda tf, x, v, y: [y, x],
    "tuple": lambda tf, x, v, y: (y, v),
    "dict": lambda tf, x, v, y: {"b": y, "a": [v, (x,)]},
    "ordered dict": lambda tf, x, v, y: OrderedDict([("z", y), ("a", v)]),
    "namedtuple": lambda tf, x, v, y: Pair(y, [v, Pair(x, y)]),
    "nested": lambda tf, x, v, y: [[y, [v]], (x, {"k": y})],
    "empty list": lambda tf, x, v, y: [],
    "empty tuple": lambda tf, x, v, y: (),
    "empty dict": lambda tf, x, v, y: {},
    "duplicates": lambda tf, x, v, y: [y, y, [y]],
    "operation": lambda tf, x, v, y: y.op,
    "operations": lambda tf, x, v, y: [y.op, y, v.initializer],
    "name of a tensor": lambda tf, x, v, y: "y:0",
    "name of an operation": lambda tf, x, v, y: "y",
    "names": lambda tf, x, v, y: ["y:0", {"x": "x:0"}],
    "variable": lambda tf, x, v, y: v,
    "fed": lambda tf, x, v, y: x,
    "scalar": lambda tf, x, v, y: tf.reduce_sum(y),
    "integer scalar": lambda tf, x, v, y: tf.size(y),
    "bool scalar": lambda tf, x, v, y: tf.reduce_any(y > 1.0),
    "group": lambda tf, x, v, y: tf.group(y, v.initializer),
    "slope": lambda tf, x, v, y: tf.gradients(y, [x, v]),
}


@each_of(FETCHES)
def fetch(tf, make):
    x, v, y = graph(tf)
    fetches = make(tf, x, v, y)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, {x: FED})


WRONG_FETCHES = {
    "None": lambda tf, x, v, y: None,
    "None inside": lambda tf, x, v, y: [y, None],
    "number": lambda tf, x, v, y: 2.0,
    "array": lambda tf, x, v, y: np.ones(2),
    "generator": lambda tf, x, v, y: (t for t in [y]),
    "unknown name": lambda tf, x, v, y: "nobody:0",
    "unknown operation": lambda tf, x, v, y: "nobody",
    "bad index": lambda tf, x, v, y: "y:7",
    "malformed": lambda tf, x, v, y: "y:0:1",
    "object": lambda tf, x, v, y: object(),
    "function": lambda tf, x, v, y: len,
}


@each_of(WRONG_FETCHES)
def wrong_fetch(tf, make):
    x, v, y = graph(tf)
    with tf.Session() as session:
        return raised(lambda: session.run(make(tf, x, v, y), {x: FED}))


FEEDS = {
    "list": lambda tf, x, v, y: {x: [[1, 2], [3, 4]]},
    "tuples": lambda tf, x, v, y: {x: ((1.0, 2.0), (3.0, 4.0))},
    "array": lambda tf, x, v, y: {x: FED},
    "doubles": lambda tf, x, v, y: {x: FED.astype(np.float64)},
    "integers": lambda tf, x, v, y: {x: FED.astype(np.int64)},
    "columns first": lambda tf, x, v, y: {x: np.asfortranarray(FED)},
    "reversed": lambda tf, x, v, y: {x: FED[::-1]},
    "big endian": lambda tf, x, v, y: {x: FED.astype(">f4")},
    "no rows": lambda tf, x, v, y: {x: np.zeros([0, 2])},
    "many rows": lambda tf, x, v, y: {x: np.ones([5, 2])},
    "by name": lambda tf, x, v, y: {"x:0": FED},
    "intermediate": lambda tf, x, v, y: {y: [[7.0, 8.0]]},
    "both": lambda tf, x, v, y: {y: [[7.0, 8.0]], x: FED},
    "bools": lambda tf, x, v, y: {x: np.array([[True, False]])},
    "tuple of keys": lambda tf, x, v, y: {(x, y): (FED, np.float32([[7, 8]]))},
}


@each_of(FEEDS)
def feed(tf, make):
    x, v, y = graph(tf)
    return run(tf, y * 2.0, make(tf, x, v, y))


WRONG_FEEDS = {
    "shape": lambda tf, x, v, y: {x: [[1.0, 2.0, 3.0]]},
    "rank": lambda tf, x, v, y: {x: [1.0, 2.0]},
    "scalar": lambda tf, x, v, y: {x: 1.0},
    "text": lambda tf, x, v, y: {x: [["a", "b"]]},
    "ragged": lambda tf, x, v, y: {x: [[1.0], [1.0, 2.0]]},
    "tensor": lambda tf, x, v, y: {x: y},
    "None as key": lambda tf, x, v, y: {None: 1.0},
    "number as key": lambda tf, x, v, y: {3: 1.0},
    "operation as key": lambda tf, x, v, y: {x.op: FED},
    "name of an operation": lambda tf, x, v, y: {"x": FED},
    "unknown name": lambda tf, x, v, y: {"nobody:0": FED},
    "no dict": lambda tf, x, v, y: [(x, FED)],
    "not fed": lambda tf, x, v, y: {},
    "no feeds": lambda tf, x, v, y: None,
    "keys and values": lambda tf, x, v, y: {(x, y): (FED,)},
    "fixed shape": lambda tf, x, v, y: {tf.placeholder(tf.float32, [2], name="p"): [1.0, 2.0, 3.0], x: FED},
    "repeated key": lambda tf, x, v, y: {x: FED, "x:0": FED},
}


@each_of(WRONG_FEEDS)
def wrong_feed(tf, make):
    x, v, y = graph(tf)

    def call():
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run(y, make(tf, x, v, y))

    return raised(call)


VALUES = {
    "2**40 into int32": ("int32", 2**40), "300 into uint8": ("uint8", 300), "-1 into uint8": ("uint8", -1),
    "7 into int32": ("int32", 7), "1.5 into int32": ("int32", 1.5), "True into float32": ("float32", True),
    "2 into bool": ("bool", 2), "1 into bool": ("bool", 1), "1j into complex64": ("complex64", 1j),
    "3 into int64": ("int64", 3), "2**40 into int64": ("int64", 2**40), "numpy scalar": ("float32", np.float64(1.5)),
    "numpy int into int32": ("int32", np.int64(5)), "inf": ("float32", float("inf")), "nan": ("float32", float("nan")),
    "array of one": ("float32", np.array(2.5)), "text into float32": ("float32", "a"), "None": ("float32", None),
}  # fmt: skip


@each_of(VALUES)
def value(tf, row):
    dtype, fed = row
    p = tf.placeholder(getattr(tf, dtype), [])
    with tf.Session() as session:
        try:
            return session.run(tf.identity(p), {p: fed})
        except (TypeError, ValueError) as error:
            return error


@case()
def closed_session(tf):
    x = tf.constant(1.0)
    session = tf.Session()
    session.close()
    session.close()
    return raised(lambda: session.run(x))


@case()
def empty_graph(tf):
    with tf.Session() as session:
        return raised(lambda: session.run([]))


@case()
def another_graph(tf):
    with tf.Graph().as_default():
        other = tf.constant(1.0)
    tf.constant(2.0)
    with tf.Session() as session:
        return [raised(lambda: session.run(other)), raised(lambda: session.run([], {other: 1.0}))]


@case()
def no_default_session(tf):
    x = tf.constant(1.0)
    return [raised(x.eval), raised(tf.no_op().run), tf.get_default_session()]


@case()
def default_session(tf):
    x = tf.placeholder(tf.float32, [])
    y = x * 2.0
    with tf.Session() as session:
        found = [y.eval({x: 3.0}), y.eval(feed_dict={x: 4.0}), tf.get_default_session() is session]
        other = tf.Session()
        with other.as_default():
            found.append(tf.get_default_session() is other)
        return [*found, tf.get_default_session() is session, y.eval({x: 1.0}, session=other)]


@case()
def interactive_session(tf):
    x = tf.constant(3.0)
    session = tf.InteractiveSession()
    found = [x.eval(), tf.get_default_session() is session]
    session.close()
    return found


@case()
def session_arguments(tf):
    tf.constant(1.0)
    return [raised(lambda: tf.Session(graph=5)), raised(lambda: tf.Session(config=5)), raised(lambda: tf.Session(5))]


@case()
def uninitialised_variable(tf):
    v = tf.Variable([1.0, 2.0], name="v")
    with tf.Session() as session:
        first = raised(lambda: session.run(v * 2.0))
        session.run(v.initializer)
        return [first, session.run(v * 2.0)]


@case()
def placeholder_that_is_not_fed(tf):
    p = tf.placeholder(tf.float32, [2], name="p")
    with tf.Session() as session:
        error = raised(lambda: session.run(p * 2.0))
        return [error, error.op.name]


@case()
def placeholder_with_default(tf):
    p = tf.placeholder_with_default([1.0, 2.0], [None])
    return [run(tf, p * 2.0), run(tf, p * 2.0, {p: [5.0]}), tf.gradients(p * p, p)]


@case()
def nothing_more_than_needed_is_run(tf):
    calls = []

    def count(a):
        calls.append(1)
        return a

    x = tf.constant(1.0)
    counted = tf.py_func(count, [x], tf.float32)
    other = x * 2.0
    with tf.Session() as session:
        session.run(other)
        before = len(calls)
        session.run([counted, counted * 2.0, counted + 1.0])
        once = len(calls)
        session.run(counted * 2.0, {counted: 5.0})
        return [before, once, len(calls)]


@case()
def a_random_number_is_drawn_once_per_run(tf):
    r = tf.random_uniform([4])
    with tf.Session() as session:
        a, b, difference = session.run([r, tf.identity(r), r - tf.identity(r)])
        return [bool((a == b).all()), difference, bool((session.run(r) != a).any())]


@case()
def state_lasts_between_runs_and_not_between_sessions(tf):
    v = tf.Variable(0.0)
    step = tf.assign_add(v, 1.0)
    initializer = tf.global_variables_initializer()
    first, second = tf.Session(), tf.Session()
    for session in (first, second):
        session.run(initializer)
    found = [first.run(step), first.run(step), second.run(step), first.run(v)]
    first.close()
    second.close()
    return found


@case()
def make_callable(tf):
    x = tf.placeholder(tf.float32, [])
    y = x * 2.0
    with tf.Session() as session:
        by_position = session.make_callable([y, x], [x])
        return [by_position(3.0), by_position(4.0), raised(lambda: session.make_callable(y, x)(1.0))]


@case()
def threads_share_a_session(tf):
    x = tf.placeholder(tf.float32, [])
    y = x * x
    found = {}
    with tf.Session() as session:

        def work(n):
            found[n] = session.run(y, {x: float(n)})

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return [found[n] for n in range(4)]


@case()
def a_graph_grows_after_a_run(tf):
    x = tf.constant(2.0)
    with tf.Session() as session:
        return [session.run(x), session.run(x * x), session.run(tf.gradients(x * x * x, x))]


RUNTIME = {
    "reshape": lambda tf, x: tf.reshape(x, [3]),
    "matmul": lambda tf, x: tf.matmul(x[None, :], x[None, :]),
    "gather": lambda tf, x: tf.gather(x, tf.cast(x, tf.int32) + 7),
    "add": lambda tf, x: x + tf.constant([1.0, 2.0, 3.0]),
    "concat": lambda tf, x: tf.concat([x[None, :], tf.ones([1, 3])], 0),
    "squeeze": lambda tf, x: tf.squeeze(x[None, :], 1),
    "check_numerics": lambda tf, x: tf.check_numerics(tf.log(-x), "logarithm"),
    "assert": lambda tf, x: tf.Assert(tf.reduce_all(x > 10.0), [x]),
    "assert_equal": lambda tf, x: tf.assert_equal(x, x + 1.0),
    "verify_finite": lambda tf, x: tf.verify_tensor_all_finite(x / 0.0, "finite"),
    "cholesky": lambda tf, x: tf.cholesky(tf.stack([x, x])),
    "inverse": lambda tf, x: tf.matrix_inverse(tf.stack([x, x])),
    "split": lambda tf, x: tf.split(x, 3)[0],
    "integer division by 0": lambda tf, x: tf.cast(x, tf.int32) // tf.cast(x * 0.0, tf.int32),
}


@each_of(RUNTIME)
def failure_in_a_run(tf, make):
    x = tf.placeholder(tf.float32, [None], name="x")
    y = make(tf, x)

    def call():
        with tf.Session() as session:
            session.run(y, {x: [1.0, 2.0]})

    return raised(call)
