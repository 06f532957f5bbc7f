# ruff: noqa
# fmt: off
"""A small deep convolutional GAN on images of blobs, in the style of a well-known repository."""
from __future__ import division, print_function
import time
import numpy as np
import tensorflow as tf

flags = tf.app.flags
flags.DEFINE_integer("epoch", 2, "Epochs to train [2]")
flags.DEFINE_float("learning_rate", 0.0002, "Learning rate of adam [0.0002]")
flags.DEFINE_float("beta1", 0.5, "Momentum term of adam [0.5]")
flags.DEFINE_integer("batch_size", 16, "The size of batch images [16]")
FLAGS = flags.FLAGS


class batch_norm(object):
    def __init__(self, epsilon=1e-5, momentum=0.9, name="batch_norm"):
        with tf.variable_scope(name):
            self.epsilon = epsilon
            self.momentum = momentum
            self.name = name

    def __call__(self, x, train=True):
        return tf.contrib.layers.batch_norm(x, decay=self.momentum, updates_collections=None, epsilon=self.epsilon,
                                            scale=True, is_training=train, scope=self.name)


def conv2d(input_, output_dim, k_h=5, k_w=5, d_h=2, d_w=2, stddev=0.02, name="conv2d"):
    with tf.variable_scope(name):
        w = tf.get_variable('w', [k_h, k_w, input_.get_shape()[-1], output_dim],
                            initializer=tf.truncated_normal_initializer(stddev=stddev))
        conv = tf.nn.conv2d(input_, w, strides=[1, d_h, d_w, 1], padding='SAME')
        biases = tf.get_variable('biases', [output_dim], initializer=tf.constant_initializer(0.0))
        return tf.reshape(tf.nn.bias_add(conv, biases), conv.get_shape())


def deconv2d(input_, output_shape, k_h=5, k_w=5, d_h=2, d_w=2, stddev=0.02, name="deconv2d"):
    with tf.variable_scope(name):
        w = tf.get_variable('w', [k_h, k_w, output_shape[-1], input_.get_shape()[-1]],
                            initializer=tf.random_normal_initializer(stddev=stddev))
        deconv = tf.nn.conv2d_transpose(input_, w, output_shape=output_shape, strides=[1, d_h, d_w, 1])
        biases = tf.get_variable('biases', [output_shape[-1]], initializer=tf.constant_initializer(0.0))
        return tf.reshape(tf.nn.bias_add(deconv, biases), deconv.get_shape())


def lrelu(x, leak=0.2, name="lrelu"):
    return tf.maximum(x, leak * x)


def linear(input_, output_size, scope=None, stddev=0.02, bias_start=0.0):
    shape = input_.get_shape().as_list()
    with tf.variable_scope(scope or "Linear"):
        matrix = tf.get_variable("Matrix", [shape[1], output_size], tf.float32,
                                 tf.random_normal_initializer(stddev=stddev))
        bias = tf.get_variable("bias", [output_size], initializer=tf.constant_initializer(bias_start))
        return tf.matmul(input_, matrix) + bias


