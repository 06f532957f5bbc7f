"""Hooks: what is to happen around the runs of a `MonitoredSession`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..platform import logging
from .saver import Saver
from .steps import get_global_step


class SessionRunArgs(NamedTuple):
    """What a hook adds to a run.

    Attributes:
        fetches: a nest, as `Session.run` takes it.
        feed_dict: what it feeds, or None.
        options: must be None.
    """

    fetches: Any
    feed_dict: dict[Any, Any] | None = None
    options: None = None


class SessionRunValues(NamedTuple):
    """What a hook gets after a run.

    Attributes:
        results: the values of its fetches; None without fetches.
        options, run_metadata: None.
    """

    results: Any
    options: Any = None
    run_metadata: Any = None


class SessionRunContext:
    """A run under way.

    Attributes:
        original_args: what the caller asked for, as `SessionRunArgs`.
        session: the session below the monitored one.
    """

    def __init__(self, original_args: SessionRunArgs, session: Any) -> None:
        self.original_args = original_args
        self.session = session
        self.stop_requested = False

    def request_stop(self) -> None:
        """Let `should_stop()` be true from here on."""
        self.stop_requested = True


class SessionRunHook:
    """Does nothing at every occasion; subclasses do something at some."""

    def begin(self) -> None:
        """Called before the session is made, while the graph may still grow."""

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Called when the session has been made and its variables have values; `coord` is None."""

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Called before a run; says what to fetch and feed besides."""

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Called after a run that did not fail."""

    def end(self, session: Any) -> None:
        """Called at the end, unless something failed."""


class SecondOrStepTimer:
    """Says when it is time: every so many seconds, or every so many steps.

    Args:
        every_secs: the seconds.
        every_steps: the steps; one of both is given, or neither: then it is never time but the first time.
    """

    def __init__(self, every_secs: float | None = None, every_steps: int | None = None) -> None:
        if every_secs is not None and every_steps is not None:
            raise ValueError("give either seconds or steps, not both")
        self._secs, self._steps = every_secs, every_steps
        self._time: float | None = None
        self._step: int | None = None

    def should_trigger_for_step(self, step: int) -> bool:
        """Whether it is time at this step."""
        if self._step is None or self._time is None:
            return True
        if self._secs is not None:
            return step != self._step and time.time() >= self._time + self._secs
        return self._steps is not None and step >= self._step + self._steps

    def update_last_triggered_step(self, step: int) -> tuple[float | None, int | None]:
        """Note that it was time now; gives the seconds and steps since the last time, None each the first time."""
        now, before, last = time.time(), self._time, self._step
        self._time, self._step = now, step
        return None if before is None else now - before, None if last is None else step - last

    def last_triggered_step(self) -> int | None:
        """The last step at which it was time."""
        return self._step


class _Counting(SessionRunHook):
    """A hook that looks at the global step."""

    def begin(self) -> None:
        """Look for the global step."""
        self._global_step = get_global_step()
        if self._global_step is None:
            raise RuntimeError("there is no global step: make one with gg.train.get_or_create_global_step()")

    def _step(self, session: Any) -> int:
        return int(session.run(self._global_step))


class StopAtStepHook(_Counting):
    """Asks for the end after a number of steps.

    Args:
        num_steps: so many steps from the beginning of this session.
        last_step: until the global step has this value. One of both is given.
    """

    def __init__(self, num_steps: int | None = None, last_step: int | None = None) -> None:
        if (num_steps is None) == (last_step is None):
            raise ValueError("give either num_steps or last_step")
        self._num_steps, self._last_step = num_steps, last_step

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Compute the last step."""
        if self._num_steps is not None:
            self._last_step = self._step(session) + self._num_steps

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Ask for the end if the last step is done."""
        if self._last_step is not None and self._step(run_context.session) >= self._last_step:
            run_context.request_stop()


class CheckpointSaverHook(_Counting):
    """Saves checkpoints: one at the beginning, then by the clock or the steps, and one at the end.

    Args:
        checkpoint_dir: the folder.
        save_secs, save_steps: how often: one of both.
        saver: a `Saver`; one of all variables if None.
        checkpoint_basename: the beginning of the files' names.
        scaffold: where to take the saver from.
        listeners: must be None: a hook of your own does as well.
    """

    def __init__(
        self, checkpoint_dir: str, save_secs: float | None = None, save_steps: int | None = None,
        saver: Saver | None = None, checkpoint_basename: str = "model.ckpt", scaffold: Any = None,
        listeners: None = None,
    ) -> None:  # fmt: skip
        if saver is not None and scaffold is not None:
            raise ValueError("give either a saver or a scaffold")
        if listeners is not None:
            raise NotImplementedError("listeners: write a SessionRunHook")
        self._folder = checkpoint_dir
        self._path = os.path.join(checkpoint_dir, checkpoint_basename)
        self._saver, self._scaffold = saver, scaffold
        self._timer = SecondOrStepTimer(save_secs, save_steps)

    def begin(self) -> None:
        """Look for the global step and the saver."""
        super().begin()
        if self._saver is None and self._scaffold is None:
            self._saver = Saver()

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Save the first values."""
        self._save(session, self._step(session))

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Save if it is time."""
        step = self._step(run_context.session)
        if self._timer.should_trigger_for_step(step):
            self._save(run_context.session, step)

    def end(self, session: Any) -> None:
        """Save the last values."""
        step = self._step(session)
        if step != self._timer.last_triggered_step():
            self._save(session, step)

    def _save(self, session: Any, step: int) -> None:
        self._timer.update_last_triggered_step(step)
        saver = self._scaffold.saver if self._saver is None else self._saver
        logging.info("Saving checkpoints for %d into %s.", step, self._path)
        os.makedirs(self._folder, exist_ok=True)
        saver.save(session, self._path, step)


