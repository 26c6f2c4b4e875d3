"""The forecast date has moved, and the promised one has not."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sync.forecast.store import Said, said
from sync.ledger.milestones import MilestoneFacts, due_moves
from sync.reconcile.contract import (
    Channel,
    Detector,
    Evidence,
    Found,
    NotChecked,
    Severity,
    Voice,
    Words,
)
from sync.reconcile.detectors.plan import foreseen
from sync.reconcile.forecasts import MilestoneForecast
from sync.reconcile.severity import adjusted, level
from sync.reconcile.view import View
from sync.reconcile.words import capped, count, day, verb

ID = "plan.forecast-shift"


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Judged open milestones whose safe date is another one than some days ago."""
    proven = foreseen.proven(view, dates=True)
    chosen: list[MilestoneForecast] = []
    for one in foreseen.judged(view):
        if isinstance(one, NotChecked):
            yield one
        else:
            chosen.append(one)
    history = said(view.conn, [one.key for one in chosen], view.known_at)
    receding = []
    for one in chosen:
        # A day's forecast may be made several times: the last one of it counts.
        by_day = {each.as_of: each for each in history.get(one.key, ()) if each.abstained is None}
        before = _before(by_day, view.today, thresholds["over_days"])
        if before is not None:
            yield from _found(view, one, before, proven, thresholds)
        first = _before(by_day, view.today, thresholds["flat_days"])
        if first is not None and _is_receding(view, one, first, thresholds):
            receding.append((one, first))
    if receding:
        yield _watermelon(view, receding, proven)


def _before(by_day: Mapping[date, Said], today: date, days: int) -> Said | None:
    """The newest forecast that is at least so many days old."""
    until = today - timedelta(days=days)
    return max(
        (one for day_, one in by_day.items() if day_ <= until),
        key=lambda one: one.as_of,
        default=None,
    )


def _found(
    view: View,
    one: MilestoneForecast,
    before: Said,
    proven: bool,
    thresholds: Mapping[str, Any],
) -> Iterable[Found]:
    facts, now = one.facts, one.made.p85
    if facts is None or before.p85 is None:
        # What was beyond all dates, and no longer is, came nearer by nobody knows how much.
        return
    calendar = one.inputs.calendar
    shift = calendar.between(before.p85, now) if now is not None else None
    rule = "earlier" if shift is not None and shift < 0 else ""
    held = view.was_open(ID, facts.connection_id, facts.subject, rule)
    limits = {Severity.MEDIUM: thresholds["medium_days"], Severity.HIGH: thresholds["high_days"]}
    open_at = thresholds["close_at"] if held else 1.0
    reached = Severity.HIGH if shift is None else level(abs(shift), limits, open_at=open_at)
    if reached is None:
        return
    if rule:
        severity = Severity.LOW
    else:
        due = facts.due_date
        severity = adjusted(
            reached,
            due,
            view.today,
            view.calendar,
            on_time=one.made.p_on_time,
            certain=proven,
        )
    moved = (
        f"{count(abs(shift), 'working day')} {'earlier' if rule else 'later'}"
        if shift is not None
        else "out of sight"
    )
    after = day(now) if now is not None else "no day within two years"
    yield Found(
        subject=facts.subject,
        severity=severity,
        magnitude=float(abs(shift) if shift is not None else one.made.cap),
        values={
            "milestone": facts.name,
            "title": f"{facts.name}: good news, the forecast is {moved}"
            if rule
            else f"{facts.name}: the forecast moved {moved}",
            "what": (
                f"On {day(before.as_of)} {day(before.p85)} would have held in 85 of 100 cases. Now "
                f"it is {after}.{foreseen.caution(proven)}"
            ),
            "so_what": (
                "What was planned around the later date can be planned anew."
                if rule
                else "What is promised for the time after it moves as well."
            ),
            "remedy": (
                "Tell those who wait for it, once it lasts."
                if rule
                else "Look at what entered and what slowed down: `driftline forecast` tells which."
            ),
        },
        evidence=(
            Evidence(
                f"forecast of {day(before.as_of)}: {day(before.p85)} in 85 of 100 cases, "
                f"{count(before.open_items, 'item')} open",
                facts.url,
                before.known_from,
                facts.subject,
            ),
            Evidence(
                f"forecast of {day(one.made.as_of)}: {after}, "
                f"{count(one.inputs.open_items, 'item')} open",
                source=facts.subject,
            ),
        ),
        connection_id=facts.connection_id,
        rule=rule,
        milestone=(facts.kind, facts.source_id),
    )


