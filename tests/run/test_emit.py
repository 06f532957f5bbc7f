"""The emitted program: its lines, its frees, its modes, and what it is compiled to."""

import ast
import gc
import linecache
import weakref

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.plan.plan import plan
from graphgrad.record.record import record
from graphgrad.run.emit import emit


@pytest.fixture
def x():
    return gg.placeholder(gg.float32, [2], name="x")


def program(fetches, feeds=()):
    values = [each._value for each in fetches if isinstance(each, torch.Tensor)]
    operations = [each for each in fetches if not isinstance(each, torch.Tensor)]
    return emit(plan(tuple(values), operations, tuple(each._value for each in feeds)))


def code(text):
    """The lines of the program's body, without the user's lines."""
    body = text[text.index("def program") :].splitlines()[1:]
    return [line.split("  # ")[0].strip() for line in body if line.strip()]


# -- lines ----------------------------------------------------------------------------------------------


def test_a_line_per_operation_with_the_users_line(x):
    y = gg.exp(x, name="y") + 1.0  # the users own line
    text = program([y], [x]).text
    assert code(text) == ["x = feeds[0]", "y = torch.exp(x); del x", "add = y + 1.0; del y", "return [add], []"]
    assert f"test_emit.py:{y.op.lineno}" in text


def test_the_lines_know_their_operations(x):
    y = gg.exp(x, name="y")
    found = program([y], [x])
    lines = found.text.splitlines()
    assert len(found.ops) == len(lines)
    assert [lines[n].split(" =")[0].strip() for n, op in enumerate(found.ops) if op is y.op] == ["y"]


def test_a_gradient_is_a_call_of_autograd(x):
    text = program(gg.gradients(gg.exp(x, name="y"), x), [x]).text
    assert "x = feeds[0].detach().requires_grad_()" in text
    assert "grad_x, = torch.autograd.grad([y], [x], [torch.ones_like(y)], materialize_grads=True); del" in text


def test_a_scalar_needs_no_seed(x):
    text = program(gg.gradients(gg.reduce_sum(x, name="y"), x), [x]).text
    assert "torch.autograd.grad([y], [x], materialize_grads=True)" in text


def test_gradients_that_are_kept_and_differentiated_say_so(x):
    y = gg.exp(x)
    (g,) = gg.gradients(y, x)
    (second,) = gg.gradients(g, x)
    text = program([g, second, *gg.gradients(y * 2.0, x)], [x]).text
    assert text.count("create_graph=True") == 1 and text.count("retain_graph=True") == 1


def test_outputs_of_one_call_are_unpacked(x):
    values, indices = torch.max(gg.reshape(x, [1, 2]), 1)
    assert "(max_0, _, ) =" not in program([values], [x]).text
    text = program([values, indices], [x]).text
    assert any(line.startswith("(max_0, max_1,) = torch.max(") for line in code(text))


def test_a_run_without_gradients_and_state_leaves_the_grad_mode_alone(x):
    assert "set_grad(" not in program([gg.exp(x)], [x]).text.split("def program")[1]


def test_the_grad_mode_is_switched_on_for_the_tape_and_put_back(x):
    lines = code(program([gg.gradients(gg.exp(x), x)[0], gg.sin(x)], [x]).text)
    assert lines[0].startswith("grad_was_on = torch.is_grad_enabled()") and "set_grad(True)" in lines
    assert lines[-2].startswith("set_grad(grad_was_on)")


def test_random_calls_draw_from_their_stream():
    noise, seeded = gg.random_normal([2]), gg.random_normal([2], seed=99)
    text = program([noise, seeded]).text
    assert f"run.draw({noise.op.id}, lambda: torch.randn(" in text and text.count("run.draw(") == 2


def test_modes_of_the_recording_are_replayed(x):
    with torch.autocast("cpu", torch.bfloat16):
        y = gg.reshape(x, [1, 2]) @ gg.reshape(x, [2, 1])
    assert "with torch.autocast('cpu', torch.bfloat16): " in program([y], [x]).text


