"""TF1's initializers: from a shape to the first value of a variable. `gg.initializers`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..ground.spec import as_dtype
from .array import ones as ones_tensor
from .array import zeros as zeros_tensor
from .random import random_normal as normal_tensor
from .random import random_uniform as uniform_tensor
from .random import truncated_normal as truncated_tensor
from .sources import constant as constant_tensor

# The standard deviation of a standard normal variable that lies within two standard deviations.
TRUNCATED = 0.87962566103423978


class Initializer:
    """What all initializers share: called with a shape and a dtype, they give a tensor.

    >>> import graphgrad as gg
    >>> gg.ones_initializer()([2, 3])
    <Tensor 'ones:0' float32[2, 3]>
    """

    dtype: Any = torch.float32

    def __call__(self, shape: Sequence[int], dtype: Any = None, partition_info: None = None) -> Any:
        if partition_info is not None:
            raise NotImplementedError("partition_info: variables are not partitioned")
        return self.value([int(size) for size in shape], as_dtype(self.dtype if dtype is None else dtype))

    def value(self, shape: list[int], dtype: torch.dtype) -> Any:
        """The tensor."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The arguments that it was made with."""
        return dict(vars(self))

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """The initializer made with these arguments."""
        return cls(**config)


class Zeros(Initializer):
    """Zeros."""

    def __init__(self, dtype: Any = torch.float32) -> None:
        self.dtype = dtype

    def value(self, shape: list[int], dtype: torch.dtype) -> Any:
        """The tensor."""
        return zeros_tensor(shape, dtype)


class Ones(Initializer):
    """Ones."""

    def __init__(self, dtype: Any = torch.float32) -> None:
        self.dtype = dtype

    def value(self, shape: list[int], dtype: torch.dtype) -> Any:
        """The tensor."""
        return ones_tensor(shape, dtype)


