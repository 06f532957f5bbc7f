"""Interleaved samples, paired ratios with bootstrap bounds, and the tables that show them.

Machines are noisy. So nothing is measured alone: in each round every contestant gives one sample, the order turns
round from one round to the next, and what is reported is the median of the ratios taken within a round.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # torch's profiler says on the terminal when it starts and stops

import numpy as np  # noqa: E402
import torch  # noqa: E402
from room import roomy  # noqa: E402

# The graphgrad of this checkout is measured, whether or not one is installed.
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

MICRO = 1e6

# One sample: seconds per unit of work.
Timer = Callable[[], float]

CLOCKS: dict[str, Timer] = {"wall": time.perf_counter, "cpu": time.process_time}
_chosen_clock = "wall"
Samples = dict[str, list[float]]


# -- samples ------------------------------------------------------------------------------------------


def timer(
    work: Callable[..., Any],
    units: int = 1,
    *,
    lasting: float = 0.0,
    setup: Callable[[], Any] | None = None,
    keep: bool = False,
) -> Timer:
    """A sample of `work`, in seconds per unit.

    Args:
        work: what is timed; it receives what `setup` returns, if there is a setup.
        units: the units of work, such as operations, that one call of `work` does.
        lasting: how long a sample should be, in seconds: `work` is called that often, at least once.
        setup: called before each call of `work`, outside the time.
        keep: whether results live until the sample ends, so that taking them down is not timed.
    """
    clock = CLOCKS[_chosen_clock]
    repeats = 0

    def sample() -> float:
        nonlocal repeats
        if not repeats:
            once = min(_seconds(work, 1, setup, keep, clock) for _ in range(2))
            repeats = max(1, round(lasting / once))
        return _seconds(work, repeats, setup, keep, clock) / (repeats * units)

    return sample


def _seconds(
    work: Callable[..., Any], repeats: int, setup: Callable[[], Any] | None, keep: bool, clock: Timer
) -> float:
    if setup is None and not keep:  # may take less time than the clock
        start = clock()
        for _ in range(repeats):
            work()
        return clock() - start
    kept: list[Any] = []
    total = 0.0
    for _ in range(repeats):
        arguments = () if setup is None else (setup(),)
        start = clock()
        result = work(*arguments)
        total += clock() - start
        if keep:
            kept += (arguments, result)
    return total


def tidy() -> None:
    """Collect garbage if there can be any; a collection takes a tenth of a second where torch is imported."""
    youngest, *older = gc.get_count()
    if youngest > 500 or any(older):
        gc.collect()


def interleave(timers: Mapping[str, Timer], rounds: int, warmup: int = 1) -> Samples:
    """One sample of each timer a round; the order turns round from round to round.

    Python's garbage collector stays on, as it does for users, but none pays for what another left behind.
    """
    samples: Samples = {name: [] for name in timers}
    order = list(timers)
    for number in range(-warmup, rounds):
        for name in order:
            tidy()
            seconds = timers[name]()
            if number >= 0:
                samples[name].append(seconds)
        order.reverse()
    return samples


# -- estimates ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Estimate:
    """A median and its bounds: 95% of the bootstrap's medians lie above `low`, 95% below `high`."""

    middle: float
    low: float
    high: float

    def __str__(self) -> str:
        if self.low == self.high:
            return figure(self.middle)
        return f"{figure(self.middle)} [{figure(self.low)}, {figure(self.high)}]"


def figure(number: float) -> str:
    """A number with as many digits as it deserves."""
    if abs(number) >= 100:
        return f"{number:,.0f}"
    if abs(number) >= 10:
        return f"{number:.1f}"
    return f"{number:.3f}" if abs(number) < 2 else f"{number:.2f}"


def estimate(samples: Sequence[float], resamples: int = 4000) -> Estimate:
    """The median of the samples, and the 5th and 95th percentile of the medians of samples drawn from them."""
    values = np.asarray(samples, dtype=np.float64)
    drawn = np.random.default_rng(0).integers(0, len(values), (resamples, len(values)))
    low, high = np.percentile(np.median(values[drawn], axis=1), [5, 95])
    return Estimate(float(np.median(values)), float(low), float(high))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Estimate:
    """The median of the ratios within each round."""
    return estimate([a / b for a, b in zip(ours, theirs, strict=True)])


def exactly(number: float) -> Estimate:
    """A figure that does not vary from run to run, such as a number of bytes."""
    return Estimate(number, number, number)


