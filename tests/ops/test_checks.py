"""Assertions and prints in runs."""

import sys

import numpy as np
import pytest

import graphgrad as gg

PAIRS = {
    "assert_equal": ([1, 2], [1, 2], [1, 3]),
    "assert_none_equal": ([1, 2], [0, 0], [0, 2]),
    "assert_less": ([1, 2], [2, 3], [2, 2]),
    "assert_less_equal": ([1, 2], [1, 2], [0, 2]),
    "assert_greater": ([1, 2], [0, 1], [0, 2]),
    "assert_greater_equal": ([1, 2], [1, 2], [2, 2]),
    "assert_near": ([1.0, 2.0], [1.0, 2.0], [1.0, 2.1]),
}
SINGLE = {
    "assert_negative": ([-1, -2], [-1, 0]),
    "assert_non_negative": ([0, 2], [0, -1]),
    "assert_positive": ([1, 2], [0, 1]),
    "assert_non_positive": ([0, -1], [1, 0]),
}


def guarded(assertion, x):
    with gg.control_dependencies([assertion]):
        return gg.identity(x)


@pytest.mark.parametrize("name", PAIRS)
def test_a_comparison(run, name):
    x, good, bad = map(np.float32, PAIRS[name])
    left, right = gg.placeholder(gg.float32, [2]), gg.placeholder(gg.float32, [2])
    y = guarded(getattr(gg, name)(left, right, message="here"), left)
    assert run(y, {left: x, right: good}).tolist() == x.tolist()
    with pytest.raises(gg.errors.InvalidArgumentError, match="here: Condition"):
        run(y, {left: x, right: bad})


@pytest.mark.parametrize("name", SINGLE)
def test_a_property(run, name):
    good, bad = SINGLE[name]
    x = gg.placeholder(gg.int32, [2])
    y = guarded(getattr(gg, name)(x, data=["x was", x]), x)
    assert run(y, {x: good}).tolist() == good
    with pytest.raises(gg.errors.InvalidArgumentError, match="x was"):
        run(y, {x: bad})


@pytest.mark.parametrize("name", [*PAIRS, *SINGLE])
def test_constants_are_checked_at_once(name):
    *good, bad = (PAIRS | SINGLE)[name]
    function = getattr(gg, name)
    assert function(*good).type == "NoOp"
    with pytest.raises(gg.errors.InvalidArgumentError, match="did not hold"):
        function(*(good[:-1] if name in PAIRS else []), bad)


def test_assert_shows_its_data(run):
    x = gg.placeholder(gg.float32, [2])
    y = guarded(gg.Assert(gg.reduce_all(x > 0.0), ["x is", x], summarize=1), x)
    assert run(y, {x: [1, 2]}).tolist() == [1, 2]
    with pytest.raises(gg.errors.InvalidArgumentError, match=r"\[x is\] \[1\.\.\.\]") as failure:
        run(y, {x: [1, -2]})
    assert failure.value.op.type == "Assert"


def test_an_assertion_of_a_variable_reads_it(run):
    v = gg.Variable([1.0, -1.0])
    with pytest.raises(gg.errors.InvalidArgumentError, match="x > 0"):
        run(guarded(gg.assert_positive(v), gg.constant(1.0)))


def test_what_is_known_when_recorded():
    x = gg.placeholder(gg.float32, [None, 3])
    assert (
        gg.assert_rank(x, 2).type == gg.assert_rank_at_least(x, 1).type == gg.assert_rank_in(x, [2, 3]).type == "NoOp"
    )
    for call in (
        lambda: gg.assert_rank(x, 1),
        lambda: gg.assert_rank_at_least(x, 3),
        lambda: gg.assert_rank_in(x, [1]),
    ):
        with pytest.raises(ValueError, match="Received rank 2"):
            call()
    with pytest.raises(ValueError, match="not known"):
        gg.assert_rank(gg.placeholder(gg.float32), 2)
    assert gg.assert_type(x, gg.float32).type == "NoOp" and gg.assert_integer(gg.constant(1)).type == "NoOp"
    for call in (
        lambda: gg.assert_type(x, gg.int32),
        lambda: gg.assert_integer(x),
        lambda: gg.assert_proper_iterable(x),
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(ValueError, match="scalar"):
        gg.assert_scalar(x)
    assert gg.assert_scalar(gg.constant(1.0)).shape.ndims == 0
    gg.assert_proper_iterable([x])
    assert gg.assert_same_float_dtype([x, None]) is gg.float32
    with pytest.raises(ValueError, match="one floating"):
        gg.assert_same_float_dtype([x, gg.constant(1)])


def test_check_numerics(run):
    x = gg.placeholder(gg.float32, [2])
    y = gg.check_numerics(x, "x")
    assert run(y, {x: [1, 2]}).tolist() == [1, 2]
    assert run(gg.gradients(y * y, x)[0], {x: [1, 2]}).tolist() == [2, 4]
    for bad in ([1, np.nan], [np.inf, 0]):
        with pytest.raises(gg.errors.InvalidArgumentError, match="x : Tensor had"):
            run(gg.verify_tensor_all_finite(x, "x"), {x: bad})


def test_add_check_numerics_ops(run):
    x = gg.placeholder(gg.float32, [], name="x")
    gg.log(x, name="logarithm")
    checks = gg.add_check_numerics_ops()
    assert run(checks, {x: 1.0}) is None
    with pytest.raises(gg.errors.InvalidArgumentError, match="logarithm:0 : Tensor had Inf"):
        run(checks, {x: 0.0})


def test_print(run, capsys):
    x = gg.placeholder(gg.float32, [2])
    y = gg.Print(x, [x, gg.shape(x), 3], "x: ", first_n=2)
    assert capsys.readouterr().err == ""
    with gg.Session() as session:
        for _ in range(3):
            assert session.run(y, {x: [1, 2.5]}).tolist() == [1, 2.5]
    assert capsys.readouterr().err == "x: [1 2.5][2][3]\n" * 2
    assert run(gg.gradients(y, x)[0], {x: [1, 2]}).tolist() == [1, 1]


def test_a_printed_line(run, capsys):
    run(gg.print("loss", gg.constant([1, 2]), output_stream=sys.stdout, sep="="))
    assert capsys.readouterr().out == "loss=[1 2]\n"
    with pytest.raises(ValueError, match="output_stream"):
        gg.print("x", output_stream="nowhere")


def test_at_once(capsys):
    with gg.eager_execution():
        assert gg.assert_positive([1, 2]) is None
        with pytest.raises(gg.errors.InvalidArgumentError):
            gg.assert_positive([0])
        with pytest.raises(ValueError, match="assertion failed"):
            gg.Assert(False, ["no"])
        assert gg.Print(gg.constant([1.0]), ["a"]).tolist() == [1]
    assert capsys.readouterr().err == "[a]\n"


def test_what_a_tensor_is():
    assert gg.is_tensor(gg.ones([2])) and gg.is_tensor(gg.Variable(1.0)) and not gg.is_tensor([1.0])
    assert gg.is_numeric_tensor(gg.ones([2])) and not gg.is_numeric_tensor(gg.constant(True))