class LoggingTensorHook(SessionRunHook):
    """Logs values every so many runs or seconds.

    Args:
        tensors: tensors or their names, by label in a dict, or in a list.
        every_n_iter, every_n_secs: how often: one of both, or neither with `at_end`.
        at_end: whether to log at the end.
        formatter: makes the text of the dict of values.
    """

    def __init__(
        self, tensors: Mapping[str, Any] | Sequence[Any], every_n_iter: int | None = None,
        every_n_secs: float | None = None, at_end: bool = False, formatter: Callable[[Any], str] | None = None,
    ) -> None:  # fmt: skip
        if every_n_iter is not None and every_n_iter <= 0:
            raise ValueError(f"every_n_iter is {every_n_iter}, not a positive number")
        if (every_n_iter is not None) + (every_n_secs is not None) != 1 and not (
            at_end and every_n_iter is None and every_n_secs is None
        ):
            raise ValueError("give either every_n_iter or every_n_secs, or at_end alone")
        named = isinstance(tensors, Mapping)
        self._tensors = dict(tensors) if isinstance(tensors, Mapping) else {_label(each): each for each in tensors}
        self._order = sorted(self._tensors) if named else list(self._tensors)
        self._timer = SecondOrStepTimer(every_n_secs, every_n_iter)
        self._never = every_n_iter is None and every_n_secs is None
        self._at_end, self._formatter = at_end, formatter
        self._count = 0

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Fetch the values if it is time."""
        self._due = not self._never and self._timer.should_trigger_for_step(self._count)
        return SessionRunArgs(self._tensors) if self._due else None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Log the values if it is time."""
        if self._due:
            self._log(run_values.results)
        self._count += 1

    def end(self, session: Any) -> None:
        """Log the values if that was asked for."""
        if self._at_end:
            self._log(session.run(self._tensors))

    def _log(self, values: dict[str, Any]) -> None:
        seconds, _ = self._timer.update_last_triggered_step(self._count)
        if self._formatter is not None:
            logging.info(self._formatter(values))
            return
        text = ", ".join(f"{label} = {values[label]}" for label in self._order)
        logging.info("%s%s", text, "" if seconds is None else f" ({seconds:.3f} sec)")


def _label(tensor: Any) -> str:
    return tensor if isinstance(tensor, str) else str(tensor.name)


class NanLossDuringTrainingError(RuntimeError):
    """The loss that a `NanTensorHook` watches is not a number."""

    def __str__(self) -> str:
        return "NaN loss during training."


class NanTensorHook(SessionRunHook):
    """Ends the training when a loss is not a number.

    Args:
        loss_tensor: the loss.
        fail_on_nan_loss: whether that is an error, or just the end.
    """

    def __init__(self, loss_tensor: Any, fail_on_nan_loss: bool = True) -> None:
        self._loss = loss_tensor
        self._fail = fail_on_nan_loss

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Fetch the loss."""
        return SessionRunArgs(self._loss)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Look at it."""
        if not np.isnan(run_values.results).any():
            return
        if self._fail:
            logging.error("Model diverged with loss = NaN.")
            raise NanLossDuringTrainingError
        logging.warning("Model diverged with loss = NaN.")
        run_context.request_stop()


class StepCounterHook(_Counting):
    """Logs the steps per second.

    Args:
        every_n_steps, every_n_secs: how often: one of both.
        output_dir, summary_writer: must be None: the log is all there is.
    """

    def __init__(
        self, every_n_steps: int | None = 100, every_n_secs: float | None = None, output_dir: None = None,
        summary_writer: None = None,
    ) -> None:  # fmt: skip
        if output_dir is not None or summary_writer is not None:
            raise NotImplementedError("steps per second are logged; to write them, use gg.summary.FileWriter")
        self._timer = SecondOrStepTimer(every_n_secs, every_n_steps)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Log if it is time."""
        step = self._step(run_context.session)
        if self._timer.should_trigger_for_step(step):
            seconds, steps = self._timer.update_last_triggered_step(step)
            if seconds and steps:
                logging.info("global_step/sec: %g", steps / seconds)


class FinalOpsHook(SessionRunHook):
    """Runs something at the end, and keeps its values.

    Args:
        final_ops: what to fetch.
        final_ops_feed_dict: what to feed.

    Attributes:
        final_ops_values: the values, once the session has ended.
    """

    def __init__(self, final_ops: Any, final_ops_feed_dict: dict[Any, Any] | None = None) -> None:
        self._fetches, self._feeds = final_ops, final_ops_feed_dict
        self.final_ops_values: Any = None

    def end(self, session: Any) -> None:
        """Run it."""
        self.final_ops_values = session.run(self._fetches, self._feeds)


class FeedFnHook(SessionRunHook):
    """Feeds each run with what a function returns.

    Args:
        feed_fn: called before each run; returns a feed_dict.
    """

    def __init__(self, feed_fn: Callable[[], dict[Any, Any]]) -> None:
        self._feed_fn = feed_fn

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Feed."""
        return SessionRunArgs(None, self._feed_fn())