def test_a_donated_update_is_in_place_and_last(x):
    v = gg.Variable([1.0, 2.0], name="v")
    found = program([v.assign_sub(x * 2.0).op, v], [x])
    lines = code(found.text)
    assert lines[-3].startswith("state[0].sub_(") and found.donated == (v.state,) and found.renamed == ()
    assert [line for line in lines if line.startswith("v_fetched = v.detach().clone()")]


def test_updates_that_differ_in_their_tensors_alone_are_one_call(x):
    v, w, u = (gg.Variable([1.0, 2.0], name=name) for name in "vwu")
    updates = [v.assign_sub(x * 2.0), w.assign_add(x * 3.0), u.assign_sub(x * 4.0)]
    lines = code(program([update.op for update in updates], [x]).text)
    assert [line for line in lines if line.startswith("torch._foreach_sub_([state[0], state[2]], [")]
    assert [line for line in lines if line.startswith("state[1].add_(")]
    with gg.Session() as session:
        session.run(gg.global_variables_initializer())
        session.run([update.op for update in updates], {x: [1.0, 10.0]})
        assert [value.tolist() for value in session.run([v, w, u])] == [[-1.0, -18.0], [4.0, 32.0], [-3.0, -38.0]]


def test_a_gradient_that_torch_makes_needs_no_detach_and_a_seed_does(x):
    w = gg.Variable([1.0, 2.0], name="w")
    (plain,), (seeded,) = gg.gradients(w * x, w), gg.gradients(w * x, w, grad_ys=w * 2.0)
    assert "grad_w = grad_w.detach()" not in program([plain], [x]).text
    assert "grad_w = grad_w.detach()" in program([seeded], [x]).text


def test_a_program_without_switches_gets_no_run(x):
    v = gg.Variable([1.0, 2.0])
    assert not program([v * x], [x]).switches
    assert program([gg.random_normal([2])]).switches


def test_other_updates_are_returned(x):
    v = gg.Variable([1.0, 2.0], name="v")
    found = program([v.assign(x).op], [x])
    lines = code(found.text)
    assert "assign_new = assign.detach().clone()" in "\n".join(lines)
    assert lines[-1].startswith("return [], [assign_new.detach()") and found.renamed == (v.state,)


def test_constants_are_passed_in_and_stored_once(x):
    c = gg.constant([1.0, 2.0])
    found = program([x * c, x + c], [x])
    assert len(found.constants) == 1 and found.text.count("const[0]") == 1


# -- frees ----------------------------------------------------------------------------------------------


class Uses(ast.NodeVisitor):
    """Where each local name is stored, loaded and deleted, in the order of the statements."""

    def __init__(self):
        self.events, self.position = [], 0

    def visit_Name(self, node):  # noqa: N802
        self.events.append((self.position, type(node.ctx).__name__, node.id))

    def visit_Lambda(self, node):  # noqa: N802
        self.visit(node.body)


def events(function):
    uses = Uses()
    statements = []
    for statement in function.body:
        statements += statement.body if isinstance(statement, ast.With) else [statement]
    for uses.position, statement in enumerate(statements):
        uses.visit(statement)
    return uses.events, statements


