"""What all layers share: a scope for their variables, made at the first call and used at every later one."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import torch

from ...graph.body import root_of
from ...graph.graph import Graph, get_default_graph
from ...ground.errors import ArgumentTypeError
from ...ground.spec import as_dtype
from ...record.dims import Dim
from ...record.tensor import Tensor
from ...record.variable import Variable
from ..getting import get_variable
from ..keys import GraphKeys
from ..scopes import VariableScope, variable_scope
from ..sources import convert_to_tensor


class Layer:
    """A function of a tensor with variables of its own, which its first call makes.

    A subclass makes them in `build(shape)` with `add_weight`, and computes in `call(inputs)`.

    Args:
        trainable: whether its variables are.
        name: the name of its scope; the class's name, made unique, if None.
        dtype: the dtype of its variables; that of the first input if None.
        activity_regularizer: a function of its output; the result goes to `GraphKeys.REGULARIZATION_LOSSES`.

    >>> import graphgrad as gg
    >>> class Scale(gg.layers.Layer):
    ...     def build(self, shape):
    ...         self.factor = self.add_weight("factor", [shape[-1]])
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> scale = Scale()
    >>> y = scale(scale(gg.ones([2, 3])))
    >>> scale.variables
    [<Variable 'scale/factor:0' float32[3]>]
    """

    def __init__(
        self, trainable: bool = True, name: str | None = None, dtype: Any = None, activity_regularizer: Any = None,
        _scope: Any = None, _reuse: bool | None = None,
    ) -> None:  # fmt: skip
        self.trainable = trainable
        self.built = False
        self.dtype = None if dtype is None else as_dtype(dtype)
        self.activity_regularizer = activity_regularizer
        self.losses: list[Any] = []
        self.updates: list[Any] = []
        self.updates_key: str | None = GraphKeys.UPDATE_OPS
        self._weights: list[Variable] = []
        self._base_name = name or _snake(type(self).__name__)
        self._reuse = _reuse
        self._scope: VariableScope | None = None
        self._graph: Graph | None = None
        if _scope is not None:
            with variable_scope(_scope) as self._scope:
                pass

    def build(self, shape: list[int | None]) -> None:
        """Make the variables; the sizes of the first input are given, None where unknown."""

    def call(self, inputs: Any, **options: Any) -> Any:
        """The output."""
        raise NotImplementedError

    def __call__(self, inputs: Any, **options: Any) -> Any:
        given = inputs if isinstance(inputs, (list, tuple)) else convert_to_tensor(inputs)
        if self._scope is None:
            self._set_scope()
        assert self._scope is not None
        self._remember_graph()
        graph = get_default_graph()
        reuse = self.built or self._reuse
        opened = variable_scope(self._scope, reuse=reuse, auxiliary_name_scope=False)
        with opened as scope, graph.name_scope(scope.original_name_scope):
            if not self.built:
                self._build(given)
            result = self.call(given, **options)
            if self.activity_regularizer is not None:
                self.add_loss(self.activity_regularizer(result))
        return result

    apply = __call__

    def _build(self, given: Any) -> None:
        first = given[0] if isinstance(given, (list, tuple)) else given
        self.dtype = self.dtype or (first.dtype if first.dtype.is_floating_point else torch.float32)
        self.build(_sizes(first))
        self.built = True

    def _set_scope(self) -> None:
        """Choose the scope of the variables, at the first call."""
        opened = variable_scope(self._base_name) if self._reuse else variable_scope(None, default_name=self._base_name)
        with opened as self._scope:
            pass

    def _remember_graph(self) -> None:
        graph = root_of(get_default_graph())
        if self._graph is None:
            self._graph = graph
        elif self._graph is not graph:
            raise ValueError(f"the layer {self.name} was first called in another graph: make one per graph")

    def add_weight(
        self, name: str, shape: Any, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
        trainable: bool = True, constraint: Any = None,
    ) -> Any:  # fmt: skip
        """A variable of the layer."""
        made = get_variable(
            name, shape, dtype or self.dtype or torch.float32, initializer, regularizer,
            trainable and self.trainable, constraint=constraint,
        )  # fmt: skip
        self._weights.append(made)
        return made

    add_variable = add_weight

    def add_loss(self, loss: Any) -> None:
        """List a loss with the regularization losses; None adds nothing."""
        if loss is not None:
            self.losses.append(loss)
            get_default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)

    def add_update(self, update: Any) -> None:
        """List an operation with the updates that a training step has to run."""
        self.updates.append(update)
        if self.updates_key is not None:
            get_default_graph().add_to_collection(self.updates_key, update)

    @property
    def name(self) -> str:
        """The last part of the name of its scope; before its first call the name that it was given."""
        return self._base_name if self._scope is None else self._scope.name.rpartition("/")[2]

    @property
    def scope_name(self) -> str:
        """The name of the scope of its variables; `ValueError` before its first call."""
        if self._scope is None:
            raise ValueError(f"the layer {self.name} has no scope before its first call")
        return self._scope.name

    @property
    def graph(self) -> Graph | None:
        """The graph in which it was first called."""
        return self._graph

    @property
    def variables(self) -> list[Variable]:
        """Its variables."""
        return list(self._weights)

    weights = variables

    @property
    def trainable_variables(self) -> list[Variable]:
        """Those of its variables that are trained."""
        return [each for each in self._weights if isinstance(each, Variable) and each.trainable]

    trainable_weights = trainable_variables

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """Those of its variables that are not trained."""
        return [each for each in self._weights if not (isinstance(each, Variable) and each.trainable)]

    non_trainable_weights = non_trainable_variables

    def count_params(self) -> int:
        """The number of elements of its variables; `ValueError` before its first call."""
        if not self.built:
            raise ValueError(f"the layer {self.name} has no variables before its first call")
        return sum(int(each.shape.numel()) for each in self._weights)


def _snake(name: str) -> str:
    """`Conv2DTranspose` as TF1 names its scope: `conv2d_transpose`."""
    apart = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", apart).lower().lstrip("_")


def _sizes(value: Any) -> list[int | None]:
    if isinstance(value, Tensor) and value._value.spec.shape is None:
        raise ValueError(f"a layer needs to know how many axes its input has, {value!r} does not say")
    return [None if isinstance(size, Dim) else int(size) for size in value.shape]


def channels(shape: list[int | None], axis: int, layer: Layer) -> int:
    """The size of the axis of channels, which must be known."""
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"the layer {layer.name} needs more axes than its input has, {len(shape)}")
    found = shape[axis]
    if found is None:
        raise ValueError(f"the layer {layer.name} needs to know the size of axis {axis} of its input")
    return found


_INNER = ("_scope", "_reuse", "dtype")  # arguments that functions do not have


def function_of(kind: type[Layer], name: str, of_call: tuple[str, ...] = ()) -> Callable[..., Any]:
    """A function that makes a layer and calls it: `dense(inputs, units, ..., name=None, reuse=None)`.

    Args:
        kind: the class of the layer.
        name: the function's name.
        of_call: arguments of the call and not of the layer; they come before `trainable` or `name`.
    """
    own = list(inspect.signature(kind).parameters.values())
    own = [each for each in own if each.kind is each.POSITIONAL_OR_KEYWORD and each.name not in _INNER]
    passed = [each for each in inspect.signature(kind.call).parameters.values() if each.name in of_call]
    place = next(number for number, each in enumerate(own) if each.name in ("trainable", "name"))
    keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [
        inspect.Parameter("inputs", keyword),
        *own[:place],
        *passed,
        *own[place:],
        inspect.Parameter("reuse", keyword, default=None),
    ]
    signature = inspect.Signature(parameters)

    def function(*args: Any, **kwargs: Any) -> Any:
        given = dict(signature.bind(*args, **kwargs).arguments)
        inputs, reuse = given.pop("inputs"), given.pop("reuse", None)
        options = {each: given.pop(each) for each in of_call if each in given}
        if given.get("activity_regularizer") is not None and not callable(given["activity_regularizer"]):
            raise ArgumentTypeError(f"activity_regularizer is {given['activity_regularizer']!r}, not a function")
        layer = kind(**given, _scope=given.get("name"), _reuse=reuse)
        return layer(inputs, **options)

    function.__name__ = function.__qualname__ = name
    function.__signature__ = signature  # type: ignore[attr-defined]
    function.__module__ = __name__
    function.__doc__ = (
        f"TF1's `layers.{name}`: a new `{kind.__name__}` layer, called.\n\n"
        "With `name`, its variables are in the scope of this name; with `reuse=True` they have to be there.\n\n"
        f"{inspect.getdoc(kind)}"
    )
    return function
