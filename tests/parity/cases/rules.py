"""Gradients of a user's own: custom_gradient, RegisterGradient, gradient_override_map, py_func."""

import numpy as np

from tests.parity.case import case, each_of
from tests.parity.session import raised, run


def doubled(tf):
    """A square whose gradient is said to be 10."""

    @tf.custom_gradient
    def square(x):
        return x * x, lambda dy: 10.0 * dy

    return square


@case()
def custom_gradient(tf):
    x = tf.constant([1.0, 2.0])
    y = doubled(tf)(x)
    return [y, tf.gradients(y, x), tf.gradients(tf.exp(y) * x, x), tf.gradients(y, x, grad_ys=[[2.0, 3.0]])]


@case()
def custom_gradient_of_two(tf):
    @tf.custom_gradient
    def product(a, b):
        return a * b, lambda dy: (dy * 2.0, dy * a)

    a, b = tf.constant(3.0), tf.constant(4.0)
    y = product(a, b)
    return [y, tf.gradients(y, [a, b])]


@case()
def custom_gradient_with_two_results(tf):
    @tf.custom_gradient
    def both(x):
        return [x * x, x + 1.0], lambda da, db: da * 3.0 + db * 5.0

    x = tf.constant([1.0, 2.0])
    a, b = both(x)
    return [tf.gradients(a, x), tf.gradients(b, x), tf.gradients([a, b], x), tf.gradients(a * b, x)]


@case()
def custom_gradient_that_gives_none(tf):
    @tf.custom_gradient
    def product(a, b):
        return a * b, lambda dy: (None, dy * 7.0)

    a, b = tf.constant(3.0), tf.constant(4.0)
    return tf.gradients(product(a, b), [a, b])


@case()
def custom_gradient_twice(tf):
    @tf.custom_gradient
    def square(x):
        return x * x, lambda dy: 2.0 * x * dy

    x = tf.constant(3.0)
    (first,) = tf.gradients(square(x), x)
    return [first, tf.gradients(first, x)]


@case()
def custom_gradient_that_is_constant_twice(tf):
    x = tf.constant(3.0)
    (first,) = tf.gradients(doubled(tf)(x), x)
    return [first, tf.gradients(first, x)]


@case()
def custom_gradient_hides_what_it_closes_over(tf):
    w = tf.constant(5.0)

    @tf.custom_gradient
    def scaled(x):
        return x * w, lambda dy: dy * w

    x = tf.constant(3.0)
    return tf.gradients(scaled(x), [x, w])


@case()
def custom_gradient_with_a_variable(tf):
    with tf.variable_scope("s"):
        v = tf.get_variable("v", initializer=5.0)

    @tf.custom_gradient
    def scaled(x):
        def slopes(dy, variables=None):
            return dy * 2.0, [dy * 3.0 for _ in variables]

        return x * v, slopes

    x = tf.constant(3.0)
    return tf.gradients(scaled(x), [x, v])


@case()
def custom_gradient_is_lazy(tf):
    calls = []

    @tf.custom_gradient
    def square(x):
        def slope(dy):
            calls.append(1)
            return dy

        return x * x, slope

    x = tf.constant(3.0)
    y = square(x)
    before = len(calls)
    tf.gradients(y, tf.constant(1.0))
    tf.gradients(y, x)
    return [before, len(calls)]


@case()
def custom_gradient_keeps_its_name(tf):
    @tf.custom_gradient
    def my_square(x):
        return x * x, lambda dy: dy

    return my_square.__name__


WRONG = {
    "too many": lambda tf, x: ((x * x, lambda dy: (dy, dy)), x),
    "wrong shape": lambda tf, x: ((x * x, lambda dy: tf.ones([3])), x),
    "no pair": lambda tf, x: (x * x, x),
    "no function": lambda tf, x: ((x * x, None), x),
    "it raises": lambda tf, x: ((x * x, lambda dy: {}["missing"]), x),
}


@each_of(WRONG)
def wrong_custom_gradient(tf, make):
    x = tf.constant([1.0, 2.0])

    def call():
        result, source = make(tf, x)
        y = tf.custom_gradient(lambda t: result)(source)
        tf.gradients(y, x)

    return raised(call)


@case()
def stop_beside_a_custom_gradient(tf):
    x = tf.constant([1.0, 2.0])
    y = doubled(tf)(x)
    return [tf.gradients(y * x, x, stop_gradients=[y]), tf.gradients(y, [y, x], stop_gradients=[y])]


@case()
def straight_through(tf):
    x = tf.constant([1.3, 2.7])
    y = x + tf.stop_gradient(tf.round(x) - x)
    return [y, tf.gradients(y * y, x)]


@case()
def grad_pass_through(tf):
    x = tf.constant([1.3, 2.7])
    y = tf.grad_pass_through(tf.round)(x)
    return [y, tf.gradients(y * y, x)]


@case()
def gradient_reversal(tf):
    @tf.custom_gradient
    def reverse(x):
        return tf.identity(x), lambda dy: -0.5 * dy

    x, w = tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])
    h = x * w
    return tf.gradients(reverse(h) * 2.0 + h, [x, w])


@case()
def override_of_an_operation(tf):
    tf.RegisterGradient("ParityTenfold")(lambda op, dy: dy * 10.0)
    x = tf.constant([1.0, 2.0])
    before = tf.square(x)
    with tf.get_default_graph().gradient_override_map({"Square": "ParityTenfold"}):
        inside = tf.square(x)
    after = tf.square(x)
    return [tf.gradients(before, x), tf.gradients(inside, x), tf.gradients(after, x), inside]


