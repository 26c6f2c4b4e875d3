"""Reconciliation -> what one reader's report says. Pure: same input, same data."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Literal

from sync.errors import ConfigError
from sync.reconcile.answers import Place
from sync.reconcile.contract import (
    Channel,
    Finding,
    FindingState,
    MilestoneLine,
    Reconciliation,
    Severity,
)
from sync.reconcile.life import spoken
from sync.reconcile.since import Since
from sync.report import answered
from sync.report import verdict as words
from sync.report.changes import CHANGED, STATE_ORDER, Previous, against
from sync.report.clean import clean, clean_url
from sync.report.data import (
    SCHEMA_VERSION,
    Action,
    AgeRow,
    AnsweredPart,
    Ask,
    Changes,
    Figure,
    Group,
    HeldBack,
    Inventory,
    Item,
    NotJudged,
    Proof,
    ReportData,
    Trust,
)
from sync.report.gate import CHANGES, gate_lists
from sync.report.impact import impact
from sync.report.mask import Masked, mask
from sync.report.milestones import baseline_rule, labels, ledger_row, milestone_row, original_row
from sync.report.note import Note
from sync.report.recipients import Recipient, concerning
from sync.report.sources import (
    BLIND_SPOT,
    gaps,
    oldest,
    source_rows,
    unread,
    unread_words,
)
from sync.report.wording import count, family, listing, moment, number, zone

AUDIENCES = ("executive", "manager", "engineer")
#: Where a report tells again what stands unchanged.
Repeating = Literal["all", "weekly", "none"]

_ACTIONS = 3
_QUESTIONS = 3
_CHANGED = 5
_RISKS = 5
_LISTED = 10
_LATEST = date.max


def build(
    reconciliation: Reconciliation,
    *,
    audience: str = "manager",
    previous: Previous | None = None,
    mailed: Previous | None = None,
    for_owner: bool = False,
    reader: Recipient | None = None,
    note: Note | None = None,
    repeating: Repeating = "all",
    story: Since | None = None,
) -> ReportData:
    """What the report says to a reader of this audience.

    `for_owner`: the reader owns the token and sees restricted items; everybody else gets counts.
    `previous`: the last report that was mailed, when changes are to be counted since then and not
    since the reconciliation before. `mailed`: the same where changes are not counted since then;
    only its verdict is told. `reader`: only what concerns them. `note`: what a person says beside
    the verdict. `repeating`: where findings that stand unchanged are told once more: `all`;
    `weekly`: not among what to do; `none`: nor among the risks, and without questions. `story`:
    what became of findings since `previous`, over all reconciliations in between. Raises
    ConfigError for an unknown audience or time zone.
    """
    if audience not in AUDIENCES:
        raise ConfigError(
            f"the audience {clean(audience, 60)!r} does not exist",
            where="report.audience",
            todo=f"Choose one of: {', '.join(AUDIENCES)}.",
        )
    if story is not None:
        reconciliation = replace(
            reconciliation,
            resolved=story.resolved,
            restated=story.restated,
            agreed=story.agreed,
        )
    # Before anything is masked: each audience's words pass the same mask.
    reconciliation = replace(
        reconciliation,
        findings=tuple(spoken(one, audience) for one in reconciliation.findings),
        resolved=tuple(spoken(one, audience) for one in reconciliation.resolved),
    )
    time_zone = zone(reconciliation.time_zone)
    masked = Masked(reconciliation, 0, {}, ()) if for_owner else mask(reconciliation)
    # Masked as a whole first: what is left out may name what must not be named.
    source = masked.reconciliation if reader is None else concerning(masked.reconciliation, reader)
    today = source.as_of.astimezone(time_zone).date()

    def items(findings: Iterable[Finding]) -> tuple[Item, ...]:
        kept = (finding for finding in findings if finding.channel != Channel.OFF)
        made = (
            _item(one, source.as_of, masked, impact(one, source.milestones, today)) for one in kept
        )
        made = (replace(one, flips=flips.get(one.fingerprint, 0)) for one in made)
        return tuple(sorted(made, key=_importance))

    magnitudes = {one.fingerprint: _finite(one.magnitude) for one in source.findings}
    since = None if source.is_first else previous
    then = None if source.is_first else since.at if since else source.previous_at
    flips = answered.flips(source.flapping)
    every = items(
        answered.since(
            against(source.findings, since, magnitudes, story.silent if story else frozenset()),
            source.ended_answers,
            source.flapping,
            then,
        )
    )
    # What people answered has its own part and is in no other.
    found = tuple(one for one in every if one.place is Place.TOLD)
    said = answered.part(every, source.ended_answers, source.flapping, then, today)
    resolved = items(replace(one, state=FindingState.RESOLVED) for one in source.resolved)
    if since is not None and story is not None:
        changes = _told(source, story.silent, found, resolved, since)
    else:
        known = _open_now(reconciliation) | flips.keys()
        changes = _changes(source, found, resolved, since, known, then)
    named = tuple(zip(source.milestones, labels(source.milestones), strict=True))
    rows = tuple(
        sorted(
            (milestone_row(line, label, today, time_zone) for line, label in named),
            key=lambda row: (
                not row.state.is_open,
                row.due_date or _LATEST,
                row.name,
                row.connection,
                row.source_id,
            ),
        )
    )
    failed, partly = unread(source)
    unread_text = unread_words(failed, partly)
    if not source.certificates:
        unread_text = "no source read"
    kind = _kind(source, every, changes, failed + partly, said)
    questions = tuple(
        # Asked once a week: they wait for an answer, not for the next mail.
        Ask(clean(q.text), clean(q.answer_line))
        for q in (source.questions if repeating != "none" else ())
    )
    ledgers = [
        row(line, label, time_zone) for line, label in named for row in (ledger_row, original_row)
    ]
    inventory = _inventory(source, found) if source.is_first else None
    told = found if repeating != "none" else _changed(found)
    risks = () if source.is_first else _risks(told)
    return ReportData(
        schema_version=SCHEMA_VERSION,
        program=clean(source.program, 120),
        kind=kind,
        audience=audience,
        for_owner=for_owner,
        subject=words.subject(
            source.program,
            kind,
            every,
            rows,
            changes,
            min(len(questions), _QUESTIONS),
            unread_text,
            today,
        ),
        run_id=source.run_id,
        at=source.at,
        as_of=source.as_of,
        today=today,
        time_zone=source.time_zone,
        previous_at=since.at if since else source.previous_at,
        verdict=words.compared(
            words.verdict(kind, every, rows, unread_text, today),
            None if source.is_first else previous or mailed,
            time_zone,
        ),
        questions=questions[:_QUESTIONS],
        more_questions=max(0, len(questions) - _QUESTIONS),
        actions=_actions(
            found if repeating == "all" else _changed(found), blind_only=source.is_first
        ),
        changes=changes,
        risks=risks,
        milestones=rows,
        ledgers=tuple(
            sorted((row for row in ledgers if row), key=lambda row: (row.milestone, row.connection))
        ),
        still_open=() if source.is_first else _still_open(found, risks),
        digest=_groups(one for one in found if one.channel == Channel.DIGEST),
        inventory=inventory,
        hygiene=tuple(clean(line) for line in source.hygiene),
        not_checked=_not_judged(source.not_checked),
        held_back=_held_back(source.suppressed),
        burn_up=replace(source.burn_up, milestone=clean(source.burn_up.milestone, 200))
        if source.burn_up
        else None,
        trend=replace(source.trend, milestone=clean(source.trend.milestone, 200))
        if source.trend
        else None,
        trust=_trust(source, masked, named),
        findings=every,
        resolved=resolved,
        unread=failed + partly,
        urgent=_urgent(found),
        gate=gate_lists(
            found,
            every,
            source.detector_states,
            source.not_checked,
            is_read=any(one.stream == CHANGES for one in source.certificates),
        ),
        flow=_groups(one for one in found if one.detector.startswith("flow.")),
        note=note,
        answered=said,
    )


def _changed(found: Sequence[Item]) -> tuple[Item, ...]:
    """What moved; and blind spots as long as they are there, for silence is no good news."""
    return tuple(
        one
        for one in found
        if one.state in CHANGED
        or (one.detector == BLIND_SPOT and one.state is not FindingState.RESOLVED)
    )


def _item(finding: Finding, as_of: datetime, masked: Masked, days: tuple[int | None, str]) -> Item:
    proofs = tuple(
        Proof(
            text=clean(one.text),
            url=clean_url(one.url),
            at=one.at,
            source=clean(one.source, 200) if one.source else None,
        )
        for one in finding.evidence
    )
    instants = [one.at for one in proofs if one.at]
    oldest_at = min(instants, default=finding.first_seen_at)
    return Item(
        fingerprint=clean(finding.fingerprint, 80),
        detector=clean(finding.detector, 80),
        rule=clean(finding.rule, 80),
        subject_label=clean(finding.subject_label, 200),
        connection=clean(finding.connection, 120) if finding.connection else None,
        milestone=clean(finding.milestone_label, 200) if finding.milestone_label else None,
        severity=finding.severity,
        previous_severity=finding.previous_severity,
        state=finding.state,
        channel=finding.channel,
        magnitude=_finite(finding.magnitude),
        title=clean(finding.title, 240),
        what=clean(finding.what),
        so_what=clean(finding.so_what),
        who=clean(finding.who, 200),
        by_when=clean(finding.by_when, 200),
        remedy=clean(finding.remedy),
        evidence=proofs,
        hidden_evidence=masked.hidden_evidence.get(finding.fingerprint, 0),
        first_seen_at=finding.first_seen_at,
        last_seen_at=finding.last_seen_at,
        resolved_at=finding.resolved_at,
        age_days=max(0, (as_of - oldest_at).days),
        age_known=bool(instants),
        url=next((one.url for one in proofs if one.url), None),
        impact_days=days[0],
        impact=days[1],
        answer=answered.answered(finding.answer, as_of.date()),
        place=answered.place(finding),
        owner=clean(finding.owner, 120) if finding.owner else None,
    )


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _importance(item: Item) -> tuple[Any, ...]:
    return (
        item.channel != Channel.MAILED,
        -item.severity.rank,
        item.detector != BLIND_SPOT,
        STATE_ORDER.index(item.state),
        -(item.magnitude or 0.0),
        item.title,
        item.fingerprint,
    )


def _open_now(reconciliation: Reconciliation) -> frozenset[str]:
    """Every fingerprint that is still known, hidden ones too."""
    return frozenset(one.fingerprint for one in reconciliation.findings)


def _changes(
    source: Reconciliation,
    found: Sequence[Item],
    resolved: Sequence[Item],
    previous: Previous | None,
    known: frozenset[str],
    then: datetime | None,
) -> Changes:
    restated = tuple(clean(reason) for reason in source.restated)
    agreed = tuple(clean(reason) for reason in source.agreed)
    agreed += tuple(clean(reason) for reason in answered.demoted(source.demoted, then))
    mailed = [one for one in found if one.channel == Channel.MAILED]
    moved = [one for one in mailed if one.state in CHANGED]
    gone = [one for one in resolved if one.channel == Channel.MAILED]
    vanished = 0
    if previous is not None:
        gone = [one for one in gone if one.fingerprint in previous.findings]
        named = {one.fingerprint for one in resolved}
        versions = (source.config_hash, source.mapping_version, source.program_version)
        if previous.versions == versions:
            vanished = sum(
                before.channel == Channel.MAILED
                for fingerprint, before in previous.findings.items()
                if fingerprint not in known and fingerprint not in named
            )
    if source.is_first:
        return Changes(0, 0, 0, 0, 0, (), 0, restated, 0)
    if restated:
        restated = (*restated, *agreed)
        return Changes(0, 0, 0, 0, 0, (), 0, restated, len(moved) + len(gone) + vanished)
    return _counted(moved, gone, vanished, agreed, 0)


def _told(
    source: Reconciliation,
    silent: frozenset[str],
    found: Sequence[Item],
    resolved: Sequence[Item],
    previous: Previous,
) -> Changes:
    """What moved since the reader's last mail, what we moved apart from what the world moved."""
    mailed = [one for one in found if one.channel == Channel.MAILED]
    moved = [one for one in mailed if one.state in CHANGED]
    gone = [
        one
        for one in resolved
        if one.channel == Channel.MAILED and one.fingerprint in previous.findings
    ]
    ours = {one.fingerprint for one in mailed} | {
        fingerprint
        for fingerprint, before in previous.findings.items()
        if before.channel == Channel.MAILED
    }
    reasons = tuple(
        clean(reason)
        for reason in (
            *source.restated,
            *source.agreed,
            *answered.demoted(source.demoted, previous.at),
        )
    )
    return _counted(moved, gone, 0, reasons, len(silent & ours) if reasons else 0)


