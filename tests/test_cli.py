"""The command line; the tour itself is tested in test_tour.py."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import graphgrad
from graphgrad import cli


@pytest.fixture
def toured(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that tours were asked for; no tour is run."""
    folders: list[Path] = []
    monkeypatch.setattr(cli, "tour", folders.append)
    return folders


def test_tour_writes_below_the_current_folder(
    toured: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["tour"]) == 0
    assert toured == [Path("graphgrad-tour")] and toured[0].is_dir()


def test_out_names_a_folder_and_makes_it(toured: list[Path], tmp_path: Path) -> None:
    assert cli.main(["tour", "--out", str(tmp_path / "a" / "b")]) == 0
    assert toured == [tmp_path / "a" / "b"] and toured[0].is_dir()


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The message of a command line that ends with code 2."""
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == "" and "Traceback" not in said.err
    return said.err


@pytest.mark.parametrize("arguments", [["tor"], [], ["tour", "--no-such-option"], ["tour", "extra"]])
def test_a_wrong_command_line(arguments: list[str], toured: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert "usage: graphgrad" in refused(arguments, capsys)
    assert toured == []


def test_an_unknown_command_is_told_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert "invalid choice: 'tor' (choose from" in refused(["tor"], capsys)


def test_a_folder_that_cannot_be_made(toured: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert f"can't write to {file}" in refused(["tour", "--out", str(file)], capsys)
    assert f"can't write to {file / 'x'}" in refused(["tour", "--out", str(file / "x")], capsys)
    assert toured == []


def test_a_folder_without_permission(
    toured: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli.os, "access", lambda path, mode: False)
    assert f"can't write to {tmp_path}: permission denied" in refused(["tour", "--out", str(tmp_path)], capsys)
    assert toured == []


def test_a_file_that_cannot_be_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(folder: Path) -> None:
        raise OSError(28, "No space left on device", str(folder / "gradient.html"))

    monkeypatch.setattr(cli, "tour", full)
    assert "gradient.html: No space left" in refused(["tour", "--out", str(tmp_path)], capsys)


def test_an_error_that_is_not_about_a_file_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(folder: Path) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(cli, "tour", broken)
    with pytest.raises(BrokenPipeError):
        cli.main(["tour", "--out", str(tmp_path)])


def test_python_m_graphgrad() -> None:
    package = Path(graphgrad.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "graphgrad", "--version"],
        cwd=package,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"graphgrad {graphgrad.__version__}\n", "")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A file with a question in it."""
    file = tmp_path / "model.py"
    file.write_text(
        "import graphgrad as gg\n"
        "def loss():\n"
        "    x = gg.placeholder(gg.float32, [2], name='x')\n"
        "    k = gg.placeholder(gg.int32, [2], name='k')\n"
        "    return gg.reduce_sum(x * x), [x, k]\n"
        "def wrong():\n"
        "    return 1.0, [gg.constant(2.0)]\n"
        "def fails():\n"
        "    raise KeyError('lost')\n"
    )
    return file


