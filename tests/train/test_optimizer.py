"""What optimizers share: gradients in, one operation that updates variables out; slots; refusals."""

import numpy as np
import pytest
import torch

import graphgrad as gg
from graphgrad.train import GradientDescentOptimizer, Optimizer


@pytest.fixture
def sess():
    with gg.Session() as session:
        yield session


@pytest.fixture
def v():
    return gg.Variable([1.0, 2.0], name="v")


def start(sess):
    sess.run(gg.global_variables_initializer())


# -- a step ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.25, 1, np.float32(0.5)], ids=repr)
def test_gradient_descent(sess, v, rate):
    step = GradientDescentOptimizer(rate).minimize(gg.reduce_sum(v * v))
    start(sess)
    assert sess.run(step) is None
    np.testing.assert_allclose(sess.run(v), [1 - 2 * float(rate), 2 - 4 * float(rate)])


def test_a_rate_that_is_fed(sess, v):
    rate = gg.placeholder(gg.float64, [])
    step = GradientDescentOptimizer(rate).minimize(gg.reduce_sum(v * 3.0))
    start(sess)
    sess.run(step, {rate: 1.0})
    sess.run(step, {rate: 0.5})
    assert sess.run(v).tolist() == [-3.5, -2.5]


def test_many_steps_agree_with_torch(sess):
    data, target = np.random.randn(8, 3), np.random.randn(8, 1)
    w, b = gg.Variable(np.zeros((3, 1))), gg.Variable(np.zeros(1))
    x, y = gg.constant(data), gg.constant(target)
    loss = gg.reduce_mean(gg.square(gg.tanh(x @ w + b) - y))
    step = GradientDescentOptimizer(0.1).minimize(loss)
    eager = [torch.zeros(3, 1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)]
    for tensor in eager:
        tensor.requires_grad_()
    optimizer = torch.optim.SGD(eager, 0.1)
    start(sess)
    for _ in range(20):
        sess.run(step)
        optimizer.zero_grad()
        (torch.tanh(torch.from_numpy(data) @ eager[0] + eager[1]) - torch.from_numpy(target)).square().mean().backward()
        optimizer.step()
    for have, want in zip(sess.run([w, b]), eager, strict=True):
        np.testing.assert_allclose(have, want.detach().numpy(), rtol=1e-12)


def test_a_step_updates_in_place(sess, v):
    step = GradientDescentOptimizer(0.5).minimize(gg.reduce_sum(v * v))
    assert "state[0].sub_(" in sess.source(step)


def test_all_variables_are_updated_from_the_values_before_the_step(sess):
    a, b = gg.Variable(2.0), gg.Variable(3.0)
    step = GradientDescentOptimizer(1.0).minimize(a * b)
    start(sess)
    sess.run(step)
    assert sess.run([a, b]) == [-1.0, 1.0]


def test_the_loss_of_a_step_is_the_one_before_it(sess, v):
    loss = gg.reduce_sum(v * v)
    step = GradientDescentOptimizer(0.25).minimize(loss)
    start(sess)
    assert [sess.run([loss, step])[0] for _ in range(2)] == [5.0, 1.25]


def test_parameters_of_a_module_are_trained(sess):
    layer = torch.nn.Linear(2, 1)
    before = layer.weight.tolist()
    x = gg.placeholder(gg.float32, [None, 2])
    loss = gg.reduce_sum(layer(x))
    step = GradientDescentOptimizer(1.0).minimize(loss)
    sess.run(step, {x: [[1, 10]]})
    (weight, _) = gg.trainable_variables()
    np.testing.assert_allclose(sess.run(weight), np.array(before) - [[1, 10]], rtol=1e-5)
    assert layer.weight.tolist() == before


def test_the_global_step_counts_steps(sess, v):
    count = gg.Variable(0, trainable=False)
    step = GradientDescentOptimizer(0.1).minimize(gg.reduce_sum(v * v), global_step=count)
    start(sess)
    for _ in range(3):
        sess.run(step)
    assert sess.run(count) == 3


