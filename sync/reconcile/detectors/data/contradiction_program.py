"""The parts of one confirmed program milestone disagree."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from mappings.vocabulary import MilestoneKind
from sync.ledger.milestones import MilestoneFacts
from sync.reconcile.contract import Channel, Evidence, Found, NotChecked, Severity
from sync.reconcile.detectors.data.contradiction_shared import Quiet
from sync.reconcile.program import Program
from sync.reconcile.view import View
from sync.reconcile.words import day

DATES = "program-dates"
STATES = "program-states"

RULES = {
    DATES: "the parts of one confirmed program milestone have different dates (medium, mailed)",
    STATES: "a part of a confirmed program milestone is closed while another is open",
}

#: What lists each kind of milestone.
_LISTED: Mapping[MilestoneKind, str] = {
    MilestoneKind.VERSION: "versions",
    MilestoneKind.MILESTONE: "milestones",
    MilestoneKind.ITERATION: "iterations",
    MilestoneKind.SPRINT: "sprints",
}


def detect(view: View, quiet: Quiet) -> Iterable[Found | NotChecked]:
    """Program milestones whose parts stood apart through the quiet time."""
    for program in view.programs:
        subject = f"program:{program.name}"
        reason = _not_read(view, program)
        if reason is not None:
            yield NotChecked(subject, reason)
            continue
        settled = quiet.before(*((one.connection_id, one.scope_id or "") for one in program.parts))
        yield from _dates(view, program, settled)
        yield from _states(program, settled)


def _not_read(view: View, program: Program) -> str | None:
    """Why the parts cannot be compared; None: they can."""
    if program.missing:
        return f"{len(program.missing)} of its parts are not there any more"
    for part in program.parts:
        stream = _LISTED.get(part.kind)
        kind, key = view.holders.get((part.connection_id, part.scope_id or ""), ("", None))
        if part.kind is MilestoneKind.SPRINT:
            kind = "board"
        if stream is None or part.scope_id is None or not kind:
            continue
        found = view.coverage.lacks((part.connection_id, kind, part.scope_id), key, (stream,), kind)
        if found:
            return found[0]
    return None


def _dates(view: View, program: Program, settled: datetime) -> Iterable[Found]:
    dated = [one for one in program.parts if one.due_date is not None and one.state.is_open]
    dates = {one.due_date for one in dated if one.due_date is not None}
    if len(dates) < 2 or not _stood(dated, "due_date", settled):
        return
    first, last = min(dates), max(dates)
    apart = view.calendar.between(first, last)
    yield _found(
        program,
        DATES,
        float(max(apart, 1)),
        f"{program.name} has different dates: {day(first)} and {day(last)}",
        "Who looks at one system plans for another day than who looks at the other.",
        f"Agree on one date for {program.name}, and set it in every system.",
        [Evidence(_told(one, _when(one.due_date)), one.url, None, one.subject) for one in dated],
        Severity.MEDIUM,
        Channel.MAILED,
    )


def _states(program: Program, settled: datetime) -> Iterable[Found]:
    open_ = [one for one in program.parts if one.state.is_open]
    closed = [one for one in program.parts if not one.state.is_open]
    if not open_ or not closed or not _stood(program.parts, "state", settled):
        return
    yield _found(
        program,
        STATES,
        float(len(open_)),
        f"{program.name} is closed in one system and open in another",
        "One of them says something that is not so.",
        f"Close {program.name} everywhere, or open it again.",
        [
            Evidence(_told(one, f"is {one.state.value}"), one.url, None, one.subject)
            for one in program.parts
        ],
        Severity.LOW,
        Channel.DIGEST,
    )


def _stood(parts: Iterable[MilestoneFacts], field: str, settled: datetime) -> bool:
    """Whether none of them changed since then, as far as was observed."""
    return all(
        one.is_first or one.field != field or one.observed_at <= settled
        for part in parts
        for one in part.observed
    )


def _told(one: MilestoneFacts, text: str) -> str:
    return f"{one.line} in {one.connection} {text}"


def _when(value: date | None) -> str:
    return f"is due on {day(value)}" if value is not None else "has no date"


def _found(
    program: Program,
    rule: str,
    magnitude: float,
    title: str,
    so_what: str,
    remedy: str,
    evidence: Sequence[Evidence],
    severity: Severity,
    channel: Channel,
) -> Found:
    return Found(
        subject=f"program:{program.name}",
        severity=severity,
        magnitude=magnitude,
        rule=rule,
        channel=channel,
        values={
            "title": title,
            "what": f"{title}.",
            "so_what": so_what,
            "who": f"the owner of {program.name}",
            "remedy": remedy,
        },
        evidence=tuple(evidence),
    )
