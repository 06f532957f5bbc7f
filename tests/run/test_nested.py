"""Programs of bodies: functions of tensors, on the tape or off it."""

import pytest
import torch

import graphgrad as gg
from graphgrad.ground.spec import declared
from graphgrad.record.nested import trace
from graphgrad.run.program import programs

SCALAR = declared((), torch.float64)
NAMES = ["a", "b", "c"]


def body(function, arguments=1):
    return trace(gg.get_default_graph(), function, [SCALAR] * arguments, NAMES[:arguments])


def tensor(value, **options):
    return torch.tensor(value, dtype=torch.float64, **options)


def test_a_program_takes_arguments_and_then_captures():
    x = gg.constant(0.0, gg.float64)
    run = body(lambda a, b: (a - x, b), 2).program(False, "cpu")
    assert run(tensor(5.0), tensor(1.0), tensor(3.0)) == (tensor(2.0), tensor(1.0))


def test_an_output_may_be_there_twice():
    run = body(lambda a: [a, a * 2.0, a]).program(False, "cpu")
    assert run(tensor(5.0)) == (tensor(5.0), tensor(10.0), tensor(5.0))


def test_a_program_without_outputs():
    assert body(lambda a: []).program(False, "cpu")(tensor(1.0)) == ()


@pytest.mark.parametrize("taped", [False, True])
def test_gradients_of_the_caller_pass_a_taped_program_only(taped):
    run = body(lambda a: [torch.sin(a) * 2.0]).program(taped, "cpu")
    x = tensor(0.5, requires_grad=True)
    if taped:
        (y,) = run(x)
        assert torch.autograd.grad(y, x) == (2.0 * torch.cos(tensor(0.5)),)
    else:
        with torch.no_grad():
            assert not run(x)[0].requires_grad


def test_a_taped_program_on_tensors_that_need_no_gradient():
    def slope(a):
        z = gg.identity(a)
        return [gg.gradients(torch.sin(z) * z, z)[0]]

    run = body(slope).program(True, "cpu")
    at = tensor(0.5)
    with torch.enable_grad():
        (found,) = run(at)
    assert float(found.detach()) == pytest.approx(float(torch.sin(at) + at * torch.cos(at)))


def test_gradients_inside_are_differentiated_by_the_caller():
    run = body(lambda a: [gg.gradients(a**3, a)[0]]).program(True, "cpu")
    x = tensor(2.0, requires_grad=True)
    (y,) = run(x)
    assert y.detach() == 12.0 and torch.autograd.grad(y, x) == (tensor(12.0),)


def test_stops_hold_inside_a_taped_program():
    def partial(a):
        h = a * 3.0
        return [gg.gradients(a * h, a, stop_gradients=[h])[0]]

    run = body(partial).program(True, "cpu")
    x = tensor(2.0, requires_grad=True)
    (y,) = run(x)
    assert y.detach() == 6.0 and torch.autograd.grad(y, x) == (tensor(3.0),)


def test_the_grad_mode_of_the_caller_is_back_afterwards():
    run = body(lambda a: [gg.gradients(a**3, a)[0]]).program(False, "cpu")
    for mode in (True, False):
        with torch.set_grad_enabled(mode):
            run(tensor(2.0))
            assert torch.is_grad_enabled() is mode


def test_a_traceback_into_a_body_shows_its_text():
    def failing(a):
        return [torch.linalg.cholesky(a.reshape(1, 1))]

    run = body(failing).program(False, "cpu")
    with pytest.raises(RuntimeError) as caught:
        run(tensor(-1.0))
    trace = caught.value.__traceback__
    names = []
    while trace is not None:
        found = programs.get(trace.tb_frame.f_code.co_filename)
        if found is not None and found.ops[trace.tb_lineno - 1] is not None:
            names.append(found.ops[trace.tb_lineno - 1].type)
        trace = trace.tb_next
    assert len(names) == 1 and "holesky" in names[0]


def test_long_bodies_are_split_and_still_work():
    def long(a):
        for _ in range(3000):
            a = a + 1.0
        return [a]

    run = body(long).program(True, "cpu")
    x = tensor(0.0, requires_grad=True)
    (y,) = run(x)
    assert y.detach() == 3000.0 and torch.autograd.grad(y, x) == (tensor(1.0),)


# -- the text ---------------------------------------------------------------------------------------------


def test_the_source_of_a_run_has_the_bodies_below():
    x = gg.placeholder(gg.float64, [], name="x")

    def turn(i, y):
        return i + 1, gg.cond(y > 1, lambda: torch.sin(y) * x, lambda: torch.exp(y), name="choice")

    with gg.name_scope("deep"):
        _, y = gg.while_loop(lambda i, y: i < 3, turn, [0, x], name="rounds")
    z = gg.map_fn(lambda row: row * 2.0, gg.stack([y, x]), name="each")
    fetches = [z, gg.gradients(y, x)[0]]
    with gg.Session(outputs="torch") as session:
        text = session.source(fetches, [x])
        inputs = session.program_inputs(fetches, {x: 0.3})
        expected = session.run(fetches, {x: 0.3})
    comments = [line for line in text.splitlines() if line.startswith("# ")]
    assert comments == [
        "# deep/rounds: condition", "# deep/rounds: body", "# choice: branch 0", "# choice: branch 1", "# each: item",
    ]  # fmt: skip
    assert "torch.sin" in text[text.index("# choice: branch 0") : text.index("# choice: branch 1")]
    assert "torch.exp" in text[text.index("# choice: branch 1") :]
    assert text.count("def program(") == 1 and "def deep_rounds_body(" in text
    namespace = {}
    exec(text, namespace)
    for found, wanted in zip(namespace["program"](*inputs)[0], expected, strict=True):
        torch.testing.assert_close(found.detach(), wanted)


def test_long_programs_with_long_bodies_do_not_mix_their_functions():
    def long(a):
        for _ in range(1500):
            a = a + 1.0
        return a

    x = gg.placeholder(gg.float64, [], name="x")
    y = long(gg.cond(x > 0, lambda: long(x), lambda: x))
    with gg.Session() as session:
        text, inputs = session.source(y, [x]), session.program_inputs(y, {x: 1.0})
    namespace = {}
    exec(text, namespace)
    assert namespace["program"](*inputs)[0] == [torch.tensor(3001.0, dtype=torch.float64)]


def test_the_source_without_bodies_is_the_programs_text():
    x = gg.placeholder(gg.float64, [], name="x")
    with gg.Session() as session:
        assert session.source(x * 2.0, [x]).rstrip().endswith("return [mul], []")