@case()
def override_of_an_inner_map(tf):
    tf.RegisterGradient("ParityFive")(lambda op, dy: dy * 5.0)
    tf.RegisterGradient("ParitySeven")(lambda op, dy: dy * 7.0)
    x = tf.constant([1.0, 2.0])
    graph = tf.get_default_graph()
    with graph.gradient_override_map({"Exp": "ParityFive"}):
        outer = tf.exp(x)
        with graph.gradient_override_map({"Exp": "ParitySeven"}):
            inner = tf.exp(x)
        again = tf.exp(x)
    return [tf.gradients(each, x) for each in (outer, inner, again)]


@case()
def override_reads_inputs_and_outputs(tf):
    tf.RegisterGradient("ParityReads")(lambda op, dy: dy * op.inputs[0] + op.outputs[0])
    x = tf.constant([1.0, 2.0])
    with tf.get_default_graph().gradient_override_map({"Tanh": "ParityReads"}):
        y = tf.tanh(x)
    return tf.gradients(y * 3.0, x)


@case()
def override_with_none(tf):
    tf.RegisterGradient("ParityNone")(lambda op, dy: None)
    x = tf.constant([1.0, 2.0])
    with tf.get_default_graph().gradient_override_map({"Sin": "ParityNone"}):
        y = tf.sin(x)
    return [tf.gradients(y, x), tf.gradients(y * x, x)]


@case()
def override_of_a_product(tf):
    tf.RegisterGradient("ParityProduct")(lambda op, dy: [dy * 2.0, None])
    a, b = tf.constant(3.0), tf.constant(4.0)
    with tf.get_default_graph().gradient_override_map({"Mul": "ParityProduct"}):
        y = a * b
    return tf.gradients(y, [a, b])


@case()
def override_that_nobody_registered(tf):
    x = tf.constant([1.0, 2.0])
    with tf.get_default_graph().gradient_override_map({"Exp": "ParityNobody"}):
        y = tf.exp(x)
    return [y, raised(lambda: tf.gradients(y, x)), tf.gradients(x * x, x)]


@case()
def override_of_a_type_that_is_not_there(tf):
    x = tf.constant([1.0, 2.0])
    with tf.get_default_graph().gradient_override_map({"Matmul": "ParityNobody"}):
        y = tf.exp(x)
    return tf.gradients(y, x)


@case()
def override_wrong(tf):
    graph = tf.get_default_graph()

    def enter(mapping):
        with graph.gradient_override_map(mapping):
            pass

    return [raised(lambda: enter(5)), raised(lambda: enter({3: "a"})), raised(lambda: enter({"Exp": 3}))]


RESULTS = {"too many": lambda dy: [dy, dy], "too few": lambda dy: [], "wrong shape": lambda dy: dy[:1]}


@each_of(RESULTS)
def wrong_registered_gradient(tf, rule):
    name = f"ParityWrong{list(RESULTS.values()).index(rule)}"
    tf.RegisterGradient(name)(lambda op, dy: rule(dy))
    x = tf.constant([1.0, 2.0])

    def call():
        with tf.get_default_graph().gradient_override_map({"Exp": name}):
            y = tf.exp(x)
        tf.gradients(y, x)

    return raised(call)


@case()
def registering_twice(tf):
    tf.RegisterGradient("ParityTwice")(lambda op, dy: dy)
    return [
        raised(lambda: tf.RegisterGradient("ParityTwice")(lambda op, dy: dy)),
        raised(lambda: tf.NotDifferentiable("ParityTwice")),
        raised(lambda: tf.RegisterGradient("Exp")(lambda op, dy: dy)),
        raised(lambda: tf.RegisterGradient(3)),
    ]


@case()
def registering_gives_the_function_back(tf):
    def rule(op, dy):
        return dy

    return tf.RegisterGradient("ParityBack")(rule) is rule


@case()
def not_differentiable_by_name(tf):
    tf.NotDifferentiable("ParityConstant")
    x = tf.constant([1.0, 2.0])
    with tf.get_default_graph().gradient_override_map({"Exp": "ParityConstant"}):
        y = tf.exp(x)
    return [tf.gradients(y, x), tf.gradients(y * x, x)]


@case()
def py_func(tf):
    x = tf.constant([1.0, 2.0])
    y = tf.py_func(lambda a: a * a + np.float32(1), [x], tf.float32)
    y.set_shape([2])
    return [y, tf.gradients(y, x), tf.gradients(y * x, x)]


@case()
def py_func_of_several(tf):
    x, k = tf.constant([1.0, 2.0]), tf.constant([1, 0])
    a, b = tf.py_func(lambda u, v: (u[v], v + 1), [x, k], [tf.float32, tf.int32])
    return [a, b]


@case()
def py_func_with_an_override(tf):
    tf.RegisterGradient("ParityPyFunc")(lambda op, dy: dy * 4.0)
    x = tf.constant([1.0, 2.0])
    with tf.get_default_graph().gradient_override_map({"PyFunc": "ParityPyFunc"}):
        y = tf.py_func(lambda a: a * a, [x], tf.float32)
    return tf.gradients(y, x)


@case()
def py_func_that_raises(tf):
    def fail(a):
        raise ValueError("no")

    y = tf.py_func(fail, [tf.constant(1.0)], tf.float32)
    return raised(lambda: run(tf, y))
