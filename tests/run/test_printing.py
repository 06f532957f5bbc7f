"""Printing: names, callables and arguments as Python text that means the same."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

import graphgrad as gg
from graphgrad.run.printing import Names, Printer


@pytest.fixture
def printer():
    return Printer(Names())


def text(tensor, printer=None):
    """The expression of a tensor's operation; what it reads is called by its name."""
    op = tensor.op
    return (printer or Printer(Names())).call(op, lambda position: op.reads[position].op.name)


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [2, 3], name="x")


# -- names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("layer/w", "layer_w"), ("1x", "v_1x"), ("a.b-c>d", "a_b_c_d"), ("class", "v_class"), ("torch", "torch_1"),
        ("feeds", "feeds_1"), ("None", "v_None"), ("print", "print"), ("", "v_"),
    ],
)  # fmt: skip
def test_a_name_is_a_legal_python_name(asked, given):
    assert Names().fresh(asked) == given and given.isidentifier()


def test_names_are_unique():
    names = Names()
    assert [names.fresh(each) for each in ("a/b", "a_b", "a_b_1", "a_b")] == ["a_b", "a_b_1", "a_b_1_1", "a_b_2"]


def test_a_value_has_one_name(x):
    names = Names()
    a, b, _ = gg.unstack(x, axis=1, name="parts")
    assert names.new(x._value) == "x" and names.new(a._value) == "parts_0" and names.new(b._value) == "parts_1"
    assert names.of[x._value] == "x"


def test_no_name_hides_what_a_program_needs(x):
    names = Names()
    for reserved in "torch F feeds state const run own inf nan live set_grad overwrite check_shape program".split():
        assert names.fresh(reserved) != reserved


# -- calls ----------------------------------------------------------------------------------------------

CALLS = {
    "function": (lambda x: torch.sin(x), "torch.sin(x)"),
    "operator": (lambda x: x * 2.0, "x * 2.0"),
    "operator on the right": (lambda x: 2 - x, "2 - x"),
    "power of a negative number": (lambda x: (-2.0) ** x, "(-2.0) ** x"),
    "comparison": (lambda x: x >= 0, "x >= 0"),
    "product": (lambda x: x @ x.T, "x @ transpose"),
    "method": (lambda x: x.clamp(0, 1), "x.clamp(0, 1)"),
    "property": (lambda x: x.T, "x.T"),
    "functional": (lambda x: F.softplus(x), "F.softplus(x)"),
    "linalg": (lambda x: torch.linalg.vector_norm(x), "torch.linalg.vector_norm(x)"),
    "special": (lambda x: torch.special.ndtr(x), "torch.special.ndtr(x)"),
    "usual arguments": (lambda x: F.softmax(x, dim=1), "F.softmax(x, dim=1)"),
    "dtype": (lambda x: x.to(torch.float64), "x.to(dtype=torch.float64)"),
    "keyword": (lambda x: torch.sum(x, dim=0, keepdim=True), "torch.sum(x, dim=0, keepdim=True)"),
    "list": (lambda x: torch.cat([x, x], 0), "torch.cat([x, x], 0)"),
    "tuple of one": (lambda x: torch.permute(x.sum(0), (0,)), "torch.permute(sum, (0,))"),
    "slice": (lambda x: x[1:, ::2], "x[1:, ::2]"),
    "ellipsis and none": (lambda x: x[..., None], "x[..., None]"),
    "index": (lambda x: x[-1], "x[-1]"),
    "index of one in a tuple": (lambda x: x[0,], "x[0,]"),
    "list index": (lambda x: x[[0, 1]], "x[[0, 1]]"),
    "string": (lambda x: torch.einsum("ij->ji", x), "torch.einsum('ij->ji', x)"),
    "bool": (lambda x: x.argsort(descending=True), "x.argsort(descending=True)"),
    "infinity": (lambda x: x.clamp(min=-math.inf), "x.clamp(min=float('-inf'))"),
    "nan": (lambda x: torch.nan_to_num(x, math.nan), "torch.nan_to_num(x, float('nan'))"),
    "memory format": (lambda x: x.contiguous(memory_format=torch.contiguous_format), None),
    "complex": (lambda x: x * (1 - 2j), "x * complex(1.0, -2.0)"),
    "tiny": (lambda x: x * 1e-45, "x * 1e-45"),
    "a third": (lambda x: x * (1 / 3), "x * 0.3333333333333333"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_reads_as_one_would_write_it(x, name):
    function, wanted = CALLS[name]
    found = text(function(x))
    assert found == (wanted or "x.contiguous(memory_format=torch.contiguous_format)")


@pytest.mark.parametrize("name", [name for name in CALLS if name not in ("product", "tuple of one")])
def test_the_text_means_the_call(x, run, name):
    y = CALLS[name][0](x)
    data = torch.arange(6.0).reshape(2, 3)
    printer = Printer(Names())
    expression = text(y, printer)
    printed = eval(expression, {"torch": torch, "F": F, "x": data, **printer.functions})
    np.testing.assert_array_equal(np.asarray(printed), np.asarray(run(y, {x: data.numpy()})))


def test_a_negative_number_before_an_operator_keeps_its_brackets(x, run):
    y = (-2.0) ** x
    data = np.float32([[0, 1, 2], [3, 4, 5]])
    np.testing.assert_allclose(run(y, {x: data}), (-2.0) ** data)


@pytest.mark.parametrize(
    "number", [complex(math.inf, -math.inf), complex(math.nan, 1), complex(0.0, -0.0), complex(-math.inf, 0)], ids=str
)
def test_a_complex_number_is_printed_as_it_is(number):
    y = gg.placeholder(gg.complex64, [], name="x") * number
    found = eval(text(y), {"x": 1.0, "inf": math.inf, "nan": math.nan})
    assert repr(found) == repr(1.0 * number)


# -- the pools ------------------------------------------------------------------------------------------


def test_what_has_no_literal_is_a_constant(printer):
    thing = object()
    assert (printer.constant(thing), printer.constant([1]), printer.constant(thing)) == (
        "const[0]",
        "const[1]",
        "const[0]",
    )
    assert printer.constants[0] is thing


def importable(t):
    return t


def test_a_function_of_a_module_is_imported(printer):
    name = printer.function(importable)
    assert name == "importable" and printer.functions == {"importable": importable} and printer.constants == []
    assert printer.imports == [f"from {__name__} import importable"]
    assert printer.function(importable) == name


def test_a_local_function_is_a_constant(printer):
    def local(t):
        return t

    assert printer.function(local) == "const[0]" and printer.function(lambda t: t) == "const[1]"


def test_a_function_is_found_where_torch_has_it(printer):
    assert [printer.function(f) for f in (torch.sin, F.relu, torch.linalg.inv, torch.fft.fft)] == [
        "torch.sin",
        "F.relu",
        "torch.linalg.inv",
        "torch.fft.fft",
    ]


def test_a_call_in_several_modes_is_one_statement():
    k = gg.placeholder(gg.int32, [2], name="k")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.autocast("cpu", torch.bfloat16):
            y = torch.true_divide(k, 2)
    finally:
        torch.set_default_dtype(before)
    with gg.Session() as session:
        modes = "with default_dtype(torch.float64), torch.autocast('cpu', torch.bfloat16): "
        assert modes in session.source(y, [k])
        found = session.run(y, {k: [1, 3]})
    assert found.dtype == np.float64 and found.tolist() == [0.5, 1.5]
