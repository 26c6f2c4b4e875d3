"""How a promised date moved: often, how far, how late; pure (drift-spec 2.4).

No source tells when the date of a milestone moved. Only our readings do, so each move lies between
two of them, and what depends on the day of the move is told as certain or as possible.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sync.ledger.milestones import DateMove, MilestoneFacts, due_moves
from sync.ledger.working_days import WorkCalendar

#: The end of the time to the old date in which a move is one of the last minute.
LAST_PART = 0.10


@dataclass(frozen=True, slots=True)
class DateHistory:
    """The promised dates of one milestone, apart from what is forecast."""

    original: date
    current: date | None
    moves: tuple[DateMove, ...]
    #: current - original in working days; above 0: later. None: no date stands.
    slip: int | None
    #: slip by working days passed since the original date was promised; from 1 on the date recedes
    #: as fast as time passes. None: no time has passed.
    rate: float | None
    #: moves within the last tenth of the time to the old date: certain ones, and possible ones.
    last_minute: int
    last_minute_at_most: int
    #: moves after the old date had passed, likewise.
    after_it_passed: int
    after_it_passed_at_most: int

    @property
    def number(self) -> int:
        """k: how often it moved."""
        return len(self.moves)


def history(
    facts: MilestoneFacts,
    calendar: WorkCalendar,
    as_of: datetime,
    *,
    since: datetime | None = None,
) -> DateHistory | None:
    """How its date moved up to `as_of` (UTC); None: no date was ever seen.

    `since`: the original baseline (UTC); without one, when the first date was seen.
    """
    seen = [one for one in facts.observed if one.field == "due_date"]
    moves = due_moves(facts)
    dated = [one for one in seen if one.new]
    if moves:
        original = moves[0].old
    elif dated:
        original = date.fromisoformat((dated[0].new or "")[:10])
    elif facts.due_date is not None and not facts.unseen:
        original = facts.due_date
    else:
        return None
    begin = since or (dated[0].observed_at if dated else facts.first_seen_at)
    current = facts.due_date
    slip = None if current is None else calendar.between(original, current)
    passed = calendar.between(calendar.local_date(begin), calendar.local_date(as_of))
    late = [_late(one, calendar, begin) for one in moves]
    after = [_after(one, calendar) for one in moves]
    return DateHistory(
        original=original,
        current=current,
        moves=moves,
        slip=slip,
        rate=slip / passed if slip is not None and passed > 0 else None,
        last_minute=sum(certain for certain, _ in late),
        last_minute_at_most=sum(possible for _, possible in late),
        after_it_passed=sum(certain for certain, _ in after),
        after_it_passed_at_most=sum(possible for _, possible in after),
    )


def _late(move: DateMove, calendar: WorkCalendar, begin: datetime) -> tuple[bool, bool]:
    """Whether it moved in the last tenth of the time before its old date: certainly, possibly."""
    ends = calendar.end_of(move.old)
    if ends <= begin:
        return (False, False)
    starts = ends - (ends - begin) * LAST_PART
    possible = move.observed_at > starts and (
        move.observed_after is None or move.observed_after < ends
    )
    certain = (
        move.observed_after is not None
        and move.observed_after >= starts
        and move.observed_at < ends
    )
    return (certain, possible)


def _after(move: DateMove, calendar: WorkCalendar) -> tuple[bool, bool]:
    """Whether it moved after its old date had passed: certainly, possibly."""
    ends = calendar.end_of(move.old)
    return (
        move.observed_after is not None and move.observed_after >= ends,
        move.observed_at >= ends,
    )
