"""The modules served as tensorflow."""

import sys
import types

import pytest

import graphgrad as gg
from graphgrad.tf1.served import serving, supported


@pytest.fixture
def tf():
    with serving() as module:
        yield module


def test_names_are_graphgrads(tf):
    assert tf.placeholder is gg.placeholder and tf.nn.relu is gg.nn.relu
    assert tf.float32 is gg.float32 and tf.GraphKeys is gg.GraphKeys
    assert tf.train.GradientDescentOptimizer is gg.train.GradientDescentOptimizer
    assert tf.contrib.layers.xavier_initializer is gg.contrib.layers.xavier_initializer
    assert tf.compat.v1.nn.relu is gg.nn.relu and tf.compat.as_text(b"a") == "a"
    assert tf.__version__.startswith("1.") and "placeholder" in dir(tf) and "relu" in dir(tf.nn)


def test_every_way_to_import():
    with serving():
        exec(
            "import tensorflow as a\n"
            "import tensorflow.compat.v1 as b\n"
            "b.disable_v2_behavior(); b.disable_eager_execution(); b.enable_resource_variables()\n"
            "import tensorflow.contrib.layers as c\n"
            "from tensorflow.contrib import layers as d\n"
            "from tensorflow.python.framework import ops, dtypes\n"
            "from tensorflow.python.ops import variable_scope as vs\n"
            "from tensorflow.python.platform import gfile, tf_logging as log\n"
            "from tensorflow.python.client import timeline\n"
            "from tensorflow import nn, losses\n"
            "import tensorflow.layers\n"
            "from tensorflow.compat.v1.train import GradientDescentOptimizer\n",
            found := {},
        )
    assert found["a"].zeros is found["b"].zeros is gg.zeros
    assert found["c"].flatten is found["d"].flatten is gg.contrib.layers.flatten
    assert found["ops"].get_default_graph is gg.get_default_graph and found["dtypes"].float32 is gg.float32
    assert found["vs"].get_variable is gg.get_variable
    assert found["gfile"].Exists is gg.gfile.Exists and found["log"].info is gg.logging.info
    assert found["nn"].relu is gg.nn.relu and found["losses"].Reduction is gg.losses.Reduction
    assert found["tensorflow"].layers.dense is gg.layers.dense
    assert found["GradientDescentOptimizer"] is gg.train.GradientDescentOptimizer


def test_nothing_is_left_behind():
    real = types.ModuleType("tensorflow")
    sys.modules["tensorflow"] = real
    finders = list(sys.meta_path)
    try:
        with pytest.raises(ZeroDivisionError), serving() as tf:
            import tensorflow.nn as served

            assert served.relu is tf.nn.relu and sys.modules["tensorflow"] is not real
            raise ZeroDivisionError
        assert sys.modules["tensorflow"] is real and "tensorflow.nn" not in sys.modules
    finally:
        del sys.modules["tensorflow"]
    assert sys.meta_path == finders


def test_missing_names(tf):
    with pytest.raises(AttributeError, match=r"no tensorflow\.placehodler; near it: placeholder"):
        tf.placehodler  # noqa: B018
    with pytest.raises(AttributeError, match=r"no tensorflow\.estimator; instead: "):
        tf.estimator  # noqa: B018
    with pytest.raises(AttributeError, match=r"no tensorflow\.contrib\.seq2seq; instead: gg\.nn\.dynamic_rnn"):
        tf.contrib.seq2seq  # noqa: B018
    for name in ("numpy", "ops", "_names", "__wrapped__", "record_function"):
        assert not hasattr(tf, name)


def test_missing_modules(tf):
    with pytest.raises(ModuleNotFoundError, match="instead: torchvision.datasets.MNIST"):
        import tensorflow.examples.tutorials.mnist  # noqa: F401
    with pytest.raises(ModuleNotFoundError, match=r"graphgrad has no tensorflow\.nonsense"):
        import tensorflow.nonsense  # noqa: F401
    with pytest.raises(ImportError, match="cannot import name 'zerso'"):
        from tensorflow import zerso  # noqa: F401


@pytest.mark.parametrize(
    ("path", "there"),
    [("nn.relu", True), ("compat.v1.zeros", True), ("GraphKeys.LOSSES", True), ("GraphKeys.NOTHING", False),
     ("contrib.layers.xavier_initializer", True), ("contrib.slim.conv2d", True), ("contrib.slim.nets", False),
     ("app.flags.FLAGS.anything", True),
     ("python.framework.ops", True), ("train.batch", False), ("__version__", True)],
)  # fmt: skip
def test_supported(path, there):
    assert supported(path) == there
