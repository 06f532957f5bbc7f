# ruff: noqa
# fmt: off
"""A character model with an LSTM, in the style of a well-known char-rnn."""
from __future__ import print_function
import argparse, os
import numpy as np
import tensorflow as tf
from tensorflow.contrib import rnn

TEXT = "the quick brown fox jumps over the lazy dog. " * 40


class Model():
    def __init__(self, args, training=True):
        self.args = args
        if not training:
            args.batch_size = 1
            args.seq_length = 1
        if args.model == 'rnn':
            cell_fn = rnn.BasicRNNCell
        elif args.model == 'gru':
            cell_fn = rnn.GRUCell
        elif args.model == 'lstm':
            cell_fn = rnn.BasicLSTMCell
        else:
            raise Exception("model type not supported: {}".format(args.model))
        cells = []
        for _ in range(args.num_layers):
            cell = cell_fn(args.rnn_size)
            if training and (args.output_keep_prob < 1.0 or args.input_keep_prob < 1.0):
                cell = rnn.DropoutWrapper(cell, input_keep_prob=args.input_keep_prob, output_keep_prob=args.output_keep_prob)
            cells.append(cell)
        self.cell = cell = rnn.MultiRNNCell(cells, state_is_tuple=True)
        self.input_data = tf.placeholder(tf.int32, [args.batch_size, args.seq_length])
        self.targets = tf.placeholder(tf.int32, [args.batch_size, args.seq_length])
        self.initial_state = cell.zero_state(args.batch_size, tf.float32)
        with tf.variable_scope('rnnlm'):
            softmax_w = tf.get_variable("softmax_w", [args.rnn_size, args.vocab_size])
            softmax_b = tf.get_variable("softmax_b", [args.vocab_size])
        embedding = tf.get_variable("embedding", [args.vocab_size, args.rnn_size])
        inputs = tf.nn.embedding_lookup(embedding, self.input_data)
        if training and args.output_keep_prob:
            inputs = tf.nn.dropout(inputs, args.output_keep_prob)
        if args.dynamic:
            with tf.variable_scope('rnnlm'):
                output, last_state = tf.nn.dynamic_rnn(cell, inputs, initial_state=self.initial_state)
            output = tf.reshape(output, [-1, args.rnn_size])
        else:
            inputs = tf.split(inputs, args.seq_length, 1)
            inputs = [tf.squeeze(input_, [1]) for input_ in inputs]
            with tf.variable_scope('rnnlm'):
                outputs, last_state = rnn.static_rnn(cell, inputs, initial_state=self.initial_state)
            output = tf.reshape(tf.concat(outputs, 1), [-1, args.rnn_size])
        self.logits = tf.matmul(output, softmax_w) + softmax_b
        self.probs = tf.nn.softmax(self.logits)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.reshape(self.targets, [-1]), logits=self.logits)
        with tf.name_scope('cost'):
            self.cost = tf.reduce_sum(loss) / args.batch_size / args.seq_length
        self.final_state = last_state
        self.lr = tf.Variable(0.0, trainable=False)
        tvars = tf.trainable_variables()
        grads, _ = tf.clip_by_global_norm(tf.gradients(self.cost, tvars), args.grad_clip)
        with tf.name_scope('optimizer'):
            optimizer = tf.train.AdamOptimizer(self.lr)
        self.train_op = optimizer.apply_gradients(zip(grads, tvars))
        tf.summary.histogram('logits', self.logits)
        tf.summary.scalar('train_loss', self.cost)

    def sample(self, sess, chars, vocab, num=20, prime='the '):
        state = sess.run(self.cell.zero_state(1, tf.float32))
        for char in prime[:-1]:
            x = np.zeros((1, 1))
            x[0, 0] = vocab[char]
            feed = {self.input_data: x, self.initial_state: state}
            [state] = sess.run([self.final_state], feed)
        ret, char = prime, prime[-1]
        for n in range(num):
            x = np.zeros((1, 1))
            x[0, 0] = vocab[char]
            feed = {self.input_data: x, self.initial_state: state}
            [probs, state] = sess.run([self.probs, self.final_state], feed)
            char = chars[int(np.argmax(probs[0]))]
            ret += char
        return ret


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--model', default='lstm')
    parser.add_argument('--dynamic', action='store_true')
    parser.add_argument('--epochs', type=int, default=12)
    parser.add_argument('--save_dir', default='save')
    args = parser.parse_args()
    args.num_layers, args.rnn_size, args.batch_size, args.seq_length = 2, 48, 10, 15
    args.grad_clip, args.input_keep_prob, args.output_keep_prob = 5., 1.0, 0.9
    chars = sorted(set(TEXT))
    vocab = dict(zip(chars, range(len(chars))))
    args.vocab_size = len(chars)
    data = np.array([vocab[c] for c in TEXT])
    count = len(data) // (args.batch_size * args.seq_length)
    x = data[:count * args.batch_size * args.seq_length]
    y = np.roll(x, -1)
    xs = np.split(x.reshape(args.batch_size, -1), count, 1)
    ys = np.split(y.reshape(args.batch_size, -1), count, 1)
    tf.set_random_seed(1)
    model = Model(args)
    save = os.path.join(args.save_dir, 'model.ckpt')
    with tf.Session() as sess:
        summaries = tf.summary.merge_all()
        sess.run(tf.global_variables_initializer())
        saver = tf.train.Saver(tf.global_variables())
        for e in range(args.epochs):
            sess.run(tf.assign(model.lr, 0.01 * (0.97 ** e)))
            state = sess.run(model.initial_state)
            for b in range(count):
                feed = {model.input_data: xs[b], model.targets: ys[b]}
                for i, s in enumerate(model.initial_state):
                    if isinstance(s, tuple):
                        c, h = s
                        feed[c] = state[i].c
                        feed[h] = state[i].h
                    else:
                        feed[s] = state[i]
                summ, train_loss, state, _ = sess.run([summaries, model.cost, model.final_state, model.train_op], feed)
        path = saver.save(sess, save)
    tf.reset_default_graph()
    model = Model(args, training=False)
    with tf.Session() as sess:
        tf.global_variables_initializer().run()
        tf.train.Saver(tf.global_variables()).restore(sess, path)
        print("train_loss = %.3f, sample = %r" % (train_loss, model.sample(sess, chars, vocab)))


if __name__ == '__main__':
    main()
