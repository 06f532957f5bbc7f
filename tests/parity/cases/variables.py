"""Variables: scopes, reuse, initializers, assignments, moving averages."""

import numpy as np

from tests.parity.case import case, each_of
from tests.parity.session import dtype_name, raised, run, sizes


def names(variables):
    return [each.op.name for each in variables]


SCOPES = {
    "plain": lambda tf: tf.get_variable("v", [2]).name,
    "in a scope": lambda tf: inside(tf, "s", lambda: tf.get_variable("v", [2]).name),
    "nested": lambda tf: inside(tf, "a", lambda: inside(tf, "b", lambda: tf.get_variable("v", [2]).name)),
    "of layers": lambda tf: inside(tf, "a/b", lambda: tf.get_variable("v", [2]).name),
    "operations in it": lambda tf: inside(tf, "s", lambda: tf.constant(1.0, name="c").name),
    "Variable in it": lambda tf: inside(tf, "s", lambda: [tf.Variable(1.0, name="v").name for _ in range(2)]),
    "names of the scope": lambda tf: inside(tf, "s", lambda: [tf.get_variable_scope().name,
                                                           tf.get_variable_scope().original_name_scope]),
    "name scopes do not count": lambda tf: in_name_scope(tf, lambda: tf.get_variable("v", [2]).name),
    "entered twice": lambda tf: [inside(tf, "s", lambda: tf.constant(1.0, name="c").name) for _ in range(2)],
}  # fmt: skip


def inside(tf, scope, call, **options):
    with tf.variable_scope(scope, **options):
        return call()


def in_name_scope(tf, call):
    with tf.name_scope("n"):
        return call()


@each_of(SCOPES)
def names_in_scopes(tf, make):
    return [make(tf), names(tf.global_variables())]


REUSE = {
    "twice without reuse": lambda tf: [tf.get_variable("v", [2]), tf.get_variable("v", [2])],
    "reuse of nothing": lambda tf: inside(tf, "s", lambda: tf.get_variable("v", [2]), reuse=True),
    "another shape": lambda tf: reused(tf, lambda: tf.get_variable("v", [3])),
    "another dtype": lambda tf: reused(tf, lambda: tf.get_variable("v", [2], tf.float64)),
    "no shape": lambda tf: tf.get_variable("v"),
    "shape beside a constant": lambda tf: tf.get_variable("v", [2], initializer=tf.constant([1.0, 2.0])),
    "scope is a number": lambda tf: inside(tf, 3, lambda: None),
    "scope is None": lambda tf: inside(tf, None, lambda: None),
    "an integer without an initializer": lambda tf: tf.get_variable("v", [2], tf.int32).dtype is not None,
    "unknown size": lambda tf: tf.get_variable("v", [None, 2]),
    "dtype of a constant": lambda tf: tf.get_variable("v", dtype=tf.int32, initializer=tf.constant([1.0])),
    "bad initial value": lambda tf: tf.Variable(None),
    "reuse a name of Variable": lambda tf: [
        tf.Variable(1.0, name="v"), inside(tf, tf.get_variable_scope(), lambda: tf.get_variable("v", []), reuse=True)
    ],
}  # fmt: skip


def reused(tf, call):
    tf.get_variable("v", [2])
    return inside(tf, tf.get_variable_scope(), call, reuse=True)


@each_of(REUSE)
def wrong_or_right(tf, make):
    error = raised(lambda: make(tf))
    return [error, names(tf.global_variables())]


@case()
def reuse_in_its_forms(tf):
    with tf.variable_scope("s"):
        first = tf.get_variable("v", [2])
    with tf.variable_scope("s", reuse=True):
        second = tf.get_variable("v", [2])
        with tf.variable_scope("deeper"):
            inherited = tf.get_variable_scope().reuse
    with tf.variable_scope("s") as scope:
        scope.reuse_variables()
        third = tf.get_variable("v")
    with tf.variable_scope("s", reuse=tf.AUTO_REUSE):
        fourth, fresh = tf.get_variable("v", [2]), tf.get_variable("w", [1])
    with tf.variable_scope(scope, reuse=True):
        fifth = tf.get_variable("v")
    return [first is each for each in (second, third, fourth, fifth)] + [bool(inherited), fresh.name]


