"""Steps, sweeps, updates and plans are plain data."""

import dataclasses

import pytest

import graphgrad as gg
from graphgrad.plan.steps import Plan, Step, Sweep, Update


def test_a_step_that_nothing_is_said_of():
    op = gg.no_op()
    step = Step(op)
    assert step.op is op and step.tape is None and not step.math
    assert (step.own, step.roots, step.gates, step.fed, step.fans) == ((), (), {}, {}, {})


def test_steps_share_nothing():
    one, other = Step(gg.no_op()), Step(gg.no_op())
    one.gates[0] = (1,)
    one.fed[0] = 1
    assert other.gates == {} and other.fed == {}


@pytest.mark.parametrize("kind", [Step, Sweep, Update, Plan])
def test_each_field_is_explained(kind):
    for field in dataclasses.fields(kind):
        assert field.name in (kind.__doc__ or "") or field.name in ("op", "state", "call", "random")


def test_nothing_is_added_to_a_step_later():
    with pytest.raises(AttributeError):
        Step(gg.no_op()).extra = 1