def _counted(
    moved: Sequence[Item],
    gone: Sequence[Item],
    vanished: int,
    reasons: tuple[str, ...],
    restated: int,
) -> Changes:
    states = Counter(one.state for one in moved)
    shown = [*moved, *gone]
    return Changes(
        new=states[FindingState.NEW],
        worse=states[FindingState.WORSENED],
        better=states[FindingState.IMPROVED],
        resolved=len(gone) + vanished,
        back=states[FindingState.REGRESSED],
        items=tuple(shown[:_CHANGED]),
        more=max(0, len(shown) - _CHANGED) + vanished,
        restated=reasons,
        restated_findings=restated,
    )


def _kind(
    source: Reconciliation,
    found: Sequence[Item],
    changes: Changes,
    unread: int,
    said: AnsweredPart,
) -> str:
    if source.is_first:
        return "inventory"
    above_medium = any(one.severity.rank > Severity.MEDIUM.rank for one in words.open_mailed(found))
    loud = changes.any or changes.restated or above_medium or unread or words.blind_spots(found)
    loud = loud or said.ended or said.flapping
    return "change" if loud or not source.certificates else "quiet"


def _actions(found: Sequence[Item], *, blind_only: bool) -> tuple[Action, ...]:
    chosen: list[Action] = []
    texts: set[str] = set()
    wanted = (*words.blind_spots(found), *(() if blind_only else words.open_mailed(found)))
    order = {item.fingerprint: place for place, item in enumerate(found)}
    for item in sorted(wanted, key=lambda one: order[one.fingerprint]):
        if item.channel != Channel.MAILED or not item.remedy or item.remedy in texts:
            continue
        if item.severity.rank < Severity.MEDIUM.rank or item.state == FindingState.IMPROVED:
            continue
        texts.add(item.remedy)
        chosen.append(
            Action(
                text=item.remedy,
                who=item.who,
                by_when=item.by_when,
                about=item.title,
                fingerprint=item.fingerprint,
                url=item.url,
            )
        )
        if len(chosen) == _ACTIONS:
            break
    return tuple(chosen)


