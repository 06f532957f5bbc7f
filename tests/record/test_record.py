"""The recorder: what a call becomes, what is memoised, which graph and modes it belongs to."""

import enum
from typing import NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

import graphgrad as gg
from graphgrad.record import infer
from graphgrad.record.record import first_symbolic, record


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [2, 3], name="x")


DATA = np.float32([[1, 2, 3], [4, 5, 6]])


# -- what an operation keeps ----------------------------------------------------------------------------


def test_a_call_becomes_one_operation(x):
    y = torch.add(x, 2.0, alpha=3)
    op = y.op
    assert op.target is torch.add and op.args == (x._value, 2.0) and op.kwargs == {"alpha": 3}
    assert op.reads == (x._value,) and len(op.values) == 1


def test_tensors_inside_nests_are_read_in_order(x):
    y = torch.cat([x, x * 2.0, x], dim=0)
    assert [value.op.name for value in y.op.reads] == ["x", "mul", "x"]


def test_two_symbolic_indices_and_a_slice_of_sizes(run):
    x = gg.placeholder(gg.float32, [None, 3], name="x")
    rows, k = gg.constant([1, 0]), x.shape[0]
    found = run([x[rows, gg.constant([2, 1])], x[: k - 1], x[..., rows]], {x: DATA})
    assert [each.tolist() for each in found] == [[6, 2], [[1, 2, 3]], [[2, 1], [5, 4]]]


class Mode(enum.IntEnum):
    LAST = 1


@pytest.mark.parametrize("axis", [1, np.int64(1), np.int32(1), Mode.LAST, gg.ones([1]).shape[0]], ids=repr)
def test_any_int_is_an_int(x, run, axis):
    y = x.sum(axis)
    assert y.op.reads == (x._value,) and type(y.op.args[1]) is int
    assert y.shape == [2] and run(y, {x: DATA}).tolist() == [6, 15]


NUMPY_INTS = {
    "reshape": lambda x, n: x.reshape(n(3), n(2)),
    "reshape to a product": lambda x, n: x.reshape(-1, np.prod([3, 1])),
    "transpose": lambda x, n: x.transpose(n(0), n(1)),
    "permute": lambda x, n: x.permute(n(1), n(0)),
    "index": lambda x, n: x[n(1)],
    "slice": lambda x, n: x[:, n(1) :],
    "cat": lambda x, n: torch.cat([x, x], n(1)),
    "pad": lambda x, n: F.pad(x, (n(1), n(2))),
    "expand": lambda x, n: x[:1].expand(n(4), n(3)),
    "topk": lambda x, n: torch.topk(x, n(2)).values,
    "unsqueeze": lambda x, n: x.unsqueeze(n(1)),
}


@pytest.mark.parametrize("name", NUMPY_INTS)
def test_a_numpy_int_is_an_int_wherever_torch_takes_one(x, run, name):
    y, eager = NUMPY_INTS[name](x, np.int64), NUMPY_INTS[name](torch.from_numpy(DATA), int)
    assert y.shape.as_list() == list(eager.shape)
    assert run(y, {x: DATA}).tolist() == eager.tolist()


def test_a_changed_list_changes_no_operation(x, run):
    order = [1, 0]
    y = x.permute(order)
    order.reverse()
    assert run(y, {x: DATA}).tolist() == DATA.T.tolist()


def test_an_argument_that_cannot_be_kept_is_a_type_error(x):
    with pytest.raises(TypeError, match="can't be recorded"):
        record(lambda t, extra: t, (x, {1, 2}), {})


def test_results_come_in_torchs_own_structure(x):
    found = torch.max(x, 1)
    assert type(found) is torch.return_types.max
    assert found.values is found[0] and found.indices.dtype is torch.int64
    assert type(torch.split(x, 1)) is tuple and type(torch.linalg.qr(x)) is torch.return_types.linalg_qr


class Both(NamedTuple):
    one: object
    other: object


def test_results_of_any_function_keep_their_structure(x, run):
    def function(t):
        return {"pair": Both(t + 1, [t * 2, "text"]), "none": None}

    found = record(function, (x,), {})
    assert type(found["pair"]) is Both and found["pair"].other[1] == "text" and found["none"] is None
    assert found["pair"].one.op is found["pair"].other[0].op
    assert run(found["pair"].other[0], {x: DATA}).tolist() == (DATA * 2).tolist()


def test_an_answer_without_a_tensor_records_nothing(x):
    before = len(x.graph)
    assert x.is_floating_point() is True and torch.is_complex(x) is False and torch.is_tensor(x)
    assert torch.result_type(x, 1) is torch.float32
    assert len(x.graph) == before


def test_names_are_torchs_unless_given(x):
    assert [torch.sin(x).name, torch.sin(x).name, record(torch.sin, (x,), {}, "wave").name] == [
        "sin:0",
        "sin_1:0",
        "wave:0",
    ]


# -- the memo -------------------------------------------------------------------------------------------


def count_inferences(monkeypatch):
    made = []
    original = infer.Signature._infer
    monkeypatch.setattr(infer.Signature, "_infer", lambda self: (made.append(self), original(self)))
    return made


def test_an_equal_call_is_inferred_once(monkeypatch):
    x = gg.placeholder(gg.float32, [17, 3])
    made = count_inferences(monkeypatch)
    one, other = torch.sin(x), torch.sin(gg.placeholder(gg.float32, [17, 3]))
    assert len(made) == 1 and one.op.signature is other.op.signature


