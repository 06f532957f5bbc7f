"""TensorFlow in graph mode as a peer: run by `peers.py` with an interpreter that has TensorFlow."""

from __future__ import annotations

import functools
import gc
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from peers import serve
from programs import BATCH, MLP, RATE, chain, follow, random_program

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow  # noqa: E402

tf = tensorflow.compat.v1
tf.disable_eager_execution()

THREADS = int(sys.argv[1])
TABLE = {"sin": tf.sin, "tanh": tf.tanh, "add": tf.add, "mul": tf.multiply}
WORDS = {
    "record": "graph mode",
    "gradients": "tf.gradients",
    "first": "first session.run",
    "step": "session.make_callable",
    "train": "session.make_callable",
}


def session(graph: Any) -> Any:
    """A session limited to the same number of threads as graphgrad."""
    config = tf.ConfigProto(intra_op_parallelism_threads=THREADS, inter_op_parallelism_threads=THREADS)
    return tf.Session(graph=graph, config=config)


def timed(work: Callable[[], Any], units: int) -> float:
    """Seconds per unit; earlier garbage is collected first."""
    gc.collect()
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) / units


def recorder(program: str, length: int) -> Callable[[Any], Any]:
    """A function of a tensor that builds the program."""
    if program == "chain":
        return functools.partial(chain, tf.sin, length=length)
    return functools.partial(follow, random_program(length), TABLE)


def record(program: str, length: int) -> float:
    build = recorder(program, length)
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [64, 64])
        return timed(lambda: build(x), length)


def gradients(program: str, length: int) -> float:
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [64, 64])
        y = recorder(program, length)(x)
        return timed(lambda: tf.gradients(y, x), length)


def first(program: str, length: int) -> float:
    """Pruning, placing, optimizing and running once."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [8])
        slope = tf.gradients(recorder(program, length)(x), x)
        with session(graph) as running:
            return timed(lambda: running.run(slope, {x: np.zeros(8, np.float32)}), length)


@functools.cache
def prepared(program: str, length: int) -> Callable[[], Any]:
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [8])
        run = session(graph).make_callable(tf.gradients(recorder(program, length)(x), x), [x])
        value = np.full(8, 0.5, np.float32)
        return lambda: run(value)


def step(program: str, length: int, repeats: int) -> float:
    run = prepared(program, length)
    run()
    return timed(lambda: [run() for _ in range(repeats)], repeats * length)


@functools.cache
def perceptron() -> Callable[[], Any]:
    draw = np.random.default_rng(0)
    with tf.Graph().as_default() as graph:
        x, targets = tf.placeholder(tf.float32, [BATCH, MLP[0]]), tf.placeholder(tf.int32, [BATCH])
        hidden = x
        for layer, (width, size) in enumerate(zip(MLP[:-1], MLP[1:], strict=True)):
            weight = tf.Variable((draw.standard_normal((width, size)) / width**0.5).astype(np.float32))
            bias = tf.Variable(np.zeros(size, np.float32))
            hidden = tf.matmul(hidden if layer == 0 else tf.nn.relu(hidden), weight) + bias
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=hidden))
        update = tf.train.GradientDescentOptimizer(RATE).minimize(loss)
        running = session(graph)
        running.run(tf.global_variables_initializer())
        run = running.make_callable([loss, update], [x, targets])
    inputs = draw.standard_normal((BATCH, MLP[0])).astype(np.float32)
    labels = draw.integers(0, MLP[-1], BATCH).astype(np.int32)
    return lambda: run(inputs, labels)


def train(repeats: int) -> float:
    run = perceptron()
    run()
    return timed(lambda: [run() for _ in range(repeats)], repeats)


if __name__ == "__main__":
    tasks = {"record": record, "gradients": gradients, "first": first, "step": step, "train": train}
    serve(f"TensorFlow {tensorflow.__version__}", WORDS, tasks)