def _risks(found: Sequence[Item]) -> tuple[Item, ...]:
    return tuple(
        one
        for one in found
        if one.channel == Channel.MAILED
        and one.state != FindingState.NOT_CHECKED
        and one.severity.rank >= Severity.MEDIUM.rank
    )[:_RISKS]


def _still_open(found: Sequence[Item], risks: Sequence[Item]) -> tuple[Group, ...]:
    told = {one.fingerprint for one in risks}
    unchanged = (FindingState.ONGOING, FindingState.ALREADY_THERE, FindingState.NOT_CHECKED)
    return _groups(
        one
        for one in found
        if one.channel == Channel.MAILED and one.state in unchanged and one.fingerprint not in told
    )


def _groups(items: Iterable[Item]) -> tuple[Group, ...]:
    by_detector: dict[str, list[Item]] = {}
    for item in items:
        by_detector.setdefault(item.detector, []).append(item)
    return tuple(
        Group(detector, family(detector), len(of), tuple(of))
        for detector, of in sorted(by_detector.items())
    )


def _inventory(source: Reconciliation, found: Sequence[Item]) -> Inventory:
    mailed = [one for one in found if one.channel == Channel.MAILED]
    return Inventory(
        figures=tuple(_figures(source.inventory)),
        ages=tuple(_ages(group) for group in _groups(found)),
        listed=tuple(mailed[:_LISTED]),
        more=max(0, len(mailed) - _LISTED),
    )


