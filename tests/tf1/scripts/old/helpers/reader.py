"""Reads pictures."""

import tensorflow as tf


def batches(name):
    image = tf.image.decode_jpeg(tf.read_file(name))
    return tf.train.batch([tf.cast(image, tf.float32)], 8)
