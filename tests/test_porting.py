"""Each row of the tables of docs/porting.md, and its code, is true."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

import graphgrad as gg

PAGE = (Path(__file__).parent.parent / "docs" / "porting.md").read_text("utf-8")


def rows(heading):
    """Row label -> cells of the table below a heading of the page."""
    part = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[1:]]
    return {each[0]: each[1:] for each in cells if not set(each[0]) <= set("-")}


def run(fetches, feeds=None):
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        return sess.run(fetches, feeds)


TESTS = {}


def row(label):
    """Registers the test of a row of the table of differences."""

    def register(function):
        TESTS[label] = function
        return function

    return register


@row("`a == b` of tensors")
def _():
    x = gg.constant([1.0, 2.0])
    assert run(x == x).tolist() == [True, True]
    assert {x: 1}[x] == 1 and x is not gg.identity(x)


@row("dtypes that differ")
def _():
    x, y = gg.constant([1.0], gg.float32), gg.constant([1.0], gg.float64)
    assert (x + y).dtype is gg.float64 and (gg.constant([1]) * 0.5).dtype is gg.float32
    assert (x * np.ones(1)).dtype is gg.float32


@row("names that nobody gave")
def _():
    x = gg.constant([1.0])
    assert (gg.reduce_sum(x).name, gg.reduce_sum(x, name="Total").name) == ("sum:0", "Total:0")


@row("sizes that a run decides")
def _():
    x = gg.placeholder(gg.float32, [None, 3])
    assert x.shape.as_list() == [None, 3] and x.shape[0].value is None and x.get_shape()[1].value == 3
    assert run(x.shape[0] * 2 + gg.constant(0), {x: np.ones((5, 3))}) == 10


@row("`x[i] = value`, `for row in x`")
def _():
    x = gg.constant([1.0, 2.0])
    x[0] = 5.0
    assert run(list(x)) == [5.0, 2.0]


@row("fetching `None`")
def _():
    x, y = gg.constant(1.0), gg.constant(2.0)
    assert run(gg.gradients(x, [y])) == [None]


@row("feeding what does not fit")
def _():
    n = gg.placeholder(gg.int32, [])
    with pytest.raises(TypeError, match="would change"):
        run(n, {n: 1.5})
    assert run(n, {n: np.int64(1)}) == 1


@row("reading a variable in the run that assigns it")
def _():
    v = gg.Variable(1.0)
    new = v.assign_add(1.0)
    with gg.control_dependencies([new]):
        after = v.read_value()
    assert run([v, new, after]) == [1.0, 2.0, 2.0]


@row("a run that fails")
def _():
    v = gg.Variable(1.0)
    bad = gg.Assert(gg.constant(False), ["no"])
    with gg.control_dependencies([v.assign(5.0)]):
        late = gg.group(bad)
    with gg.Session() as sess:
        sess.run(v.initializer)
        with pytest.raises(gg.errors.InvalidArgumentError):
            sess.run([v.assign(5.0), bad, late])
        assert sess.run(v) == 1.0


@row("`assign` of another shape")
def _():
    v = gg.Variable([1.0, 2.0])
    with pytest.raises(ValueError, match="does not fit"):
        gg.assign(v, [1.0], validate_shape=False)
    w = gg.Variable([1.0, 2.0], validate_shape=False)
    assert run(gg.assign(w, [1.0])).tolist() == [1.0]


@row("random numbers")
def _():
    gg.set_random_seed(1)
    x, y = gg.random_normal([3]), gg.random_normal([3])
    first = [run(x), run(y)]
    assert all((one == other).all() for one, other in zip(first, run([x, y]), strict=True))
    with gg.Session() as sess:
        assert (sess.run(x) != sess.run(x)).all()


@row("gradients of `gather` and `embedding_lookup`")
def _():
    table = gg.Variable(np.ones((4, 2)), name="table")
    (g,) = gg.gradients(gg.nn.embedding_lookup(table, [1, 1]), table)
    assert isinstance(g, torch.Tensor) and run(g).tolist() == [[0, 0], [2, 2], [0, 0], [0, 0]]
    assert not hasattr(gg, "IndexedSlices")


@row("`stop_gradients` of one output of several")
def _():
    x = gg.constant([1.0, 2.0])
    a, b = gg.split(x, 2)
    assert run(gg.gradients(a + b, x, stop_gradients=[a])[0]).tolist() == [0.0, 1.0]


@row("outputs that nobody uses")
def _():
    x = gg.constant([1.0, 2.0])
    a, b = gg.unstack(x)
    g, h = gg.gradients(a, [b, x])
    assert g is None and run(h).tolist() == [1.0, 0.0]


@row("integers on the way")
def _():
    n = gg.constant(3)
    k = n * n
    assert gg.gradients([n, k], n)[0] is not None and run(gg.gradients([n, k], n))[0] == 1


@row("`grad_ys` that do not fit")
def _():
    x = gg.constant([1.0, 2.0])
    with pytest.raises(ValueError, match="shape"):
        gg.gradients(x * 2.0, x, grad_ys=[gg.constant([1.0])])


@row("an unknown `aggregation_method`")
def _():
    with pytest.raises(ValueError, match="aggregation_method"):
        gg.gradients(gg.constant(1.0), gg.constant(1.0), aggregation_method=99)


@row("a second derivative through `while_loop`")
def _():
    x = gg.constant(2.0)
    _, y = gg.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [0, gg.constant(1.0)])
    (g,) = gg.gradients(y, x)
    assert run(gg.gradients(g, x)[0]) == 12.0


@row("`dynamic_rnn` of no steps at all")
def _():
    x = gg.placeholder(gg.float32, [1, None, 2])
    outputs, state = gg.nn.dynamic_rnn(gg.nn.rnn_cell.BasicRNNCell(3), x, dtype=gg.float32)
    with pytest.raises(gg.errors.InvalidArgumentError):
        run(state, {x: np.zeros((1, 0, 2))})


@row("`initialized_value()` when all is initialized again")
def _():
    gg.set_random_seed(1)
    v = gg.Variable(gg.random_uniform([]))
    w = gg.Variable(v.initialized_value())
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        first, copy = sess.run([v, w])
        sess.run(gg.global_variables_initializer())
        second, late = sess.run([v, w])
    assert first == copy == late != second


@row("tensors of strings")
def _():
    for name in ("string_join", "as_string", "string_split"):
        with pytest.raises(AttributeError, match="work on text in Python"):
            getattr(gg, name)


@row("queues, readers, `tf.data`")
def _():
    for ask in (lambda: gg.train.batch, lambda: gg.data, lambda: gg.FIFOQueue, lambda: gg.train.Example):
        with pytest.raises(AttributeError, match=r"DataLoader"):
            ask()


@row("`GraphDef`, `SavedModel`")
def _():
    for name in ("GraphDef", "import_graph_def", "saved_model"):
        with pytest.raises(AttributeError, match="graph|Saver"):
            getattr(gg, name)


@row("checkpoints")
def _(folder):
    v = gg.Variable([1.0], name="v")
    with gg.Session() as sess:
        sess.run(v.initializer)
        gg.train.Saver().save(sess, str(folder / "model"))
    assert sorted(each.name for each in folder.iterdir()) == ["checkpoint", "model.safetensors"]


@row("results of summary operations")
def _():
    found = run(gg.summary.scalar("a", 1.0))
    assert found.dtype == np.uint8 and gg.Summary.FromString(found).value[0].tag == "a"


@row("sparse tensors")
def _():
    with pytest.raises(AttributeError, match="dense"):
        gg.SparseTensor  # noqa: B018
    assert run(gg.sparse_to_dense([1], [3], 2.0)).tolist() == [0, 2, 0]


@row("partitioners, servers, `Supervisor`")
def _():
    with pytest.raises(NotImplementedError, match="partition"), gg.variable_scope("a", partitioner=lambda: 0):
        pass
    with pytest.raises(NotImplementedError, match="target"):
        gg.Session("grpc://localhost:1")
    with pytest.raises(AttributeError, match="MonitoredTrainingSession"):
        gg.train.Supervisor  # noqa: B018


@row("options of `ConfigProto`")
def _():
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        config = gg.ConfigProto(inter_op_parallelism_threads=1)
        gg.Session(config=config).close()
    assert all("no meaning here" in str(each.message) for each in said)


@row("batch renormalization")
def _():
    with pytest.raises(NotImplementedError, match="renormalization"):
        gg.layers.batch_normalization(gg.ones([2, 3]), renorm=True)


@row("eager mode")
def _():
    with gg.eager_execution(), pytest.raises(RuntimeError, match=r"torch\.autograd\.grad"):
        gg.gradients(gg.constant(1.0), gg.constant(1.0))


def test_every_row_has_its_test():
    assert sorted(rows("What differs")) == sorted(TESTS)
    assert all(len(cells) == 3 and all(cells) for cells in rows("What differs").values())


@pytest.mark.parametrize("label", TESTS)
def test_what_differs(label, tmp_path):
    function = TESTS[label]
    function(*([tmp_path] if function.__code__.co_argcount else []))


# -- derivatives ------------------------------------------------------------------------------------------


def shown(call):
    """The gradients of a call, as the table has them."""
    function, *values = call
    xs = [gg.constant(value, gg.float32) for value in values]
    try:
        found = gg.gradients(function(*xs), xs)
    except LookupError:
        return "`LookupError`"
    with gg.Session() as sess:
        return ", ".join("None" if g is None else str(np.round(np.float64(sess.run(g)), 4).tolist()) for g in found)


DERIVATIVES = {
    "`maximum(x, y)`, `minimum(x, y)` at 1, 1": (gg.maximum, 1.0, 1.0),
    "`maximum(x, y)` at nan, 1": (gg.maximum, np.nan, 1.0),
    "`where(x > 0, sqrt(x), 0)` at 0, 4": (lambda x: gg.where(x > 0, gg.sqrt(x), gg.zeros_like(x)), [0.0, 4.0]),
    "`where(x > 0, reciprocal(x), 0)` at 0, 2": (
        lambda x: gg.where(x > 0, gg.reciprocal(x), gg.zeros_like(x)), [0.0, 2.0],
    ),
    "`where(x > 0, log(x), 0)` at 0, 2": (lambda x: gg.where(x > 0, gg.log(x), gg.zeros_like(x)), [0.0, 2.0]),
    "`norm(x)` at 0, 0": (gg.norm, [0.0, 0.0]),
    "`reduce_std(x)` at 1, 1": (gg.math.reduce_std, [1.0, 1.0]),
    "`atan2(y, x)` at 0, 0": (gg.atan2, 0.0, 0.0),
    "`pow(x, y)` at -2, 3": (gg.pow, -2.0, 3.0),
    "`pow(x, y)` at 0, 0": (gg.pow, 0.0, 0.0),
    "`cumprod(x)` at 2, 0, 3": (gg.cumprod, [2.0, 0.0, 3.0]),
    "`reduce_prod(x)` at 2, 0, 3": (gg.reduce_prod, [2.0, 0.0, 3.0]),
    "`floor`, `ceil`, `round`, `rint` at 1.5": (gg.floor, 1.5),
    "`floordiv(x, y)` at 3, 2": (gg.floordiv, 3.0, 2.0),
    "`mod(x, y)` at 7, 2": (gg.mod, 7.0, 2.0),
    "`argmax`, comparisons, `zeros_like`, `ones_like`": (lambda x: gg.zeros_like(x) + gg.ones_like(x), 3.0),
    "`cast` to an integer and back, times x, at 3.5": (lambda x: gg.cast(gg.cast(x, gg.int32), gg.float32) * x, 3.5),
    "`sign` at 3": (gg.sign, 3.0),
    "`abs`, `relu` at 0": (gg.abs, 0.0),
    "`relu6` at 0, 6": (gg.nn.relu6, [0.0, 6.0]),
    "`elu` at 0": (gg.nn.elu, 0.0),
    "`clip_by_value(x, 0, 1)` at 0, 1, 2": (lambda x: gg.clip_by_value(x, 0.0, 1.0), [0.0, 1.0, 2.0]),
    "`reduce_max(x)` at 1, 1, 0": (gg.reduce_max, [1.0, 1.0, 0.0]),
    "`segment_max(x, [0, 0, 1])` at 1, 1, 0": (lambda x: gg.segment_max(x, [0, 0, 1]), [1.0, 1.0, 0.0]),
    "`top_k(x, 1)` at 1, 1, 0": (lambda x: gg.nn.top_k(x, 1)[0], [1.0, 1.0, 0.0]),
    "labels of `softmax_cross_entropy_with_logits`": (
        lambda x: gg.nn.softmax_cross_entropy_with_logits(labels=x, logits=gg.constant([[1.0, 2.0]])), [[0.5, 0.5]],
    ),
    "`random_shuffle(x)`": (gg.random_shuffle, [1.0, 2.0]),
    "`igamma(a, x)` at 1, 1": (gg.igamma, 1.0, 1.0),
    "`zeta(x, q)` at 2, 2": (gg.zeta, 2.0, 2.0),
    "`betainc(a, b, x)` at 1, 1, 0.5": (gg.betainc, 1.0, 1.0, 0.5),
    "`reduce_mean` of nothing": (gg.reduce_mean, np.zeros([0])),
}  # fmt: skip


def test_every_derivative_of_the_table_is_tested():
    table = rows("Derivatives at ties and singular points")
    assert sorted(table) == sorted(DERIVATIVES)
    for label, (tf1, here, whose) in table.items():
        assert whose.startswith("TF1's") == (tf1 == here), label


@pytest.mark.parametrize("label", DERIVATIVES)
def test_a_derivative(label):
    assert shown(DERIVATIVES[label]) == rows("Derivatives at ties and singular points")[label][1]


def test_all_functions_of_a_row_with_several():
    for same in (gg.ceil, gg.round, gg.rint):
        assert shown((same, 1.5)) == "None"
    assert shown((gg.minimum, 1.0, 1.0)) == "0.5, 0.5"
    assert shown((gg.nn.relu, 0.0)) == "0.0"
    assert shown((lambda x: gg.cast(gg.argmax(x, 0), gg.float32), [3.0, 1.0])) == "None"
    assert shown((lambda x: gg.cast(x > 0, gg.float32), 1.0)) == "None"


def test_the_code_of_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "porting"}
    blocks = re.findall(r"```\{code-cell\} python\n(.*?)```", PAGE, re.S)
    assert len(blocks) >= 4
    for block in blocks:
        exec(compile(block, "porting.md", "exec"), names)