def test_a_number_in_arithmetic_counts_by_its_type_only(monkeypatch):
    x = gg.placeholder(gg.float32, [19, 3])
    made = count_inferences(monkeypatch)
    found = [x * 2.0, x * 3.0, x * -1.5]
    assert len(made) == 1 and {y.dtype for y in found} == {torch.float32}
    k = gg.placeholder(gg.int32, [19, 3])
    assert (k * 2).dtype is torch.int32 and (k * 2.0).dtype is torch.float32 and (k * True).dtype is torch.int32


def test_one_and_true_and_one_point_zero_are_different_arguments():
    k = gg.placeholder(gg.int32, [2])
    assert [(k + each).dtype for each in (True, 1, 1.0, 1 + 0j)] == [
        torch.int32,
        torch.int32,
        torch.float32,
        torch.complex64,
    ]
    assert torch.full_like(k, 1).op.args[1] == 1
    x = gg.placeholder(gg.float32, [2, 3])
    assert [x.sum(0, keepdim=each).shape.as_list() for each in (True, False)] == [[1, 3], [3]]
    assert [x.sum(each).shape.as_list() for each in (0, 1)] == [[3], [2]]


def test_the_grad_mode_is_part_of_a_call():
    x = gg.placeholder(gg.float32, [2])
    with torch.no_grad():
        off = torch.sin(x)
    on = torch.sin(x)
    assert gg.gradients(off, x) == [None] and gg.gradients(on, x) != [None]


def test_the_default_dtype_is_part_of_a_call(run):
    k = gg.placeholder(gg.int32, [2])
    single = k / 2
    torch.set_default_dtype(torch.float64)
    try:
        double = k / 2
    finally:
        torch.set_default_dtype(torch.float32)
    assert (single.dtype, double.dtype) == (torch.float32, torch.float64)
    found = run([single, double], {k: [1, 2]})
    assert [each.dtype for each in found] == [np.float32, np.float64]


def test_autocast_is_part_of_a_call(x, run):
    with torch.autocast("cpu", torch.bfloat16):
        half = x @ x.T
    full = x @ x.T
    assert (half.dtype, full.dtype) == (torch.bfloat16, torch.float32)
    found = run([half, full], {x: DATA})
    assert found[0].dtype is torch.bfloat16 and found[1].dtype == np.float32


def test_the_layout_is_part_of_a_call(x):
    assert x.T.is_contiguous() is False and x.is_contiguous() is True
    with pytest.raises(gg.errors.RecordingError, match="view"):
        x.T.view(6)


# -- graphs ---------------------------------------------------------------------------------------------


def test_a_call_of_two_graphs_names_both(x):
    with gg.Graph().as_default():
        stranger = gg.placeholder(gg.float32, [2, 3], name="stranger")
    with pytest.raises(ValueError, match="x:0 and stranger:0 belong to different graphs"):
        torch.add(x, stranger)


def test_constants_join_the_graph_of_the_symbolic_argument(x):
    with gg.Graph().as_default() as other:
        y = torch.ones(2, 3) + x
    assert y.graph is x.graph and len(other) == 0


def test_the_first_symbolic_of_a_nest(x):
    y = x * 2.0
    assert first_symbolic(([1, {"a": (None, y)}], x)) is y._value
    assert first_symbolic(([1, "x"], np.ones(2))) is None
    dim = gg.placeholder(gg.float32, [None]).shape[0]
    assert first_symbolic([dim]) is dim._value


# -- errors ---------------------------------------------------------------------------------------------

WRONG = {
    "shapes": (lambda x: x @ x, gg.errors.RecordingError),
    "axis": (lambda x: x.sum(5), IndexError),
    "index": (lambda x: x[7], IndexError),
    "a function": (lambda x: F.cross_entropy(x, gg.ones([5])), gg.errors.RecordingError),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_torch_refuses_is_refused_at_once_on_the_users_line(x, name):
    call, error = WRONG[name]
    before = len(x.graph)
    with pytest.raises(error) as caught:
        call(x)
    assert "test_record.py" in str(caught.value)
    assert len([op for op in x.graph.get_operations()[before:] if op.type not in ("Const", "Ones")]) == 0


def test_the_message_shows_the_shapes(x):
    with pytest.raises(gg.errors.RecordingError, match=r"matmul\(x: float32\[2, 3\], x: float32\[2, 3\]\)"):
        x @ x


def test_an_out_argument_is_refused(x):
    with pytest.raises(gg.errors.RecordingError, match="plain tensor can't be changed"):
        torch.sin(x, out=torch.empty(2, 3))


def test_an_unknown_size_that_can_never_fit_is_refused():
    a, b = gg.placeholder(gg.float32, [None, 3]), gg.placeholder(gg.float32, [None, 4])
    with pytest.raises(gg.errors.RecordingError):
        a + b


def test_messages_show_no_made_up_sizes():
    a, b = gg.placeholder(gg.float32, [None, 3]), gg.placeholder(gg.float32, [None, 4])
    for wrong, said in (
        (lambda: a + b, r"\[\?, 4\]"),
        (lambda: torch.nn.functional.linear(a, torch.ones(2, 5)), r"\[\?, 3\]"),
        (lambda: a.reshape(5, 5), r"size \? x 3"),
    ):
        with pytest.raises(gg.errors.RecordingError, match=said) as caught:
            wrong()
        assert "1680" not in str(caught.value) and "2520" not in str(caught.value)
    known = gg.placeholder(gg.float32, [1680, 3])
    with pytest.raises(gg.errors.RecordingError, match="1680"):
        known + gg.placeholder(gg.float32, [1680, 4])
