"""Training: layers, losses, optimizers, learning-rate schedules, metrics."""

import numpy as np

from tests.parity.case import case, each_of
from tests.parity.session import raised, run, sizes

IMAGE = np.sin(np.arange(2 * 7 * 6 * 3)).reshape(2, 7, 6, 3).astype(np.float32)
SIGNAL = np.cos(np.arange(2 * 9 * 3)).reshape(2, 9, 3).astype(np.float32)
ROWS = np.float32([[1, 2, 3], [-1, 0.5, 2]])

LAYERS = {
    "dense": (ROWS, lambda tf, x, k: tf.layers.dense(x, 4, kernel_initializer=k)),
    "dense relu": (ROWS, lambda tf, x, k: tf.layers.dense(x, 4, tf.nn.relu, kernel_initializer=k, name="fc")),
    "dense without bias": (ROWS, lambda tf, x, k: tf.layers.dense(x, 4, use_bias=False, kernel_initializer=k)),
    "dense twice": (
        ROWS, lambda tf, x, k: tf.layers.dense(tf.layers.dense(x, 4, kernel_initializer=k), 2, kernel_initializer=k)
    ),
    "dense of rank 3": (SIGNAL, lambda tf, x, k: tf.layers.dense(x, 2, kernel_initializer=k)),
    "dense in a scope": (ROWS, lambda tf, x, k: in_scope(tf, lambda: tf.layers.dense(x, 2, kernel_initializer=k))),
    "dense shared": (ROWS, lambda tf, x, k: shared(tf, x, k)),
    "conv2d": (IMAGE, lambda tf, x, k: tf.layers.conv2d(x, 2, 3, padding="same", kernel_initializer=k)),
    "conv2d strided": (IMAGE, lambda tf, x, k: tf.layers.conv2d(x, 2, (3, 2), (2, 1), kernel_initializer=k)),
    "conv1d": (SIGNAL, lambda tf, x, k: tf.layers.conv1d(x, 2, 3, kernel_initializer=k)),
    "conv2d_transpose": (
        IMAGE, lambda tf, x, k: tf.layers.conv2d_transpose(x, 2, 3, 2, padding="same", kernel_initializer=k)
    ),
    "separable_conv2d": (
        IMAGE,
        lambda tf, x, k: tf.layers.separable_conv2d(x, 2, 3, depthwise_initializer=k, pointwise_initializer=k),
    ),
    "max_pooling2d": (IMAGE, lambda tf, x, k: tf.layers.max_pooling2d(x, 2, 2, padding="same")),
    "average_pooling2d": (IMAGE, lambda tf, x, k: tf.layers.average_pooling2d(x, 3, 2)),
    "max_pooling1d": (SIGNAL, lambda tf, x, k: tf.layers.max_pooling1d(x, 2, 2)),
    "average_pooling1d": (SIGNAL, lambda tf, x, k: tf.layers.average_pooling1d(x, 2, 1, padding="same")),
    "flatten": (IMAGE, lambda tf, x, k: tf.layers.flatten(x)),
    "dropout in use": (ROWS, lambda tf, x, k: tf.layers.dropout(x, 0.5)),
    "batch_normalization": (IMAGE, lambda tf, x, k: tf.layers.batch_normalization(x)),
    "batch_normalization in training": (IMAGE, lambda tf, x, k: tf.layers.batch_normalization(x, training=True)),
    "batch_normalization without scale": (
        ROWS, lambda tf, x, k: tf.layers.batch_normalization(x, scale=False, training=True, momentum=0.5)
    ),
}  # fmt: skip


def in_scope(tf, call):
    with tf.variable_scope("net"):
        return call()


def shared(tf, x, k):
    first = tf.layers.dense(x, 3, kernel_initializer=k, name="fc")
    return tf.layers.dense(first, 3, kernel_initializer=k, name="fc", reuse=True)


