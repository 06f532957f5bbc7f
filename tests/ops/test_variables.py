"""Variables and collections with TF1's names."""

import numpy as np
import pytest
import torch

import graphgrad as gg


@pytest.fixture
def sess():
    with gg.Session() as session:
        yield session


@pytest.mark.parametrize(
    ("initial", "dtype"),
    [
        (1.0, torch.float32),
        (np.ones(2), torch.float64),
        (torch.ones(2, dtype=torch.float16), torch.float16),
        ([1, 2], torch.int32),
    ],
    ids=str,
)
def test_the_dtype_of_a_variable_is_its_initial_values(initial, dtype):
    assert gg.Variable(initial).dtype is dtype
    assert gg.Variable(initial, dtype=gg.float64).dtype is torch.float64


def test_an_initial_value_may_be_a_tensor_or_a_function(sess):
    a = gg.Variable(gg.ones([2]) * 3)
    b = gg.Variable(lambda: gg.zeros([2]) + 4)
    c = gg.Variable(lambda: np.float32([5, 5]))
    sess.run(gg.global_variables_initializer())
    assert [each.tolist() for each in sess.run([a, b, c])] == [[3, 3], [4, 4], [5, 5]]


def test_a_tensor_of_another_dtype_is_cast(sess):
    v = gg.Variable(gg.ones([2]), dtype=gg.float64)
    sess.run(v.initializer)
    assert sess.run(v).dtype == np.float64


def test_an_initial_value_of_unknown_shape_is_refused():
    with pytest.raises(ValueError, match="shape must be known"):
        gg.Variable(gg.placeholder(gg.float32, [None]))


def test_names_of_variables():
    names = [gg.Variable(1.0).op.name, gg.Variable(1.0).op.name, gg.Variable(1.0, name="w").op.name]
    with gg.name_scope("layer"):
        names.append(gg.Variable(1.0, name="w").op.name)
    assert names == ["Variable", "Variable_1", "w", "layer/w"]
    assert gg.Variable(1.0, name="b").initializer.name == "b/Assign"


def test_collections_of_variables():
    a = gg.Variable(1.0)
    b = gg.Variable(1.0, trainable=False)
    c = gg.Variable(1.0, collections=["own"])
    assert gg.global_variables() == [a, b]
    assert gg.trainable_variables() == [a, c]
    assert gg.get_collection("own") == [c]
    assert (a.trainable, b.trainable) == (True, False)


def test_trainable_variables_of_a_scope():
    with gg.name_scope("generator"):
        v = gg.Variable(1.0)
    gg.Variable(1.0)
    assert gg.trainable_variables("generator") == [v]
    assert gg.trainable_variables(scope="gener") == [v]


def test_a_parameter_of_a_module_is_listed_with_the_variables():
    v = gg.Variable(1.0)
    torch.nn.Linear(2, 3)(gg.ones([1, 2]))
    assert len(gg.global_variables()) == len(gg.trainable_variables()) == 3
    assert gg.global_variables()[0] is v


def test_initializers(sess):
    a, b = gg.Variable(1.0), gg.Variable(2.0)
    sess.run(gg.variables_initializer([a]))
    assert sess.run(a) == 1.0
    with pytest.raises(gg.errors.FailedPreconditionError):
        sess.run(b)
    sess.run(gg.global_variables_initializer())
    assert sess.run(b) == 2.0
    assert gg.variables_initializer([], name="nothing").name == "nothing"


def test_an_initializer_skips_parameters_and_leaves_their_values(sess):
    weight = torch.nn.Parameter(torch.tensor([1.0]))
    y = gg.ones([1]) * weight
    (variable,) = gg.global_variables()
    sess.run(variable.assign([7.0]))
    sess.run(gg.global_variables_initializer())
    assert sess.run(y).tolist() == [7.0]


def test_an_initializer_resets(sess):
    v = gg.Variable([1.0, 2.0])
    sess.run(v.initializer)
    sess.run(v.assign([5.0, 5.0]))
    sess.run(v.initializer)
    assert sess.run(v).tolist() == [1, 2]