def test_explain_prints_a_verdict_per_x(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", f"{model}:loss"]) == 0
    said = capsys.readouterr().out
    assert "x:0 is connected" in said and "no gradient reaches k:0" in said


def test_plot_writes_the_picture_and_says_where(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = model.parent / "picture.svg"
    assert cli.main(["plot", f"{model}:loss", "--out", str(picture)]) == 0
    assert capsys.readouterr().out.strip() == str(picture)
    assert picture.read_text("utf-8").startswith("<svg")


def test_what_can_not_be_drawn_or_explained(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "can't save a plot as .gif" in refused(["plot", f"{model}:loss", "--out", "a.gif"], capsys)
    assert "model.py:wrong: ys is 1.0" in refused(["explain", f"{model}:wrong"], capsys)
    assert "there is no file none.py" in refused(["plot", "none.py:loss"], capsys)
    assert "can't write to" in refused(["plot", f"{model}:loss", "--out", str(model / "a.svg")], capsys)


def test_a_function_that_raises_shows_its_traceback(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["explain", f"{model}:fails"])
    said = capsys.readouterr().err
    assert "Traceback" in said and "line 9" in said and "raised KeyError: 'lost'" in said


# -- print and profile ----------------------------------------------------------------------------------


def test_print_shows_a_tree(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["print", f"{model}:loss"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("[0] Sum sum") and said[-1].startswith("[1][1] Placeholder k")
    assert cli.main(["print", f"{model}:loss", "--depth", "1", "--lines"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert "(1 operation below)" in said[1] and "model.py:5" in said[1]


def test_what_can_not_be_printed(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "model.py:wrong: obj[0] is a symbolic tensor" in refused(["print", f"{model}:wrong"], capsys)
    assert "has no function nope" in refused(["print", f"{model}:nope"], capsys)
    assert "'0' is not a number from 1 on" in refused(["print", f"{model}:loss", "--depth", "0"], capsys)


@pytest.fixture
def step(tmp_path: Path) -> Path:
    """A file with a training step in it, and what can't be run."""
    file = tmp_path / "step.py"
    file.write_text(
        "import graphgrad as gg\n"
        "def train():\n"
        "    x = gg.placeholder(gg.float32, [2], name='x')\n"
        "    w = gg.Variable([1.0, 2.0], name='w')\n"
        "    loss = gg.reduce_sum(w * x, name='loss')\n"
        "    return [loss, gg.train.GradientDescentOptimizer(0.1).minimize(loss)], {x: [1.0, 2.0]}\n"
        "def unfed():\n"
        "    return gg.placeholder(gg.float32, [2], name='x')\n"
        "def wrong():\n"
        "    return unfed(), {'x:0': [1.0]}\n"
        "def number():\n"
        "    return 3\n"
        "def final():\n"
        "    fetches, feeds = train()\n"
        "    gg.get_default_graph().finalize()\n"
        "    return fetches, feeds\n"
    )
    return file


def test_profile_prints_the_table_and_writes_the_trace(step: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = step.parent / "trace.json"
    assert cli.main(["profile", f"{step}:train", "--runs", "3", "--trace", str(trace)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("runs: 3, ") and said[-1] == str(trace)
    rows = [line.split() for line in said[2:-1]]
    assert ["loss", "Sum", "3"] in [row[:3] for row in rows] and any("step.py:5" in row[-1] for row in rows)
    names = {event["name"] for event in json.loads(trace.read_text("utf-8"))["traceEvents"]}
    assert {"loss", "d(loss)"} <= names


@pytest.mark.parametrize(
    ("function", "more", "said"),
    [
        ("unfed", [], "step.py:unfed: the placeholder x must be fed"),
        ("wrong", [], "step.py:wrong: Cannot feed value of shape"),
        ("number", [], "step.py:number returned a int without a tensor in it"),
        ("nope", [], "has no function nope; it has final, number, train, unfed, wrong"),
        ("train", ["--trace", "a.txt"], "a Chrome trace is a .json file"),
        ("train", ["--runs", "0"], "'0' is not a number from 1 on"),
        ("train", ["--trace", "none/a.json"], "can't write to none/a.json"),
    ],
)
def test_what_can_not_be_profiled(
    function: str, more: list[str], said: str, step: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["profile", f"{step}:{function}", *more])
    assert ended.value.code == 2 and said in capsys.readouterr().err


def test_a_finalized_graph_can_be_profiled(step: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["profile", f"{step}:final"]) == 0
    assert capsys.readouterr().out.startswith("runs: 1, ")


def test_a_terminal_that_can_not_show_what_the_user_wrote(tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    file.write_text(
        "import graphgrad as gg\ndef loss():\n    x = gg.constant(1.0)\n    return gg.floor(x), x  # \u884c\n", "utf-8"
    )
    command = "import sys; from graphgrad.cli import main; sys.exit(main(sys.argv[1:]))"
    line = [sys.executable, "-c", command, "explain", f"{file}:loss"]
    plain = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path(graphgrad.__file__).parents[1])}
    ended = subprocess.run(line, env=plain, capture_output=True, check=False)
    assert ended.returncode == 0 and ended.stderr == b"" and b"# ?" in ended.stdout


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor"]) == 0
    assert f"graphgrad {graphgrad.__version__}" in capsys.readouterr().out


def test_tf1_runs_a_script_and_reports_on_one(tmp_path, capsys):
    script = tmp_path / "old.py"
    script.write_text(
        "import sys\nimport tensorflow as tf\nx = tf.placeholder(tf.float32, [])\n"
        "with tf.Session() as sess:\n    print(sess.run(tf.gradients(x * x, x), {x: float(sys.argv[1])}))\n"
    )
    assert cli.main(["tf1", str(script), "3"]) == 0
    assert "6.0" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        cli.main(["tf1", "--report", str(script)])
    assert ended.value.code == 0
    script.write_text("import tensorflow as tf\ntf.train.Nonsense()\n")
    with pytest.raises(SystemExit) as ended:
        cli.main(["tf1", "--report", str(script)])
    assert ended.value.code == 1 and "Nonsense" in capsys.readouterr().out


def test_tf1_says_what_is_python_2_and_what_is_no_file(tmp_path, capsys):
    script = tmp_path / "older.py"
    script.write_text("print 'hello'\n")
    assert "older.py:1" in refused(["tf1", str(script)], capsys)
    assert "there is no file" in refused(["tf1", str(tmp_path / "none.py")], capsys)
