# ruff: noqa
# fmt: off
"""Shared weights by variable_scope(reuse=True): a tiny discriminator that sees real and generated points."""
import numpy as np
import tensorflow.compat.v1 as tf
tf.disable_v2_behavior()


def discriminator(x, reuse=None):
    with tf.variable_scope("discriminator", reuse=reuse):
        w1 = tf.get_variable("w1", [1, 8], initializer=tf.contrib.layers.xavier_initializer())
        b1 = tf.get_variable("b1", [8], initializer=tf.constant_initializer(0.0))
        w2 = tf.get_variable("w2", [8, 1], initializer=tf.random_normal_initializer(stddev=0.3))
        return tf.matmul(tf.nn.relu(tf.matmul(x, w1) + b1), w2)


def generator(z):
    with tf.variable_scope("generator"):
        a = tf.get_variable("a", [], initializer=tf.constant_initializer(0.5))
        b = tf.get_variable("b", [], initializer=tf.zeros_initializer())
        return a * z + b


tf.set_random_seed(1)
z = tf.placeholder(tf.float32, [None, 1])
x = tf.placeholder(tf.float32, [None, 1])
g = generator(z)
real, fake = discriminator(x), discriminator(g, reuse=True)
t_vars = tf.trainable_variables()
d_vars = [var for var in t_vars if var.name.startswith("discriminator")]
g_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="generator")
assert len(t_vars) == 5 and len(d_vars) == 3 and len(g_vars) == 2, t_vars

d_loss = tf.reduce_mean(
    tf.nn.sigmoid_cross_entropy_with_logits(logits=real, labels=tf.ones_like(real))
    + tf.nn.sigmoid_cross_entropy_with_logits(logits=fake, labels=tf.zeros_like(fake)))
g_loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=fake, labels=tf.ones_like(fake)))
d_step = tf.train.GradientDescentOptimizer(0.2).minimize(d_loss, var_list=d_vars)
g_step = tf.train.GradientDescentOptimizer(0.1).minimize(g_loss, var_list=g_vars)

rng = np.random.RandomState(0)
with tf.Session() as sess:
    sess.run(tf.initialize_all_variables())
    for it in range(400):
        feed = {x: 3 + 0.5 * rng.randn(64, 1), z: rng.randn(64, 1)}
        sess.run(d_step, feed)
        sess.run(g_step, feed)
    mean = sess.run(g, {z: rng.randn(1000, 1)}).mean()
print("mean %.2f" % mean)