@each_of(LAYERS, needs="tf_keras", tolerance=1e-4)
def layer(tf, row):
    data, build = row
    x = tf.constant(data)
    y = build(tf, x, tf.constant_initializer(0.1))
    variables = [[each.op.name, sizes(each)] for each in tf.global_variables()]
    trained = [each.op.name for each in tf.trainable_variables()]
    updates = len(tf.get_collection(tf.GraphKeys.UPDATE_OPS))
    return [y, variables, trained, updates, tf.gradients(y, [x]), sizes(y)]


WRONG_LAYERS = {
    "reuse": lambda tf, x: [tf.layers.dense(x, 2, name="fc") for _ in range(2)],
    "unknown width": lambda tf, x: tf.layers.dense(tf.placeholder(tf.float32, [None, None]), 2),
    "rank": lambda tf, x: tf.layers.conv2d(x, 2, 3),
    "padding": lambda tf, x: tf.layers.conv2d(tf.zeros([1, 4, 4, 1]), 2, 3, padding="wide"),
}


@each_of(WRONG_LAYERS, needs="tf_keras")
def wrong_layer(tf, build):
    return raised(lambda: build(tf, tf.constant(ROWS)))


@case(needs="tf_keras", tolerance=1e-4)
def moving_statistics_of_batch_normalization(tf):
    y = tf.layers.batch_normalization(tf.constant(IMAGE), training=True, momentum=0.9, name="bn")
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(3):
            session.run([y, updates])
        return {each.op.name: session.run(each) for each in tf.global_variables()}


@case(needs="tf_keras")
def regularizer_of_a_layer(tf):
    tf.layers.dense(
        tf.constant(ROWS), 2, kernel_initializer=tf.ones_initializer(),
        kernel_regularizer=lambda w: 0.5 * tf.reduce_sum(w * w),
    )  # fmt: skip
    return [tf.identity(each) for each in tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)]


P, Q = [[0.2, 0.7], [0.9, 0.4], [0.5, 0.6]], [[0.0, 1.0], [1.0, 0.0], [0.3, 0.7]]

LOSSES = {
    "mean_squared_error": lambda tf, p, **more: tf.losses.mean_squared_error(Q, p, **more),
    "absolute_difference": lambda tf, p, **more: tf.losses.absolute_difference(Q, p, **more),
    "huber_loss": lambda tf, p, **more: tf.losses.huber_loss(Q, p, delta=0.4, **more),
    "hinge_loss": lambda tf, p, **more: tf.losses.hinge_loss(Q, p, **more),
    "log_loss": lambda tf, p, **more: tf.losses.log_loss(Q, p, **more),
    "sigmoid": lambda tf, p, **more: tf.losses.sigmoid_cross_entropy(Q, p, label_smoothing=0.1, **more),
}
WEIGHTS = {"no weights": {}, "a number": {"weights": 2.0}, "rows": {"weights": [[1.0], [0.0], [3.0]]}}


@each_of({f"{name}, {key}": (loss, weights) for name, loss in LOSSES.items() for key, weights in WEIGHTS.items()})
def loss(tf, row):
    function, weights = row
    p = tf.constant(P)
    found = function(tf, p, **weights)
    return [found, tf.gradients(found, p), len(tf.losses.get_losses())]


@each_of({name: name for name in ("NONE", "SUM", "MEAN", "SUM_OVER_BATCH_SIZE", "SUM_OVER_NONZERO_WEIGHTS",
                               "SUM_BY_NONZERO_WEIGHTS")})  # fmt: skip
def reduction_of_a_loss(tf, name):
    reduction = getattr(tf.losses.Reduction, name)
    return tf.losses.mean_squared_error(Q, P, weights=[[1.0], [0.0], [3.0]], reduction=reduction)


