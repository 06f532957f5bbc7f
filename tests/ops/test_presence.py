"""Whether variables have values."""

import torch

import graphgrad as gg


def test_a_variable_is_initialized_by_its_first_assign():
    a, b = gg.Variable(1.0), gg.Variable(2.0)
    asked = [gg.is_variable_initialized(a), gg.is_variable_initialized(b, name="asked")]
    assert asked[1].op.name == "asked"
    with gg.Session() as session:
        assert session.run(asked) == [False, False]
        session.run(a.initializer)
        assert session.run(asked) == [True, False]
        session.run(b.assign(3.0))
        assert session.run([*asked, a]) == [True, True, 1.0]
    with gg.Session() as session:
        assert session.run(asked[0]) == False  # noqa: E712  a numpy bool


def test_a_parameter_always_is():
    y = gg.ones([1]) * torch.nn.Parameter(torch.ones(1))
    asked = gg.is_variable_initialized(gg.global_variables()[0])
    with gg.Session() as session:
        assert session.run(asked) and session.run(y).tolist() == [1]