def test_the_global_step_counts_after_the_updates(sess, v):
    count = gg.Variable(0, trainable=False, name="count")
    step = GradientDescentOptimizer(0.1).minimize(gg.reduce_sum(v * v), global_step=count)
    (counting,) = [op for op in step.control_inputs if op.type == "AssignAdd"]
    assert any(op.type == "AssignSub" for op in counting.control_inputs)


# -- which variables ------------------------------------------------------------------------------------


def test_the_trainable_variables_by_default(v):
    fixed = gg.Variable([1.0, 1.0], trainable=False)
    pairs = GradientDescentOptimizer(0.1).compute_gradients(gg.reduce_sum(v * fixed))
    assert [variable for _, variable in pairs] == [v]


def test_those_that_are_listed(sess, v):
    w, weight = gg.Variable([1.0, 1.0]), torch.nn.Parameter(torch.ones(2))
    loss = gg.reduce_sum(v * w * weight)
    pairs = GradientDescentOptimizer(0.1).compute_gradients(loss, var_list=[w, weight])
    assert [variable.name for _, variable in pairs] == ["Variable:0", "parameter:0"]
    start(sess)
    assert sess.run(pairs[0][0]).tolist() == [1, 2]


def test_gradients_may_be_changed_before_they_are_applied(sess, v):
    optimizer = GradientDescentOptimizer(1.0)
    pairs = optimizer.compute_gradients(gg.reduce_sum(v * v))
    step = optimizer.apply_gradients([(gg.clip_by_value(g, -0.5, 0.5), each) for g, each in pairs])
    start(sess)
    sess.run(step)
    assert sess.run(v).tolist() == [0.5, 1.5]


def test_a_variable_without_a_gradient_is_left_as_it_is(sess, v):
    w = gg.Variable([7.0, 7.0])
    step = GradientDescentOptimizer(0.5).minimize(gg.reduce_sum(v * v), var_list=[v, w])
    start(sess)
    sess.run(step)
    assert [each.tolist() for each in sess.run([v, w])] == [[0, 0], [7, 7]]


def test_options_of_gradients_are_passed_on(v):
    h = v * 2.0
    with pytest.raises(TypeError):
        GradientDescentOptimizer(0.1).compute_gradients(gg.reduce_sum(h), nonsense=True)
    pairs = GradientDescentOptimizer(0.1).compute_gradients(gg.reduce_sum(h), stop_gradients=[h])
    assert pairs == [(None, v)]


@pytest.mark.parametrize("gate", [Optimizer.GATE_NONE, Optimizer.GATE_OP, Optimizer.GATE_GRAPH])
def test_gates(sess, v, gate):
    w = gg.Variable([1.0, 1.0])
    pairs = GradientDescentOptimizer(0.1).compute_gradients(gg.reduce_sum(v * w), gate_gradients=gate)
    start(sess)
    assert [each.tolist() for each in sess.run([pair[0] for pair in pairs])] == [[1, 1], [1, 2]]
    # With GATE_GRAPH the first gradient waits for the second one.
    waits_for = set(pairs[0][0].op.control_inputs)
    assert bool(waits_for) == (gate == Optimizer.GATE_GRAPH)


def test_the_gradient_that_the_loss_receives(sess, v):
    pairs = GradientDescentOptimizer(0.1).compute_gradients(v * v, grad_loss=gg.constant([1.0, 10.0]))
    start(sess)
    assert sess.run(pairs[0][0]).tolist() == [2, 40]


def test_gradients_that_are_arrays(sess, v):
    step = GradientDescentOptimizer(1.0).apply_gradients([(np.array([1, 2]), v)])
    start(sess)
    sess.run(step)
    assert sess.run(v).tolist() == [0, 0]


def test_a_constraint_holds_after_the_update(sess):
    v = gg.Variable([1.0, 4.0], constraint=lambda value: gg.clip_by_value(value, 0.0, 3.0))
    w = gg.Variable([1.0, 4.0])
    step = GradientDescentOptimizer(1.0).minimize(gg.reduce_sum(2 * v + 2 * w))
    start(sess)
    sess.run(step)
    assert [each.tolist() for each in sess.run([v, w])] == [[0, 2], [-1, 2]]


# -- slots ----------------------------------------------------------------------------------------------