OTHER_LOSSES = {
    "softmax": lambda tf, x: tf.losses.softmax_cross_entropy(Q, x),
    "softmax smoothed": lambda tf, x: tf.losses.softmax_cross_entropy(Q, x, [1.0, 0.0, 2.0], label_smoothing=0.2),
    "softmax of labels that do not sum to 1": lambda tf, x: tf.losses.softmax_cross_entropy([[1.0, 1.0]] * 3, x),
    "sparse": lambda tf, x: tf.losses.sparse_softmax_cross_entropy([0, 1, 1], x),
    "sparse weighted": lambda tf, x: tf.losses.sparse_softmax_cross_entropy([0, 1, 1], x, [1.0, 0.0, 2.0]),
    "cosine": lambda tf, x: tf.losses.cosine_distance(tf.nn.l2_normalize(tf.constant(Q), 1), x, axis=1),
    "pairwise": lambda tf, x: tf.losses.mean_pairwise_squared_error(Q, x),
    "computed": lambda tf, x: tf.losses.compute_weighted_loss(x * x, [[1.0], [2.0], [0.0]]),
    "weights of zero": lambda tf, x: tf.losses.mean_squared_error(Q, x, weights=0.0),
}


@each_of(OTHER_LOSSES)
def other_loss(tf, function):
    x = tf.constant(P)
    found = function(tf, x)
    return [found, tf.gradients(found, x)]


WRONG_LOSSES = {
    "shapes": lambda tf: tf.losses.mean_squared_error([1.0, 2.0], [1.0, 2.0, 3.0]),
    "weights": lambda tf: tf.losses.mean_squared_error([1.0, 2.0], [1.0, 2.0], weights=[1.0, 2.0, 3.0]),
    "reduction": lambda tf: tf.losses.mean_squared_error([1.0], [1.0], reduction="most"),
    "no labels": lambda tf: tf.losses.mean_squared_error(None, [1.0]),
}


@each_of(WRONG_LOSSES)
def wrong_loss(tf, call):
    return raised(lambda: call(tf))


@case()
def losses_are_collected(tf):
    tf.losses.mean_squared_error([1.0], [3.0])
    tf.losses.absolute_difference([1.0], [3.0], loss_collection="mine")
    tf.losses.add_loss(tf.constant(10.0))
    tf.add_to_collection(tf.GraphKeys.REGULARIZATION_LOSSES, tf.constant(0.5))
    total, without = tf.losses.get_total_loss(), tf.losses.get_total_loss(add_regularization_losses=False)
    return [tf.losses.get_losses(), total, without, tf.losses.get_regularization_loss(), tf.get_collection("mine")]


OPTIMIZERS = {
    "gradient descent": lambda tf: tf.train.GradientDescentOptimizer(0.1),
    "momentum": lambda tf: tf.train.MomentumOptimizer(0.05, 0.9),
    "nesterov": lambda tf: tf.train.MomentumOptimizer(0.05, 0.9, use_nesterov=True),
    "adam": lambda tf: tf.train.AdamOptimizer(0.1),
    "adam with betas": lambda tf: tf.train.AdamOptimizer(0.1, beta1=0.5, beta2=0.9, epsilon=0.01),
    "rmsprop": lambda tf: tf.train.RMSPropOptimizer(0.05),
    "rmsprop with momentum": lambda tf: tf.train.RMSPropOptimizer(0.05, decay=0.8, momentum=0.5, epsilon=1e-3),
    "rmsprop centred": lambda tf: tf.train.RMSPropOptimizer(0.05, centered=True),
    "adagrad": lambda tf: tf.train.AdagradOptimizer(0.5),
    "adagrad from a start": lambda tf: tf.train.AdagradOptimizer(0.5, initial_accumulator_value=1.0),
    "adadelta": lambda tf: tf.train.AdadeltaOptimizer(1.0, rho=0.9, epsilon=1e-2),
    "ftrl": lambda tf: tf.train.FtrlOptimizer(0.5),
    "ftrl regularised": lambda tf: tf.train.FtrlOptimizer(
        0.5, l1_regularization_strength=0.05, l2_regularization_strength=0.1, learning_rate_power=-0.6
    ),
    "ftrl shrunk": lambda tf: tf.train.FtrlOptimizer(0.5, l2_shrinkage_regularization_strength=0.05),
    "a rate in the graph": lambda tf: tf.train.MomentumOptimizer(
        tf.train.exponential_decay(0.1, tf.train.get_or_create_global_step(), 3, 0.5), 0.5
    ),
}


