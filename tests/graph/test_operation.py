"""Operation: what it says of itself; values, their readers and their handles."""

import gc
import linecache
import weakref

import pytest
import torch

import graphgrad as gg
from graphgrad.graph.operation import Role, handle_of


def test_what_an_operation_knows():
    x = gg.placeholder(gg.float32, [None, 3], name="x")
    w = gg.constant([[1.0]] * 3, name="w")
    with gg.control_dependencies([w]), gg.device("cpu"), gg.name_scope("layer"):
        y = gg.matmul(x, w, name="y")
    op = y.op
    assert (op.name, op.type, op.target, op.role) == ("layer/y", "MatMul", torch.matmul, Role.CALL)
    assert op.inputs == (x, w) and op.outputs == (y,) and op.control_inputs == (w.op,)
    assert op.device == "cpu" and op.graph is gg.get_default_graph()


def test_inputs_are_listed_once_per_read():
    x = gg.constant(1.0)
    assert (x * x).op.inputs == (x, x)


def test_the_users_file_and_line():
    y = gg.exp(gg.constant(1.0))  # this line
    filename, line = y.op.traceback
    assert filename == __file__
    assert linecache.getline(filename, line).endswith("# this line\n")
    assert y.op.where().endswith(f"test_operation.py:{line}   y = gg.exp(gg.constant(1.0))  # this line")


def test_an_operation_recorded_outside_any_file():
    y = eval("gg.exp(x)", {"gg": gg, "x": gg.constant(1.0)})
    namespace = {"gg": gg}
    exec(compile("y = gg.constant(1.0)", "<typed>", "exec"), namespace)
    assert y.op.traceback[1] > 0
    assert namespace["y"].op.where().startswith("<typed>:1")


def test_how_it_is_described():
    x = gg.placeholder(gg.float32, [None, 4], name="x")
    k = gg.cast(x, gg.int32, name="k")
    parts = gg.split(x, 2, axis=1, name="parts")
    joined = gg.concat([parts[1], parts[0]], 1, name="joined")
    assert x.op.describe() == "x: float32[?, 4] = placeholder()"
    assert k.op.describe() == "k: int32[?, 4] = to(x, dtype=int32)"
    assert joined.op.describe() == "joined: float32[?, 4] = cat([parts:1, parts:0], 1)"
    assert gg.no_op("nothing").describe() == "nothing: no output = group()"
    assert repr(k.op) == "<Operation k: int32[?, 4] = to(x, dtype=int32)>"


def test_a_long_argument_is_cut_short():
    y = torch.nn.functional.pad(gg.ones([2] * 5), [1] * 10)
    assert len(y.op.describe()) < 120
    z = torch.einsum("abcdefghijklmnopqrstuvwxyz" + "->" + "abcdefghijklmnopqrstuvwxyz", gg.ones([1] * 26))
    assert "..." in z.op.describe()


@pytest.mark.parametrize(
    ("make", "role"),
    [
        (lambda: gg.placeholder(gg.float32, []).op, Role.PLACEHOLDER),
        (lambda: gg.constant(1.0).op, Role.CONSTANT),
        (lambda: gg.Variable(1.0).op, Role.READ),
        (lambda: gg.Variable(1.0).initializer, Role.ASSIGN),
        (lambda: gg.no_op(), Role.GROUP),
        (lambda: gg.exp(gg.constant(1.0)).op, Role.CALL),
        (lambda: gg.gradients(y := gg.constant(1.0), y)[0].op, Role.GRADIENT),
    ],
)
def test_how_a_run_obtains_its_outputs(make, role):
    assert make().role is role


# -- values ---------------------------------------------------------------------------------------------


def test_the_readers_of_a_value():
    x = gg.constant(1.0)
    value = x._value
    assert list(value.readers) == []
    one = (x * 2.0).op
    assert list(value.readers) == [one]
    two = (x * x).op
    assert list(value.readers) == [one, two, two]
    assert value.name == x.name and repr(value) == "<Const:0 float32[]>"


def test_a_value_has_one_handle_while_somebody_holds_it():
    x = gg.constant(1.0)
    assert handle_of(x._value) is x is x.op.outputs[0]


def test_a_graph_does_not_keep_handles_alive():
    x = gg.constant(1.0)
    value, gone = x._value, weakref.ref(x)
    del x
    gc.collect()
    assert gone() is None
    assert handle_of(value).name == "Const:0"


def test_an_operation_runs_in_the_default_session_or_the_one_given():
    v = gg.Variable(1.0)
    with gg.Session() as session:
        v.initializer.run()
        v.assign_add(2.0).op.run(session=session)
        assert session.run(v) == 3.0
    with pytest.raises(ValueError, match="no default session to run"):
        v.initializer.run()
