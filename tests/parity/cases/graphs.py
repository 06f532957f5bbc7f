"""The graph itself: names, scopes, lookups, collections, control dependencies, static shapes."""

from tests.parity.case import case, each_of
from tests.parity.session import dtype_name, raised, run, sizes

NAMED = {
    "repeated": lambda tf: [tf.constant(1.0, name="a").name for _ in range(3)],
    "differ in case": lambda tf: [tf.constant(1.0, name=name).name for name in ("a", "a", "A", "a_1", "a")],
    "default names": lambda tf: [tf.constant(1.0).name, tf.placeholder(tf.float32).name, tf.no_op().name],
    "in a scope": lambda tf: in_scopes(tf, "s", "s"),
    "of add": lambda tf: (tf.constant(1.0) + tf.constant(2.0)).op.name,
    "of sub": lambda tf: (tf.constant(1.0) - tf.constant(2.0)).op.name,
    "of mul": lambda tf: (tf.constant(1.0) * tf.constant(2.0)).op.name,
    "of truediv": lambda tf: (tf.constant(1.0) / tf.constant(2.0)).op.name,
    "of floordiv": lambda tf: (tf.constant(1.0) // tf.constant(2.0)).op.name,
    "of pow": lambda tf: (tf.constant(1.0) ** tf.constant(2.0)).op.name,
    "of neg": lambda tf: (-tf.constant(1.0)).op.name,
    "of matmul": lambda tf: tf.matmul(tf.zeros([1, 1]), tf.zeros([1, 1]), name="product").name,
    "given": lambda tf: [tf.exp(tf.constant(1.0), name="e").name, tf.reduce_sum([1.0], name="total").name],
    "of functions": lambda tf: [tf.reshape([1.0], [1, 1], name="r").name, tf.stack([1.0], name="c").name],
    "of concat": lambda tf: tf.concat([[1.0], [2.0]], 0, name="c").name,
    "as its scope": lambda tf: as_its_scope(tf),
    "types": lambda tf: [
        each.op.type for each in (tf.exp(tf.constant(1.0)), tf.matmul(tf.zeros([1, 1]), tf.zeros([1, 1])),
                                  tf.nn.relu(tf.constant(1.0)), tf.identity(tf.constant(1.0)),
                                  tf.placeholder(tf.float32), tf.constant(2.0), tf.tanh(tf.constant(1.0)))
    ],
    "after a scope of that name": lambda tf: [in_scopes(tf, "a"), tf.constant(1.0, name="a").name],
    "unique": lambda tf: [tf.get_default_graph().unique_name(name) for name in ("u", "u", "v", "u_1")],
    "unique preview": lambda tf: [
        tf.get_default_graph().unique_name("u", mark_as_used=False), tf.get_default_graph().unique_name("u")
    ],
    "exact": lambda tf: [tf.constant(1.0, name="a/b").name, tf.constant(1.0, name="a/b").name],
    "slash at the end": lambda tf: tf.constant(1.0, name="exact/").name,
    "gradients": lambda tf: gradient_scopes(tf),
    "variable": lambda tf: [tf.Variable(1.0).name, tf.Variable(1.0).name, tf.Variable(1.0, name="w").name],
    "group": lambda tf: [tf.group().name, tf.group(name="together").name],
}  # fmt: skip


def in_scopes(tf, *names):
    found = []
    for name in names:
        with tf.name_scope(name) as full:
            found += [full, tf.constant(1.0, name="x").name]
    return found


def as_its_scope(tf):
    with tf.name_scope("loss") as scope:
        total = tf.identity(tf.constant(1.0), name=scope)
    return [total.name, tf.constant(1.0, name="loss").name, raised(lambda: tf.constant(1.0, name="loss/"))]


def gradient_scopes(tf):
    """The first part of the names of what two calls add."""
    x = tf.constant(2.0)
    y = x * x
    found = []
    for arguments in ({}, {}, {"name": "mine"}):
        (slope,) = tf.gradients(y, x, **arguments)
        found.append(slope.name.partition("/")[0])
    return found


@each_of(NAMED)
def name_of(tf, make):
    return make(tf)


WRONG_NAMES = ["a b", "_a", "-a", "a:0", "é"]


@each_of({repr(name): name for name in WRONG_NAMES})
def wrong_name(tf, name):
    return raised(lambda: tf.placeholder(tf.float32, name=name))


@case()
def scopes(tf):
    found = []
    with tf.name_scope("outer") as outer:
        found.append(outer)
        with tf.name_scope("inner") as inner:
            found.append([inner, tf.constant(1.0, name="_low").name])
        with tf.name_scope(outer):
            found.append(tf.constant(1.0, name="again").name)
        with tf.name_scope(None):
            found.append(tf.constant(1.0, name="top").name)
        with tf.name_scope(""):
            found.append(tf.constant(1.0, name="top").name)
    with tf.name_scope("outer") as second:
        found.append(second)
    with tf.name_scope(None, "fallback") as default:
        found.append(default)
    with tf.name_scope("given", "fallback", [tf.constant(1.0)]) as given:
        found.append(given)
    return found


LOOKUPS = {
    "tensor": lambda tf, g: g.get_tensor_by_name("a:0").name,
    "operation": lambda tf, g: g.get_operation_by_name("s/b").name,
    "tensor by an operation's name": lambda tf, g: g.get_tensor_by_name("a"),
    "tensor that is missing": lambda tf, g: g.get_tensor_by_name("nobody:0"),
    "tensor of a bad index": lambda tf, g: g.get_tensor_by_name("a:3"),
    "tensor malformed": lambda tf, g: g.get_tensor_by_name("a:0:0"),
    "tensor no text": lambda tf, g: g.get_tensor_by_name(3),
    "operation by a tensor's name": lambda tf, g: g.get_operation_by_name("a:0"),
    "operation that is missing": lambda tf, g: g.get_operation_by_name("nobody"),
    "operation no text": lambda tf, g: g.get_operation_by_name(None),
    "element tensor": lambda tf, g: g.as_graph_element("a:0").name,
    "element operation": lambda tf, g: g.as_graph_element("a").name,
    "element itself": lambda tf, g: g.as_graph_element(g.get_tensor_by_name("a:0")).name,
    "element no operation": lambda tf, g: g.as_graph_element("a", allow_operation=False),
    "element no tensor": lambda tf, g: g.as_graph_element("a:0", allow_tensor=False),
    "element neither": lambda tf, g: g.as_graph_element("a", allow_tensor=False, allow_operation=False),
    "element of a number": lambda tf, g: g.as_graph_element(3.0),
    "element missing": lambda tf, g: g.as_graph_element("nobody"),
    "element of another graph": lambda tf, g: tf.Graph().as_graph_element(g.get_tensor_by_name("a:0")),
    "element of a variable": lambda tf, g: g.as_graph_element(tf.Variable([1.0, 2.0])).shape.as_list(),
    "operations": lambda tf, g: [op.name for op in g.get_operations()],
}


@each_of(LOOKUPS)
def lookup(tf, call):
    tf.placeholder(tf.float32, [2], name="a")
    with tf.name_scope("s"):
        tf.placeholder(tf.int32, [], name="b")
    try:
        return call(tf, tf.get_default_graph())
    except Exception as error:
        return error


@case()
def operations_know_their_neighbours(tf):
    x = tf.placeholder(tf.float32, [2], name="x")
    y = tf.multiply(x, x, name="y")
    z = tf.exp(y, name="z")
    return {
        "inputs": [each.name for each in y.op.inputs],
        "outputs": [each.name for each in y.op.outputs],
        "consumers of x": [each.name for each in x.consumers()],
        "consumers of y": [each.name for each in y.consumers()],
        "consumers of z": [each.name for each in z.consumers()],
        "index": z.value_index,
        "graph": z.graph is tf.get_default_graph() and z.op.graph is z.graph,
        "controls": [each.name for each in z.op.control_inputs],
        "type": z.op.type,
        "dtype": dtype_name(z),
    }


@case()
def tensors_are_no_values(tf):
    x = tf.constant([1.0, 2.0])
    return [
        raised(lambda: bool(x > 1.0)), raised(lambda: float(tf.constant(1.0))),
        raised(lambda: int(tf.constant(1))), x is x, raised(lambda: setattr(x, "name", "b")),
    ]  # fmt: skip


@case()
def collections(tf):
    graph = tf.get_default_graph()
    tf.add_to_collection("c", 1)
    tf.add_to_collection("c", 1)
    tf.add_to_collections(["c", "d"], 2)
    copy = tf.get_collection("c")
    copy.append(5)
    tf.get_collection_ref("e").append(7)
    return [
        tf.get_collection("c"), tf.get_collection("d"), tf.get_collection("e"), tf.get_collection("nobody"),
        sorted(graph.get_all_collection_keys()), graph.get_collection("c"),
    ]  # fmt: skip


@case()
def collections_by_scope(tf):
    with tf.name_scope("left"):
        a = tf.constant(1.0, name="a")
    with tf.name_scope("right"):
        b = tf.constant(1.0, name="b")
    for each in (a, b, 5):
        tf.add_to_collection("c", each)
    found = [tf.get_collection("c", scope) for scope in ("left", "right", "l.*a", "a", "right/b")]
    return [[each.name for each in one] for one in found]


@case()
def standard_collections(tf):
    tf.Variable(1.0, name="a")
    tf.Variable(2.0, name="b", trainable=False)
    tf.Variable(3.0, name="c", collections=[tf.GraphKeys.LOCAL_VARIABLES])
    keys = tf.GraphKeys
    names = ["GLOBAL_VARIABLES", "TRAINABLE_VARIABLES", "LOCAL_VARIABLES", "LOSSES", "UPDATE_OPS", "SUMMARIES"]
    return {name: [each.name for each in tf.get_collection(getattr(keys, name))] for name in names}


@case()
def finalized(tf):
    graph = tf.get_default_graph()
    tf.constant(1.0)
    graph.finalize()
    return [
        graph.finalized, raised(lambda: tf.constant(2.0)), raised(lambda: tf.Variable(1.0)),
        raised(lambda: tf.add_to_collection("c", 1)), tf.get_collection("c"),
    ]  # fmt: skip


@case()
def graphs_nest(tf):
    first = tf.get_default_graph()
    second = tf.Graph()
    with second.as_default():
        inside = tf.get_default_graph() is second
        x = tf.constant(1.0)
    return [inside, tf.get_default_graph() is first, x.graph is second, (x + 1.0).graph is second]


@case()
def graphs_do_not_mix(tf):
    with tf.Graph().as_default():
        other = tf.constant(1.0)
    mine = tf.constant(2.0)
    return [raised(lambda: mine + other), raised(lambda: tf.add_n([mine, other]))]


@case()
def control_dependencies_order_an_assign(tf):
    v = tf.Variable(1.0)
    with tf.control_dependencies([tf.assign(v, 5.0)]):
        after = v.read_value() * 2.0
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(after)


@case()
def control_inputs(tf):
    a, b = tf.no_op(name="a"), tf.constant(1.0, name="b")
    with tf.control_dependencies([a]):
        one = tf.no_op(name="one")
        with tf.control_dependencies([b, "a"]):
            two = tf.no_op(name="two")
            with tf.control_dependencies(None):
                none = tf.no_op(name="none")
    return [sorted(each.name for each in op.control_inputs) for op in (one, two, none)]


WRONG_CONTROLS = {
    "number": lambda tf: [3.0], "unknown name": lambda tf: ["nobody"], "object": lambda tf: [object()],
}  # fmt: skip


@each_of(WRONG_CONTROLS)
def wrong_control_dependencies(tf, make):
    def enter():
        with tf.control_dependencies(make(tf)):
            tf.no_op()

    return raised(enter)


@case()
def group_and_tuple(tf):
    v = tf.Variable(1.0)
    x = tf.constant(2.0)
    both = tf.tuple([x * 2.0, None, x * 3.0], control_inputs=[tf.assign(v, 9.0).op])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found = session.run([both[0], both[2]])
        return [both[1], found, session.run(v), raised(lambda: tf.tuple([None, None])), raised(lambda: tf.group(3.0))]


@case()
def add_n_of_one_and_none(tf):
    x = tf.constant([1.0, 2.0])
    return [tf.add_n([x]), tf.add_n([x, x, x]), raised(lambda: tf.add_n([]))]


SHAPES = {
    "unknown rank": lambda tf: tf.placeholder(tf.float32),
    "unknown size": lambda tf: tf.placeholder(tf.float32, [None, 3]),
    "scalar": lambda tf: tf.placeholder(tf.float32, []),
    "matmul": lambda tf: tf.matmul(tf.placeholder(tf.float32, [None, 3]), tf.zeros([3, 4])),
    "broadcast": lambda tf: tf.placeholder(tf.float32, [None, 3]) + tf.zeros([2, 1, 1]),
    "concat": lambda tf: tf.concat([tf.placeholder(tf.float32, [None, 3]), tf.zeros([2, 3])], 0),
    "concat of columns": lambda tf: tf.concat([tf.placeholder(tf.float32, [None, 3]), tf.zeros([2, 3])], 1),
    "reshape": lambda tf: tf.reshape(tf.placeholder(tf.float32, [None, 6]), [-1, 2, 3]),
    "reduce": lambda tf: tf.reduce_sum(tf.placeholder(tf.float32, [None, 6]), 1),
    "reduce keepdims": lambda tf: tf.reduce_sum(tf.placeholder(tf.float32, [None, 6]), 1, keepdims=True),
    "reduce all": lambda tf: tf.reduce_mean(tf.placeholder(tf.float32, [None, 6])),
    "transpose": lambda tf: tf.transpose(tf.placeholder(tf.float32, [None, 6, 2]), [2, 0, 1]),
    "stack": lambda tf: tf.stack([tf.placeholder(tf.float32, [None, 6])] * 3, 1),
    "slice": lambda tf: tf.placeholder(tf.float32, [None, 6])[:, 1:4],
    "index": lambda tf: tf.placeholder(tf.float32, [None, 6])[0],
    "gather": lambda tf: tf.gather(tf.zeros([5, 3]), tf.placeholder(tf.int32, [None])),
    "one_hot": lambda tf: tf.one_hot(tf.placeholder(tf.int32, [None]), 7),
    "where": lambda tf: tf.where(tf.placeholder(tf.bool, [4])),
    "boolean_mask": lambda tf: tf.boolean_mask(tf.zeros([4, 2]), tf.placeholder(tf.bool, [4])),
    "shape": lambda tf: tf.shape(tf.placeholder(tf.float32, [None, 6])),
    "conv2d": lambda tf: tf.nn.conv2d(
        tf.placeholder(tf.float32, [None, 7, 8, 3]), tf.zeros([3, 3, 3, 5]), [1, 2, 2, 1], "SAME"
    ),
    "max_pool": lambda tf: tf.nn.max_pool(
        tf.placeholder(tf.float32, [None, 7, 8, 3]), [1, 2, 2, 1], [1, 2, 2, 1], "VALID"
    ),
    "tile": lambda tf: tf.tile(tf.zeros([2, 3]), [2, 1]),
    "pad": lambda tf: tf.pad(tf.zeros([2, 3]), [[1, 1], [0, 2]]),
    "expand_dims": lambda tf: tf.expand_dims(tf.placeholder(tf.float32, [None, 3]), -1),
    "squeeze": lambda tf: tf.squeeze(tf.zeros([1, 3, 1])),
    "argmax": lambda tf: tf.argmax(tf.placeholder(tf.float32, [None, 3]), 1),
    "range": lambda tf: tf.range(2, 11, 3),
    "split": lambda tf: tf.split(tf.placeholder(tf.float32, [None, 6]), 3, 1)[0],
    "top_k": lambda tf: tf.nn.top_k(tf.placeholder(tf.float32, [None, 6]), 2)[0],
    "unstack": lambda tf: tf.unstack(tf.placeholder(tf.float32, [3, None]))[0],
    "cumsum": lambda tf: tf.cumsum(tf.placeholder(tf.float32, [None, 3])),
    "einsum": lambda tf: tf.einsum("bi,ij->bj", tf.placeholder(tf.float32, [None, 3]), tf.zeros([3, 2])),
    "softmax": lambda tf: tf.nn.softmax(tf.placeholder(tf.float32, [None, 3])),
    "fill": lambda tf: tf.fill([2, 3], 1.0),
    "eye": lambda tf: tf.eye(3),
}


@each_of(SHAPES)
def static_shape(tf, make):
    found = make(tf)
    return [sizes(found), dtype_name(found)]


WRONG_SHAPES = {
    "matmul": lambda tf: tf.matmul(tf.zeros([2, 3]), tf.zeros([2, 3])),
    "add": lambda tf: tf.zeros([2]) + tf.zeros([3]),
    "concat": lambda tf: tf.concat([tf.zeros([2, 3]), tf.zeros([2, 2])], 0),
    "reshape": lambda tf: tf.reshape(tf.zeros([4]), [3]),
    "stack": lambda tf: tf.stack([tf.zeros([2]), tf.zeros([3])]),
    "squeeze": lambda tf: tf.squeeze(tf.zeros([2, 3]), 0),
    "transpose": lambda tf: tf.transpose(tf.zeros([2, 3]), [0, 0]),
    "axis": lambda tf: tf.reduce_sum(tf.zeros([2, 3]), 2),
    "conv channels": lambda tf: tf.nn.conv2d(tf.zeros([1, 4, 4, 3]), tf.zeros([2, 2, 4, 1]), [1, 1, 1, 1], "SAME"),
    "conv padding": lambda tf: tf.nn.conv2d(tf.zeros([1, 4, 4, 3]), tf.zeros([2, 2, 3, 1]), [1, 1, 1, 1], "WIDE"),
    "bias": lambda tf: tf.nn.bias_add(tf.zeros([2, 3]), tf.zeros([2])),
    "xent": lambda tf: tf.nn.softmax_cross_entropy_with_logits(labels=tf.zeros([2, 3]), logits=tf.zeros([2, 4])),
    "split": lambda tf: tf.split(tf.zeros([5]), 2),
    "set_shape": lambda tf: tf.placeholder(tf.float32, [2, None]).set_shape([3, 4]),
    "constant": lambda tf: tf.constant([1.0, 2.0, 3.0], shape=[2]),
    "unstack": lambda tf: tf.unstack(tf.placeholder(tf.float32, [None, 2])),
    "pad": lambda tf: tf.pad(tf.zeros([2, 3]), [[1, 1]]),
    "tile": lambda tf: tf.tile(tf.zeros([2, 3]), [2]),
    "gather": lambda tf: tf.gather(tf.zeros([2, 3]), [0], axis=2),
    "expand_dims": lambda tf: tf.expand_dims(tf.zeros([2]), 3),
    "index": lambda tf: tf.zeros([2, 3])[0, 0, 0],
    "addition of dtypes": lambda tf: tf.constant(1) + tf.constant(1.0),
    "product of widths": lambda tf: tf.constant(1.0) * tf.constant(1.0, tf.float64),
    "fraction beside integers": lambda tf: tf.constant([1, 2]) + 0.5,
    "exp of integers": lambda tf: tf.exp(tf.constant(1)),
    "logical of floats": lambda tf: tf.logical_and(tf.constant(1.0), tf.constant(True)),
    "ragged constant": lambda tf: tf.constant([[1.0], [1.0, 2.0]]),
    "unknown dtype": lambda tf: tf.placeholder("float31"),
    "gather by floats": lambda tf: tf.gather(tf.zeros([2, 3]), [0.0]),
}


@each_of(WRONG_SHAPES)
def wrong_when_recorded(tf, call):
    return raised(lambda: call(tf))


@case()
def set_shape_and_ensure_shape(tf):
    x = tf.placeholder(tf.float32, [None, None])
    y = tf.identity(x)
    y.set_shape([None, 3])
    z = tf.ensure_shape(x, [2, 3])
    return [
        sizes(y), sizes(z), run(tf, z, {x: [[1.0, 2.0, 3.0]] * 2}), raised(lambda: run(tf, z, {x: [[1.0]]})),
        y.shape.is_fully_defined(), z.shape.num_elements(), y.shape.ndims,
    ]  # fmt: skip