class DCGAN(object):
    def __init__(self, sess, batch_size=16, z_dim=10, size=16):
        self.sess, self.batch_size, self.z_dim, self.size = sess, batch_size, z_dim, size
        self.d_bn1, self.g_bn0, self.g_bn1 = batch_norm(name='d_bn1'), batch_norm(name='g_bn0'), batch_norm(name='g_bn1')
        self.build_model()

    def build_model(self):
        self.inputs = tf.placeholder(tf.float32, [self.batch_size, self.size, self.size, 1], name='real_images')
        self.z = tf.placeholder(tf.float32, [None, self.z_dim], name='z')
        self.z_sum = tf.summary.histogram("z", self.z)
        self.G = self.generator(self.z)
        self.D, self.D_logits = self.discriminator(self.inputs, reuse=False)
        self.sampler = self.sample(self.z)
        self.D_, self.D_logits_ = self.discriminator(self.G, reuse=True)

        def sce(x, y):
            try:
                return tf.nn.sigmoid_cross_entropy_with_logits(logits=x, labels=y)
            except:
                return tf.nn.sigmoid_cross_entropy_with_logits(logits=x, targets=y)

        self.d_loss_real = tf.reduce_mean(sce(self.D_logits, tf.ones_like(self.D)))
        self.d_loss_fake = tf.reduce_mean(sce(self.D_logits_, tf.zeros_like(self.D_)))
        self.g_loss = tf.reduce_mean(sce(self.D_logits_, tf.ones_like(self.D_)))
        self.d_loss = self.d_loss_real + self.d_loss_fake
        t_vars = tf.trainable_variables()
        self.d_vars = [var for var in t_vars if 'd_' in var.name]
        self.g_vars = [var for var in t_vars if 'g_' in var.name]
        self.saver = tf.train.Saver()

    def train(self, config):
        d_optim = tf.train.AdamOptimizer(config.learning_rate, beta1=config.beta1).minimize(self.d_loss, var_list=self.d_vars)
        g_optim = tf.train.AdamOptimizer(config.learning_rate, beta1=config.beta1).minimize(self.g_loss, var_list=self.g_vars)
        try:
            tf.global_variables_initializer().run()
        except:
            tf.initialize_all_variables().run()
        rng = np.random.RandomState(0)
        grid = np.stack(np.meshgrid(np.arange(self.size), np.arange(self.size)), -1)
        start_time = time.time()
        for epoch in range(config.epoch):
            for idx in range(10):
                centres = rng.uniform(4, 12, (self.batch_size, 1, 1, 2))
                images = np.exp(-((grid[None] - centres) ** 2).sum(-1, keepdims=True) / 8) * 2 - 1
                z = rng.uniform(-1, 1, [config.batch_size, self.z_dim]).astype(np.float32)
                self.sess.run(d_optim, feed_dict={self.inputs: images, self.z: z})
                self.sess.run(g_optim, feed_dict={self.z: z})
                self.sess.run([g_optim], feed_dict={self.z: z})
                errD = self.d_loss_fake.eval({self.z: z}) + self.d_loss_real.eval({self.inputs: images})
                errG = self.g_loss.eval({self.z: z})
        samples = self.sess.run(self.sampler, {self.z: z})
        print("d_loss: %.8f, g_loss: %.8f, samples %s, vars %d" % (errD, errG, samples.shape, len(tf.global_variables())))

    def discriminator(self, image, reuse=False):
        with tf.variable_scope("discriminator") as scope:
            if reuse:
                scope.reuse_variables()
            h0 = lrelu(conv2d(image, 8, name='d_h0_conv'))
            h1 = lrelu(self.d_bn1(conv2d(h0, 16, name='d_h1_conv')))
            h2 = linear(tf.reshape(h1, [self.batch_size, -1]), 1, 'd_h2_lin')
            return tf.nn.sigmoid(h2), h2

    def generator(self, z):
        with tf.variable_scope("generator") as scope:
            h0 = tf.reshape(linear(z, 4 * 4 * 16, 'g_h0_lin'), [-1, 4, 4, 16])
            h0 = tf.nn.relu(self.g_bn0(h0))
            h1 = tf.nn.relu(self.g_bn1(deconv2d(h0, [self.batch_size, 8, 8, 8], name='g_h1')))
            return tf.nn.tanh(deconv2d(h1, [self.batch_size, 16, 16, 1], name='g_h2'))

    def sample(self, z):
        with tf.variable_scope("generator") as scope:
            scope.reuse_variables()
            h0 = tf.reshape(linear(z, 4 * 4 * 16, 'g_h0_lin'), [-1, 4, 4, 16])
            h0 = tf.nn.relu(self.g_bn0(h0, train=False))
            h1 = tf.nn.relu(self.g_bn1(deconv2d(h0, [self.batch_size, 8, 8, 8], name='g_h1'), train=False))
            return tf.nn.tanh(deconv2d(h1, [self.batch_size, 16, 16, 1], name='g_h2'))


def main(_):
    run_config = tf.ConfigProto()
    run_config.gpu_options.allow_growth = True
    with tf.Session(config=run_config) as sess:
        DCGAN(sess, batch_size=FLAGS.batch_size).train(FLAGS)


if __name__ == '__main__':
    tf.app.run()