def check_frees(text):
    """Each variable of the program is deleted right after its last use, or returned."""
    tree = ast.parse(text)
    (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    found, statements = events(function)
    arguments = {argument.arg for argument in function.args.args}
    stored = {name for _, kind, name in found if kind == "Store"} - arguments - {"_"}
    returned = {node.id for node in ast.walk(statements[-1]) if isinstance(node, ast.Name)}
    for name in stored:
        mine = [(position, kind) for position, kind, other in found if other == name]
        if name in returned:
            assert all(kind != "Del" for _, kind in mine), name
            continue
        last_use = max(position for position, kind in mine if kind != "Del")
        deleted = [position for position, kind in mine if kind == "Del"]
        assert deleted == [max(deleted)] and deleted[0] >= last_use, name
        between = statements[last_use + 1 : deleted[0]]
        assert all(isinstance(statement, ast.Delete) for statement in between), name
    return len(stored - returned)


def network():
    x = gg.placeholder(gg.float32, [None, 4], name="x")
    w, b = gg.Variable(np.ones((4, 4), np.float32), name="w"), gg.Variable(np.zeros(4, np.float32), name="b")
    h = x
    for _ in range(4):
        h = gg.tanh(h @ w + b)
    left, right = gg.split(torch.nn.functional.dropout(h, 0.5), 2, axis=1)
    loss = gg.reduce_mean(gg.square(left - right))
    grads = gg.gradients(loss, [w, b])
    penalty = gg.reduce_sum(gg.square(grads[0]))
    (second,) = gg.gradients(loss + penalty, w, stop_gradients=[left])
    steps = [w.assign_sub(second * 0.1).op, b.assign_sub(grads[1] * 0.1).op]
    return x, [loss, second, *steps]


def test_every_variable_is_freed_right_after_its_last_use():
    x, fetches = network()
    assert check_frees(program(fetches, [x]).text) > 20


@pytest.mark.parametrize("method", [0, 1, 2])
def test_aliases_of_another_summing_order_are_freed_too(x, method):
    y = gg.add_n([x * float(n) for n in range(5)])
    assert check_frees(program(gg.gradients(y, x, aggregation_method=method), [x]).text) >= 5


def test_what_autocast_and_streams_compute_is_freed(x):
    with torch.autocast("cpu", torch.bfloat16):
        y = gg.reshape(x, [1, 2]) @ gg.reshape(x, [2, 1])
    assert check_frees(program([gg.reduce_sum(y) + gg.reduce_sum(gg.random_normal([2]) * x)], [x]).text) > 4


def test_an_output_that_nobody_reads_is_freed(x):
    a, _ = gg.unstack(x, name="parts")
    text = program([gg.exp(a)], [x]).text
    assert check_frees(text) >= 2
    assert "parts_1" not in text or "del parts_1" in text or ", parts_1" in text


class Census:
    """Counts how many of the tensors that it has seen are alive."""

    def __init__(self):
        self.seen, self.peak = [], 0
        self.__name__ = "census"

    def __call__(self, tensor):
        if tensor.device.type != "meta":
            self.seen.append(weakref.ref(tensor))
            self.peak = max(self.peak, sum(each() is not None for each in self.seen))
        return tensor + 1.0


@pytest.mark.parametrize("length", [10, 100])
def test_a_long_chain_holds_a_constant_number_of_tensors(x, length):
    census, y = Census(), x
    for _ in range(length):
        y = record(census, (y,), {})
    with gg.Session() as session:
        gc.collect()
        assert session.run(y, {x: [0, 0]}).tolist() == [length, length]
    assert len(census.seen) == length and census.peak <= 2


def test_a_program_of_many_parts_frees_across_them(x):
    census, y = Census(), x
    for _ in range(2500):
        y = record(census, (y,), {})
    with gg.Session() as session:
        assert session.run(y, {x: [0, 0]}).tolist() == [2500, 2500]
    assert len(census.seen) == 2500 and census.peak <= 2


def test_a_run_keeps_nothing_of_itself(x):
    census = Census()
    y = record(census, (gg.exp(x),), {})
    with gg.Session() as session:
        session.run([y, *gg.gradients(y * y, x)], {x: [0, 0]})
        session.run(y, {x: [0, 0]})
    gc.collect()
    assert [each() for each in census.seen] == [None] * len(census.seen)


# -- compiling ------------------------------------------------------------------------------------------


def test_the_source_is_there_for_tracebacks_while_the_program_lives(x):
    found = program([gg.exp(x)], [x])
    assert "torch.exp" in "".join(linecache.getlines(found.filename))
    filename = found.filename
    del found
    gc.collect()
    assert linecache.getlines(filename) == []


def test_the_program_may_be_called_by_itself(x):
    found = program([gg.exp(x)], [x])
    (outputs, renamed) = found.call([torch.zeros(2)], [], found.constants, None)
    assert outputs[0].tolist() == [1, 1] and renamed == []
    assert not found.taped and program(gg.gradients(gg.exp(x), x), [x]).taped


def test_a_program_on_a_device_moves_what_lies_elsewhere(x):
    with gg.device("cuda:0"):
        y = gg.exp(x, name="y")
    z = gg.sin(y, name="z")
    lines = code(program([z], [x]).text)
    assert "y = torch.exp(x.to('cuda:0')); del x" in lines and "z = torch.sin(y.to('cpu')); del y" in lines
