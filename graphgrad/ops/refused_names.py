"""Names of TF1 that make no sense here, with what to use instead; and the answer to any other unknown name."""

from __future__ import annotations

import difflib
import fnmatch
import sys
from collections.abc import Callable
from typing import Any


class RefusedName(AttributeError, NotImplementedError):
    """A name of TF1 that graphgrad does not have, or any other name that it does not have.

    >>> import graphgrad as gg
    >>> try:
    ...     gg.FIFOQueue
    ... except AttributeError as error:
    ...     print(error)
    graphgrad has no FIFOQueue: feed batches of a torch.utils.data.DataLoader
    """


_LOADER = "feed batches of a torch.utils.data.DataLoader"
_PICTURE = "read images with PIL or torchvision.io, and feed arrays"
_TEXT = "tensors of strings do not exist: work on text in Python and feed numbers"
_SPARSE = "sparse tensors are torch's: feed a dense array, or gather and segment_sum over indices"
_LOOP = "gg.nn.dynamic_rnn of a cell, gg.while_loop, or torch.nn.LSTM, which takes symbolic tensors"
_SAMPLED = "nn.log_uniform_candidate_sampler, uniform_candidate_sampler or fixed_unigram_candidate_sampler"
_MODEL = "write the loop: gg.Session and an optimizer of gg.train"
_QUANTIZED = "quantize a trained module with torch.ao.quantization"

# A pattern of names below gg -> what to use.
REFUSED: dict[str, str] = {
    "*Queue*": _LOADER, "train.batch*": _LOADER, "train.shuffle_batch*": _LOADER, "train.*_producer": _LOADER,
    "train.start_queue_runners": _LOADER, "train.QueueRunner": _LOADER, "train.Coordinator": _LOADER,
    "*Reader": _LOADER, "data*": _LOADER, "TFRecord*": _LOADER, "python_io*": _LOADER, "parse_*": _LOADER,
    "FixedLen*": _LOADER, "train.Feature*": _LOADER, "train.*List": _LOADER, "train.*Example": _LOADER,
    "VarLenFeature": _LOADER, "read_file": "open the file in Python and feed its contents",
    "io*": "open the file in Python and feed its contents",
    "decode_raw": "np.frombuffer, and feed the array", "decode_csv": "np.loadtxt, and feed the array",
    "image.decode_*": _PICTURE, "image.encode_*": _PICTURE, "image.*jpeg*": _PICTURE, "image.is_jpeg": _PICTURE,
    "image.draw_bounding_boxes": "draw with PIL or matplotlib on the array that a run returns",
    "image.sample_distorted_bounding_box": "draw a box in Python, and use image.crop_to_bounding_box",
    "image.ssim_multiscale": "image.ssim at several sizes",
    "string*": _TEXT, "as_string": _TEXT, "substr": _TEXT, "regex_replace": _TEXT, "reduce_join": _TEXT,
    "encode_base64": _TEXT, "decode_base64": _TEXT, "lookup*": _TEXT, "tables_initializer": _TEXT,
    "edit_distance": "difflib, on the values of a run",
    "IndexedSlices*": "gradients are dense tensors: use the gradient itself",
    "sparse": _SPARSE, "sparse_[!st]*": _SPARSE, "sparse_t[!o]*": _SPARSE, "sparse_to_[!d]*": _SPARSE,
    "sparse_s[!e]*": _SPARSE, "Sparse*": _SPARSE,
    "RaggedTensor*": _SPARSE, "ragged*": _SPARSE, "sets*": _SPARSE,
    "nn.embedding_lookup_sparse": _SPARSE, "nn.safe_embedding_lookup_sparse": _SPARSE,
    "nn.learned_unigram_candidate_sampler": _SAMPLED, "nn.all_candidate_sampler": _SAMPLED,
    "nn.ctc_loss*": "torch.nn.functional.ctc_loss, which takes symbolic tensors",
    "nn.ctc_*decoder*": "decode the logits that a run returns",
    "nn.rnn": "gg.nn.static_rnn", "nn.bidirectional_rnn": "gg.nn.static_bidirectional_rnn",
    "nn.raw_rnn": _LOOP, "nn.*state_saving_rnn": _LOOP, "contrib.cudnn_rnn*": _LOOP,
    "nn.quantized_*": _QUANTIZED, "quant*": _QUANTIZED, "fake_quant*": _QUANTIZED, "q*int*": _QUANTIZED,
    "nn.fractional_*": "torch.nn.functional.fractional_max_pool2d, channels first",
    "nn.conv2d_backprop_*": "gg.gradients of nn.conv2d", "nn.conv3d_backprop_*": "gg.gradients of nn.conv3d",
    "nn.depthwise_conv2d*backprop_*": "gg.gradients of nn.depthwise_conv2d",
    "nn.erosion2d": "-nn.dilation2d(-value, flipped kernel)",
    "estimator*": _MODEL, "keras*": _MODEL, "contrib.learn*": _MODEL, "contrib.slim.learning.train": _MODEL,
    "contrib.slim.evaluation*": _MODEL, "contrib.slim.dataset*": _LOADER, "contrib.slim.tfexample*": _LOADER,
    "contrib.metrics*": "the functions of gg.metrics", "contrib.seq2seq*": _LOOP,
    "contrib.memory_stats*": "gg.watch.Profile()",
    "contrib.graph_editor*": "graph.nx, and record the changed program again",
    "contrib.distributions*": "torch.distributions",
    "contrib.data*": _LOADER, "contrib.eager*": "gg.enable_eager_execution()",
    "import_graph_def": "there is no GraphDef to read: record the model's code again",
    "GraphDef": "graph.nx is the graph; gg.plot and gg.debugprint show it",
    "NodeDef": "graph.nx is the graph; gg.plot and gg.debugprint show it",
    "MetaGraphDef": "graph.nx is the graph; gg.plot and gg.debugprint show it",
    "graph_util*": "gg.train.Saver: a checkpoint and the program are the model",
    "train.Supervisor": "gg.train.MonitoredTrainingSession", "train.summary_iterator": "tensorboard's EventAccumulator",
    "train.add_queue_runner": _LOADER, "train.write_graph": "gg.plot(...).save('graph.pbtxt')",
    "train.SummaryWriter": "gg.summary.FileWriter", "image_summary": "gg.summary.image",
    "scalar_summary": "gg.summary.scalar", "histogram_summary": "gg.summary.histogram",
    "merge_summary": "gg.summary.merge", "merge_all_summaries": "gg.summary.merge_all",
    "batch_svd": "gg.svd, which takes batches", "batch_cholesky": "gg.cholesky, which takes batches",
    "batch_matrix_*": "the name without batch_: all functions of matrices take batches",
    "nn.deconv2d": "gg.nn.conv2d_transpose",
    "enable_v2_behavior": "graphs are what this is for; gg.enable_eager_execution()",
    "saved_model*": "gg.train.Saver", "lite*": "torch.export on the recorded module",
    "distribute*": "torch.distributed around sessions", "tpu*": "gg.device('cuda:0')", "xla*": "gg.Session(compile=)",
    "test.compute_gradient*": "torch.autograd.gradcheck, or finite differences of session runs",
    "get_session_*": "feed the array that a run returned",
    "delete_session_tensor": "arrays of runs are freed by Python",
    "autograph*": "write gg.cond and gg.while_loop",
}  # fmt: skip