def rosenbrock(tf):
    v = tf.Variable([-0.5, 1.5], name="v")
    w = tf.Variable([[2.0], [0.3]], name="w")
    return (1.0 - v[0]) ** 2 + 2.0 * (v[1] - v[0] ** 2) ** 2 + tf.reduce_sum(w**4), [v, w]


@each_of(OPTIMIZERS, tolerance=2e-4)
def ten_steps(tf, make):
    loss, variables = rosenbrock(tf)
    optimizer = make(tf)
    train = optimizer.minimize(loss, global_step=tf.train.get_or_create_global_step())
    slots = optimizer.get_slot_names()
    found = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(10):
            session.run(train)
            found.append(session.run([loss, *variables]))
        step = session.run(tf.train.get_global_step())
    return [found, step, sorted(slots), sorted(each.op.name for each in tf.global_variables())]


@each_of(OPTIMIZERS, tolerance=2e-4)
def rows_of_a_table(tf, make):
    """Rows that a step does not look up have a gradient of zero here, and none in TensorFlow."""
    table, ids = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), tf.placeholder(tf.int32, [None])
    train = make(tf).minimize(tf.reduce_sum(tf.gather(table, ids) ** 2))
    found = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for chosen in ([0, 2, 0], [1, 2], [1, 1], [0]):
            session.run(train, {ids: chosen})
            found.append(session.run(table))
    return found


@case(tolerance=1e-4)
def clipped_steps(tf):
    loss, variables = rosenbrock(tf)
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    pairs = optimizer.compute_gradients(loss, variables)
    clipped, norm = tf.clip_by_global_norm([slope for slope, _ in pairs], 1.0)
    train = optimizer.apply_gradients(zip(clipped, variables, strict=True))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return [[session.run([norm, train]) for _ in range(3)], session.run(variables)]


@case()
def compute_gradients_gives_pairs(tf):
    v, u = tf.Variable(2.0, name="v"), tf.Variable(3.0, name="u")
    pairs = tf.train.GradientDescentOptimizer(0.1).compute_gradients(v * v)
    scaled = tf.train.GradientDescentOptimizer(0.1).compute_gradients(v * v, [v], grad_loss=tf.constant(5.0))
    return [[[slope, variable.op.name] for slope, variable in each] for each in (pairs, scaled)] + [u]


@case()
def a_variable_that_is_not_trained(tf):
    v, u = tf.Variable(2.0, name="v"), tf.Variable(3.0, trainable=False)
    train = tf.train.GradientDescentOptimizer(0.1).minimize(v * v + u * u)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train)
        return session.run([v, u])


WRONG_TRAINING = {
    "no gradient": lambda tf, o, v: o.minimize(tf.constant(1.0) * 2.0, var_list=[v]),
    "no variables": lambda tf, o, v: o.minimize(v * v, var_list=[]),
    "no pairs": lambda tf, o, v: o.apply_gradients([]),
    "nones only": lambda tf, o, v: o.apply_gradients([(None, v)]),
    "integer loss": lambda tf, o, v: o.compute_gradients(tf.constant(3), [v]),
    "gate": lambda tf, o, v: o.compute_gradients(v * v, [v], gate_gradients=7),
    "number as variable": lambda tf, o, v: o.minimize(v * v, var_list=[3.0]),
    "clip no list": lambda tf, o, v: tf.clip_by_global_norm(v, 1.0),
}


@each_of(WRONG_TRAINING)
def wrong_training(tf, call):
    v = tf.Variable([1.0, 2.0])
    return raised(lambda: call(tf, tf.train.GradientDescentOptimizer(0.1), v))


