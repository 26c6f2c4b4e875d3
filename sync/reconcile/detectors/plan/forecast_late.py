"""The promised date will hardly hold."""

from collections.abc import Iterable, Mapping
from typing import Any

from sync.forecast.percent import about
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
from sync.reconcile.severity import adjusted
from sync.reconcile.view import View
from sync.reconcile.words import count, day

ID = "plan.forecast-late"
TOGETHER = "program"


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Judged open milestones that will probably not keep their date."""
    proven = foreseen.proven(view, dates=False)
    for one in foreseen.judged(view):
        if isinstance(one, NotChecked):
            yield one
        else:
            found = _found(view, one, proven, thresholds)
            if found is not None:
                yield found
    for one in foreseen.programs(view):
        if isinstance(one, NotChecked):
            yield one
        else:
            found = _together(view, one, proven, thresholds)
            if found is not None:
                yield found


def _together(
    view: View, one: MilestoneForecast, proven: bool, thresholds: Mapping[str, Any]
) -> Found | None:
    """A program milestone whose parts probably hold each, and hardly all of them.

    Where one part alone is late, its own finding says so.
    """
    due, p, subject = one.due, one.made.p_on_time, f"program:{one.name}"
    if due is None or p is None:
        return None
    chances = [(part, part.made.p_by(due)) for part in one.parts]
    limit = thresholds["medium"]
    if view.was_open(ID, None, subject, TOGETHER):
        limit += (1 - limit) * (1 - thresholds["close_at"])
    if p >= limit or any(chance is None or chance < limit for _, chance in chances):
        return None
    likely, safe = one.made.p50, one.made.p85
    parts = count(len(one.parts), "part")
    return Found(
        subject=subject,
        severity=adjusted(Severity.MEDIUM, None, view.today, view.calendar, certain=proven),
        magnitude=float(round((1 - p) * 20)),
        values={
            "milestone": one.name,
            "due": day(due),
            "chance": about(p),
            "open": f"{parts} with {count(one.inputs.open_items, 'item')}",
            "likely": day(likely) if likely else "not within two years",
            "safe": day(safe) if safe else "not within two years",
            "caution": foreseen.caution(proven),
        },
        evidence=tuple(
            Evidence(
                f"{part.name}: {about(chance or 0.0)} to be done by {day(due)}, "
                f"{count(part.inputs.open_items, 'item')} open",
                None if part.facts is None else part.facts.url,
                source=None if part.facts is None else part.facts.subject,
            )
            for part, chance in chances
        ),
        rule=TOGETHER,
    )


def _found(
    view: View, one: MilestoneForecast, proven: bool, thresholds: Mapping[str, Any]
) -> Found | None:
    facts, due, p = one.facts, one.due, one.made.p_on_time
    if facts is None or due is None or p is None:
        return None
    held = view.was_open(ID, facts.connection_id, facts.subject)
    # It closes later than it opens: what is to be kept must be likelier by a part of the rest.
    limit = thresholds["medium"]
    if held:
        limit += (1 - limit) * (1 - thresholds["close_at"])
    if p >= limit:
        return None
    near = (due - view.today).days <= thresholds["critical_days"]
    if p < thresholds["critical"] and near:
        reached = Severity.CRITICAL
    elif p < thresholds["high"]:
        reached = Severity.HIGH
    else:
        reached = Severity.MEDIUM
    # Nearness and a small chance are in these levels already.
    severity = adjusted(reached, None, view.today, view.calendar, certain=proven)
    likely, safe = one.made.p50, one.made.p85
    return Found(
        subject=facts.subject,
        severity=severity,
        # In steps of five, as it is told: what moves by a point is not worse.
        magnitude=float(round((1 - p) * 20)),
        values={
            "milestone": facts.name,
            "due": day(due),
            "chance": about(p),
            "open": count(one.inputs.open_items, "item"),
            "likely": day(likely) if likely else "not within two years",
            "safe": day(safe) if safe else "not within two years",
            "caution": foreseen.caution(proven),
        },
        evidence=(
            Evidence(
                f"{facts.name}: {count(one.inputs.open_items, 'item')} open on "
                f"{day(one.made.as_of)}, promised for {day(due)}",
                facts.url,
                source=facts.subject,
            ),
            Evidence(
                f"half of the runs are done by {_or_never(likely)}, 85 of 100 by {_or_never(safe)}"
            ),
            *(Evidence(note) for note in one.notes),
        ),
        connection_id=facts.connection_id,
        milestone=(facts.kind, facts.source_id),
    )


def _or_never(value: Any) -> str:
    return day(value) if value else "no day within two years"


DETECTOR = Detector(
    id=ID,
    name="The promised date will hardly hold",
    family="plan",
    needs=foreseen.NEEDS,
    words=Words(
        title="{milestone} is unlikely by {due} ({chance})",
        what=(
            "{open} are open. At the pace seen so far {milestone} is as likely before {likely} as "
            "after it; {safe} holds in 85 of 100 cases.{caution}"
        ),
        so_what="Whoever plans on {due} plans on luck.",
        who="the owner of {milestone}",
        by_when="before the date is told to anybody again",
        remedy=(
            "Decide now: leave something out, or promise {safe}. `driftline forecast` says how "
            "much would have to go."
        ),
        executive=Voice(
            what="{milestone} will probably not be done by {due}: the chance is {chance}.{caution}",
            remedy="Ask for {safe}, or for what can be left out.",
        ),
        engineer=Voice(
            remedy="Say which of the open items can wait, and what would make the rest quicker.",
        ),
    ),
    channel=Channel.DIGEST,
    defaults={
        "medium": 0.50,
        "high": 0.20,
        "critical": 0.05,
        "critical_days": 15,
        "close_at": 0.8,
    },
    explain={
        "medium": "chance of keeping the date below which it is medium",
        "high": "the same below which it is high",
        "critical": "the same below which it is critical, if the date is near",
        "critical_days": "days to the date from which it is near",
        "close_at": "an open finding closes once the risk is below this share of the one at which "
        "it opens",
    },
    detect=detect,
    rules={
        "": "A milestone will hardly keep its date",
        TOGETHER: "The parts of a program milestone will probably keep its date each, and hardly "
        "all of them",
    },
    yields_to={"plan.overdue": "the date has passed, which says more than a forecast of it"},
)
