"""graphgrad beside torch by hand, TensorFlow, JAX and PyTensor: `python benchmarks/peers`."""

from __future__ import annotations

import argparse
import importlib.util
import platform
import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

import machine as machines  # noqa: E402
import torch  # noqa: E402
from contests import ROWS, Row  # noqa: E402
from environments import FRAMEWORKS, ROOT, interpreters, pin_to_cores  # noqa: E402
from results import behind, detail, page, summary  # noqa: E402
from rounds import OURS, Contestant, Course, Result, run_row, run_start  # noqa: E402

sys.path.insert(1, str(ROOT))

from graphgrad.run.compiled.choice import TIERS  # noqa: E402

PAGE = ROOT / "benchmarks" / "RESULTS.md"
ROWS_OF_MATRICES = ("hessian", "jacobian")
# Tiers by framework: what the worker is told, and what the reader is.
KNOWN = {
    OURS: {"": "eager", **{tier: tier for tier in TIERS if tier != "cudagraph" or torch.cuda.is_available()}},
    "torch": {"": "eager", "compile": "torch.compile"},
    "tensorflow": {"": "session", "xla": "XLA"},
    "jax": {"": "jit"},
    "pytensor": {"": "numba", "c": "C"},
}
RECORDING = {OURS: "graph", "tensorflow": "graph", "jax": "make_jaxpr", "pytensor": "graph"}


def contestants(row: Row, frameworks: list[str]) -> list[Contestant]:
    """All tiers of all frameworks, or the frameworks alone where nothing is compiled."""
    if not row.tiers:
        return [Contestant(name, "", RECORDING[name]) for name in frameworks if name in RECORDING]
    found = [Contestant(name, tier, word) for name in frameworks for tier, word in KNOWN[name].items()]
    if row.work in ROWS_OF_MATRICES:  # a second way: one gradient of many rows
        found += [Contestant(each.framework, f"{each.tier} rows".strip(), f"{each.word} by rows") for each in found]
    return found


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python benchmarks/peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="interleaved samples of each contestant (15)")
    parser.add_argument("--threads", type=int, default=1, help="threads, and cores, of every contestant (1)")
    parser.add_argument("--quick", action="store_true", help="small sizes, two rounds: does it work at all?")
    parser.add_argument("--only", default="", metavar="ROWS", help="only rows whose names contain one of these words")
    parser.add_argument("--without", default="", metavar="WORDS", help="no contestants whose names contain one of them")
    parser.add_argument("--python", action="append", default=[], metavar="NAME=PATH", help="a ready interpreter")
    parser.add_argument("--out", type=Path, help="where to write the page; a full run writes benchmarks/RESULTS.md")
    options = parser.parse_args()
    options.ready = dict(each.split("=", 1) for each in options.python)
    if not options.ready.keys() <= set(FRAMEWORKS):
        parser.error(f"--python takes {', '.join(FRAMEWORKS)}")
    if options.quick:
        options.rounds = min(options.rounds, 2)
    if options.out is None and not (options.quick or options.only or options.without):
        options.out = PAGE
    return options


def chosen(name: str, words: str, default: bool) -> bool:
    """Whether a name contains one of the words, separated by commas."""
    return any(word in name for word in words.split(",")) if words else default


def run(options: argparse.Namespace, course: Course, machine: machines.Machine) -> list[Result]:
    """The rows that were asked for."""
    results = []
    frameworks = list(course.interpreters)
    for row in ROWS:
        if not chosen(row.name, options.only, True):
            continue
        print(f"\n{row.name}", flush=True)
        who = [each for each in contestants(row, frameworks) if not chosen(str(each), options.without, False)]
        result = run_row(row, who, course)
        if row.flops is not None:
            size = row.quick if options.quick else row.size
            result.floor = machine.floor(row.flops(size), row.traffic(size) if row.traffic else 0.0)
        results.append(result)
        print(detail(result), flush=True)
        write(results, machine, options)
    if chosen("start", options.only, True):
        results.append(run_start([Contestant(name, "", "new process") for name in frameworks], course))
        print(f"\n{detail(results[-1])}", flush=True)
        write(results, machine, options)
    return results


def main() -> int:
    """Run the rows, print them, and write the page; 1 if graphgrad is behind in any row."""
    options = arguments()
    pin_to_cores(options.threads)
    torch.set_num_threads(options.threads)
    frameworks = [name for name in FRAMEWORKS if not chosen(name, options.without, False)]
    course = Course(interpreters(frameworks, options.ready), options.threads, options.rounds, options.quick)
    machine = machines.measured()
    print(f"{machine}", flush=True)
    results = run(options, course, machine)
    lost = behind(results)
    print(f"\n{summary(results)}\n")
    print("\n".join(lost) if lost else "ahead in every row")
    return 1 if lost else 0


def write(results: list[Result], machine: machines.Machine, options: argparse.Namespace) -> None:
    """The page so far, if one is asked for, and its picture beside it where matplotlib is installed."""
    if options.out is None:
        return
    picture = None
    if importlib.util.find_spec("matplotlib"):
        from plot import draw

        picture = options.out.with_suffix(".svg")
        draw(results, picture)
    versions = f"Python {platform.python_version()}; {', '.join(_versions(results))}"
    how = f"Threads of each: {options.threads}; rounds: {options.rounds}{'; quick' if options.quick else ''}"
    how += f"; only {options.only}" * bool(options.only) + f"; without {options.without}" * bool(options.without)
    options.out.write_text(page(results, machine, versions, how, picture))


def _versions(results: list[Result]) -> list[str]:
    return list(dict.fromkeys(name for result in results for name in result.versions))


if __name__ == "__main__":
    sys.exit(main())
