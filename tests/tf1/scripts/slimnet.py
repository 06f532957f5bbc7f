# ruff: noqa
# fmt: off
"""A slim network trained with a monitored session until it has seen enough."""
from __future__ import print_function
import argparse
import numpy as np
import tensorflow as tf
import tensorflow.contrib.slim as slim

parser = argparse.ArgumentParser()
parser.add_argument("--dir", default=None)
parser.add_argument("--steps", type=int, default=60)
args = parser.parse_args()


def arg_scope(is_training, weight_decay=0.0005):
    batch_norm_params = {'is_training': is_training, 'decay': 0.9, 'scale': True,
                         'updates_collections': tf.GraphKeys.UPDATE_OPS}
    with slim.arg_scope([slim.conv2d, slim.fully_connected], activation_fn=tf.nn.relu,
                        weights_regularizer=slim.l2_regularizer(weight_decay),
                        weights_initializer=tf.truncated_normal_initializer(stddev=0.1)):
        with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm, normalizer_params=batch_norm_params) as sc:
            return sc


def lenet(images, num_classes=3, is_training=False, dropout_keep_prob=0.8, scope='LeNet'):
    end_points = {}
    with tf.variable_scope(scope, 'LeNet', [images]):
        net = end_points['conv1'] = slim.repeat(images, 2, slim.conv2d, 8, [3, 3], scope='conv1')
        net = end_points['pool1'] = slim.max_pool2d(net, [2, 2], 2, scope='pool1')
        net = slim.flatten(net)
        end_points['Flatten'] = net
        net = end_points['fc3'] = slim.fully_connected(net, 16, scope='fc3')
        net = slim.dropout(net, dropout_keep_prob, is_training=is_training, scope='dropout3')
        logits = end_points['Logits'] = slim.fully_connected(net, num_classes, activation_fn=None, scope='fc4')
    end_points['Predictions'] = slim.softmax(logits, scope='Predictions')
    return logits, end_points


rng = np.random.RandomState(0)


def batch(n):
    labels = rng.randint(0, 3, n)
    images = rng.randn(n, 8, 8, 1) * 0.3
    for i, label in enumerate(labels):
        images[i, label * 2:label * 2 + 3, :, 0] += 1
    return images, labels


tf.logging.set_verbosity(tf.logging.ERROR)
tf.set_random_seed(2)
images = tf.placeholder(tf.float32, [None, 8, 8, 1])
labels = tf.placeholder(tf.int64, [None])
training = tf.placeholder_with_default(True, [])
with slim.arg_scope(arg_scope(training)):
    logits, end_points = lenet(images, is_training=training)
slim.losses.softmax_cross_entropy(logits, slim.one_hot_encoding(labels, 3))
total_loss = slim.losses.get_total_loss()
global_step = slim.get_or_create_global_step()
train_op = slim.learning.create_train_op(total_loss, tf.train.AdamOptimizer(0.01), global_step=global_step)
accuracy = tf.reduce_mean(tf.to_float(tf.equal(tf.argmax(end_points['Predictions'], 1), labels)))
hooks = [tf.train.StopAtStepHook(last_step=args.steps), tf.train.NanTensorHook(total_loss),
         tf.train.LoggingTensorHook({'loss': total_loss}, every_n_iter=20)]
with tf.train.MonitoredTrainingSession(checkpoint_dir=args.dir, hooks=hooks, save_checkpoint_steps=25) as sess:
    while not sess.should_stop():
        x, y = batch(32)
        sess.run(train_op, {images: x, labels: y})
    x, y = batch(300)
    acc, step = sess.raw_session().run([accuracy, global_step], {images: x, labels: y, training: False})
print("step %d accuracy %.3f variables %d" % (step, acc, len(slim.get_model_variables())))
