"""Open changes: how long work of their size takes, and who has to act next; pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from mappings.vocabulary import Conclusion, ReviewVerdict
from sync.flow.measures import percentile


class SizeClass(StrEnum):
    """Changes of about one size, by added and removed lines together."""

    TINY = "tiny"
    SMALL = "small"
    MIDDLE = "middle-sized"
    LARGE = "large"
    HUGE = "huge"


#: Most lines of each class but the last.
LIMITS: tuple[tuple[SizeClass, int], ...] = (
    (SizeClass.TINY, 10),
    (SizeClass.SMALL, 50),
    (SizeClass.MIDDLE, 250),
    (SizeClass.LARGE, 1000),
)


def size_class(lines: int | None) -> SizeClass | None:
    """The class of so many lines; None: nobody told how many."""
    if lines is None:
        return None
    return next((one for one, most in LIMITS if lines <= most), SizeClass.HUGE)


class Expected(NamedTuple):
    """How long changes like this one took at most, of so many of 100."""

    #: working days from opening to landing.
    days: float
    #: None: of any size, as too few of its own have landed.
    size: SizeClass | None
    #: changes that say so.
    number: int


def expected(
    landed: Mapping[SizeClass | None, Sequence[float]],
    size: SizeClass | None,
    *,
    share: float,
    least: int,
) -> Expected | None:
    """What to expect of a change of this size; None: too few have landed to say.

    `landed`: working days from opening to landing by size, of one repository; None: of unknown
    size. `share`: of so many (0 to 1) that took at most as long. `least`: the fewest that count.
    """
    mine = landed.get(size, ()) if size is not None else ()
    if len(mine) < least:
        mine, size = [days for group in landed.values() for days in group], None
    days = percentile(mine, share)
    return None if days is None or len(mine) < least else Expected(days, size, len(mine))


class Party(StrEnum):
    """Who has to act next. Parties, never people."""

    AUTHOR = "the author"
    REVIEW = "review"
    CI = "CI"
    MERGE = "a merge"
    UNKNOWN = "nobody knows whom"


class Waiting(NamedTuple):
    """Whom a change waits on, and why."""

    party: Party
    why: str

    @property
    def words(self) -> str:
        """`waiting on review: nobody has looked at it yet`."""
        if self.party is Party.UNKNOWN:
            return f"waiting, {self.why}"
        return f"waiting on {self.party.value}: {self.why}"


class Review(NamedTuple):
    """What a reviewer said, and when (UTC; None: not told)."""

    reviewer_id: str | None
    verdict: ReviewVerdict
    at: datetime | None


_SAYS = frozenset(
    {ReviewVerdict.APPROVED, ReviewVerdict.CHANGES_REQUESTED, ReviewVerdict.DISMISSED}
)
_RED = frozenset({Conclusion.FAILURE, Conclusion.TIMED_OUT, Conclusion.ACTION_REQUIRED})


def waiting_on(
    reviews: Iterable[Review] | None, checks: Iterable[Conclusion], pushed_at: datetime | None
) -> Waiting:
    """Whom an open change waits on.

    `reviews`: None: they were not read. `checks`: how those of its newest commit ended; none where
    none ran or none was read. `pushed_at`: when it was last pushed to (UTC), where that is known.
    """
    ended = set(checks)
    if ended & _RED:
        return Waiting(Party.AUTHOR, "its checks fail")
    if Conclusion.PENDING in ended:
        return Waiting(Party.CI, "its checks have not ended")
    if reviews is None:
        return Waiting(Party.UNKNOWN, "and its reviews were not read")
    last: dict[str | None, Review] = {}
    told = [one for one in reviews if one.verdict in _SAYS]
    for one in sorted(told, key=lambda each: (each.at is not None, each.at)):
        last[one.reviewer_id] = one
    asks = [one for one in last.values() if one.verdict is ReviewVerdict.CHANGES_REQUESTED]
    if asks:
        if all(_before(one.at, pushed_at) for one in asks):
            return Waiting(Party.REVIEW, "it was changed as asked, and nobody has looked since")
        return Waiting(Party.AUTHOR, "changes were requested")
    approved = [one for one in last.values() if one.verdict is ReviewVerdict.APPROVED]
    if approved:
        return Waiting(Party.MERGE, "it is approved")
    return Waiting(Party.REVIEW, "nobody has approved it or asked for changes")


def _before(at: datetime | None, pushed_at: datetime | None) -> bool:
    return at is not None and pushed_at is not None and at < pushed_at
