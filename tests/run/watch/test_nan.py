"""NaN: the first operation, forward or backward, that made one; values known by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import graphgrad as gg

INF, NAN = float("inf"), float("nan")


@pytest.fixture
def x() -> Any:
    return gg.placeholder(gg.float32, [2], name="x")


def found(fetches: Any, feeds: Any = None, **options: Any) -> gg.watch.Finding | None:
    """What the watch says of a run; the error and the watch agree."""
    watch = gg.watch.NaN(**options)
    initializer = gg.global_variables_initializer()
    with gg.Session() as session:
        session.run(initializer)
        try:
            session.run(fetches, feeds, watch=watch)
        except gg.watch.NonFiniteError as error:
            assert error.finding is watch.finding and error.op is watch.finding.op
        else:
            assert watch.finding is None
    return watch.finding


FORWARD: list[tuple[Callable[[Any], Any], list[float], str, str]] = [
    (lambda x: gg.log(x), [1.0, 0.0], "inf", "numbers above 0"),
    (lambda x: gg.log(x), [1.0, -1.0], "nan", "numbers above 0"),
    (lambda x: gg.sqrt(x), [1.0, -1.0], "nan", "not negative"),
    (lambda x: x / (x - 1.0), [1.0, 2.0], "inf", "divisor holds zeros"),
    (lambda x: (x - 1.0) / (x - 1.0), [1.0, 2.0], "nan", "both sides hold zeros"),
    (lambda x: gg.exp(x), [100.0, 1.0], "inf", "subtract the maximum"),
    (lambda x: x * 1e38, [100.0, 1.0], "inf", "too large"),
    (lambda x: torch.mean(x[2:]), [1.0, 2.0], "nan", "given nothing"),
]


@pytest.mark.parametrize(("function", "fed", "kind", "hint"), FORWARD)
def test_the_operation_that_makes_it(function: Any, fed: list[float], kind: str, hint: str, x: Any) -> None:
    y = function(x)
    find = found(gg.tanh(y) * 2.0 + y, {x: fed})  # others read it, and are not to blame
    assert find is not None and (find.op, find.call, find.kind) == (y.op, None, kind)
    assert hint in find.hint


def test_the_message_names_line_and_ranges(x: Any) -> None:
    y = gg.log(x, name="y")
    with gg.Session() as session, pytest.raises(gg.errors.InvalidArgumentError) as caught:
        session.run(y, {x: [2.0, 0.0]}, watch=gg.watch.NaN())
    lines = str(caught.value).splitlines()
    assert lines[:4] == [
        "y:0 has the first Inf of this run",
        "  reads    x:0: float32[2], 0 to 2",
        "  gave     float32[2], 0.6931, 1 Inf",
        "  at       y: float32[2] = log(x)",
    ]
    assert f"test_nan.py:{y.op.lineno}" in lines[4] and lines[5].startswith("  try      ")


BACKWARD: list[tuple[Callable[[Any], Any], list[float], str, str, str]] = [
    (lambda x: gg.sqrt(x), [0.0, 4.0], "sqrt", "inf", "slope is infinite at 0"),
    (lambda x: gg.where(x > 0, gg.sqrt(x), x), [0.0, 4.0], "sqrt", "nan", "both branches are differentiated"),
    (lambda x: (x * x) ** 0.25, [0.0, 4.0], "pow", "inf", "slope is infinite at 0"),
    (lambda x: gg.acos(x), [1.0, 0.0], "acos", "inf", "slope is infinite"),
]


@pytest.mark.parametrize(("function", "fed", "name", "kind", "hint"), BACKWARD)
def test_the_derivative_that_makes_it(function: Any, fed: list[float], name: str, kind: str, hint: str, x: Any) -> None:
    h = x * 1.0
    (g,) = gg.gradients(function(h), x)
    find = found(g, {x: fed})
    assert find is not None and find.op.name == name and find.call is g.op and find.kind == kind
    assert hint in find.hint and find.what.startswith(f"the derivative of {name} made the first")
    assert any(label.startswith("came in") for label, _ in find.figures)


def test_where_with_its_input_made_harmless_is_clean(x: Any) -> None:
    safe = gg.where(x > 0, x, gg.ones_like(x))
    y = gg.where(x > 0, gg.sqrt(safe), gg.zeros_like(x))
    assert found(gg.gradients(y, x), {x: [0.0, 4.0]}) is None


def test_the_saved_value_is_named(x: Any) -> None:
    y = gg.sqrt(x, name="root")
    find = found(gg.gradients(y, x), {x: [0.0, 4.0]})
    assert find is not None
    assert [(label, figures.low, figures.high) for label, figures in find.figures if "root" in label] == [
        ("reads    root:0:", 0.0, 2.0)
    ]


def test_the_second_derivative(x: Any) -> None:
    y = gg.abs(x) ** 1.5  # its second derivative is infinite at 0, where that of abs is 0
    (g,) = gg.gradients(y, x)
    (h,) = gg.gradients(g, x)
    assert found(g, {x: [0.0, 1.0]}) is None
    find = found(h, {x: [0.0, 1.0]})
    assert find is not None and find.op is y.op and find.call is h.op
    assert "the derivative of the derivative of pow" in find.what


def test_finite_gradients_whose_sum_is_not(x: Any) -> None:
    h = x * 1.0
    y = h * 3e38 + h * 3e38
    find = found(gg.gradients(y, x), {x: [0.1, 0.1]})
    assert find is not None and find.op is h.op and "their sum has the first Inf" in find.what
    find = found(gg.gradients(y, h), {x: [0.1, 0.1]})
    assert find is not None and find.op.type == "Gradients" and "their sum has the first Inf" in find.what


# -- where it was before ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "kind"), [(NAN, "NaN"), (INF, "Inf")])
def test_what_is_fed_is_said_to_be_fed(number: float, kind: str, x: Any) -> None:
    find = found(x * 2.0, {x: [number, 1.0]})
    assert find is not None and find.op is x.op and find.what == f"x:0 was fed {kind}"


def test_a_fed_intermediate_is_said_to_be_fed(x: Any) -> None:
    h = gg.exp(x, name="h")
    for y in (h * h, gg.gradients(h * h, x)):
        find = found(y, {x: [1.0, 1.0], h: [NAN, 1.0]})
        assert find is not None and find.what == "h:0 was fed NaN"


def test_what_a_variable_or_a_constant_holds(x: Any) -> None:
    v = gg.Variable(np.array([NAN, 1.0], np.float32), name="v")
    watch = gg.watch.NaN()
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        with pytest.raises(gg.watch.NonFiniteError, match="^the variable v holds NaN already"):
            session.run(v * x, {x: [1.0, 1.0]}, watch=watch)
    c = gg.constant([NAN, 1.0], name="c")
    with gg.Session() as session, pytest.raises(gg.watch.NonFiniteError, match="^the constant c holds NaN already"):
        session.run(c * x, {x: [1.0, 1.0]}, watch=watch)


@pytest.mark.parametrize(
    "masked",
    [
        lambda x: x.masked_fill(x > 0, -INF),
        lambda x: x + gg.constant([0.0, -INF]),
        lambda x: gg.where(x > 0, gg.constant(-INF), x),
    ],
)
def test_an_infinite_number_that_the_user_wrote_is_no_finding(masked: Any, x: Any) -> None:
    y = F.softmax(masked(x), 0)
    assert found([y, *gg.gradients(y * y, x)], {x: [-1.0, 0.0]}) is None


def test_what_becomes_nan_of_a_written_infinity_is_a_finding(x: Any) -> None:
    y = gg.subtract(x.masked_fill(x > 0, INF), INF, name="y")
    find = found(y, {x: [1.0, -1.0]})
    assert find is not None and find.op is y.op and find.kind == "nan"


def test_inf_false_looks_for_nan_alone(x: Any) -> None:
    assert found(gg.exp(x), {x: [100.0, 1.0]}, inf=False) is None
    y = gg.exp(x) - gg.exp(x)
    find = found(y, {x: [100.0, 1.0]}, inf=False)
    assert find is not None and find.op is y.op
    with pytest.raises(TypeError, match="inf is True or False"):
        gg.watch.NaN(inf=1)  # type: ignore[arg-type]


# -- what stays -------------------------------------------------------------------------------------------


def test_the_variables_are_as_they_were(x: Any) -> None:
    v = gg.Variable(np.ones(2, np.float32), name="v")
    step = v.assign_sub(gg.log(x))
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        with pytest.raises(gg.watch.NonFiniteError):
            session.run(step.op, {x: [1.0, 0.0]}, watch=gg.watch.NaN())
        assert session.run(v).tolist() == [1.0, 1.0]
        session.run(step.op, {x: [1.0, 1.0]}, watch=gg.watch.NaN())
        assert session.run(v).tolist() == [1.0, 1.0]


def test_an_update_that_overflows_does_not_happen(x: Any) -> None:
    v = gg.Variable(np.full(2, 3e38, np.float32), name="v")
    step = v.assign_add(x)
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        with pytest.raises(gg.watch.NonFiniteError) as caught:
            session.run(step.op, {x: [3e38, 1.0]}, watch=gg.watch.NaN())
        assert caught.value.op is step.op
        assert session.run(v).tolist() == [np.float32(3e38)] * 2


def test_the_grad_mode_is_put_back(x: Any) -> None:
    assert found(gg.gradients(gg.sqrt(x), x), {x: [0.0, 1.0]}) is not None
    assert torch.is_grad_enabled()


# -- what it shows ----------------------------------------------------------------------------------------


def test_text_html_and_readings(x: Any) -> None:
    watch = gg.watch.NaN()
    assert str(watch) == "looks for NaN or Inf: pass it to session.run as watch" and watch.readings() == {}
    y = gg.log(x, name="y")
    with gg.Session() as session:
        session.run(y, {x: [1.0, 1.0]}, watch=watch)
        assert str(watch) == "runs watched: 1, no NaN or Inf in the last" and watch.readings() == {}
        with pytest.raises(gg.watch.NonFiniteError):
            session.run(y, {x: [-1.0, 1.0]}, watch=watch)
    assert str(watch).startswith("y:0 has the first NaN") and "<table>" in watch._repr_html_()
    ((key, reading),) = watch.readings().items()
    assert key == (y.op, None) and (reading.text, reading.alarm, reading.level) == ("NaN", "nan", 1.0)


def test_the_picture_shows_the_derivative(x: Any) -> None:
    y = gg.sqrt(x, name="root")
    (g,) = gg.gradients(y, x)
    watch = gg.watch.NaN()
    with gg.Session() as session, pytest.raises(gg.watch.NonFiniteError):
        session.run(g, {x: [0.0, 1.0]}, watch=watch)
    assert list(watch.readings()) == [(y.op, g.op)]
