"""What cases share: how the tensors that they return become values, and which error a call raises."""

from collections.abc import Callable
from typing import Any


def run(tf: Any, fetches: Any, feed_dict: dict[Any, Any] | None = None) -> Any:
    """The value of every tensor in a structure, in one run with initialised variables; other leaves stay as they are.

    None stays None: TensorFlow refuses to fetch it. Its slices of gradients are made dense.
    """
    found: list[Any] = []
    _walk(fetches, lambda leaf: found.append(_dense(tf, leaf)) if _is_fetched(tf, leaf) else None)
    if not found:
        return fetches
    with tf.get_default_graph().as_default():
        initializers = [tf.global_variables_initializer(), tf.local_variables_initializer()]
    with tf.Session() as session:
        session.run(initializers)
        values = iter(session.run(found, feed_dict))
    return _walk(fetches, lambda leaf: next(values) if _is_fetched(tf, leaf) else leaf)


def raised(call: Callable[[], Any]) -> Exception | str:
    """The error that a call raises, or the word 'nothing'."""
    try:
        call()
    except Exception as error:
        return error
    return "nothing"


def dtype_name(tensor: Any) -> str:
    """The name of a tensor's dtype, as TF1 writes it."""
    return str(getattr(tensor.dtype, "base_dtype", tensor.dtype)).replace("torch.", "").split("'")[-2:][0]


def sizes(tensor: Any) -> list[int | None] | None:
    """The static shape of a tensor, None for an unknown rank."""
    shape = tensor.get_shape()
    return None if shape.ndims is None else shape.as_list()


def _walk(value: Any, visit: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return type(value)((key, _walk(each, visit)) for key, each in value.items())
    if type(value) in (list, tuple):
        return type(value)(_walk(each, visit) for each in value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_walk(each, visit) for each in value))
    return visit(value)


def _is_fetched(tf: Any, leaf: Any) -> bool:
    return isinstance(leaf, tf.Tensor | tf.Operation) or hasattr(leaf, "_as_graph_element") or _is_sliced(leaf)


def _is_sliced(leaf: Any) -> bool:
    return type(leaf).__name__ == "IndexedSlices"


def _dense(tf: Any, leaf: Any) -> Any:
    return tf.convert_to_tensor(leaf) if _is_sliced(leaf) else leaf
