"""`graphgrad doctor`: what this installation has."""

from __future__ import annotations

import importlib.metadata
import platform

import torch

from . import __version__

# Optional packages, by the extra that installs them.
_EXTRAS = {
    "plot": ("matplotlib",),
    "tensorboard": ("tensorboard",),
    "progress": ("tqdm",),
    "docs": ("sphinx", "myst-nb", "jupytext", "furo"),
    "test": ("pytest", "playwright"),
    "models": ("transformers",),
    "scipy": ("scipy",),
}


def report() -> str:
    """The versions of what graphgrad stands on, the devices that torch finds, and which extras are there."""
    lines = [f"graphgrad {__version__}", f"Python {platform.python_version()} on {platform.system()}"]
    lines += [f"{name} {_version(name)}" for name in ("torch", "numpy", "networkx")]
    lines.append(f"threads of torch: {torch.get_num_threads()}")
    devices = [f"cuda:{n} {torch.cuda.get_device_name(n)}" for n in range(torch.cuda.device_count())]
    lines += devices or ["no CUDA device"]
    for extra, packages in _EXTRAS.items():
        missing = [name for name in packages if not _version(name)]
        found = ", ".join(f"{name} {_version(name)}" for name in packages if name not in missing)
        lines.append(
            f"extra {extra}: {found}"
            if not missing
            else f"extra {extra}: {', '.join(missing)} missing; pip install 'graphgrad[{extra}]'"
        )
    return "\n".join(lines)


def _version(package: str) -> str:
    """The installed version, '' if there is none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
