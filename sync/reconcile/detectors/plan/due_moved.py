"""A promised date has moved."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sync.ledger import baseline as baselines
from sync.ledger.baseline import Baseline
from sync.ledger.milestones import DateMove, MilestoneFacts, due_moves
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
from sync.reconcile.view import View
from sync.reconcile.words import count, day, day_of

ID = "plan.due-moved"


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Judged open milestones whose date we saw move; what a later baseline recorded is agreed."""
    watched = [one for one in view.judged if one.state.is_open]
    made = baselines.stored(view.conn, {one.key for one in watched}, view.known_at)
    for facts in watched:
        if facts.unseen:
            yield NotChecked(facts.subject, "its date was not known to us at that time")
            continue
        mine = made.get(facts.key, ())
        moves = _since_agreed(due_moves(facts), [one for one in mine if one.accepted])
        if moves:
            yield _found(view, facts, moves, mine, thresholds)


def _since_agreed(moves: Sequence[DateMove], agreed: Sequence[Baseline]) -> list[DateMove]:
    """Moves that no agreed baseline recorded; it may have been told before we saw the move."""
    if not agreed:
        return list(moves)
    last = max(agreed, key=lambda one: one.created_at)
    later = [move for move in moves if move.observed_at > last.created_at]
    if later and later[0].old != last.due_date:
        arrived = (n for n, move in enumerate(later, 1) if move.new == last.due_date)
        return later[next(arrived, 0) :]
    return later


def _found(
    view: View,
    facts: MilestoneFacts,
    moves: Sequence[DateMove],
    made: Sequence[Baseline],
    thresholds: Mapping[str, Any],
) -> Found:
    calendar = view.calendar
    slip = calendar.between(moves[0].old, moves[-1].new)
    later = [move for move in moves if move.new > move.old]
    since = made[0].at if made else facts.first_seen_at
    elapsed = max(
        calendar.between(calendar.local_date(since), view.today), thresholds["least_elapsed"]
    )
    rate = slip / elapsed
    after = [move for move in later if _after_passing(move, calendar.end_of(move.old))]
    if not later:
        severity = Severity.LOW
    elif len(moves) >= thresholds["high_moves"] or rate >= thresholds["high_rate"] or after:
        severity = Severity.HIGH
    elif len(moves) >= thresholds["medium_moves"]:
        severity = Severity.MEDIUM
    else:
        severity = Severity.LOW
    return Found(
        subject=facts.subject,
        severity=severity,
        magnitude=float(max(abs(slip), 1)),
        values={
            "milestone": facts.name,
            "old": day(moves[0].old),
            "new": day(moves[-1].new),
            "times": "once" if len(moves) == 1 else f"{len(moves)} times",
            "shift": _shift(slip),
            "passed": " The date had already passed when it was moved." if after else "",
        },
        evidence=tuple(
            Evidence(
                f"{facts.name}: {day(move.old)} became {day(move.new)}, seen "
                f"{_between(move, view)}",
                facts.url,
                move.observed_at,
                facts.subject,
            )
            for move in moves
        ),
        connection_id=facts.connection_id,
        milestone=(facts.kind, facts.source_id),
    )


def _after_passing(move: DateMove, ended: datetime) -> bool:
    """Surely after the old date: the reading before the move came later than it."""
    return move.observed_after is not None and move.observed_after >= ended


def _shift(slip: int) -> str:
    if slip == 0:
        return "by no working day in all"
    return f"{count(abs(slip), 'working day')} {'later' if slip > 0 else 'earlier'}"


def _between(move: DateMove, view: View) -> str:
    seen = day_of(move.observed_at, view.calendar)
    if move.observed_after is None:
        return f"by {seen}"
    return f"between {day_of(move.observed_after, view.calendar)} and {seen}"


DETECTOR = Detector(
    id=ID,
    name="A promised date has moved",
    family="plan",
    needs={
        "jira": ("versions", "sprints"),
        "github": ("milestones",),
        "gitlab": ("milestones", "iterations"),
    },
    words=Words(
        title="{milestone}: the date moved from {old} to {new}",
        what="The date moved {times}, {shift}.{passed}",
        so_what="Everyone who planned on {old} has to hear of {new}.",
        who="the owner of {milestone}",
        by_when="before the next status report",
        remedy=(
            "Tell those who rely on it and record the new date with a baseline, or move it back."
        ),
        executive=Voice(
            what="What was promised for {old} is now promised for {new}.{passed}",
            remedy="Ask what else depends on it, and whether {new} will hold.",
        ),
        engineer=Voice(
            so_what="What you planned around {old} now has until {new}, or must come sooner.",
            remedy="Check your own dates against {new}, and say where they do not fit.",
        ),
    ),
    channel=Channel.MAILED,
    defaults={"medium_moves": 2, "high_moves": 3, "high_rate": 0.5, "least_elapsed": 10},
    explain={
        "medium_moves": "moves from which it is medium",
        "high_moves": "moves from which it is high",
        "high_rate": "working days slipped per working day passed since the first baseline, from "
        "which it is high",
        "least_elapsed": "working days taken as passed at least, so that a young plan is not "
        "judged by one move",
    },
    detect=detect,
)
