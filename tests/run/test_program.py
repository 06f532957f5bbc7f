"""Program: an emitted run, found again by the file name that a traceback shows."""

import gc
import linecache

import torch

import graphgrad as gg
from graphgrad.plan.plan import plan
from graphgrad.run.emit import emit
from graphgrad.run.program import programs


def program():
    x = gg.placeholder(gg.float32, [], name="x")
    v = gg.Variable(1.0, name="v")
    y = gg.sin(x * v, name="y")
    return emit(plan([y._value], [v.assign_add(1.0).op], [x._value])), y


def test_a_program_says_what_it_needs_and_does():
    made, y = program()
    assert made.text.startswith("import torch") and made.plan.fetches == (y._value,)
    assert [state.name for state in made.states] == ["v"]
    assert made.writes and not made.switches and not made.taped
    assert [*made.renamed, *made.donated] == list(made.states)
    lines = made.text.splitlines()
    assert any(op is y.op and "sin" in line for op, line in zip(made.ops, lines, strict=False))


def test_a_program_is_known_while_it_is_alive():
    made, _ = program()
    filename = made.filename
    assert programs[filename] is made and linecache.getline(filename, 1) == "import torch\n"
    del made
    gc.collect()
    assert filename not in programs and linecache.getline(filename, 1) == ""


def test_its_call_is_its_text():
    made, _ = program()
    feeds, state = [torch.tensor(0.5)], [torch.tensor(2.0)]
    namespace = {}
    exec(made.text, namespace)
    again = namespace["program"](feeds, [each.clone() for each in state], made.constants, None)
    assert again[0] == made.call(feeds, state, made.constants, None)[0] == [torch.sin(torch.tensor(1.0))]
