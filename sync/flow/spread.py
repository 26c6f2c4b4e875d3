"""A median and an 85th percentile, and of how many: what stands where others write a mean; pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from sync.flow.measures import percentile


@dataclass(frozen=True, slots=True)
class Spread:
    """Values that really occurred: half of all are not above `p50`, 85 of 100 not above `p85`."""

    count: int
    p50: float
    p85: float


def spread(values: Iterable[float]) -> Spread | None:
    """The spread of these values; None: there are none."""
    held = list(values)
    half, most = percentile(held, 0.50), percentile(held, 0.85)
    return None if half is None or most is None else Spread(len(held), half, most)