def test_a_variable_made_inside_control_dependencies_waits_for_nothing():
    with gg.control_dependencies([gg.no_op()]):
        v = gg.Variable(1.0)
    assert v.op.control_inputs == () == v.initializer.control_inputs


def test_a_variable_that_starts_from_another(sess):
    a = gg.Variable(3.0)
    b = gg.Variable(a * 2)
    sess.run(a.initializer)
    sess.run(b.initializer)
    assert sess.run(b) == 6.0


def test_the_keys_of_collections():
    v = gg.Variable(1.0)
    assert gg.get_collection(gg.GraphKeys.GLOBAL_VARIABLES) == [v]
    assert gg.get_collection(gg.GraphKeys.TRAINABLE_VARIABLES) == [v]
    gg.add_to_collection(gg.GraphKeys.LOSSES, v)
    assert gg.get_collection(gg.GraphKeys.LOSSES) == [v]


def test_a_seed_belongs_to_its_graph():
    gg.set_random_seed(3)
    with gg.Graph().as_default():
        gg.set_random_seed(4)
    assert gg.get_default_graph().seed == 3
    gg.set_random_seed(None)
    assert gg.get_default_graph().seed is None


def test_an_illegal_name():
    with pytest.raises(ValueError, match="not a valid name"):
        gg.Variable(1.0, name="a b")


def test_what_a_variable_is():
    v = gg.Variable(1.0)
    w = torch.nn.Linear(1, 1)(gg.ones([1, 1])).op.inputs[1]
    assert isinstance(v, gg.Variable) and isinstance(v, gg.Tensor)
    assert all(isinstance(each, gg.Variable) for each in gg.global_variables())
    assert not isinstance(gg.constant(1.0), gg.Variable) and not isinstance(w * 2, gg.Variable)


def test_lists_of_variables():
    a = gg.Variable(1.0, collections=[gg.GraphKeys.LOCAL_VARIABLES], trainable=False)
    b = gg.Variable(1.0, collections=[gg.GraphKeys.MODEL_VARIABLES, gg.GraphKeys.GLOBAL_VARIABLES])
    gg.add_to_collection(gg.GraphKeys.MOVING_AVERAGE_VARIABLES, b)
    assert (gg.local_variables(), gg.model_variables(), gg.moving_average_variables()) == ([a], [b], [b])
    assert gg.global_variables() == gg.all_variables() == [b]
    assert gg.global_variables("x") == gg.local_variables("x") == gg.model_variables("x") == []
    assert gg.moving_average_variables("Var") == [b]


def test_local_variables_have_their_own_initializer(sess):
    a = gg.Variable(1.0, collections=[gg.GraphKeys.LOCAL_VARIABLES], trainable=False)
    b = gg.Variable(2.0)
    sess.run(gg.local_variables_initializer())
    assert sess.run(a) == 1.0
    with pytest.raises(gg.errors.FailedPreconditionError):
        sess.run(b)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({}, ValueError, "needs an initial_value"),
        ({"initial_value": [1.0, 2.0], "expected_shape": [3]}, ValueError, r"has shape \[2\], not \[3\]"),
        ({"initial_value": 1.0, "constraint": 2.0}, ValueError, "not a function"),
        ({"initial_value": 1.0, "variable_def": "a definition"}, NotImplementedError, "VariableDef"),
    ],
    ids=str,
)
def test_what_cannot_be_a_variable(options, error, says):
    with pytest.raises(error, match=says):
        gg.Variable(**options)


def test_tf1s_arguments():
    v = gg.Variable([1.0], True, None, True, None, "v", expected_shape=[1], use_resource=True)
    assert (v.op.name, v.trainable) == ("v", True)
    with gg.eager_execution(), pytest.raises(RuntimeError, match="torch.nn.Parameter"):
        gg.Variable(1.0)