@case()
def template(tf):
    def layer(x):
        return x * tf.get_variable("w", [], initializer=tf.constant_initializer(3.0))

    shared = tf.make_template("t", layer)
    x = tf.constant(2.0)
    return [shared(x), shared(x * 2.0), names(tf.global_variables())]


@case()
def default_scope_names(tf):
    found = []
    for _ in range(2):
        with tf.variable_scope(None, default_name="d"):
            found.append(tf.get_variable("v", [1]).name)
    return found


@case()
def scope_gives_an_initializer_and_a_dtype(tf):
    with tf.variable_scope("s", initializer=tf.constant_initializer(4.0), dtype=tf.float64):
        v = tf.get_variable("v", [2])
    return [v, dtype_name(v)]


@case()
def regularizers_are_collected(tf):
    with tf.variable_scope("s", regularizer=lambda v: tf.reduce_sum(v * v) * 0.5):
        tf.get_variable("v", initializer=tf.constant([1.0, 2.0]))
        tf.get_variable("w", initializer=tf.constant([3.0]), regularizer=tf.no_regularizer)
    return [tf.identity(each) for each in tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)]


@case()
def custom_getter(tf):
    def doubled(getter, name, *args, **kwargs):
        return getter(name, *args, **kwargs) * 2.0

    with tf.variable_scope("s", custom_getter=doubled):
        return tf.get_variable("v", initializer=tf.constant([1.0, 2.0]))


@case()
def collections_of_variables(tf):
    tf.get_variable("a", [1])
    tf.get_variable("b", [1], trainable=False)
    tf.get_variable("c", [1], collections=["mine"])
    tf.get_local_variable("d", [1])
    with tf.variable_scope("s"):
        tf.get_variable("e", [1])
        trainable = names(tf.get_variable_scope().trainable_variables())
    lists = (tf.global_variables(), tf.trainable_variables(), tf.local_variables(), tf.get_collection("mine"))
    return [*[names(each) for each in lists], trainable, names(tf.trainable_variables("s"))]


