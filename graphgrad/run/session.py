"""`Session`: runs what is asked for, and keeps the variables."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from ..graph.graph import Graph, get_default_graph
from ..graph.operation import Role, Value
from ..graph.sessions import session_stack
from ..ground.errors import InvalidArgumentError, OpError
from ..plan.fetches import Fetches, key_of
from ..plan.passes import Passes, as_passes
from ..plan.plan import plan
from ..plan.steps import Plan
from ..platform.config import ConfigProto, as_config
from ..record.variable import State, Variable
from .compiled.choice import as_tier, stretches_of, tiered, written
from .compiled.report import Report, report
from .emit import Emitter, emit
from .failure import failure
from .feeds import as_feeds, feed, feed_key
from .modules import values_for, values_of
from .nested import source
from .placement import log, placed, use_threads
from .program import Program
from .results import convert
from .runtime import Run, Streams, without_modes
from .store import Store
from .watch.emitter import WatchedEmitter
from .watch.metadata import RunMetadata, RunOptions, tracing
from .watch.watcher import Watch, as_watches, looking

_grad_enabled, _set_grad = torch.is_grad_enabled, torch._C._set_grad_enabled
_inference, _default_dtype = torch.is_inference_mode_enabled, torch.get_default_dtype
_autocast, _modes = torch._C._is_any_autocast_enabled, torch._C._len_torch_function_stack

# Programs kept per session; the oldest goes first.
_KEPT = 512


@dataclass(slots=True)
class _Prepared:
    """A run that has been asked for before."""

    program: Program
    build: Callable[[Sequence[Any]], Any]
    orders: tuple[str, ...]
    start: Callable[..., Run] = Run


class Session:
    """Runs parts of a graph, and holds the values of its variables.

    Threads may share it: of the runs that set variables one is under way at a time, the others see all of it or none.

    Args:
        target: must be empty, as everywhere but on TF1's clusters; or the graph.
        graph: the graph; the default graph if None.
        config: TF1's; `gg.ConfigProto` says which of its fields have a meaning.
        device: where operations run that no `gg.device` block placed: 'cpu' (None), 'cuda:0', ...
        outputs: 'numpy' (fetched tensors come back as numpy arrays and scalars) or 'torch'.
        compile: 'trace' runs forward, backward and updates as one flat program without autograd; 'inductor' and
            'cudagraph' compile that; 'auto' moves up as it pays. `report()` says what could not be. None: the
            environment variable GRAPHGRAD_COMPILE, or as recorded.
        dynamic: with `compile='trace'` or `'inductor'`, one program for all sizes that placeholders leave open, where
            that can be.
        passes: what makes runs cheaper: a `gg.Passes`; all, as far as `config` turns none off, if None.

    Raises:
        NotImplementedError: for a target that is the address of a server.
        RuntimeError: for a CUDA device, or compile='cudagraph', where torch finds none.

    >>> import graphgrad as gg
    >>> x = gg.placeholder(gg.float32, [2])
    >>> with gg.Session() as sess:
    ...     sess.run({"double": 2 * x, "none": None}, {x: [1.0, 2.0]})
    {'double': array([2., 4.], dtype=float32), 'none': None}
    """

    def __init__(
        self, target: str | Graph | None = "", graph: Graph | None = None, config: ConfigProto | None = None, *,
        device: str | torch.device | None = None, outputs: str = "numpy", compile: str | None = None,
        dynamic: bool = False, passes: Passes | None = None,
    ) -> None:  # fmt: skip
        graph = _graph_of(target, graph)
        if outputs not in ("numpy", "torch"):
            raise ValueError(f"outputs is {outputs!r}; use 'numpy' or 'torch'")
        self.graph = get_default_graph() if graph is None else graph
        self._config = as_config(config) or ConfigProto()
        self._device = placed(device, self._config)
        self._passes = as_passes(passes, *self._config.graph_options.optimizer_options.asked())
        use_threads(self._config)
        self._numpy = outputs == "numpy"
        self._compile, self._dynamic = as_tier(compile, dynamic), dynamic
        self._store = Store(self._device)
        self._prepared: dict[Any, _Prepared] = {}
        self._streams = Streams(self.graph.seed)
        self._closed = False
        self._entered: Any = None

    # -- running ----------------------------------------------------------------------------------

    def run(
        self,
        fetches: Any,
        feed_dict: dict[Any, Any] | None = None,
        options: RunOptions | None = None,
        run_metadata: RunMetadata | None = None,
        *,
        watch: Watch | Sequence[Watch] | None = None,
    ) -> Any:
        """Run what the fetches need and return their values.

        Args:
            fetches: a tensor, operation, variable, name or None, or any nest of list, tuple, namedtuple and dict.
            feed_dict: tensors, their names or tuples of them -> arrays, numbers, lists, torch tensors. A fed one cuts
                off what is above it.
            options, run_metadata: with `gg.RunOptions(trace_level=gg.RunOptions.FULL_TRACE)` and a `gg.RunMetadata()`,
                the latter is told when each operation ran, and what it allocated.
            watch: `gg.watch.NaN()`, `gg.watch.Values()` or `gg.watch.Profile()`, or a list of them: they look on.

        Returns:
            The same nest: arrays (scalars for rank 0) for tensors, None for operations and None.

        Raises:
            InvalidArgumentError: an operation failed, or a placeholder was not fed, or a `gg.watch.NaN` has found
                something; with `.op`.
            FailedPreconditionError: a variable has no value yet.
            TypeError, ValueError: for fetches or feeds that can't be right.
            RuntimeError: if the session is closed.
        """
        if options is not None or run_metadata is not None or watch is not None:
            return self._run_watched(fetches, feed_dict, options, run_metadata, watch)
        if feed_dict is None:
            return self._run(self._prepare(fetches, ()), (), ())
        given = as_feeds(feed_dict)
        keys = tuple([feed_key(self.graph, key) for key in given])
        return self._run(self._prepare(fetches, keys), keys, given.values())

    def _run_watched(self, fetches: Any, feed_dict: Any, options: Any, run_metadata: Any, watch: Any) -> Any:
        watches = [*as_watches(watch), *tracing(options, run_metadata)]
        if not watches:
            return self.run(fetches, feed_dict)
        given = {} if feed_dict is None else as_feeds(feed_dict)
        keys = tuple([feed_key(self.graph, key) for key in given])
        prepared = self._prepare_watched(fetches, keys, watches)
        with looking(watches) as start:
            return self._run(replace(prepared, start=start), keys, given.values())

    def make_callable(self, fetches: Any, feed_list: Sequence[Any] | None = None) -> Callable[..., Any]:
        """A function of the values of `feed_list` that runs the fetches; the fastest way to run them often.

        >>> import graphgrad as gg
        >>> x = gg.placeholder(gg.float32, [])
        >>> with gg.Session() as sess:
        ...     square = sess.make_callable(x * x, [x])
        ...     square(3.0)
        np.float32(9.0)
        """
        if feed_list is not None and not isinstance(feed_list, (list, tuple)):
            raise TypeError(f"feed_list is a list or tuple, got {feed_list!r}")
        prepared = self._prepare(fetches, keys := tuple(feed_key(self.graph, key) for key in feed_list or ()))

        def call(*values: Any) -> Any:
            if len(values) != len(keys):
                raise TypeError(f"the callable takes {len(keys)} values, got {len(values)}")
            return self._run(prepared, keys, values)

        return call

    def source(self, fetches: Any, feed_dict: Any = (), *, watch: Watch | Sequence[Watch] | None = None) -> str:
        """The PyTorch program that such a run executes, as readable Python.

        The text runs by itself: `program(feeds, state, const, run)` takes what `program_inputs` gives. Below it are
        those of branches, loop bodies and compiled stretches, to be read: `program` calls its own copies of them.

        Args:
            fetches: as in `run`.
            feed_dict: the tensors that would be fed: a list of them, or a feed_dict.
            watch: as in `run`; such a program needs the session, and has lines that hand over what it computes.
        """
        keys = tuple(feed_key(self.graph, key) for key in feed_dict)
        watches = as_watches(watch)
        prepared = self._prepare_watched(fetches, keys, watches) if watches else self._prepare(fetches, keys)
        return source(program := written(prepared.program), self._device) + stretches_of(program)

    def report(self) -> Report:
        """How each kind of run so far is carried out, and which operation stands in the way of a compiled one.

        >>> import graphgrad as gg
        >>> x = gg.placeholder(gg.float32, [])
        >>> with gg.Session(compile="trace") as sess:
        ...     sess.run(gg.gradients(gg.sin(x), x), {x: 0.0})
        ...     print(sess.report())
        [np.float32(1.0)]
        gradients/vjp:0: flat, for 1 kind of feeds; the last has ... lines
        """
        return report(each.program for each in self._prepared.values())

    def plan(self, fetches: Any, feed_dict: Any = ()) -> Plan:
        """What such a run does, in which order, as data; `gg.plot` draws it.

        Args:
            fetches: as in `run`.
            feed_dict: the tensors that would be fed: a list of them, or a feed_dict.

        >>> import graphgrad as gg
        >>> x = gg.placeholder(gg.float32, [])
        >>> [step.op.name for step in gg.Session().plan(gg.sin(x) + 1.0, [x]).steps]
        ['sin', 'add']
        """
        return self._prepare(fetches, tuple(feed_key(self.graph, key) for key in feed_dict)).program.plan

    def program_inputs(self, fetches: Any, feed_dict: dict[Any, Any] | None = None) -> tuple[Any, ...]:
        """The arguments (feeds, state, const, run) of the program that `source` shows. State is copied."""
        given = feed_dict or {}
        keys = tuple(feed_key(self.graph, key) for key in given)
        program = written((prepared := self._prepare(fetches, keys)).program)
        feeds = [feed(key, data, self._device) for key, data in zip(keys, given.values(), strict=True)]
        state = [self._store.copy(each) for each in program.plan.states]
        for tensor in state:
            tensor.requires_grad_(tensor.is_floating_point() or tensor.is_complex())
        return feeds, state, program.constants, Run(prepared.orders, self._streams.draw)

    def _run(self, prepared: _Prepared, keys: tuple[Value, ...], data: Any) -> Any:
        """Run; a step of a model has flushed the caches before, so that each further function called costs."""
        if self._closed or _inference():
            self._check_open()
            with torch.inference_mode(False):
                return self._run(prepared, keys, data)
        feeds = [*map(feed, keys, data, itertools.repeat(self._device))]
        program, store = prepared.program, self._store
        run = prepared.start(prepared.orders, self._streams.draw) if program.switches else None
        states, donated, writes = program.states, program.donated, program.writes
        grad, exclusive = _grad_enabled(), None
        state: list[torch.Tensor] = []
        try:
            if states or writes:
                state, exclusive = store.begin(states, donated, writes)
            if _autocast() or _modes() or _default_dtype() is not torch.float32:
                with without_modes():
                    outputs, renamed = program.call(feeds, state, program.constants, run)
            else:
                outputs, renamed = program.call(feeds, state, program.constants, run)
            if program.renamed:
                store.put(program.renamed, renamed)
            if donated and not exclusive:
                store.put(donated, [state[states.index(each)] for each in donated])
            results = convert(program.plan.shared, outputs, feeds, state, program.constants, self._numpy)
        except BaseException as error:
            _set_grad(grad)  # as the program does at its end
            if isinstance(error, OpError) or not isinstance(error, Exception):
                raise
            raise failure(error) from error
        finally:
            if exclusive is not None:
                store.end(exclusive, writes)
        return prepared.build(results)

    def _prepare(self, fetches: Any, feeds: tuple[Value, ...]) -> _Prepared:
        key = (key_of(fetches), feeds)
        found = self._prepared.get(key)
        return self._make(key, fetches, feeds) if found is None else found

    def _prepare_watched(self, fetches: Any, feeds: tuple[Value, ...], watches: Sequence[Watch]) -> _Prepared:
        in_place = all(each.in_place for each in watches)
        key = (key_of(fetches), feeds, in_place)
        found = self._prepared.get(key)
        return self._make(key, fetches, feeds, WatchedEmitter, in_place) if found is None else found

    def _make(
        self, key: Any, fetches: Any, feeds: tuple[Value, ...], kind: type[Emitter] = Emitter, in_place: bool = True
    ) -> _Prepared:
        self._check_open()
        if len(set(feeds)) < len(feeds):
            twice = next(value for value in feeds if feeds.count(value) > 1)
            raise ValueError(f"{twice.name} is fed twice")
        wanted = Fetches(self.graph, fetches)
        passes = self._passes if kind is Emitter else self._passes.watched(in_place)
        planned = plan(tuple(wanted.values), tuple(wanted.operations), feeds, passes=passes)
        unfed = next((step.op for step in planned.steps if step.op.role is Role.PLACEHOLDER), None)
        if unfed is not None:
            raise InvalidArgumentError(f"the placeholder {unfed.name} must be fed", unfed, "add it to feed_dict")
        if self._config.log_device_placement:
            log(planned, self._device)
        orders = tuple(sweep.call.aggregation for sweep in planned.sweeps.values())
        program = emit(planned, self._device, kind)
        if self._compile and kind is Emitter:
            program = tiered(program, orders, self._compile, self._device, self._dynamic)
        if len(self._prepared) >= _KEPT:
            self._prepared.pop(next(iter(self._prepared)), None)
        made = self._prepared[key] = _Prepared(program, wanted.build, orders)
        return made

    # -- modules ----------------------------------------------------------------------------------

    def state_dict(self, module: torch.nn.Module) -> dict[str, torch.Tensor]:
        """A module's parameters and buffers with the values that they have in this session, copied.

        What the graph has not used comes from the module itself; `module.load_state_dict` takes the result.

        >>> import graphgrad as gg, torch
        >>> layer = torch.nn.Linear(1, 1)
        >>> x = gg.placeholder(gg.float32, [None, 1])
        >>> train = gg.train.GradientDescentOptimizer(0.1).minimize(gg.reduce_sum(layer(x)))
        >>> with gg.Session() as sess:
        ...     sess.run(train, {x: [[1.0]]})
        ...     layer.load_state_dict(sess.state_dict(layer))
        <All keys matched successfully>
        """
        self._check_open()
        return values_of(module, self.graph.parameters, self._store)

    def load_state_dict(self, module: torch.nn.Module, values: Mapping[str, torch.Tensor]) -> None:
        """Give this session's copies of a module's parameters and buffers new values; the module stays as it is.

        `KeyError` for a name that the module does not have, `ValueError` for another shape. Parameters that the
        graph has not used are skipped.
        """
        self._check_open()
        self.load(values_for(module, self.graph.parameters, values))

    def load(self, values: Mapping[Variable | State, Any]) -> None:
        """Give variables values, all of them or none, without a run and without adding to the graph.

        Args:
            values: variables of the session's graph -> numbers, arrays or tensors that fit, as a feed must.

        Raises:
            ValueError, TypeError: for a variable of another graph, or a value that does not fit.

        >>> import graphgrad as gg
        >>> v = gg.Variable([1.0, 2.0])
        >>> with gg.Session() as sess:
        ...     sess.load({v: [3.0, 4.0]})
        ...     sess.run(v)
        array([3., 4.], dtype=float32)
        """
        self._check_open()
        states = [key.state if isinstance(key, Variable) else key for key in values]
        tensors = []
        for state, value in zip(states, values.values(), strict=True):
            if state.graph is not self.graph:
                raise ValueError(f"the variable {state.name} belongs to another graph than the session's")
            first = state.reads[0]
            tensors.append(feed(first, value).to(first.op.device or self._device, copy=True))
        self._store.put(states, tensors)

    # -- life -------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("attempted to use a closed Session")

    def close(self) -> None:
        """End the session and free its variables. Closing twice is fine."""
        self._closed = True
        self._prepared.clear()
        self._store = Store(self._device)

    @contextlib.contextmanager
    def as_default(self) -> Iterator[Session]:
        """Make this the session that `Tensor.eval` and `Operation.run` use, on this thread."""
        stack = session_stack()
        stack.append(self)
        try:
            with self.graph.as_default():
                yield self
        finally:
            stack.remove(self)

    def __enter__(self) -> Session:
        if self._entered is not None:
            raise RuntimeError("this Session is already entered: `with session` is not re-entrant")
        self._entered = self.as_default()
        self._entered.__enter__()
        return self

    def __exit__(self, *failure: Any) -> None:
        entered, self._entered = self._entered, None
        entered.__exit__(*failure)
        self.close()


def _graph_of(target: Any, graph: Any) -> Graph | None:
    """The graph of a session's first two arguments."""
    if isinstance(target, Graph) and graph is None:
        return target
    if target:
        kind = NotImplementedError if isinstance(target, (str, bytes)) else TypeError
        raise kind(f"target is {target!r}, not a gg.Graph: there are no servers, so leave the target empty")
    if graph is not None and not isinstance(graph, Graph):
        raise TypeError(f"graph is {graph!r}, not a gg.Graph")
    return graph
