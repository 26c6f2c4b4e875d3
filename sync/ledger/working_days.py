"""Working days and calendar dates in the configured zone; pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

#: Monday to Friday, as ISO week days.
MONDAY_TO_FRIDAY = frozenset({1, 2, 3, 4, 5})


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are worked, and where a day begins."""

    #: IANA zone in which calendar dates are meant.
    time_zone: str = "UTC"
    #: ISO week days that are worked (1 = Monday).
    work_days: frozenset[int] = MONDAY_TO_FRIDAY
    holidays: frozenset[date] = frozenset()

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone itself. Raises ZoneInfoNotFoundError for an unknown name."""
        return ZoneInfo(self.time_zone)

    def is_worked(self, day: date) -> bool:
        """Whether people work on this day."""
        return day.isoweekday() in self.work_days and day not in self.holidays

    def local_date(self, at: datetime) -> date:
        """The calendar date of an instant in this zone."""
        return at.astimezone(self.zone).date()

    def start_of(self, day: date) -> datetime:
        """First instant of the day (UTC)."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def end_of(self, day: date) -> datetime:
        """First instant after the day (UTC): a due date means the end of that day."""
        return self.start_of(day + timedelta(days=1))

    def between(self, first: date, last: date) -> int:
        """Working days after `first` up to and with `last`; negative when `last` is earlier."""
        if last < first:
            return -self.between(last, first)
        if not self.work_days:
            return 0
        days = (last - first).days
        weeks, rest = divmod(days, 7)
        count = weeks * len(self.work_days)
        start = first + timedelta(days=weeks * 7)
        for offset in range(1, rest + 1):
            count += (start + timedelta(days=offset)).isoweekday() in self.work_days
        off = sum(
            1 for day in self.holidays if first < day <= last and day.isoweekday() in self.work_days
        )
        return count - off

    def add(self, at: datetime, days: int) -> datetime:
        """The same time of day, `days` working days later (UTC)."""
        if days <= 0 or not self.work_days:
            return at
        local = at.astimezone(self.zone)
        day, left = local.date(), days
        # Holidays are finite, so a worked day always comes.
        while left:
            day += timedelta(days=1)
            left -= self.is_worked(day)
        moved = datetime.combine(day, local.timetz().replace(tzinfo=None), self.zone)
        return moved.astimezone(UTC)
