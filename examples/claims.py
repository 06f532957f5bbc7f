"""What an example says it reaches, and whether it did: a script of this folder ends with `sys.exit(report(claims))`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """A number that an example states, and the bounds within which the statement holds."""

    what: str
    value: float
    least: float = -math.inf
    most: float = math.inf

    @property
    def holds(self) -> bool:
        return self.least <= self.value <= self.most  # false for NaN

    def __str__(self) -> str:
        bounds = [f"at least {self.least:g}"] * (self.least > -math.inf) + [f"at most {self.most:g}"] * (
            self.most < math.inf
        )
        return f"{'ok    ' if self.holds else 'FAILED'} {self.what}: {self.value:.4g} (claimed: {', '.join(bounds)})"


def report(claims: Sequence[Claim]) -> int:
    """Print every claim beside its number. The exit code: 0 if all hold, otherwise 1."""
    print(*claims, sep="\n")
    return 0 if claims and all(claim.holds for claim in claims) else 1