class Counting(Optimizer):
    """Adds the gradient to one slot, and keeps a number of its own."""

    def _create_slots(self, var_list):
        for variable in var_list:
            self._zeros_slot(variable, "sum", self._name)
            self._get_or_make_slot(variable, np.float32([5, 6]), "start", "given")
        self._create_non_slot_variable(2.0, "factor", var_list[0])

    def _apply_dense(self, grad, var):
        factor = self._get_non_slot_variable("factor", var.graph)
        slot = self.get_slot(var, "sum")
        return gg.group(slot.assign_add(grad * factor), var.assign_sub(slot))

    def _finish(self, update_ops, name_scope):
        with gg.control_dependencies(update_ops):
            return [*update_ops, self._get_non_slot_variable("factor", gg.get_default_graph()).assign_add(1.0)]


def test_an_optimizer_of_ones_own_with_slots(sess, v):
    optimizer = Counting(False, "Counting")
    step = optimizer.minimize(gg.reduce_sum(v))
    assert optimizer.get_slot_names() == ["start", "sum"]
    names = ["factor:0", "v/Counting:0", "v/given:0"]
    assert [variable.name for variable in optimizer.variables()] == names
    start(sess)
    for _ in range(2):
        sess.run(step)
    values = sess.run([v, optimizer.get_slot(v, "sum"), optimizer.get_slot(v, "start")])
    # The variable loses the sum from before the step: nothing, then 2. The sum grows by 2, then by 3.
    assert [value.tolist() for value in values] == [[-1, 0], [5, 5], [5, 6]]


def test_a_slot_that_is_not_there(v):
    optimizer = Counting(False, "Counting")
    assert optimizer.get_slot(v, "sum") is None and optimizer.get_slot_names() == []
    optimizer.minimize(gg.reduce_sum(v))
    assert optimizer.get_slot(v, "other") is None
    assert optimizer.get_slot(gg.Variable(1.0), "sum") is None


def test_slots_are_made_once(v):
    optimizer = Counting(False, "Counting")
    optimizer.minimize(gg.reduce_sum(v))
    optimizer.minimize(gg.reduce_sum(v * v))
    assert len(optimizer.variables()) == 3


def test_the_slot_of_a_parameter():
    layer = torch.nn.Linear(2, 1, bias=False)
    optimizer = gg.train.MomentumOptimizer(0.1, 0.9)
    optimizer.minimize(gg.reduce_sum(layer(gg.ones([1, 2]))))
    slot = optimizer.get_slot(layer.weight, "momentum")
    assert slot.name == f"{gg.trainable_variables()[0].op.name}/Momentum:0"


def test_slots_are_global_and_not_trained(v):
    gg.train.MomentumOptimizer(0.1, 0.9).minimize(gg.reduce_sum(v))
    assert [variable.name for variable in gg.global_variables()] == ["v:0", "v/Momentum:0"]
    assert gg.trainable_variables() == [v]


# -- refusals -------------------------------------------------------------------------------------------


def test_no_gradient_for_any_variable_explains_each(v):
    w = gg.Variable([1.0, 1.0], name="w")
    loss = gg.reduce_sum(gg.floor(v, name="cut"))
    with pytest.raises(ValueError, match="no gradients provided for any variable") as caught:
        GradientDescentOptimizer(0.1).minimize(loss, var_list=[v, w])
    text = str(caught.value)
    assert "no gradient reaches v:0" in text and "cut" in text and "test_optimizer.py" in text
    assert "no gradient reaches w:0: no operation leads from it" in text


def test_no_variables_at_all():
    with pytest.raises(ValueError, match="no variables to optimize"):
        GradientDescentOptimizer(0.1).minimize(gg.constant(1.0))
    with pytest.raises(ValueError, match="no variables"):
        GradientDescentOptimizer(0.1).apply_gradients([])


@pytest.mark.parametrize("loss", [1.0, None, "loss", torch.ones(1)], ids=repr)
def test_what_is_no_loss(v, loss):
    with pytest.raises(ValueError, match="not a floating tensor of a graph"):
        GradientDescentOptimizer(0.1).minimize(loss)


