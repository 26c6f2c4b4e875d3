"""Whose calendar counts: that of everybody, or that of the team whose work it is; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sync.ledger.working_days import WorkCalendar


@dataclass(frozen=True, slots=True)
class Calendars:
    """The calendar of everybody, and those of teams that differ from it."""

    common: WorkCalendar
    teams: Mapping[str, WorkCalendar] = field(default_factory=dict)

    def of(self, team: str | None) -> WorkCalendar:
        """The calendar of a team; of no team or an unnamed one, the common one."""
        return self.common if team is None else self.teams.get(team, self.common)

    def of_most(self, work: Mapping[str | None, float]) -> WorkCalendar:
        """The calendar of those who have most of the work; of equals, the first by name.

        `work`: team -> how much is whose, such as open items; None: nobody's in particular.
        """
        if not work:
            return self.common
        return self.of(min(work, key=lambda team: (-work[team], team or "")))


def ranges(days: Sequence[date]) -> tuple[tuple[date, date], ...]:
    """Days as intervals from the first to and with the last of each."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][1] == timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return tuple(found)
