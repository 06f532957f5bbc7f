"""Sphinx: the tutorials are executed, the floors are drawn from the code, nothing is fetched."""

import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]

import graphgrad  # noqa: E402

project = "graphgrad"
author = "graphgrad authors"
copyright = "2026 graphgrad authors"
version = release = graphgrad.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "floor_diagram"]
exclude_patterns = ["_build", "*.py"]
html_theme = "furo"
html_title = f"graphgrad {version}"
html_show_sourcelink = False

# docs/tutorials is a link to tutorials/: the pages are the very scripts that the tests run.
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
myst_heading_anchors = 3
suppress_warnings = ["ref.python"]  # `dtype` is a property of several classes, and no link in a text means one of them

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_numpy_docstring = False
napoleon_use_ivar = True


def belongs_to_torch(app: Any, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Skip what graphgrad hands through from elsewhere: torch documents its own functions."""
    home = getattr(obj, "__module__", None)
    if callable(obj) and not (isinstance(home, str) and home.split(".")[0] == "graphgrad"):
        return True
    return None


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-skip-member", belongs_to_torch)