@case()
def global_step(tf):
    before = tf.train.get_global_step()
    step = tf.train.create_global_step()
    found = [before, step.op.name, step is tf.train.get_global_step(), step is tf.train.get_or_create_global_step()]
    found.append(raised(lambda: tf.train.create_global_step()))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return [*found, tf.train.global_step(session, step)]


SCHEDULES = {
    "exponential": lambda tf, step: tf.train.exponential_decay(0.1, step, 4, 0.5),
    "staircase": lambda tf, step: tf.train.exponential_decay(0.1, step, 4, 0.5, staircase=True),
    "polynomial": lambda tf, step: tf.train.polynomial_decay(0.1, step, 10, 0.01, power=2.0),
    "polynomial in cycles": lambda tf, step: tf.train.polynomial_decay(0.1, step, 4, 0.01, cycle=True),
    "piecewise": lambda tf, step: tf.train.piecewise_constant(step, [2, 7], [1.0, 0.5, 0.1]),
    "natural": lambda tf, step: tf.train.natural_exp_decay(0.1, step, 4, 0.5),
    "natural staircase": lambda tf, step: tf.train.natural_exp_decay(0.1, step, 4, 0.5, staircase=True),
    "inverse": lambda tf, step: tf.train.inverse_time_decay(0.1, step, 4, 0.5),
    "cosine": lambda tf, step: tf.train.cosine_decay(0.1, step, 10, alpha=0.1),
    "restarts": lambda tf, step: tf.train.cosine_decay_restarts(0.1, step, 3, t_mul=2.0, m_mul=0.5, alpha=0.1),
    "linear cosine": lambda tf, step: tf.train.linear_cosine_decay(0.1, step, 10, num_periods=1.5, beta=0.01),
}


@each_of(SCHEDULES)
def schedule(tf, make):
    step = tf.placeholder(tf.int32, [])
    rate = make(tf, step)
    with tf.Session() as session:
        return [session.run(rate, {step: n}) for n in (0, 1, 2, 3, 4, 7, 8, 10, 15)]


METRICS = {
    "mean": lambda tf, a, b: tf.metrics.mean(a),
    "accuracy": lambda tf, a, b: tf.metrics.accuracy(a, b),
    "weighted accuracy": lambda tf, a, b: tf.metrics.accuracy(a, b, weights=[1.0, 2.0, 0.0, 1.0]),
    "precision": lambda tf, a, b: tf.metrics.precision(a, b),
    "recall": lambda tf, a, b: tf.metrics.recall(a, b),
    "mean_squared_error": lambda tf, a, b: tf.metrics.mean_squared_error(a, b),
}


@each_of(METRICS, tolerance=1e-4)
def metric(tf, make):
    a, b = tf.placeholder(tf.float32, [4]), tf.placeholder(tf.float32, [4])
    value, update = make(tf, a, b)
    found = []
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        for labels, predictions in [([1, 0, 1, 1], [1, 0, 0, 1]), ([0, 0, 1, 0], [1, 0, 1, 1])]:
            found.append(session.run(update, {a: labels, b: predictions}))
            found.append(session.run(value))
    return [found, sorted(each.op.name.partition("/")[2] for each in tf.local_variables())]


@case(tolerance=1e-4)
def a_small_network_trained(tf):
    x, t = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.int64, [None])
    with tf.variable_scope("hidden"):
        w = tf.get_variable("w", initializer=tf.constant(np.cos(np.arange(12.0)).reshape(3, 4).astype(np.float32)))
        h = tf.tanh(tf.matmul(x, w))
    with tf.variable_scope("out"):
        u = tf.get_variable("w", initializer=tf.constant(np.sin(np.arange(8.0)).reshape(4, 2).astype(np.float32)))
        logits = tf.matmul(h, u)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=t, logits=logits))
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), t), tf.float32))
    train = tf.train.AdamOptimizer(0.05).minimize(loss)
    feed = {x: np.sin(np.arange(18.0)).reshape(6, 3), t: [0, 1, 1, 0, 1, 0]}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return [session.run([loss, accuracy, train], feed) for _ in range(20)] + [run(tf, accuracy, feed)]
