"""`gg.summary`: summary operations, and the writer of event files for TensorBoard."""

from .ops.summaries import histogram, image, merge, merge_all, scalar, text
from .view.events import FileWriter

__all__ = ["FileWriter", "histogram", "image", "merge", "merge_all", "scalar", "text"]