class Constant(Initializer):
    """A number everywhere, or these numbers in row-major order, the last one repeated where there are too few.

    Args:
        value: a number, a list or an array.
        dtype: the dtype where none is asked for.
        verify_shape: whether the value must have the very shape that is asked for.

    >>> import graphgrad as gg
    >>> with gg.Session() as sess:
    ...     sess.run(gg.constant_initializer([1.0, 2.0])([2, 2])).tolist()
    [[1.0, 2.0], [2.0, 2.0]]
    """

    def __init__(self, value: Any = 0, dtype: Any = torch.float32, verify_shape: bool = False) -> None:
        if not (np.isscalar(value) or isinstance(value, (list, tuple, np.ndarray))):
            raise TypeError(f"the value of a constant initializer is a number, a list or an array, got {value!r}")
        self.content = value
        self.dtype = dtype
        self.verify_shape = verify_shape

    def value(self, shape: list[int], dtype: torch.dtype) -> Any:
        """The tensor."""
        given = np.asarray(self.content)
        wanted = math.prod(shape)
        if self.verify_shape and given.shape != tuple(shape):
            raise TypeError(f"expected a value of shape {shape}, got one of shape {list(given.shape)}")
        if given.size > wanted or (not given.size and wanted):
            raise ValueError(f"{given.size} numbers can't fill the shape {shape}")
        flat = given.reshape(-1)
        filled = np.concatenate([flat, np.repeat(flat[-1:], wanted - given.size)])
        return constant_tensor(filled.reshape(shape), dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments that it was made with."""
        return {"value": self.content, "dtype": self.dtype, "verify_shape": self.verify_shape}


class RandomUniform(Initializer):
    """Numbers uniformly distributed in [minval, maxval); [minval, 1) without a maxval."""

    def __init__(self, minval: Any = 0, maxval: Any = None, seed: int | None = None, dtype: Any = torch.float32):
        self.minval, self.maxval, self.seed, self.dtype = minval, maxval, seed, dtype

    def value(self, shape: list[int], dtype: torch.dtype) -> Any:
        """The tensor."""
        return uniform_tensor(shape, self.minval, self.maxval, dtype, self.seed)


class RandomNormal(Initializer):
    """Normally distributed numbers."""

    def __init__(self, mean: float = 0.0, stddev: float = 1.0, seed: int | None = None, dtype: Any = torch.float32):
        self.mean, self.stddev, self.seed, self.dtype = mean, stddev, seed, dtype

    def value(self, shape: list[int], dtype: torch.dtype) -> Any:
        """The tensor."""
        return normal_tensor(shape, self.mean, self.stddev, dtype, self.seed)


class TruncatedNormal(Initializer):
    """Normally distributed numbers within two standard deviations; their own deviation is 0.88 times `stddev`."""

    def __init__(self, mean: float = 0.0, stddev: float = 1.0, seed: int | None = None, dtype: Any = torch.float32):
        self.mean, self.stddev, self.seed, self.dtype = mean, stddev, seed, dtype

    def value(self, shape: list[int], dtype: torch.dtype) -> Any:
        """The tensor."""
        return truncated_tensor(shape, self.mean, self.stddev, dtype, self.seed)


class UniformUnitScaling(Initializer):
    """Uniform numbers whose scale keeps the variance of `x @ w`: up to sqrt(3 / inputs) times the factor."""

    def __init__(self, factor: float = 1.0, seed: int | None = None, dtype: Any = torch.float32) -> None:
        self.factor, self.seed, self.dtype = factor, seed, dtype

    def value(self, shape: list[int], dtype: torch.dtype) -> Any:
        """The tensor."""
        limit = math.sqrt(3 / max(math.prod(shape[:-1]), 1)) * self.factor
        return uniform_tensor(shape, -limit, limit, dtype, self.seed)


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """How many inputs and outputs a weight of this shape connects; of a filter, times its window.

    >>> fans([5, 5, 3, 8]), fans([7]), fans([])
    ((75, 200), (7, 7), (1, 1))
    """
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


class VarianceScaling(Initializer):
    """Random numbers of variance `scale / n`, where n counts the inputs, the outputs or their mean.

    Args:
        scale: a positive number.
        mode: 'fan_in', 'fan_out' or 'fan_avg'.
        distribution: 'normal' or 'truncated_normal' (within two standard deviations, corrected so that the variance
            is the one asked for), 'untruncated_normal' or 'uniform'.
        seed: the seed of the draw.
        dtype: the dtype where none is asked for.

    Raises:
        ValueError: for a scale, mode or distribution that is none of these.

    >>> import graphgrad as gg
    >>> gg.variance_scaling_initializer(2.0, distribution="uniform")([10, 20]).shape
    TensorShape([10, 20])
    """

    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal",
        seed: int | None = None, dtype: Any = torch.float32,
    ) -> None:  # fmt: skip
        if scale <= 0.0:
            raise ValueError(f"scale is {scale}, not positive")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"mode is {mode!r}; use 'fan_in', 'fan_out' or 'fan_avg'")
        known = ("normal", "uniform", "truncated_normal", "untruncated_normal")
        if distribution.lower() not in known:
            raise ValueError(f"distribution is {distribution!r}; use one of {', '.join(known)}")
        self.scale, self.mode, self.distribution = scale, mode, distribution.lower()
        self.seed, self.dtype = seed, dtype

    def value(self, shape: list[int], dtype: torch.dtype) -> Any:
        """The tensor."""
        inputs, outputs = fans(shape)
        count = {"fan_in": inputs, "fan_out": outputs, "fan_avg": (inputs + outputs) / 2}[self.mode]
        variance = self.scale / max(1.0, count)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return uniform_tensor(shape, -limit, limit, dtype, self.seed)
        if self.distribution == "untruncated_normal":
            return normal_tensor(shape, 0.0, math.sqrt(variance), dtype, self.seed)
        return truncated_tensor(shape, 0.0, math.sqrt(variance) / TRUNCATED, dtype, self.seed)


class Orthogonal(Initializer):
    """A matrix with orthonormal rows or columns, times the gain; of more axes, all but the last are one."""

    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = torch.float32) -> None:
        self.gain, self.seed, self.dtype = gain, seed, dtype

    def value(self, shape: list[int], dtype: torch.dtype) -> Any:
        """The tensor."""
        if len(shape) < 2:
            raise ValueError(f"an orthogonal initializer needs at least two axes, got the shape {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        draw = normal_tensor([max(rows, columns), min(rows, columns)], dtype=dtype, seed=self.seed)
        q, r = torch.linalg.qr(draw)
        q = q * torch.sign(torch.diagonal(r))  # so that every orthogonal matrix is equally likely
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


class Identity(Initializer):
    """The identity matrix, times the gain; the shape must have two axes."""

    def __init__(self, gain: float = 1.0, dtype: Any = torch.float32) -> None:
        self.gain, self.dtype = gain, dtype

    def value(self, shape: list[int], dtype: torch.dtype) -> Any:
        """The tensor."""
        if len(shape) != 2:
            raise ValueError(f"an identity initializer makes matrices, not the shape {shape}")
        return constant_tensor(np.eye(shape[0], shape[1]) * self.gain, dtype)


class _Scaled(VarianceScaling):
    """A variance scaling whose scale, mode and distribution have a name."""

    settings: tuple[float, str, str]

    def __init__(self, seed: int | None = None, dtype: Any = torch.float32) -> None:
        super().__init__(*self.settings, seed=seed, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments that it was made with."""
        return {"seed": self.seed, "dtype": self.dtype}


class GlorotUniform(_Scaled):
    """Uniform numbers of variance 2 / (inputs + outputs): what `get_variable` uses when nothing else is said."""

    settings = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Truncated normal numbers of variance 2 / (inputs + outputs)."""

    settings = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    """Uniform numbers of variance 2 / inputs."""

    settings = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """Truncated normal numbers of variance 2 / inputs."""

    settings = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """Uniform numbers of variance 1 / inputs."""

    settings = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """Truncated normal numbers of variance 1 / inputs."""

    settings = (1.0, "fan_in", "truncated_normal")


zeros = Zeros
ones = Ones
constant = Constant
random_uniform = RandomUniform
random_normal = RandomNormal
truncated_normal = TruncatedNormal
uniform_unit_scaling = UniformUnitScaling
variance_scaling = VarianceScaling
orthogonal = Orthogonal
identity = Identity
glorot_uniform = GlorotUniform
glorot_normal = GlorotNormal
he_uniform = HeUniform
he_normal = HeNormal
lecun_uniform = LecunUniform
lecun_normal = LecunNormal


def default_initializer(dtype: torch.dtype) -> Initializer:
    """What `get_variable` uses: Glorot's uniform numbers for floating dtypes, zeros for the others."""
    return GlorotUniform(dtype=dtype) if dtype.is_floating_point else Zeros(dtype)
