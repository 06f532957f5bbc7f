"""The report on a script."""

from pathlib import Path

import pytest

from graphgrad.tf1.report import python2_remarks, report

SCRIPTS = Path(__file__).parent / "scripts"


def test_what_is_lacking_comes_first_with_its_place():
    text, good = report(SCRIPTS / "old" / "train.py2")
    lines = text.splitlines()
    assert not good and lines[0] == "not supported:"
    place = f"{SCRIPTS / 'old' / 'train.py2'}"
    assert f"  {place}:3  tf.contrib.learn" in text and f"  {place}:14  tf.estimator.EstimatorSpec" in text
    assert f"{SCRIPTS / 'old' / 'helpers' / 'reader.py'}:7  tf.image.decode_jpeg  (instead: read images" in text
    assert text.index("not supported:") < text.index("Python 2:") < text.index("supported: ", text.index("Python 2:"))
    assert f"{place}:17  print is a statement" in text and f"{place}:15  xrange does not exist" in text
    assert "missing: " in lines[-1] and "tf.train.batch (1)" in lines[-1]
    assert "tf.reduce_mean" not in text and "tf.GraphKeys" not in text


@pytest.mark.parametrize("name", ["mlp", "siamese", "convnet", "pinn", "charrnn", "word2vec", "slimnet", "dcgan"])
def test_the_scripts_that_run_are_supported(name):
    text, good = report(SCRIPTS / f"{name}.py")
    assert good, text
    assert text.startswith("supported: ") and "(100.0%)" in text


def test_the_share(tmp_path):
    script = tmp_path / "a.py"
    script.write_text("import tensorflow as tf\ntf.zeros\ntf.zeros([1])\ntf.ones\ntf.nosuch\n")
    text, _ = report(script)
    assert "supported: 3 of 4 uses (75.0%), 2 of 3 names, in 1 file" in text
    assert text.endswith("missing: tf.nosuch (1)")


def test_a_script_without_tensorflow(tmp_path):
    script = tmp_path / "a.py"
    script.write_text("x = 1\n")
    assert report(script) == ("no TensorFlow name in 1 file", True)


def test_a_hostile_name_does_nothing_to_the_terminal(tmp_path):
    script = tmp_path / "a\x1b[31m.py"
    script.write_text("import tensorflow as tf\ntf.nosuch\n")
    assert "\x1b" not in report(script)[0]


def test_python_2_alone():
    assert python2_remarks(SCRIPTS / "mlp.py") == ""
    assert len(python2_remarks(SCRIPTS / "old" / "train.py2").splitlines()) == 6
