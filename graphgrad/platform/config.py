"""TF1's configurations of a session: what has a meaning here has it, the rest says once that it has none."""

from __future__ import annotations

import copy
import warnings
from typing import Any, ClassVar

_told: set[str] = set()


class Message:
    """A configuration: fields with defaults, settable by keyword and by attribute.

    A field that has no meaning here may be set; a warning says so once per process.
    """

    fields: ClassVar[dict[str, Any]] = {}
    meaningful: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, **values: Any) -> None:
        for name, default in self.fields.items():
            made = default() if isinstance(default, type) else copy.copy(default)
            object.__setattr__(self, name, made)
        for name, value in values.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        kind = type(self).__name__
        if name not in self.fields:
            raise AttributeError(f"{kind} has no field {name!r}; it has {', '.join(sorted(self.fields))}")
        default = self.fields[name]
        if isinstance(default, type) and issubclass(default, Message) and not isinstance(value, default):
            raise TypeError(f"{kind}.{name} is a {default.__name__}, got {value!r}")
        if name not in self.meaningful and not isinstance(default, type):
            self._tell(f"{kind}.{name}", value)
        object.__setattr__(self, name, value)

    def _tell(self, field: str, value: Any) -> None:
        if value and field not in _told:
            _told.add(field)
            warnings.warn(f"{field} has no meaning here and is ignored", stacklevel=4)

    def CopyFrom(self, other: Message) -> None:  # noqa: N802
        """Take the fields of another one."""
        for name in self.fields:
            object.__setattr__(self, name, copy.deepcopy(getattr(other, name)))

    def MergeFrom(self, other: Message) -> None:  # noqa: N802
        """Take the fields of another one that differ from their defaults."""
        plain = type(self)()
        for name in self.fields:
            if getattr(other, name) != getattr(plain, name):
                object.__setattr__(self, name, copy.deepcopy(getattr(other, name)))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        plain = {name: default() if isinstance(default, type) else default for name, default in self.fields.items()}
        changed = [f"{name}={getattr(self, name)!r}" for name in self.fields if getattr(self, name) != plain[name]]
        return f"{type(self).__name__}({', '.join(changed)})"


class GPUOptions(Message):
    """How TF1 shared a GPU; torch takes memory as it needs it, so that none of it has a meaning here."""

    # What torch does anyway may be asked for: nobody has to be told.
    meaningful = frozenset({"allow_growth"})
    fields = {
        "per_process_gpu_memory_fraction": 0.0, "allow_growth": False, "allocator_type": "",
        "deferred_deletion_bytes": 0, "visible_device_list": "", "polling_active_delay_usecs": 0,
        "force_gpu_compatible": False,
    }  # fmt: skip


class OptimizerOptions(Message):
    """How TF1 optimized graphs. Whatever is chosen, numbers are the same.

    Attributes:
        opt_level: L1 merges common subexpressions and folds constants, L0 does neither of its own accord.
        do_common_subexpression_elimination, do_constant_folding: True does so whatever the level.
    """

    L0, L1 = -1, 0
    DEFAULT, OFF, ON_1, ON_2 = 0, -1, 1, 2
    meaningful = frozenset({"opt_level", "do_common_subexpression_elimination", "do_constant_folding"})
    fields = {
        "do_common_subexpression_elimination": False, "do_constant_folding": False, "do_function_inlining": False,
        "opt_level": 0, "global_jit_level": 0, "max_folded_constant_in_bytes": 0,
    }  # fmt: skip

    do_common_subexpression_elimination: bool
    do_constant_folding: bool
    opt_level: int

    def asked(self) -> tuple[bool, bool]:
        """Whether common subexpressions are to be merged, and whether constants are to be folded."""
        usual = self.opt_level >= self.L1
        return usual or bool(self.do_common_subexpression_elimination), usual or bool(self.do_constant_folding)


class GraphOptions(Message):
    """How TF1 treated graphs; but for `optimizer_options` none of it has a meaning here."""

    optimizer_options: OptimizerOptions
    fields = {
        "optimizer_options": OptimizerOptions, "enable_bfloat16_sendrecv": False, "enable_recv_scheduling": False,
        "infer_shapes": False, "place_pruned_graph": False, "build_cost_model": 0, "timeline_step": 0,
    }  # fmt: skip


class ConfigProto(Message):
    """A configuration of a session: `gg.Session(config=gg.ConfigProto(...))`.

    Attributes:
        allow_soft_placement: whether an operation that was placed on a device that is not there runs elsewhere.
        device_count: kind of device -> how many may be used; `{"GPU": 0}` keeps a session on the CPU.
        log_device_placement: whether the session says where each operation runs.
        intra_op_parallelism_threads: how many threads an operation may use on the CPU, from the session on that asks
            for it, in the whole process as in TF1; 0 leaves it to torch. Small models are often fastest on one.
        gpu_options, graph_options: see there.

    >>> import graphgrad as gg
    >>> gg.ConfigProto(allow_soft_placement=True, device_count={"GPU": 0})
    ConfigProto(device_count={'GPU': 0}, allow_soft_placement=True)
    """

    meaningful = frozenset(
        {"allow_soft_placement", "device_count", "log_device_placement", "intra_op_parallelism_threads"}
    )
    fields = {
        "device_count": dict, "allow_soft_placement": False, "log_device_placement": False, "gpu_options": GPUOptions,
        "graph_options": GraphOptions, "intra_op_parallelism_threads": 0, "inter_op_parallelism_threads": 0,
        "use_per_session_threads": False, "operation_timeout_in_ms": 0, "isolate_session_state": False,
    }  # fmt: skip

    device_count: dict[str, int]
    allow_soft_placement: bool
    log_device_placement: bool
    intra_op_parallelism_threads: int
    gpu_options: GPUOptions
    graph_options: GraphOptions

    def gpus(self, present: int) -> int:
        """How many of the GPUs that are there may be used."""
        return min(present, self.device_count.get("GPU", present))


def as_config(config: Any) -> ConfigProto | None:
    """The configuration; `TypeError` if it is none."""
    if config is not None and not isinstance(config, ConfigProto):
        hint = ": write config=..." if isinstance(config, Message) else ""
        raise TypeError(f"config is {config!r}, not a gg.ConfigProto{hint}")
    return config
