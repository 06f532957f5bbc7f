# ruff: noqa
# fmt: off
"""A physics-informed network for u'' = -sin(x), u(0) = u(pi) = 0, with the solution sin(x)."""
import numpy as np
import tensorflow as tf

np.random.seed(1234)
tf.set_random_seed(1234)


class PhysicsInformedNN:
    def __init__(self, x, layers):
        self.x = x
        self.weights, self.biases = self.initialize_NN(layers)
        self.sess = tf.Session()
        self.x_tf = tf.placeholder(tf.float64, shape=[None, 1])
        self.edge_tf = tf.placeholder(tf.float64, shape=[None, 1])
        self.u_pred = self.neural_net(self.x_tf)
        self.f_pred = self.net_f(self.x_tf)
        self.loss = tf.reduce_mean(tf.square(self.f_pred)) + \
            tf.reduce_mean(tf.square(self.neural_net(self.edge_tf)))
        self.optimizer = tf.contrib.opt.ScipyOptimizerInterface(
            self.loss, method="L-BFGS-B",
            options={"maxiter": 120, "maxfun": 150, "maxcor": 50, "maxls": 50, "ftol": 1.0 * np.finfo(float).eps})
        self.sess.run(tf.global_variables_initializer())

    def initialize_NN(self, layers):
        weights, biases = [], []
        for n_in, n_out in zip(layers[:-1], layers[1:]):
            stddev = np.sqrt(2 / (n_in + n_out))
            weights.append(tf.Variable(tf.truncated_normal([n_in, n_out], stddev=stddev, dtype=tf.float64)))
            biases.append(tf.Variable(tf.zeros([1, n_out], dtype=tf.float64), dtype=tf.float64))
        return weights, biases

    def neural_net(self, H):
        for W, b in zip(self.weights[:-1], self.biases[:-1]):
            H = tf.tanh(tf.add(tf.matmul(H, W), b))
        return tf.add(tf.matmul(H, self.weights[-1]), self.biases[-1])

    def net_f(self, x):
        u = self.neural_net(x)
        u_x = tf.gradients(u, x)[0]
        u_xx = tf.gradients(u_x, x)[0]
        return u_xx + tf.sin(x)

    def callback(self, loss):
        self.seen = loss

    def train(self):
        feed = {self.x_tf: self.x, self.edge_tf: np.array([[0.0], [np.pi]])}
        self.optimizer.minimize(self.sess, feed_dict=feed, fetches=[self.loss], loss_callback=self.callback)

    def predict(self, x):
        return self.sess.run(self.u_pred, {self.x_tf: x})


model = PhysicsInformedNN(np.linspace(0, np.pi, 40)[:, None], [1, 10, 10, 1])
model.train()
x = np.linspace(0, np.pi, 101)[:, None]
error = np.linalg.norm(model.predict(x) - np.sin(x)) / np.linalg.norm(np.sin(x))
print("loss %.1e error %.1e" % (model.seen, error))
