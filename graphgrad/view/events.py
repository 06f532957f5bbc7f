"""`gg.summary`: a graph and the traces of runs as an event file, which TensorBoard's graph page shows."""

from __future__ import annotations

import os
import time
from types import TracebackType
from typing import Any

from ..graph.graph import Graph
from ..ground.errors import ArgumentTypeError
from ..ground.late import networkx
from ..ground.optional import optional
from ..run.watch.metadata import NodeExecStats, RunMetadata
from .graphdef import graphdef

__all__ = ["FileWriter"]

_EXTRA = "tensorboard"
_PROTO = "tensorboard.compat.proto"


class FileWriter:
    """Writes an event file for TensorBoard: `tensorboard --logdir LOGDIR` shows the graph, and time and memory on it.

    As TF1's `tf.summary.FileWriter`; needs the extra `tensorboard`. It is a context manager that closes itself.

    Args:
        logdir: the folder; it is made if need be.
        graph: a graph to begin with, as in `add_graph`.

    Raises:
        ImportError: if the package tensorboard is not installed.

    >>> import tempfile
    >>> import graphgrad as gg
    >>> x = gg.constant([1.0, 2.0], name="x")
    >>> y = gg.exp(x, name="y")
    >>> metadata = gg.RunMetadata()
    >>> options = gg.RunOptions(trace_level=gg.RunOptions.FULL_TRACE)
    >>> with tempfile.TemporaryDirectory() as folder, gg.Session() as sess:
    ...     _ = sess.run(y, options=options, run_metadata=metadata)
    ...     with gg.summary.FileWriter(folder, sess.graph) as writer:
    ...         writer.add_run_metadata(metadata, "step 1")
    """

    def __init__(self, logdir: str | os.PathLike[str], graph: Graph | networkx.MultiDiGraph[str] | None = None) -> None:
        self._events = optional(f"{_PROTO}.event_pb2", _EXTRA)
        self._tags: set[str] = set()
        self._graphs = 0
        self._closed = False
        text = None if graph is None else self._graph(graph)
        writer = optional("tensorboard.summary.writer.event_file_writer", _EXTRA)
        self._writer = writer.EventFileWriter(os.fspath(logdir))
        if text is not None:
            self._write_graph(text)

    def add_graph(self, graph: Graph | networkx.MultiDiGraph[str]) -> None:
        """Write a graph; the page shows the last one.

        Args:
            graph: a `gg.Graph`, or what `gg.gradient_graph` returns: forward operations and their derivatives.
        """
        self._check_open()
        self._write_graph(self._graph(graph))

    def add_summary(self, summary: Any, global_step: int | None = None) -> None:
        """Write what a summary operation gave in a run.

        Args:
            summary: the result of a run of `gg.summary.scalar(...)`, `merge_all()`, ..., or the bytes of a Summary.
            global_step: the step that it belongs to.
        """
        self._check_open()
        parsed = optional(f"{_PROTO}.summary_pb2", _EXTRA).Summary.FromString(bytes(summary))
        self._write(summary=parsed, step=int(global_step or 0))

    def add_run_metadata(self, run_metadata: RunMetadata, tag: str, global_step: int | None = None) -> None:
        """Write the trace of a run; the page offers it under `tag`.

        Args:
            run_metadata: of a run with `options=gg.RunOptions(trace_level=gg.RunOptions.FULL_TRACE)`.
            tag: a name for it, another one each time.
            global_step: the number of the training step.

        Raises:
            ValueError: for a tag that is taken, and for metadata that no traced run has filled.
        """
        self._check_open()
        if not isinstance(run_metadata, RunMetadata):
            raise ArgumentTypeError(f"run_metadata is a gg.RunMetadata, got {run_metadata!r}")
        if not isinstance(tag, str):
            raise ArgumentTypeError(f"tag is a text, got {tag!r}")
        if tag in self._tags:
            raise ValueError(f"the tag {tag!r} is taken: each trace needs one of its own")
        if not run_metadata.step_stats.dev_stats:
            raise ValueError(
                "run_metadata is empty: run with options=gg.RunOptions(trace_level=gg.RunOptions.FULL_TRACE)"
            )
        self._tags.add(tag)
        data = _run_metadata(run_metadata).SerializeToString()
        tagged = self._events.TaggedRunMetadata(tag=_utf8(tag), run_metadata=data)
        self._write(tagged_run_metadata=tagged, step=global_step or 0)

    def flush(self) -> None:
        """Write to the disk what has been added."""
        self._check_open()
        self._writer.flush()

    def close(self) -> None:
        """Write what has been added, and end the file. Closing twice is fine."""
        if not self._closed:
            self._closed = True
            self._writer.close()

    def __enter__(self) -> FileWriter:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("this FileWriter is closed")

    def _graph(self, graph: Any) -> bytes:
        if not isinstance(graph, (Graph, networkx.MultiDiGraph)):
            raise ArgumentTypeError(f"graph is a gg.Graph or what gg.gradient_graph returns, got {graph!r}")
        proto = optional(f"{_PROTO}.graph_pb2", _EXTRA)
        text_format = optional("google.protobuf.text_format", _EXTRA)
        data: bytes = text_format.Parse(graphdef(graph), proto.GraphDef()).SerializeToString()
        return data

    def _write_graph(self, data: bytes) -> None:
        """A later graph has a later step, so that TensorBoard takes it."""
        self._write(graph_def=data, step=self._graphs)
        self._graphs += 1

    def _write(self, **content: Any) -> None:
        self._writer.add_event(self._events.Event(wall_time=time.time(), **content))


def _run_metadata(metadata: RunMetadata) -> Any:
    """The same as a message of TensorFlow's."""
    stats = optional(f"{_PROTO}.step_stats_pb2", _EXTRA)
    message = optional(f"{_PROTO}.config_pb2", _EXTRA).RunMetadata()
    for device in metadata.step_stats.dev_stats:
        nodes = [_node(stats, node) for node in device.node_stats]
        message.step_stats.dev_stats.append(stats.DeviceStepStats(device=device.device, node_stats=nodes))
    return message


def _node(stats: Any, node: NodeExecStats) -> Any:
    memory = [
        stats.AllocatorMemoryUsed(allocator_name=each.allocator_name, total_bytes=max(each.total_bytes, 0))
        for each in node.memory
    ]
    return stats.NodeExecStats(
        node_name=_utf8(node.node_name),
        all_start_micros=node.all_start_micros,
        op_start_rel_micros=node.op_start_rel_micros,
        op_end_rel_micros=node.op_end_rel_micros,
        all_end_rel_micros=node.all_end_rel_micros,
        memory=memory,
        timeline_label=_utf8(node.timeline_label),
        thread_id=node.thread_id,
    )


def _utf8(text: str) -> str:
    """The text as a message can hold it."""
    return text.encode("utf-8", "replace").decode()
