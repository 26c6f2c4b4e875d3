"""Runs that were deleted before anybody read them: their numbers are missing between others; pure.

GitHub counts the runs of each workflow, GitLab the pipelines of a project. A change that has no
result, and was there while such a run was, may have been tested: nobody can say that it was not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Counted:
    """A run with its place in a count."""

    #: name of the workflow; empty where all runs of a project are counted together.
    series: str
    number: int
    #: when it was created (UTC).
    at: datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """Runs of a series that are missing; they were created between two instants (UTC)."""

    series: str
    after: datetime
    before: datetime
    count: int

    def touches(self, begin: datetime | None, end: datetime) -> bool:
        """Whether one of them may have been created from `begin` (None: ever) to `end`."""
        return self.after <= end and (begin is None or self.before >= begin)

    @property
    def reason(self) -> str:
        """Half a sentence for a person."""
        name = f" of {self.series}" if self.series else ""
        what = "a run" if self.count == 1 else f"{self.count} runs"
        was = "was deleted before it was" if self.count == 1 else "were deleted before they were"
        return (
            f"{what}{name} between {self.after:%Y-%m-%d %H:%M} and {self.before:%Y-%m-%d %H:%M} "
            f"UTC {was} read"
        )


def gaps(runs: Iterable[Counted]) -> tuple[Gap, ...]:
    """What is missing between runs that are there, oldest first.

    What is missing before the first one that was read, or after the last, is not told.
    """
    series: dict[str, dict[int, datetime]] = {}
    for one in runs:
        series.setdefault(one.series, {})[one.number] = one.at
    found = []
    for name, held in series.items():
        numbers = sorted(held)
        for left, right in pairwise(numbers):
            if right - left > 1:
                found.append(Gap(name, held[left], held[right], right - left - 1))
    return tuple(sorted(found, key=lambda one: (one.after, one.series)))


def reason(found: Sequence[Gap], begin: datetime | None, end: datetime) -> str | None:
    """Why results of what was there from `begin` to `end` may be lost; None: none may."""
    return next((one.reason for one in found if one.touches(begin, end)), None)
