"""Which TensorFlow names a script uses."""

from pathlib import Path

import pytest

from graphgrad.tf1.uses import survey

SCRIPTS = Path(__file__).parent / "scripts"


def used(tmp_path, source):
    script = tmp_path / "script.py"
    script.write_text(source)
    return [(use.line, use.name) for use in survey(script).uses]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("import tensorflow as tf\ntf.nn.relu(tf.zeros([1])).eval()", [(2, "nn.relu"), (2, "zeros")]),
        ("import tensorflow\ntensorflow.zeros", [(2, "zeros")]),
        ("import tensorflow.compat.v1 as tf\ntf.zeros", [(2, "zeros")]),
        ("import tensorflow as tf\ntf.compat.v1.zeros", [(2, "zeros")]),
        ("import tensorflow.contrib.slim as s\ns.conv2d", [(1, "contrib.slim"), (2, "contrib.slim.conv2d")]),
        ("import tensorflow.nn\ntensorflow.zeros", [(1, "nn"), (2, "zeros")]),
        ("from tensorflow import nn as n, zeros\nn.relu\nzeros(1)", [(1, "nn"), (1, "zeros"), (2, "nn.relu")]),
        ("from tensorflow.contrib.layers import *", [(1, "contrib.layers")]),
        ("import tensorflow as tf\nl = tf.layers\nl.dense", [(2, "layers"), (3, "layers.dense")]),
        ("def f():\n    return tf.ones\nimport tensorflow as tf", [(2, "ones")]),
        ("import tensorflow as tf\ntf.zeros; tf.zeros", [(2, "zeros")]),
        ("import tensorflow_probability as tfp\ntfp.x\ntf.y\nimport numpy", []),
        ("from .tensorflow import a\nfrom . import b", []),
    ],
)
def test_uses(tmp_path, source, wanted):
    assert used(tmp_path, source) == wanted


def test_neighbours_are_followed(tmp_path):
    (tmp_path / "package" / "inner").mkdir(parents=True)
    files = {
        "script.py": "import tensorflow as tf, json\nfrom package import a\nimport package.inner.c\ntf.zeros",
        "package/__init__.py": "",
        "package/a.py": "from .b import x\nfrom . import d\nimport script\n",
        "package/b.py": "from tensorflow import ones",
        "package/d.py": "from ..nothing import y",
        "package/inner/__init__.py": "from tensorflow import fill",
        "package/inner/c.py": "from ..b import x",
        "json.py": "from tensorflow import tile",
        "alone.py": "from tensorflow import pad",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    found = survey(tmp_path / "script.py")
    assert {use.name for use in found.uses} == {"zeros", "ones", "fill", "tile"}
    assert {str(path.relative_to(tmp_path)) for path in found.files} == files.keys() - {"alone.py"}


def test_python_2_does_not_hide_uses():
    found = survey(SCRIPTS / "old" / "train.py2")
    names = {use.name for use in found.uses}
    assert {"reduce_mean", "nn.relu", "contrib.layers.flatten", "read_file", "train.batch"} <= names
    assert [path.name for path in found.python2] == ["train.py2"]


def test_a_script_that_is_not_there(tmp_path):
    with pytest.raises(OSError):
        survey(tmp_path / "none.py")