# -- tables -------------------------------------------------------------------------------------------

_HEADS = ("", "graphgrad", "yardstick", "its", "ratio [95% bounds]", "budget", "")


@dataclass
class Table:
    """Rows of ratios under one title, printed as they are added; counts what is over its budget."""

    title: str
    unit: str
    over: list[str] = field(default_factory=list)
    _widths: tuple[int, ...] = (50, 22, 38, 10, 22, 9, 4)

    def __post_init__(self) -> None:
        print(f"\n{self.title}")
        heads = list(_HEADS)
        heads[1] = f"{self.unit}"
        self._line(heads)
        print("-" * (sum(self._widths) + 2 * len(self._widths)))

    def row(
        self,
        what: str,
        ours: Sequence[float] | Estimate,
        yardstick: str,
        theirs: Sequence[float] | Estimate,
        *,
        scale: float = 1.0,
        at_most: float | None = None,
        ratio_at_most: float | None = None,
    ) -> None:
        """One comparison. It is over budget if even the lower bound of the figure, or of the ratio, is.

        Args:
            what: what graphgrad does.
            ours: the samples of graphgrad, or an estimate.
            yardstick: what it is compared with.
            theirs: the yardstick's samples, from the same rounds.
            scale: what samples are multiplied with to give the table's unit.
            at_most: the budget of graphgrad's figure, in the table's unit.
            ratio_at_most: the budget of the ratio.
        """
        mine, other = _estimated(ours), _estimated(theirs)
        if isinstance(ours, Estimate) or isinstance(theirs, Estimate):
            quotient = exactly(mine.middle / other.middle) if other.middle else exactly(float("nan"))
        else:
            quotient = ratio(ours, theirs)
        low = Estimate(mine.middle * scale, mine.low * scale, mine.high * scale)
        budget, kept = _judge(low, quotient, at_most, ratio_at_most)
        if not kept:
            self.over.append(f"{what} ({self.title}): {budget} {self.unit if at_most is not None else 'of the ratio'}")
        verdict = "" if not budget else ("ok" if kept else "OVER")
        self._line((what, str(low), yardstick, figure(other.middle * scale), str(quotient), budget, verdict))

    def _line(self, cells: Sequence[str]) -> None:
        print("  ".join(_pad(cell, width, n) for n, (cell, width) in enumerate(zip(cells, self._widths, strict=True))))
        sys.stdout.flush()


def _estimated(samples: Sequence[float] | Estimate) -> Estimate:
    return samples if isinstance(samples, Estimate) else estimate(samples)


def _pad(cell: str, width: int, column: int) -> str:
    return cell.rjust(width) if column in (1, 3, 5) else cell.ljust(width)


def _judge(mine: Estimate, quotient: Estimate, at_most: float | None, ratio_at_most: float | None) -> tuple[str, bool]:
    if at_most is not None:
        return f"<= {at_most:g}", mine.low <= at_most
    if ratio_at_most is not None:
        return f"<= {ratio_at_most:g} x", quotient.low <= ratio_at_most
    return "", True


# -- scripts ------------------------------------------------------------------------------------------


def arguments(description: str, rounds: int) -> argparse.Namespace:
    """The command line that all benchmarks share; limits torch's threads."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=rounds, help=f"interleaved samples of each ({rounds})")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (1)")
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds: does it work at all?")
    parser.add_argument("--only", default="", metavar="WORD", help="only sections whose name contains the word")
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall", help="cpu: leave out what others take")
    options = parser.parse_args()
    global _chosen_clock
    _chosen_clock = options.clock
    if options.quick:
        options.rounds = min(options.rounds, 5)
    torch.set_num_threads(options.threads)
    return options


Section = Callable[[argparse.Namespace], list[Table]]


def run_sections(options: argparse.Namespace, sections: Mapping[str, Section]) -> int:
    """Run the sections asked for, sum up, and return the exit status: 1 if a budget is exceeded."""
    print(
        f"Python {platform.python_version()}, torch {torch.__version__}, {options.threads} thread(s), "
        f"{options.rounds} rounds, {options.clock} clock{', quick: figures mean little' if options.quick else ''}"
    )
    tables: list[Table] = []
    for name, section in sections.items():
        if options.only in name:
            tables += roomy(section, options)
    over = [line for table in tables for line in table.over]
    print(f"\n{len(over)} over budget" if over else "\nall within budget")
    for line in over:
        print(f"  {line}")
    return 1 if over else 0
