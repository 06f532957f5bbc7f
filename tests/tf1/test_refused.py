"""What to use instead of names that make no sense here."""

import pytest

from graphgrad.tf1.refused import INSTEAD, instead


@pytest.mark.parametrize(
    ("name", "says"),
    [("contrib.distributions.Normal", "torch.distributions"), ("contrib.rnn.BasicLSTMCell", "torch.nn.LSTM"),
     ("data.Dataset", "DataLoader"), ("image.decode_jpeg", "PIL"), ("examples.tutorials.mnist.input_data", "MNIST"),
     ("train.Example", "feed arrays"), ("nn.relu", ""), ("zeros", "")],
)  # fmt: skip
def test_instead(name, says):
    found = instead(name)
    assert says in found and bool(says) == bool(found)


def test_the_longest_fitting_name_counts():
    assert all(instead(name) == use for name, use in INSTEAD.items())