def _is_receding(
    view: View, one: MilestoneForecast, first: Said, thresholds: Mapping[str, Any]
) -> bool:
    """Whether the promise stood still while the forecast went away from it, beyond it."""
    facts, due, now = one.facts, one.due, one.made.p85
    if facts is None or due is None or first.due != due or _moved_since(view, facts, first.as_of):
        return False
    if first.p85 is None or (now is not None and now <= due):
        return False
    if now is None:
        return True
    return bool(one.inputs.calendar.between(first.p85, now) >= thresholds["medium_days"])


def _moved_since(view: View, facts: MilestoneFacts, day_: date) -> bool:
    moves = due_moves(facts)
    return any(view.calendar.local_date(move.observed_at) > day_ for move in moves)


def _watermelon(
    view: View, receding: Sequence[tuple[MilestoneForecast, Said]], proven: bool
) -> Found:
    """One hint for the whole program: green outside, red inside."""
    number = len(receding)
    milestones = count(number, "milestone")
    severity = Severity.MEDIUM if proven else Severity.LOW
    return Found(
        subject=f"program:{view.policy.program}",
        severity=severity,
        magnitude=float(number),
        values={
            "milestone": view.policy.program,
            "title": (
                f"{milestones} {verb(number, 'keeps its date', 'keep their dates')} while the "
                f"forecast {verb(number, 'moves', 'move')} away"
            ),
            "what": (
                "The promised date stood still for weeks, and what would hold in 85 of 100 cases "
                f"went beyond it.{foreseen.caution(proven)}"
            ),
            "so_what": "From outside all looks calm until shortly before the date.",
            "remedy": "Ask the owners what they would promise today, before the date does it.",
        },
        evidence=capped(
            [
                Evidence(
                    f"{one.name}: promised for {_day(one.due)} all the time since "
                    f"{day(first.as_of)}; 85 of 100 cases were done by {_day(first.p85)} then and "
                    f"are by {_day(one.made.p85)} now",
                    one.facts.url if one.facts is not None else None,
                    first.known_from,
                )
                for one, first in receding
            ],
            "milestone",
        ),
        rule="watermelon",
    )


def _day(value: date | None) -> str:
    return day(value) if value is not None else "no day within two years"


DETECTOR = Detector(
    id=ID,
    name="The forecast date has moved",
    family="plan",
    needs=foreseen.NEEDS,
    words=Words(
        title="{title}",
        what="{what}",
        so_what="{so_what}",
        who="the owner of {milestone}",
        by_when="before the next status report",
        remedy="{remedy}",
        executive=Voice(remedy="Ask what changed, and whether the promised date still stands."),
        engineer=Voice(
            remedy="Compare what is open now with what was open then; the proof names both."
        ),
    ),
    channel=Channel.DIGEST,
    defaults={
        "medium_days": 5,
        "high_days": 15,
        "over_days": 7,
        "flat_days": 28,
        "close_at": 0.8,
    },
    explain={
        "medium_days": "working days by which the date that holds in 85 of 100 cases moved, from "
        "which it is medium",
        "high_days": "the same from which it is high",
        "over_days": "days ago with which the forecast is compared, at least",
        "flat_days": "days for which a promise must have stood still to be called flat",
        "close_at": "share of the lowest limit below which an open finding closes",
    },
    detect=detect,
    rules={
        "": "The date that holds in 85 of 100 cases is later than it was",
        "earlier": "It is earlier: good news",
        "watermelon": "Over the whole program: promised dates that stood still while the forecast "
        "went beyond them",
    },
)
