"""`python -m tests.conformance`: the figures, and what fails, grouped."""

from __future__ import annotations

import argparse
import sys

import torch

from tests.conformance.report import Tally, judged, text
from tests.conformance.samples import entries


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORD", help="operators with this in their name")
    parser.add_argument("--all", action="store_true", help="every sample, not two an operator")
    parser.add_argument("--traceback", action="store_true", help="show every failing sample, and where it failed")
    parser.add_argument("--dtype", metavar="NAME", help="the samples of this torch dtype, where there are any")
    options = parser.parse_args()
    dtype = getattr(torch, options.dtype) if options.dtype else None
    torch.set_num_threads(1)
    tally = Tally()
    found = entries(options.only)
    for number, entry in enumerate(found, 1):
        if sys.stderr.isatty():
            print(f"\r{number}/{len(found)} {entry.formatted_name:60}", end="", file=sys.stderr, flush=True)
        tally.add(judged(entry, few=not options.all, dtype=dtype))
    print(text(tally, options.traceback))
    return 1 if any(tally.groups.values()) or tally.stale else 0


if __name__ == "__main__":
    sys.exit(main())
