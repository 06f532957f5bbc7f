# ruff: noqa
# fmt: off
"""A multilayer perceptron on two interleaved half moons, in the style of a first TensorFlow tutorial."""
from __future__ import absolute_import, division, print_function

import numpy as np
import tensorflow as tf

from moons import make_moons

flags = tf.app.flags
FLAGS = flags.FLAGS
flags.DEFINE_integer("steps", 300, "Number of steps to run trainer.")
flags.DEFINE_float("learning_rate", 0.5, "Initial learning rate.")
flags.DEFINE_string("out", "", "Where to write the accuracy.")


def weight_variable(shape):
    initial = tf.truncated_normal(shape, stddev=0.5)
    return tf.Variable(initial)


def bias_variable(shape):
    return tf.Variable(tf.constant(0.1, shape=shape))


def main(_):
    tf.set_random_seed(0)
    x_data, y_data = make_moons(400)

    x = tf.placeholder(tf.float32, [None, 2], name="x-input")
    y_ = tf.placeholder(tf.int64, [None], name="y-input")
    with tf.name_scope("hidden"):
        h = tf.nn.tanh(tf.matmul(x, weight_variable([2, 16])) + bias_variable([16]))
    with tf.name_scope("readout"):
        y = tf.matmul(h, weight_variable([16, 2])) + bias_variable([2])

    cross_entropy = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y_, logits=y))
    train_step = tf.train.GradientDescentOptimizer(FLAGS.learning_rate).minimize(cross_entropy)
    correct_prediction = tf.equal(tf.argmax(y, 1), y_)
    accuracy = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))

    sess = tf.InteractiveSession()
    tf.global_variables_initializer().run()
    for i in range(FLAGS.steps):
        batch = np.random.RandomState(i).randint(0, len(x_data), 100)
        sess.run(train_step, feed_dict={x: x_data[batch], y_: y_data[batch]})
    final = accuracy.eval({x: x_data, y_: y_data})
    print("accuracy %.3f" % final)
    if FLAGS.out:
        with tf.gfile.GFile(FLAGS.out, "w") as f:
            f.write("%.3f" % final)
    sess.close()


if __name__ == "__main__":
    tf.app.run()