def test_a_variable_of_unknown_shape():
    # What TensorFlow 2.21's compat.v1 does with the same program.
    fed = gg.placeholder(gg.float32)
    v = gg.Variable(fed, validate_shape=False)
    with gg.variable_scope("s"):
        w = gg.get_variable("w", initializer=gg.constant([1.0, 2.0]), validate_shape=False)
    assert v.shape.ndims is None and w.shape.ndims is None
    longer = gg.assign(w, [1.0, 2.0, 3.0], validate_shape=False)
    (gradient,) = gg.gradients(gg.reduce_sum(w * w), w)
    added = gg.assign_add(w, fed)
    with gg.Session() as sess:
        sess.run([v.initializer, w.initializer], {fed: [[1.0, 2.0]]})
        assert sess.run(v).tolist() == [[1, 2]] and sess.run(gradient).tolist() == [2, 4]
        sess.run(longer.op)
        assert sess.run([w, gradient])[1].tolist() == [2, 4, 6]
        assert sess.run(added, {fed: [1.0, 1.0, 1.0]}).tolist() == [2, 3, 4]
        with pytest.raises(gg.errors.InvalidArgumentError, match="shape"):
            sess.run(added, {fed: [[1.0, 1.0, 1.0]]})  # which would broadcast
        assert sess.run(w).tolist() == [2, 3, 4]


def test_optimizers_and_checkpoints_of_a_variable_of_unknown_shape(tmp_path):
    v = gg.Variable([4.0, -4.0], validate_shape=False)
    train = gg.train.AdamOptimizer(0.1).minimize(gg.reduce_sum(v * v))
    saver = gg.train.Saver([v])
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        sess.run(train)
        np.testing.assert_allclose(sess.run(v), [3.9, -3.9], rtol=1e-5)  # Adam's first step is the learning rate
        path = saver.save(sess, str(tmp_path / "model"))
        v.load([1.0, 2.0, 3.0], sess)
        saver.restore(sess, path)
        np.testing.assert_allclose(sess.run([v, v.initialized_value()])[1], [3.9, -3.9], rtol=1e-5)


def test_the_shape_of_a_variable_must_be_known_otherwise():
    with pytest.raises(ValueError, match="validate_shape=False"):
        gg.Variable(gg.placeholder(gg.float32, [None]))


def test_variables_made_inside_a_loop_are_the_graphs():
    x = gg.constant(np.arange(6.0, dtype=np.float32).reshape(3, 2))

    def step(state, row):
        with gg.variable_scope("cell", reuse=gg.AUTO_REUSE):
            k = gg.get_variable("k", [2], initializer=gg.constant_initializer(2.0))
        return gg.layers.dense(row * k, 2, name="d", kernel_initializer=gg.ones_initializer()) + state

    with gg.variable_scope("rnn"):
        states = gg.scan(step, x, gg.zeros([1, 2])[0])
    variables = gg.trainable_variables()
    assert [each.name for each in variables] == ["rnn/cell/k:0", "rnn/d/kernel:0", "rnn/d/bias:0"]
    gradients = gg.gradients(states[-1], variables)
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        last, k, kernel, bias = sess.run([states[-1], *gradients])
    total = np.float32([0 + 2 + 4, 1 + 3 + 5])  # the columns of x
    np.testing.assert_allclose(last, [2 * total.sum()] * 2)
    np.testing.assert_allclose(k, 2 * total)
    np.testing.assert_allclose(kernel, np.stack([2 * total, 2 * total], 1))
    np.testing.assert_allclose(bias, [3.0, 3.0])


def test_a_variable_made_inside_a_branch_starts_from_outside_of_it():
    x = gg.placeholder(gg.float32, [])
    with pytest.raises(ValueError, match="inside a branch or a loop's body"):
        gg.cond(x > 0, lambda: gg.Variable(x * 2.0).read_value(), lambda: x)
    y = gg.cond(x > 0, lambda: gg.Variable(lambda: gg.constant(3.0)) * x, lambda: x)
    with gg.Session() as sess:
        sess.run(gg.global_variables_initializer())
        assert sess.run(y, {x: 2.0}) == 6.0