def _figures(numbers: Mapping[str, Any]) -> Iterable[Figure]:
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            continue
        shown = clean(value, 120) if isinstance(value, str) else number(value)
        yield Figure(clean(name, 80).replace("_", " "), shown)


def _ages(group: Group) -> AgeRow:
    ages = [one.age_days if one.age_known else None for one in group.items]
    return AgeRow(
        detector=group.detector,
        family=group.family,
        total=group.count,
        week=sum(age is not None and age < 7 for age in ages),
        month=sum(age is not None and 7 <= age < 28 for age in ages),
        older=sum(age is not None and age >= 28 for age in ages),
        unknown=sum(age is None for age in ages),
    )


def _not_judged(rows: Iterable[tuple[str, str, str]]) -> tuple[NotJudged, ...]:
    grouped: dict[tuple[str, str], list[str]] = {}
    for detector, label, reason in rows:
        key = (clean(detector, 80), clean(reason, 300))
        grouped.setdefault(key, []).append(clean(label, 120))
    return tuple(
        NotJudged(detector, reason, tuple(sorted(set(labels))[:5]), len(labels))
        for (detector, reason), labels in sorted(grouped.items())
    )


def _held_back(findings: Iterable[Finding]) -> tuple[HeldBack, ...]:
    told = Counter(
        (clean(one.detector, 80), clean(one.suppressed or "", 300))
        for one in findings
        if one.channel != Channel.OFF
    )
    return tuple(HeldBack(*key, number) for key, number in sorted(told.items()))


