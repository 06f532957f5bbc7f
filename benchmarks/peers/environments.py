"""An interpreter for each framework: this one for torch and graphgrad, else one of a virtual environment of its own.

Environments lie in the user's cache folder and are made once; what they hold is pinned here.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

# Framework -> what its environment holds. They resolve on Python 3.11.
PINS = {
    "tensorflow": ("tensorflow-cpu==2.21.0", "numpy==2.4.6"),
    "jax": ("jax==0.10.2", "jaxlib==0.10.2", "numpy==2.4.6"),
    "pytensor": ("pytensor==3.0.7", "numpy==2.4.6"),
}
FRAMEWORKS = ("graphgrad", "torch", *PINS)


def interpreters(frameworks: list[str], ready: dict[str, str]) -> dict[str, str]:
    """The interpreter of each framework; environments that are missing are made.

    Args:
        frameworks: those that take part.
        ready: framework -> an interpreter that has it already.
    """
    return {name: ready.get(name) or (_made(name) if name in PINS else sys.executable) for name in frameworks}


def _made(framework: str) -> str:
    pins = PINS[framework]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    number = hashlib.sha256(" ".join((sys.version, *pins)).encode()).hexdigest()[:8]
    folder = cache / "graphgrad" / "peers" / f"{framework}-{number}"
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (folder / "complete").exists():
        print(f"making an environment with {', '.join(pins)}", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *pins], check=True)
        (folder / "complete").touch()
    return str(python)


def surroundings(framework: str, threads: int, scratch: Path) -> dict[str, str]:
    """The environment variables of a worker: as many threads as the others, and caches of its own."""
    number = str(threads)
    paths = [str(HERE.parent), *([str(ROOT)] if framework == "graphgrad" else [])]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "GRAPHGRAD_COMPILE": "",
        "OMP_NUM_THREADS": number,
        "MKL_NUM_THREADS": number,
        "OPENBLAS_NUM_THREADS": number,
        "NUMBA_NUM_THREADS": number,
        "TORCHINDUCTOR_CACHE_DIR": str(scratch / "inductor"),
        "PYTENSOR_FLAGS": f"base_compiledir={scratch / 'pytensor'}",
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "JAX_PLATFORMS": "cpu",
    }


def pin_to_cores(threads: int) -> None:
    """Keep this process and those it starts to as many cores as there are threads; XLA counts them for its pool."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
