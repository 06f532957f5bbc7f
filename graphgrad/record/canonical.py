"""One name for every spelling of a torch function: `torch.relu`, `F.relu` and `x.relu` are all `Relu`."""

from __future__ import annotations

from typing import Any

import torch

from ..graph.graph import Graph

# Where a callable is looked up, to be printed in a program: expression, namespace.
NAMESPACES: tuple[tuple[str, Any], ...] = (
    ("torch", torch),
    ("F", torch.nn.functional),
    ("torch.linalg", torch.linalg),
    ("torch.special", torch.special),
    ("torch.fft", torch.fft),
    ("torch._C._nn", torch._C._nn),
    ("torch.nn.init", torch.nn.init),
    ("torch.Tensor", torch.Tensor),
)

# Operator spellings and the function that they mean.
_SAME = {
    "__getitem__": "strided_slice", "truediv": "div", "true_divide": "div", "divide": "div",
    "multiply": "mul", "subtract": "sub", "negative": "neg", "absolute": "abs", "mm": "matmul",
    "__matmul__": "matmul", "greater": "gt", "less": "lt", "greater_equal": "ge", "less_equal": "le",
    "not_equal": "ne", "concat": "cat", "concatenate": "cat", "clip": "clamp", "view": "reshape",
    "arccos": "acos", "arcsin": "asin", "arctan": "atan", "fix": "trunc", "t": "transpose", "T": "transpose",
    "floordiv": "floor_divide", "mod": "remainder", "and_": "bitwise_and", "or_": "bitwise_or",
    "xor": "bitwise_xor", "special_expit": "sigmoid", "view_as": "identity", "set_item": "tensor_scatter_update",
}  # fmt: skip

# Types that TF1 users write in gradient_override_map and read in pictures.
_TF_TYPES = {
    "matmul": "MatMul", "bmm": "BatchMatMul", "conv1d": "Conv1D", "conv2d": "Conv2D", "conv3d": "Conv3D",
    "cat": "ConcatV2", "div": "RealDiv", "gt": "Greater", "lt": "Less", "ge": "GreaterEqual",
    "le": "LessEqual", "eq": "Equal", "ne": "NotEqual", "elu": "Elu", "relu6": "Relu6", "to": "Cast",
    "detach": "StopGradient", "max_pool2d": "MaxPool", "avg_pool2d": "AvgPool", "argmax": "ArgMax",
    "argmin": "ArgMin", "gelu": "Gelu", "type_as": "Cast", "float": "Cast", "double": "Cast", "int": "Cast",
    "long": "Cast", "half": "Cast", "bool": "Cast", "bfloat16": "Cast", "zeros_like": "ZerosLike",
}  # fmt: skip

# Types whose names here are torch's, by the names that TF1 has for them.
SPELLINGS = {
    "AddN": "Add", "AddV2": "Add", "BatchMatMulV2": "BatchMatMul", "BiasAdd": "Add", "ClipByValue": "Clamp",
    "ExpandDims": "Unsqueeze", "FloorDiv": "FloorDivide", "FloorMod": "Remainder", "IsFinite": "Isfinite",
    "IsInf": "Isinf", "IsNan": "Isnan", "Max": "Amax", "Min": "Amin", "Pack": "Stack", "Rint": "Round",
    "Select": "Where", "SelectV2": "Where", "Transpose": "Permute", "Unpack": "Unbind",
}  # fmt: skip

# Elementwise arithmetic, in which a Python number counts by its type: neither the result's shape and
# dtype nor what is connected to what depends on its value. (pow is not among them: x**1 is linear.)
WEAK = frozenset("add sub rsub mul div eq ne lt le gt ge".split())

# Callables whose meta version draws nothing, so that trying them does not show that they are random.
RANDOM = frozenset(("trunc_normal",))

# Callables whose meta kernel describes another result than the CPU kernel gives.
META_DIFFERS = frozenset(
    "linalg_lstsq lstsq native_batch_norm native_batch_norm_legit native_layer_norm batch_norm_with_update".split()
)

# Ops through which nothing flows by nature, although torch's autograd hands zeros back.
NO_DERIVATIVE = frozenset(
    "floor ceil round trunc rint floor_divide heaviside argmax argmin argsort one_hot zeros_like ones_like "
    "full_like fill zero empty_like rand_like randn_like bernoulli poisson normal "
    "eq ne lt le gt ge isnan isinf isfinite".split()
)


class Attribute:
    """Reading a property of a tensor (`x.T`, `x.mH`, `x.real`) as a callable."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, tensor: Any) -> Any:
        return getattr(tensor, self.__name__)


class Canonical:
    """What the recorder knows of a callable before it sees arguments."""

    __slots__ = ("target", "name", "type", "weak", "no_derivative")

    def __init__(self, target: Any, name: str) -> None:
        plain = _SAME.get(name, name).strip("_")
        plain = _SAME.get(plain, plain)
        self.target = target
        self.name = plain
        self.type = _TF_TYPES.get(plain) or "".join(part[:1].upper() + part[1:] for part in plain.split("_"))
        self.weak = plain in WEAK
        self.no_derivative = plain in NO_DERIVATIVE


_known: dict[Any, Canonical] = {}
Graph.spellings.update(SPELLINGS)
_attributes: dict[str, Attribute] = {}


def canonical(func: Any) -> Canonical:
    """The one description of a callable; property getters become an `Attribute`."""
    found = _known.get(func)
    if found is None:
        name = getattr(func, "__name__", type(func).__name__)
        target = func
        if name == "__get__":
            name = func.__self__.__name__
            target = _attributes.setdefault(name, Attribute(name))
        found = _known[func] = Canonical(target, name)
    return found
