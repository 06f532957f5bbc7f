# ruff: noqa
# fmt: off
"""Skip-gram word vectors with noise-contrastive estimation, in the style of the basic tutorial."""
from __future__ import absolute_import
from __future__ import division
from __future__ import print_function

import collections
import math
import random
import sys

import numpy as np
import tensorflow as tf

random.seed(0)
WORDS = []
for _ in range(600):  # two kinds of sentences, which share no words
    kind = random.choice(["abcde", "vwxyz"])
    WORDS += [random.choice(kind) for _ in range(8)]


def build_dataset(words, n_words):
    count = [['UNK', -1]]
    count.extend(collections.Counter(words).most_common(n_words - 1))
    dictionary = {}
    for word, _ in count:
        dictionary[word] = len(dictionary)
    return [dictionary.get(word, 0) for word in words], dictionary


vocabulary_size = 11
data, dictionary = build_dataset(WORDS, vocabulary_size)
data_index = 0


def generate_batch(batch_size, num_skips, skip_window):
    global data_index
    batch = np.ndarray(shape=(batch_size), dtype=np.int32)
    labels = np.ndarray(shape=(batch_size, 1), dtype=np.int32)
    span = 2 * skip_window + 1
    buffer = collections.deque(maxlen=span)
    for _ in range(span):
        buffer.append(data[data_index])
        data_index = (data_index + 1) % len(data)
    for i in range(batch_size // num_skips):
        context = [w for w in range(span) if w != skip_window]
        for j, k in enumerate(random.sample(context, num_skips)):
            batch[i * num_skips + j] = buffer[skip_window]
            labels[i * num_skips + j, 0] = buffer[k]
        buffer.append(data[data_index])
        data_index = (data_index + 1) % len(data)
    return batch, labels


batch_size, embedding_size, num_sampled = 64, 8, 4
loss_kind = sys.argv[1] if len(sys.argv) > 1 else "nce"
graph = tf.Graph()
with graph.as_default():
    tf.set_random_seed(1)
    with tf.name_scope('inputs'):
        train_inputs = tf.placeholder(tf.int32, shape=[batch_size])
        train_labels = tf.placeholder(tf.int32, shape=[batch_size, 1])
    with tf.device('/cpu:0'):
        with tf.name_scope('embeddings'):
            embeddings = tf.Variable(tf.random_uniform([vocabulary_size, embedding_size], -1.0, 1.0))
            embed = tf.nn.embedding_lookup(embeddings, train_inputs)
        with tf.name_scope('weights'):
            nce_weights = tf.Variable(tf.truncated_normal([vocabulary_size, embedding_size],
                                                          stddev=1.0 / math.sqrt(embedding_size)))
        with tf.name_scope('biases'):
            nce_biases = tf.Variable(tf.zeros([vocabulary_size]))
    with tf.name_scope('loss'):
        function = tf.nn.nce_loss if loss_kind == "nce" else tf.nn.sampled_softmax_loss
        loss = tf.reduce_mean(function(weights=nce_weights, biases=nce_biases, labels=train_labels, inputs=embed,
                                       num_sampled=num_sampled, num_classes=vocabulary_size))
    tf.summary.scalar('loss', loss)
    merged = tf.summary.merge_all()
    with tf.name_scope('optimizer'):
        optimizer = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    norm = tf.sqrt(tf.reduce_sum(tf.square(embeddings), 1, keepdims=True))
    normalized_embeddings = embeddings / norm
    similarity = tf.matmul(normalized_embeddings, normalized_embeddings, transpose_b=True)
    init = tf.global_variables_initializer()

with tf.Session(graph=graph) as session:
    init.run()
    average_loss = 0
    for step in range(600):
        batch_inputs, batch_labels = generate_batch(batch_size, 2, 1)
        feed_dict = {train_inputs: batch_inputs, train_labels: batch_labels}
        _, summary, loss_val = session.run([optimizer, merged, loss], feed_dict=feed_dict)
        average_loss += loss_val
        if step % 200 == 199:
            print('Average loss at step ', step, ': ', average_loss / 200)
            average_loss = 0
    sim = similarity.eval()
    first = [dictionary[c] for c in "abcde"]
    second = [dictionary[c] for c in "vwxyz"]
    same = np.mean([sim[i, j] for kind in (first, second) for i in kind for j in kind if i != j])
    other = np.mean([sim[i, j] for i in first for j in second])
    print("similarity same %.3f other %.3f" % (same, other))