def _trust(
    source: Reconciliation, masked: Masked, named: Sequence[tuple[MilestoneLine, str]]
) -> Trust:
    time_zone = zone(source.time_zone)
    first = oldest(source.certificates)
    hidden = [f"{amount} {clean(detector, 80)}" for detector, amount in masked.hidden_by_detector]
    known = [clean(one, 300) for one in source.ending_tokens]
    known.extend(gaps(source.certificates))
    if hidden:
        known.append(
            f"{count(masked.hidden_findings, 'finding')} about restricted items "
            f"counted only: {listing(hidden)}"
        )
    proofs = sum(masked.hidden_evidence.values())
    if proofs:
        known.append(f"{count(proofs, 'piece', 'pieces')} of evidence on restricted items hidden")
    return Trust(
        data_as_of=(
            f"Data as of {moment(first, time_zone)}"
            if first
            else "No source has been read completely"
        ),
        sources=source_rows(source.certificates),
        gaps=tuple(known),
        baselines=tuple(sorted(baseline_rule(line, label, time_zone) for line, label in named)),
        masked_findings=masked.hidden_findings,
        masked_evidence=proofs,
        config_hash=clean(source.config_hash, 80),
        mapping_version=clean(source.mapping_version, 80),
        program_version=clean(source.program_version, 80),
        how_to=(
            "driftline explain FINGERPRINT shows the evidence behind a finding.",
            "driftline findings ack, snooze, accept or not-useful FINGERPRINT answers it.",
            "driftline status shows what was read, and when.",
        ),
        why_you=(
            f"You get this because your address is configured for {clean(source.program, 120)}; "
            "ask the sender to be taken off."
        ),
        forecast_skill=clean(source.forecast_skill),
    )


def _urgent(found: Sequence[Item]) -> tuple[str, ...]:
    fresh = (FindingState.NEW, FindingState.REGRESSED)
    return tuple(
        one.fingerprint
        for one in found
        if one.channel == Channel.MAILED
        and (one.state in fresh or _grew_high(one))
        and one.severity.rank >= Severity.HIGH.rank
    )


def _grew_high(item: Item) -> bool:
    before = item.previous_severity
    return (
        item.state == FindingState.WORSENED
        and before is not None
        and before.rank < Severity.HIGH.rank
    )