def test_an_integer_is_no_loss(v):
    with pytest.raises(ValueError, match="not a floating tensor"):
        GradientDescentOptimizer(0.1).minimize(gg.constant(1))


@pytest.mark.parametrize("item", [1.0, "v", None], ids=repr)
def test_what_is_no_variable(v, item):
    with pytest.raises(TypeError, match="neither a variable nor a parameter"):
        GradientDescentOptimizer(0.1).minimize(gg.reduce_sum(v), var_list=[item])


def test_a_placeholder_is_no_variable(v):
    x = gg.placeholder(gg.float32, [2])
    with pytest.raises(TypeError, match="neither a variable nor a parameter"):
        GradientDescentOptimizer(0.1).minimize(gg.reduce_sum(v * x), var_list=[x])


def test_a_gradient_that_does_not_fit_its_variable(v):
    optimizer = GradientDescentOptimizer(0.1)
    with pytest.raises(ValueError, match=r"float32\[3\], its variable v:0 is float32\[2\]"):
        optimizer.apply_gradients([(gg.zeros([3]), v)])
    with pytest.raises(ValueError, match=r"float64\[2\], its variable v:0 is float32\[2\]"):
        optimizer.apply_gradients([(gg.zeros([2], dtype=gg.float64), v)])


def test_a_variable_that_is_given_twice(v):
    with pytest.raises(ValueError, match="v is given 2 times"):
        GradientDescentOptimizer(0.1).apply_gradients([(gg.ones([2]), v), (gg.ones([2]), v)])


def test_an_unknown_gate(v):
    with pytest.raises(ValueError, match="gate_gradients is 7"):
        GradientDescentOptimizer(0.1).minimize(gg.reduce_sum(v), gate_gradients=7)


def test_a_rate_that_is_none(v):
    for rate in ("fast", [0.1, 0.2], None):
        with pytest.raises(ValueError, match="the learning rate is"):
            GradientDescentOptimizer(rate).minimize(gg.reduce_sum(v))
    with pytest.raises(ValueError, match=r"the learning rate has shape \[2\]"):
        GradientDescentOptimizer(gg.zeros([2])).minimize(gg.reduce_sum(v))


def test_a_nameless_optimizer():
    with pytest.raises(ValueError, match="needs a name"):
        GradientDescentOptimizer(0.1, name="")


def test_an_optimizer_that_does_not_say_how(v):
    with pytest.raises(NotImplementedError, match="_apply_dense"):
        Optimizer(False, "Nothing").minimize(gg.reduce_sum(v))


# -- names ----------------------------------------------------------------------------------------------


def test_the_operations_go_under_the_optimizers_name(v):
    before = len(gg.get_default_graph())
    step = GradientDescentOptimizer(0.1).minimize(gg.reduce_sum(v * v))
    named = GradientDescentOptimizer(0.1, name="Descent").minimize(gg.reduce_sum(v * v))
    added = gg.get_default_graph().get_operations()[before:]
    assert step.name.startswith("GradientDescent") and named.name.startswith("Descent")
    assert {op.name.split("/")[0] for op in added if op.type == "AssignSub"} == {"GradientDescent", "Descent"}


def test_the_step_has_the_optimizers_name(v):
    names = [GradientDescentOptimizer(0.1).minimize(gg.reduce_sum(v * v)).name for _ in range(2)]
    with gg.name_scope("outer"):
        names.append(GradientDescentOptimizer(0.1).minimize(gg.reduce_sum(v * v)).name)
    assert names == ["GradientDescent", "GradientDescent_1", "outer/GradientDescent"]
    assert GradientDescentOptimizer(0.1).get_name() == "GradientDescent"


def test_the_name_of_minimize_is_the_steps(v):
    assert GradientDescentOptimizer(0.1).minimize(gg.reduce_sum(v * v), name="train").name.startswith("train")


def test_an_optimizer_says_how_one_variable_is_updated(sess, v):
    class Reset(Optimizer):
        def _apply_dense(self, grad, var):
            return var.assign(grad)

    step = Reset(False, "Reset").minimize(gg.reduce_sum(v * v))
    start(sess)
    sess.run(step)
    assert sess.run(v).tolist() == [2, 4]
