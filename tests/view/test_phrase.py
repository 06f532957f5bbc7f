"""An operation in a phrase: its marks, its numbers, its arguments, its outputs."""

from typing import Any

import pytest
import torch
from torch.overrides import TorchFunctionMode

import graphgrad as gg
from graphgrad.graph.operation import Operation
from graphgrad.view.phrase import phrase


def said(obj: Any, **options: Any) -> str:
    return phrase(obj if isinstance(obj, Operation) else obj._value, **options)


def test_variables() -> None:
    w = gg.Variable([1.0], name="w")
    assert said(w) == "Variable w float32[1]"
    assert said(w.read_value()) == "Variable w/read of w float32[1]"
    assert said(w.assign_add([2.0])) == "AssignAdd assign_add of w float32[1]"


def test_parameters_and_buffers() -> None:
    model = torch.nn.BatchNorm1d(2)
    model.eval()
    y = model(gg.placeholder(gg.float32, [None, 2], name="x"))
    texts = [said(op) for op in y.graph.get_operations()]
    assert "Variable batchnorm1d/weight float32[2]" in texts
    assert "Buffer batchnorm1d/running_mean float32[2]" in texts


@pytest.mark.parametrize(
    ("value", "dtype", "shown"),
    [
        (0.1, torch.float32, "float32[] = 0.1"),
        (0.1, torch.float64, "float64[] = 0.1"),
        (0.1, torch.float16, "float16[] = 0.1"),
        ([[1, 2], [3, 4]], torch.int64, "int64[2, 2] = [[1, 2], [3, 4]]"),
        ([True], torch.bool, "bool[1] = [True]"),
        (0.1 + 2j, torch.complex64, "complex64[] = (0.1+2j)"),
        ([float("nan"), -float("inf")], torch.float32, "float32[2] = [nan, -inf]"),
        ([], torch.float32, "float32[0] = []"),
        ([1, 2, 3, 4, 5], torch.int8, "int8[5]"),
    ],
)
def test_the_numbers_of_a_constant(value: Any, dtype: Any, shown: str) -> None:
    c = gg.constant(torch.tensor(value, dtype=dtype), name="c")
    assert said(c) == f"Constant c {shown}"
    assert said(c, brief=True) == f"Constant c {shown.partition(' =')[0]}"


def test_no_mode_sees_the_constant() -> None:
    seen: list[Any] = []

    class Mode(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            seen.append(func)
            return func(*args, **(kwargs or {}))

    value = gg.constant(2.0, name="c")._value
    with Mode():
        assert phrase(value) == "Constant c float32[] = 2.0"
    assert seen == []


def test_arguments_that_are_no_tensors() -> None:
    x = gg.placeholder(gg.float32, [2, 3], name="x")
    for result, shown in (
        (1 - x, "Sub sub (1, _)"),
        (torch.sum(x, dim=1), "Sum sum (_, dim=1)"),
        (torch.cat([x, x], dim=0), "ConcatV2 cat ([_, _], dim=0)"),
        (torch.cat([x, x]), "ConcatV2 cat_1"),
        (x + x, "Add add"),
        (x.reshape([3, 2]), "Reshape reshape (_, [3, 2])"),
        (x.to(torch.float64), "Cast to (_, dtype=float64)"),
    ):
        assert said(result, shapes=False) == shown
        assert said(result, shapes=False, brief=True) == shown.partition(" (")[0]


def test_long_arguments_are_cut() -> None:
    x = gg.placeholder(gg.float32, [100], name="x")
    text = said(x[list(range(50))], shapes=False)
    assert "[0, 1, 2, 3" in text and text.endswith("...)") and len(text) < 80


def test_outputs_have_their_index() -> None:
    ordered, places = torch.sort(gg.placeholder(gg.float32, [2], name="x"), dim=-1)
    assert said(ordered) == "Sort sort:0 (_, dim=-1) float32[2]"
    assert said(places) == "Sort sort:1 (_, dim=-1) int64[2]"
    assert said(places.op) == "Sort sort (_, dim=-1) float32[2], int64[2]"
    assert said(places.op, shapes=False) == "Sort sort (_, dim=-1)"
    assert said(gg.no_op(name="nothing")) == "NoOp nothing"


def test_many_outputs_are_counted() -> None:
    parts = gg.placeholder(gg.float32, [50], name="x").unbind(0)
    assert said(parts[0].op).endswith(" float32[], float32[], float32[], ... 50 in all")


def test_gradients_say_of_what_by_what() -> None:
    a, b = gg.constant(1.0, name="a"), gg.constant(2.0, name="b")
    y = gg.multiply(a, b, name="y")
    by_a, by_b = gg.gradients(y, [a, b])
    assert said(by_a) == "Gradients gradients/vjp:0 d(y:0)/d(a:0) float32[]"
    assert said(by_b) == "Gradients gradients/vjp:1 d(y:0)/d(b:0) float32[]"
    assert said(by_a.op, shapes=False) == "Gradients gradients/vjp d(y:0)/d(a:0, b:0)"
    assert said(by_b, brief=True) == "Gradients gradients/vjp:1 float32[]"