INITIALIZERS = {
    "zeros": lambda tf: tf.zeros_initializer(),
    "ones": lambda tf: tf.ones_initializer(),
    "constant": lambda tf: tf.constant_initializer(2.5),
    "constant of a list": lambda tf: tf.constant_initializer([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    "constant of an array": lambda tf: tf.constant_initializer(np.arange(6.0)),
}


@each_of(INITIALIZERS)
def initializer(tf, make):
    return tf.get_variable("v", [2, 3], initializer=make(tf))


MOMENTS = {
    "glorot_uniform": lambda tf: tf.glorot_uniform_initializer(seed=1),
    "glorot_normal": lambda tf: tf.glorot_normal_initializer(seed=1),
    "random_normal": lambda tf: tf.random_normal_initializer(1.0, 2.0, seed=1),
    "random_uniform": lambda tf: tf.random_uniform_initializer(-1.0, 3.0, seed=1),
    "truncated_normal": lambda tf: tf.truncated_normal_initializer(0.0, 2.0, seed=1),
    "variance_scaling": lambda tf: tf.variance_scaling_initializer(2.0, "fan_out", seed=1),
    "default": lambda tf: None,
}


@each_of(MOMENTS, tolerance=0.06)
def initializer_moments(tf, make):
    v = tf.get_variable("v", [120, 200], initializer=make(tf))
    mean, variance = tf.nn.moments(tf.reshape(v, [-1]), [0])
    return [mean, tf.sqrt(variance), tf.reduce_max(tf.abs(v)) < 20.0]


@case()
def orthogonal_initializer(tf):
    v = tf.get_variable("v", [4, 4], initializer=tf.orthogonal_initializer(gain=2.0, seed=3))
    return tf.round(tf.matmul(v, v, transpose_a=True) * 1000.0) / 1000.0 + 0.0


ASSIGNMENTS = {
    "assign": lambda tf, v: tf.assign(v, [5.0, 6.0, 7.0]),
    "assign_add": lambda tf, v: tf.assign_add(v, [1.0, 1.0, 1.0]),
    "assign_sub": lambda tf, v: tf.assign_sub(v, [1.0, 1.0, 1.0]),
    "method": lambda tf, v: v.assign([5.0, 6.0, 7.0]),
    "methods": lambda tf, v: v.assign_add([1.0, 2.0, 3.0]),
    "of itself": lambda tf, v: tf.assign(v, v * 2.0),
    "scatter_update": lambda tf, v: tf.scatter_update(v, [0, 2], [9.0, 8.0]),
    "scatter_add": lambda tf, v: tf.scatter_add(v, [0, 0, 1], [1.0, 2.0, 5.0]),
    "scatter_sub": lambda tf, v: tf.scatter_sub(v, [2, 2], [1.0, 1.0]),
    "scatter of a scalar": lambda tf, v: tf.scatter_add(v, 1, 4.0),
}


@each_of(ASSIGNMENTS)
def assignment(tf, make):
    v = tf.Variable([1.0, 2.0, 3.0])
    done = make(tf, v)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return [session.run(done), session.run(v), session.run(done), session.run(v)]


WRONG_ASSIGNMENTS = {
    "shape": lambda tf, v: tf.assign(v, [1.0, 2.0]),
    "dtype": lambda tf, v: tf.assign(v, tf.constant([1, 2, 3])),
    "constant": lambda tf, v: tf.assign(tf.constant(1.0), 2.0),
    "text": lambda tf, v: tf.assign(v, "a"),
}


@each_of(WRONG_ASSIGNMENTS)
def wrong_assignment(tf, make):
    v = tf.Variable([1.0, 2.0, 3.0])
    return raised(lambda: run(tf, make(tf, v)))


@case()
def initial_values(tf):
    a = tf.Variable([1.0, 2.0])
    b = tf.Variable(tf.ones([2, 1]) * 3.0)
    c = tf.Variable(lambda: tf.constant([5.0]))
    d = tf.Variable(7)
    return [a, b, c, d, [dtype_name(each) for each in (a, b, c, d)], sizes(a)]


@case()
def which_are_initialised(tf):
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    both = [tf.is_variable_initialized(each) for each in (a, b)]
    with tf.Session() as session:
        before = session.run(both)
        session.run(a.initializer)
        between = session.run(both)
        session.run(tf.variables_initializer([b]))
        return [before, between, session.run(both)]


@case()
def load_and_eval(tf):
    v = tf.Variable([1.0, 2.0])
    with tf.Session() as session:
        session.run(v.initializer)
        v.load([3.0, 4.0], session)
        return [v.eval(session=session), v.eval(), session.run(v * 2.0)]


@case()
def arithmetic_of_variables(tf):
    v = tf.Variable([1.0, 2.0, 3.0])
    return [v + 1.0, 2.0 * v, v / v, -v, v**2.0, v[1:], v[0], v > 1.5, tf.abs(v - 2.0), v.get_shape().as_list()]


@case()
def count_up_to(tf):
    v = tf.Variable(0)
    step = tf.count_up_to(v, 2)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return [session.run(step), session.run(step), raised(lambda: session.run(step))]


@case()
def averages(tf):
    v = tf.Variable([1.0, 4.0], name="v")
    average = tf.train.ExponentialMovingAverage(0.9)
    keep = average.apply([v])
    shadow = average.average(v)
    found = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for value in ([2.0, 3.0], [5.0, 1.0], [0.0, 0.0]):
            session.run(tf.assign(v, value))
            session.run(keep)
            found.append(session.run(shadow))
    return [found, average.average_name(v), shadow.op.name, sorted(average.variables_to_restore())]


@each_of({"updates": 3, "none": None})
def averages_with_updates(tf, updates):
    v = tf.Variable(1.0, name="v")
    x = tf.identity(v, name="x") * 2.0
    average = tf.train.ExponentialMovingAverage(0.99, num_updates=updates, zero_debias=False)
    keep = average.apply([v, x])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for value in (2.0, 5.0):
            session.run(tf.assign(v, value))
            session.run(keep)
        return session.run([average.average(v), average.average(x)])
