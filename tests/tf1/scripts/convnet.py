# ruff: noqa
# fmt: off
"""tf.layers, batch normalization and its update ops, dropout: horizontal bars against vertical ones."""
import argparse

import numpy as np
import tensorflow as tf


def bars(n, rng):
    images, labels = np.zeros((n, 8, 8, 1), np.float32), rng.randint(0, 2, n)
    for image, label in zip(images, labels):
        place = rng.randint(0, 8)
        if label:
            image[place] = 1
        else:
            image[:, place] = 1
    return images + 0.1 * rng.randn(*images.shape), labels


def network(images, is_training):
    net = tf.layers.conv2d(images, 4, [3, 3], padding="same", use_bias=False, name="conv1",
                           kernel_regularizer=tf.contrib.layers.l2_regularizer(1e-4))
    net = tf.layers.batch_normalization(net, training=is_training, momentum=0.8)
    net = tf.layers.max_pooling2d(tf.nn.relu(net), 2, 2)
    net = tf.layers.flatten(net)
    net = tf.layers.dropout(net, 0.2, training=is_training)
    return tf.layers.dense(net, 2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--iterations", type=int, default=120)
    args = parser.parse_args()

    tf.reset_default_graph()
    tf.set_random_seed(0)
    images = tf.placeholder(tf.float32, shape=(None, 8, 8, 1))
    labels = tf.placeholder(tf.int32, shape=(None,))
    is_training = tf.placeholder(tf.bool)
    logits = network(images, is_training)
    tf.losses.sparse_softmax_cross_entropy(labels, logits)
    loss = tf.losses.get_total_loss()
    acc, acc_update = tf.metrics.accuracy(labels, tf.argmax(logits, 1))
    tf.summary.scalar("loss", loss)
    merged = tf.summary.merge_all()
    global_step = tf.Variable(0, trainable=False, name="global_step")
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train_op = tf.train.GradientDescentOptimizer(0.1).minimize(loss, global_step=global_step)

    rng = np.random.RandomState(0)
    with tf.Session() as sess:
        sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        for _ in range(args.iterations):
            x, y = bars(32, rng)
            _, summary = sess.run([train_op, merged], {images: x, labels: y, is_training: True})
        assert len(summary) > 10
        x, y = bars(500, rng)
        sess.run(acc_update, {images: x, labels: y, is_training: False})
        print("steps %d accuracy %.3f" % (sess.run(global_step), sess.run(acc)))