def alternative(name: str) -> str | None:
    """What to use instead of a name of TF1 that is refused, such as 'image.decode_png'; None for any other name.

    >>> alternative("image.decode_png")
    'read images with PIL or torchvision.io, and feed arrays'
    """
    for pattern, use in REFUSED.items():
        if fnmatch.fnmatchcase(name, pattern):
            return use
    return None


def nearest(name: str, names: list[str]) -> list[str]:
    """Names that look like one: the same letters, or one as a part of the other."""
    folded = {each.lower(): each for each in names if not each.startswith("_")}
    close = difflib.get_close_matches(name.lower(), list(folded), 3, 0.7)
    parts = [each for each in folded if len(name) > 3 and name.lower() in each]
    return [folded[each] for each in dict.fromkeys([*close, *sorted(parts, key=len)])][:3]


def refusal(module: str, shown: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module: an `AttributeError` with what to use, or with the nearest names.

    Args:
        module: its full name.
        shown: what a user calls it: 'gg.nn'; 'graphgrad' for the package itself.
    """
    below = shown.partition(".")[2]

    def __getattr__(name: str) -> Any:  # noqa: N807
        full = f"{below}.{name}" if below else name
        use = None if name.startswith("_") else alternative(full)
        if use is not None:
            raise RefusedName(f"{shown} has no {name}: {use}", name=name, obj=sys.modules[module])
        found = vars(sys.modules[module])
        close = [] if name.startswith("__") else nearest(name, list(found.get("__all__", found)))
        hint = f"; the nearest names are {', '.join(close)}" if close else ""
        raise AttributeError(f"{shown} has no attribute {name!r}{hint}", name=name, obj=sys.modules[module])

    return __getattr__


of_package = refusal(__name__.partition(".")[0], __name__.partition(".")[0])
