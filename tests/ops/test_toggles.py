"""TF1's switches leave graphs as they are."""

import pytest

import graphgrad as gg

NOTHING = [
    "disable_v2_behavior", "disable_v2_tensorshape", "disable_tensor_equality", "enable_resource_variables",
    "disable_resource_variables", "enable_control_flow_v2", "disable_control_flow_v2", "disable_eager_execution",
]  # fmt: skip


@pytest.mark.parametrize("name", NOTHING)
def test_a_script_may_say_it(name):
    x = gg.constant(2.0)
    assert getattr(gg, name)() is None
    with gg.Session() as sess:
        assert sess.run(gg.gradients(x * x, x)[0]) == 4.0


@pytest.mark.parametrize("name", ["disable_v2_behavior", "disable_eager_execution"])
def test_eager_mode_ends(name):
    gg.enable_eager_execution()
    getattr(gg, name)()
    assert not gg.executing_eagerly()
    assert isinstance(gg.constant(1.0), gg.Tensor)


def test_what_a_script_may_ask():
    assert gg.resource_variables_enabled() and gg.control_flow_v2_enabled()
    v = gg.Variable(1.0)
    before = v.read_value()
    with gg.Session() as sess:
        sess.run(v.initializer)
        assert sess.run([before, v.assign_add(1.0)]) == [1.0, 2.0]  # a read is of the value from before the run
