"""Sessions that initialize or restore themselves, run hooks, and know when to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..graph.graph import Graph, get_default_graph
from ..ground.errors import OutOfRangeError
from ..ops.keys import GraphKeys
from ..ops.sources import group
from ..ops.variables import global_variables_initializer, local_variables_initializer
from ..platform.config import ConfigProto
from ..run.session import Session
from .checkpoints import latest_checkpoint
from .hooks import (
    CheckpointSaverHook,
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
    StepCounterHook,
)
from .saver import Saver

_USUAL = object()


class Scaffold:
    """How a model's session begins.

    Args:
        init_op: run if there is no checkpoint; the initializers of all global variables if None.
        init_feed_dict: fed to it.
        init_fn: called with the scaffold and the session after it.
        ready_op, ready_for_local_init_op, summary_op: must be None: one process does the work, and summaries are run
            by whoever wants them.
        local_init_op: run in any case; the initializers of local variables if None.
        saver: restores and saves; one of all global variables if None.
    """

    def __init__(
        self, init_op: Any = None, init_feed_dict: dict[Any, Any] | None = None,
        init_fn: Callable[[Any, Any], Any] | None = None, ready_op: None = None, ready_for_local_init_op: None = None,
        local_init_op: Any = None, summary_op: None = None, saver: Saver | None = None,
    ) -> None:  # fmt: skip
        if not (ready_op is None and ready_for_local_init_op is None and summary_op is None):
            raise NotImplementedError("ready_op, ready_for_local_init_op and summary_op: leave them out")
        self.init_op, self.local_init_op, self.saver = init_op, local_init_op, saver
        self.init_feed_dict = init_feed_dict
        self.init_fn = None if init_fn is None else lambda session: init_fn(self, session)

    def finalize(self) -> Scaffold:
        """Make what was not given; nothing can be added to the graph after it."""
        if self.init_op is None:
            self.init_op = _kept(GraphKeys.INIT_OP, global_variables_initializer)
        if self.local_init_op is None:
            self.local_init_op = _kept(GraphKeys.LOCAL_INIT_OP, lambda: group(local_variables_initializer()))
        if self.saver is None:
            self.saver = _kept(GraphKeys.SAVERS, lambda: Saver(defer_build=True, allow_empty=True))
        assert self.saver is not None
        self.saver.build()
        get_default_graph().finalize()
        return self


def _kept(key: str, make: Callable[[], Any]) -> Any:
    """What an earlier session of this graph made, or something new."""
    kept = get_default_graph().get_collection_ref(key)
    if not kept:
        kept.append(make())
    return kept[0]


class SessionCreator:
    """Makes the session below a `MonitoredSession`."""

    def create_session(self) -> Any:
        """A session whose variables have values."""
        raise NotImplementedError


class ChiefSessionCreator(SessionCreator):
    """Makes a session and restores or initializes its variables.

    Args:
        scaffold: how it begins.
        master: must be empty: there are no servers.
        config: as of `gg.Session`.
        checkpoint_dir: a folder whose latest checkpoint is restored, if it has one.
        checkpoint_filename_with_path: a checkpoint to restore instead.
    """

    def __init__(
        self, scaffold: Scaffold | None = None, master: str = "", config: ConfigProto | None = None,
        checkpoint_dir: str | None = None, checkpoint_filename_with_path: str | None = None,
    ) -> None:  # fmt: skip
        self._scaffold = scaffold or Scaffold()
        self._options = master, config
        self._folder, self._path = checkpoint_dir, checkpoint_filename_with_path

    def create_session(self) -> Any:
        """A session whose variables have values."""
        scaffold = self._scaffold.finalize()
        master, config = self._options
        session = Session(master, get_default_graph(), config)
        found = self._path or (latest_checkpoint(self._folder) if self._folder else None)
        if found is not None:
            assert scaffold.saver is not None  # finalize has seen to it
            scaffold.saver.restore(session, found)
        else:
            session.run(scaffold.init_op, scaffold.init_feed_dict)
            if scaffold.init_fn is not None:
                scaffold.init_fn(session)
        session.run(scaffold.local_init_op)
        return session


class MonitoredSession:
    """A session that begins by itself, runs hooks around each run, and knows when to stop.

    It finalizes the graph. An `OutOfRangeError` ends its block without being an error, as at the end of data.

    Args:
        session_creator: makes the session below; a `ChiefSessionCreator` if None.
        hooks: `SessionRunHook` objects.
        stop_grace_period_secs: makes no difference: there are no threads to wait for.

    >>> import graphgrad as gg
    >>> step = gg.train.get_or_create_global_step()
    >>> count = gg.assign_add(step, 1)
    >>> with gg.train.MonitoredSession(hooks=[gg.train.StopAtStepHook(last_step=3)]) as session:
    ...     while not session.should_stop():
    ...         print(session.run(count))
    1
    2
    3
    """

    def __init__(
        self, session_creator: SessionCreator | None = None, hooks: Sequence[SessionRunHook] | None = None,
        stop_grace_period_secs: int = 120,
    ) -> None:  # fmt: skip
        self._hooks = list(hooks or ())
        self._stopped = self._over = False
        for hook in self._hooks:
            hook.begin()
        self._session = (session_creator or ChiefSessionCreator()).create_session()
        for hook in self._hooks:
            hook.after_create_session(self._session, None)
        self._entered: Any = None

    @property
    def graph(self) -> Graph:
        """The graph."""
        found: Graph = self._session.graph
        return found

    def raw_session(self) -> Any:
        """The session below, which runs no hooks."""
        return self._session

    def run(self, fetches: Any, feed_dict: dict[Any, Any] | None = None, options: Any = None,
            run_metadata: Any = None) -> Any:  # fmt: skip
        """`Session.run`, with what the hooks fetch and feed in the same run.

        Raises:
            RuntimeError: if the session should have stopped, or two feed the same tensor.
        """
        if self._stopped:
            raise RuntimeError("run was called although should_stop() is true, or the session is closed")
        context = SessionRunContext(SessionRunArgs(fetches, feed_dict), self._session)
        asked, feeds = self._asked(context, dict(feed_dict or {}))
        nest = {"caller": fetches, "hooks": [None if each is None else each.fetches for each in asked]}
        found = self._session.run(nest, feeds, options, run_metadata)
        for hook, result in zip(self._hooks, found["hooks"], strict=True):
            hook.after_run(context, SessionRunValues(result, options, run_metadata))
        self._stopped = self._stopped or context.stop_requested
        return found["caller"]

    def _asked(self, context: SessionRunContext, feeds: dict[Any, Any]) -> tuple[list[Any], dict[Any, Any]]:
        """What each hook asks for, and the feeds of all."""
        asked = []
        for hook in self._hooks:
            more = hook.before_run(context)
            if more is not None and more.options is not None:
                raise NotImplementedError("a hook can't set the options of a run")
            for key, value in (more.feed_dict or {} if more is not None else {}).items():
                if key in feeds:
                    raise RuntimeError(f"{type(hook).__name__} feeds {key!r}, which somebody else feeds already")
                feeds[key] = value
            asked.append(more)
        return asked, feeds

    def run_step_fn(self, step_fn: Callable[..., Any]) -> Any:
        """Call a function with an object that has `session` and `request_stop()`; its runs run no hooks."""
        context = SessionRunContext(SessionRunArgs(None), self._session)
        result = step_fn(context)
        self._stopped = self._stopped or context.stop_requested
        return result

    def should_stop(self) -> bool:
        """Whether a hook, or the end of the data, asked for the end."""
        return self._stopped

    def close(self) -> None:
        """End it: hooks do what they do at the end. Closing twice is fine."""
        self._end(failed=False)

    def _end(self, failed: bool) -> None:
        self._stopped = True
        if self._over:
            return
        self._over = True
        try:
            for hook in [] if failed else self._hooks:
                hook.end(self._session)
        finally:
            self._session.close()

    def __enter__(self) -> MonitoredSession:
        self._entered = self._session.as_default()
        self._entered.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> bool:
        over = kind is not None and issubclass(kind, OutOfRangeError)
        try:
            self._end(failed=kind is not None and not over)
        finally:
            self._entered.__exit__(None, None, None)
        return over


class SingularMonitoredSession(MonitoredSession):
    """A `MonitoredSession` with the arguments of its creator.

    Args:
        hooks, stop_grace_period_secs: as of `MonitoredSession`.
        scaffold, master, config, checkpoint_dir, checkpoint_filename_with_path: as of `ChiefSessionCreator`.
    """

    def __init__(
        self, hooks: Sequence[SessionRunHook] | None = None, scaffold: Scaffold | None = None, master: str = "",
        config: ConfigProto | None = None, checkpoint_dir: str | None = None, stop_grace_period_secs: int = 120,
        checkpoint_filename_with_path: str | None = None,
    ) -> None:  # fmt: skip
        creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir, checkpoint_filename_with_path)
        super().__init__(creator, hooks, stop_grace_period_secs)


def MonitoredTrainingSession(  # noqa: N802
    master: str = "", is_chief: bool = True, checkpoint_dir: str | None = None, scaffold: Scaffold | None = None,
    hooks: Sequence[SessionRunHook] | None = None, chief_only_hooks: Sequence[SessionRunHook] | None = None,
    save_checkpoint_secs: Any = _USUAL, save_summaries_steps: None = None, save_summaries_secs: None = None,
    config: ConfigProto | None = None, stop_grace_period_secs: int = 120, log_step_count_steps: int | None = 100,
    max_wait_secs: int = 7200, save_checkpoint_steps: int | None = None, summary_dir: None = None,
) -> MonitoredSession:  # fmt: skip
    """A `MonitoredSession` for training: it restores the latest checkpoint of a folder and saves new ones.

    Args:
        master, scaffold, config, checkpoint_dir: as of `ChiefSessionCreator`.
        is_chief: must be True: there is one process.
        hooks, chief_only_hooks: `SessionRunHook` objects.
        save_checkpoint_secs, save_checkpoint_steps: how often to save into `checkpoint_dir`; every 600 seconds if
            neither is given, never if both are None.
        save_summaries_steps, save_summaries_secs, summary_dir: must be None: no summaries are written by themselves.
        log_step_count_steps: how often to log the steps per second, where there is a `checkpoint_dir`; None for never.
        stop_grace_period_secs, max_wait_secs: make no difference: there is nobody to wait for.
    """
    if not is_chief:
        raise NotImplementedError("is_chief=False: there are no other processes; see torch.distributed")
    if save_summaries_steps or save_summaries_secs or summary_dir:
        raise NotImplementedError("no summaries are written by themselves: use gg.summary.FileWriter")
    every = (600 if save_checkpoint_steps is None else None) if save_checkpoint_secs is _USUAL else save_checkpoint_secs
    scaffold = scaffold or Scaffold()
    chosen = [*(hooks or ()), *(chief_only_hooks or ())]
    if checkpoint_dir:
        if log_step_count_steps:
            chosen.append(StepCounterHook(log_step_count_steps))
        if every or save_checkpoint_steps:
            chosen.append(
                CheckpointSaverHook(checkpoint_dir, every or None, save_checkpoint_steps or None, scaffold=scaffold)
            )
    creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir)
    return MonitoredSession(creator, chosen, stop_grace_period_secs)
