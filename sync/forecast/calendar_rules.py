"""Calendars as they were configured when: kept with what was known, and found again."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from sync.forecast.calendar import Calendars, ranges
from sync.ledger.working_days import WorkCalendar
from sync.store.tables_judged import calendar_rule

#: Under this name stands the calendar of everybody.
COMMON = ""

#: (work days, first day off, last day off).
_Rule = tuple[str | None, date | None, date | None]


def refresh(conn: sa.Connection, now: datetime, calendars: Calendars) -> int:
    """Keep the calendars as they are configured now; rows written. `now` in UTC."""
    c = calendar_rule.c
    held = {
        (row.team, row.place): row
        for row in conn.execute(sa.select(calendar_rule).where(c.known_to.is_(None)))
    }
    wanted = {
        (team, place): rule
        for team, one in {COMMON: calendars.common, **calendars.teams}.items()
        for place, rule in enumerate(_rules(one))
    }
    over = [key for key, row in held.items() if wanted.get(key) != _rule(row)]
    for team, place in over:
        conn.execute(
            sa.update(calendar_rule)
            .where(c.team == team, c.place == place, c.known_to.is_(None))
            .values(known_to=now)
        )
    added = [
        {
            "team": team,
            "place": place,
            "known_from": now,
            "known_to": None,
            "work_days": rule[0],
            "first_day": rule[1],
            "last_day": rule[2],
        }
        for (team, place), rule in wanted.items()
        if (team, place) not in held or _rule(held[team, place]) != rule
    ]
    if added:
        conn.execute(sa.insert(calendar_rule), added)
    return len(over) + len(added)


def calendars_at(conn: sa.Connection, known_at: datetime, time_zone: str) -> Calendars | None:
    """The calendars as they were configured at an instant (UTC); None: nothing was kept of it."""
    c = calendar_rule.c
    rows = conn.execute(
        sa.select(calendar_rule)
        .where(c.known_from <= known_at, sa.or_(c.known_to.is_(None), c.known_to > known_at))
        .order_by(c.team, c.place)
    ).all()
    by_team: dict[str, list[_Rule]] = {}
    for row in rows:
        by_team.setdefault(row.team, []).append(_rule(row))
    made = {team: _calendar(rules, time_zone) for team, rules in by_team.items()}
    if COMMON not in made:
        return None
    return Calendars(made.pop(COMMON), made)


def _rules(calendar: WorkCalendar) -> Iterable[_Rule]:
    yield (" ".join(str(day) for day in sorted(calendar.work_days)), None, None)
    for first, last in ranges(tuple(calendar.holidays)):
        yield (None, first, last)


def _rule(row: Any) -> _Rule:
    return (row.work_days, row.first_day, row.last_day)


def _calendar(rules: Iterable[_Rule], time_zone: str) -> WorkCalendar:
    days: frozenset[int] = frozenset()
    off: set[date] = set()
    for work_days, first, last in rules:
        if work_days is not None:
            days = frozenset(int(one) for one in work_days.split())
        elif first is not None and last is not None:
            off.update(first + timedelta(days=n) for n in range((last - first).days + 1))
    return WorkCalendar(time_zone, days, frozenset(off))


def made(
    common: WorkCalendar, teams: Mapping[str, tuple[frozenset[int], frozenset[date]]]
) -> Calendars:
    """Calendars of what is configured: per team its work days and all its days off."""
    return Calendars(
        common,
        {team: WorkCalendar(common.time_zone, days, off) for team, (days, off) in teams.items()},
    )
