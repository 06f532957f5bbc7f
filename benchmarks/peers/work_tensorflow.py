"""TensorFlow's work: sessions of TensorFlow 1, or with the tier "xla", `tf.function(jit_compile=True)`."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from contests import Row
from programs import HEADS, RATE, chain, follow, random_program, residual, stops
from serve import Task, by_rows, compiler, serve, threads, tier, timed

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow  # noqa: E402
from tensorflow.python.ops.parallel_for import gradients as parallel  # noqa: E402

tf = tensorflow.compat.v1
XLA = compiler(tier()) == "xla"
if not XLA:
    tf.disable_eager_execution()
tensorflow.config.threading.set_intra_op_parallelism_threads(threads())
tensorflow.config.threading.set_inter_op_parallelism_threads(threads())

TABLE = {"sin": tf.sin, "tanh": tf.tanh, "add": tf.add, "mul": tf.multiply}
Size = dict[str, int]


def session(graph: Any) -> Any:
    config = tf.ConfigProto(intra_op_parallelism_threads=threads(), inter_op_parallelism_threads=threads())
    return tf.Session(graph=graph, config=config)


def task(build: Callable[..., Any], parameters: list[Any], inputs: list[Any]) -> Task:
    """What `build` makes of variables and inputs: answers, and operations to run with them."""
    return (_compiled if XLA else _in_session)(build, parameters, inputs)


def _in_session(build: Callable[..., Any], parameters: list[Any], inputs: list[Any]) -> Task:
    with tf.Graph().as_default() as graph:
        places = [tf.placeholder(array.dtype, array.shape) for array in inputs]
        answers, updates = build([tf.Variable(array, use_resource=True) for array in parameters], *places)
        running = session(graph)
        running.run(tf.global_variables_initializer())
        run = running.make_callable([*answers, *([tf.group(*updates)] if updates else [])], places)
    return Task(lambda: [found for found in run(*inputs) if found is not None])


def _compiled(build: Callable[..., Any], parameters: list[Any], inputs: list[Any]) -> Task:
    variables = [tensorflow.Variable(array) for array in parameters]
    values = [tensorflow.constant(array) for array in inputs]

    @tensorflow.function(jit_compile=True, autograph=False)
    def step(*values: Any) -> Any:
        return build(variables, *values)[0]

    return Task(lambda: [each.numpy() for each in step(*values)])


# -- recording ----------------------------------------------------------------------------------------


def record(row: Row, size: Size) -> Task:
    lines = random_program(size["length"])

    def seconds() -> float:
        with tf.Graph().as_default():
            x = tf.placeholder(tf.float32, [8])
            return timed(lambda: follow(lines, TABLE, x))

    return Task(seconds=seconds)


def gradients(row: Row, size: Size) -> Task:
    lines = random_program(size["length"])

    def seconds() -> float:
        with tf.Graph().as_default():
            x = tf.placeholder(tf.float32, [8])
            return timed(lambda: tf.gradients(follow(lines, TABLE, x), x))

    return Task(seconds=seconds)


def stops_made(row: Row, size: Size) -> Task:
    def seconds() -> float:
        with tf.Graph().as_default():
            x = tf.placeholder(tf.float32, [8])
            y, places = residual(tf.tanh, x, size["blocks"])
            return timed(lambda: stopped(y, x, places, size))

    return Task(seconds=seconds)


def stopped(y: Any, x: Any, places: list[Any], size: Size) -> list[Any]:
    return [tf.gradients(y, x, stop_gradients=[places[place]])[0] for place in stops(**size)]


# -- small operations ---------------------------------------------------------------------------------


def slope_of(program: Callable[[Any], Any], row: Row, size: Size) -> Task:
    return task(lambda _, x: (tf.gradients(program(x), x), []), [], row.problem(size).inputs)


def sines(row: Row, size: Size) -> Task:
    return slope_of(partial(chain, tf.sin, length=size["length"]), row, size)


def random(row: Row, size: Size) -> Task:
    return slope_of(partial(follow, random_program(size["length"]), TABLE), row, size)


def stops_run(row: Row, size: Size) -> Task:
    def build(_: Any, x: Any) -> Any:
        y, places = residual(tf.tanh, x, size["blocks"])
        return stopped(y, x, places, size), []

    return task(build, [], row.problem(size).inputs)


# -- training steps -----------------------------------------------------------------------------------


def step_of(loss: Callable[..., Any], parameters: list[Any], inputs: list[Any]) -> Task:
    def build(variables: list[Any], *batch: Any) -> Any:
        values = [tensorflow.convert_to_tensor(variable) for variable in variables]  # read once
        found = loss(values, *batch)
        slopes = tf.gradients(found, values)
        with tf.control_dependencies([found, *slopes]):
            updates = [
                variable.assign_sub(RATE * slope, read_value=False)
                for variable, slope in zip(variables, slopes, strict=True)
            ]
        return [found], updates

    return task(build, parameters, inputs)


def step_of_row(loss: Callable[..., Any], row: Row, size: Size) -> Task:
    problem = row.problem(size)
    return step_of(loss, problem.parameters, problem.inputs)


def cross_entropy(scores: Any, targets: Any) -> Any:
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=scores))


def linear(x: Any, weight: Any, bias: Any) -> Any:
    return tf.nn.bias_add(tf.matmul(x, weight, transpose_b=True), bias)


def perceptron_loss(parameters: list[Any], inputs: Any, targets: Any) -> Any:
    hidden = inputs
    for layer in range(0, len(parameters), 2):
        hidden = linear(hidden if layer == 0 else tf.nn.relu(hidden), parameters[layer], parameters[layer + 1])
    return cross_entropy(hidden, targets)


def convolved(hidden: Any, kernel: Any, bias: Any) -> Any:
    hidden = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(hidden, kernel, strides=1, padding="SAME"), bias))
    return tf.nn.max_pool2d(hidden, 2, 2, "VALID")


def convnet_loss(parameters: list[Any], inputs: Any, targets: Any) -> Any:
    hidden = convolved(convolved(inputs, *parameters[:2]), *parameters[2:4])
    return cross_entropy(linear(tf.reshape(hidden, [hidden.shape[0], -1]), *parameters[4:]), targets)


def convnet(row: Row, size: Size) -> Task:
    """Channels last, which is all that TensorFlow has on a CPU."""
    first, first_bias, second, second_bias, last, last_bias = row.problem(size).parameters
    inputs, targets = row.problem(size).inputs
    last = last.reshape(10, 32, 8, 8).transpose(0, 2, 3, 1).reshape(10, -1)
    parameters = [first.transpose(2, 3, 1, 0), first_bias, second.transpose(2, 3, 1, 0), second_bias, last, last_bias]
    return step_of(convnet_loss, parameters, [np.ascontiguousarray(inputs.transpose(0, 2, 3, 1)), targets])


def normal(x: Any, gain: Any, bias: Any) -> Any:
    middle, variance = tf.nn.moments(x, [-1], keep_dims=True)
    return tf.nn.batch_normalization(x, middle, variance, bias, gain, 1e-5)


def attend(projected: Any, size: Size) -> Any:
    batch, length, width = size["batch"], size["length"], size["width"]
    parts = tf.transpose(tf.reshape(projected, [batch, length, 3, HEADS, width // HEADS]), [2, 0, 3, 1, 4])
    queries, keys, values = tf.unstack(parts)
    scores = tf.matmul(queries, keys, transpose_b=True) * (width // HEADS) ** -0.5
    scores = scores + tf.constant(np.triu(np.full((length, length), -1e9, np.float32), 1))
    mixed = tf.matmul(tf.nn.softmax(scores), values)
    return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch * length, width])


def block(hidden: Any, size: Size, g1: Any, b1: Any, wqkv: Any, bqkv: Any, wo: Any, bo: Any, *rest: Any) -> Any:
    g2, b2, w1, c1, w2, c2 = rest
    hidden = hidden + linear(attend(linear(normal(hidden, g1, b1), wqkv, bqkv), size), wo, bo)
    wide = tensorflow.nn.gelu(linear(normal(hidden, g2, b2), w1, c1), approximate=False)
    return hidden + linear(wide, w2, c2)


def transformer(row: Row, size: Size) -> Task:
    def loss(parameters: list[Any], inputs: Any, targets: Any) -> Any:
        words, places, *blocks = parameters
        hidden = tf.reshape(tf.gather(words, inputs) + places, [-1, size["width"]])
        for start in range(0, len(blocks), 12):
            hidden = block(hidden, size, *blocks[start : start + 12])
        return cross_entropy(tf.matmul(hidden, words, transpose_b=True), tf.reshape(targets, [-1]))

    return step_of_row(loss, row, size)


def recurrent(row: Row, size: Size) -> Task:
    steps, batch, width = size["steps"], size["batch"], size["width"]

    def loss(parameters: list[Any], inputs: Any, targets: Any) -> Any:
        enter, again, bias = parameters
        rows = tf.reshape(linear(tf.reshape(inputs, [steps * batch, -1]), enter, bias), [steps, batch, 4 * width])

        def body(count: Any, state: Any, memory: Any) -> Any:
            gates = rows[count] + tf.matmul(state, again, transpose_b=True)
            entering, forget, change, leave = tf.split(gates, 4, -1)
            memory = tf.sigmoid(forget) * memory + tf.sigmoid(entering) * tf.tanh(change)
            return count + 1, tf.sigmoid(leave) * tf.tanh(memory), memory

        first = tf.zeros([batch, width])
        _, state, _ = tf.while_loop(
            lambda count, *_: count < steps, body, [0, first, first], maximum_iterations=steps, parallel_iterations=1
        )
        return tf.reduce_mean((state - targets) ** 2)

    return step_of_row(loss, row, size)


def critic(parameters: list[Any], x: Any) -> Any:
    *hidden, last, bias = parameters
    for layer in range(0, len(hidden), 2):
        x = tf.tanh(linear(x, hidden[layer], hidden[layer + 1]))
    return linear(x, last, bias)[:, 0]


def penalty_loss(parameters: list[Any], x: Any) -> Any:
    scores = critic(parameters, x)
    (slopes,) = tf.gradients(scores, x)
    lengths = tf.sqrt(tf.reduce_sum(slopes**2, 1))
    return tf.reduce_mean(scores) + 10 * tf.reduce_mean((lengths - 1) ** 2)


# -- higher derivatives -------------------------------------------------------------------------------


def two_layers(first: Any, second: Any, x: Any) -> Any:
    return tf.matmul(tf.tanh(tf.matmul(x, first, transpose_b=True)), second, transpose_b=True)


def height(first: Any, second: Any, x: Any) -> Any:
    return tf.reduce_logsumexp(tf.tanh(two_layers(first, second, x)), -1)


def hessian(row: Row, size: Size) -> Task:
    problem = row.problem(size)

    def build(weights: list[Any], x: Any) -> Any:
        if not by_rows(tier()):
            return [tf.hessians(height(*weights, x[None])[0], x)[0]], []
        rows = tf.tile(x[None], [size["inputs"], 1])
        (slopes,) = tf.gradients(height(*weights, rows), rows)
        return tf.gradients(tf.linalg.diag_part(slopes), rows), []

    return task(build, problem.parameters, problem.inputs)


def jacobian(row: Row, size: Size) -> Task:
    problem = row.problem(size)

    def build(weights: list[Any], x: Any) -> Any:
        if not by_rows(tier()):
            return [parallel.jacobian(two_layers(*weights, x[None])[0], x)], []
        rows = tf.tile(x[None], [size["outputs"], 1])
        return tf.gradients(tf.linalg.diag_part(two_layers(*weights, rows)), rows), []

    return task(build, problem.parameters, problem.inputs)


# -- the pipe -----------------------------------------------------------------------------------------

WORK: dict[str, Callable[[Row, Size], Task]] = {
    "record": record,
    "gradients": gradients,
    "chain": sines,
    "random": random,
    "mlp": partial(step_of_row, perceptron_loss),
    "convnet": convnet,
    "transformer": transformer,
    "lstm": recurrent,
    "hessian": hessian,
    "jacobian": jacobian,
    "stops_made": stops_made,
    "stops_run": stops_run,
    "penalty": partial(step_of_row, penalty_loss),
}


def wake() -> None:
    def build(_: Any, x: Any) -> Any:
        return tf.gradients(tf.sin(tf.matmul(x, x)), x), []

    made = task(build, [], [np.ones((8, 8), np.float32)])
    assert made.call is not None
    made.call()


if __name__ == "__main__":
    serve(f"TensorFlow {tensorflow.__version__}", lambda row, size, tier: WORK[row.work](row, size), wake)
