"""Working time between two instants: days on which nobody works do not age anything."""

from datetime import date, datetime
from typing import Self

from sync.ledger.working_days import WorkCalendar


class WorkTime:
    """Measures in working days; a part of a worked day counts as that part of it.

    Keeps what it worked out: thousands of items begin and end on the same few hundred days.
    """

    def __init__(self, calendar: WorkCalendar) -> None:
        """`calendar` says which days are worked and where a day begins."""
        self._calendar = calendar
        self._origin: date | None = None
        #: day -> (worked days before it, its first instant, its length in seconds; 0: not worked).
        self._days: dict[date, tuple[int, datetime, float]] = {}

    @classmethod
    def of(cls, calendar: WorkCalendar) -> Self:
        """The measure of one calendar."""
        return cls(calendar)

    def between(self, start: datetime, end: datetime) -> float:
        """Working days from `start` to `end` (both with a zone); 0 where the end comes first."""
        if end <= start:
            return 0.0
        return max(0.0, self._place(end) - self._place(start))

    def _place(self, at: datetime) -> float:
        day = self._calendar.local_date(at)
        held = self._days.get(day)
        if held is None:
            held = self._days[day] = self._measured(day)
        before, begin, seconds = held
        if not seconds:
            return float(before)
        return before + min(1.0, (at - begin).total_seconds() / seconds)

    def _measured(self, day: date) -> tuple[int, datetime, float]:
        calendar = self._calendar
        if self._origin is None:
            self._origin = day
        begin = calendar.start_of(day)
        worked = calendar.is_worked(day)
        # `between` counts the last day and not the first: what lies before `day` ends the day
        # before it.
        before = calendar.between(self._origin, day) - worked
        length = (calendar.end_of(day) - begin).total_seconds() if worked else 0.0
        return before, begin, length
