"""`driftline reconcile`: judge what was read against the plan."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from sync.cli.app import App, json_option, pass_app, worst

if TYPE_CHECKING:
    from sync.config.settings import Settings
    from sync.reconcile.contract import Reconciliation
    from sync.store.open import Store

LEVELS = ("low", "medium", "high", "critical")
fail_on_option = click.option(
    "--fail-on",
    type=click.Choice(LEVELS),
    help="Exit 3 when an open finding is at this level or above.",
)


@click.command(epilog="Example: driftline reconcile --as-of 2026-03-31 --fail-on high")
@click.option("--as-of", metavar="DATE", help="The state at this day or instant (ISO 8601).")
@click.option("--known-at", metavar="DATE", help="As it was known at this day or instant.")
@click.option("--milestone", metavar="NAME", help="Judge this milestone only.")
@fail_on_option
@json_option
@pass_app
@click.pass_context
def reconcile(
    context: click.Context,
    app: App,
    as_of: str | None,
    known_at: str | None,
    milestone: str | None,
    fail_on: str | None,
    as_json: bool,
) -> None:
    """Judge what was read: findings, and what could not be checked."""
    from sync.cli import wiring

    settings = app.settings(with_secrets=False)
    wiring.policy(settings)
    as_of_at = instant(as_of, settings.root.time_zone, "--as-of")
    known_at_at = instant(known_at, settings.root.time_zone, "--known-at")
    store = app.store(settings)
    try:
        result = judge(
            app, settings, store, as_of=as_of_at, known_at=known_at_at, milestone=milestone
        )
    finally:
        store.close()
    codes = exit_codes(result, fail_on)
    if as_json:
        app.print_json("reconcile", codes, **facts(result))
    else:
        show(app, result)
    context.exit(worst(codes))


def judge(
    app: App,
    settings: "Settings",
    store: "Store",
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    milestone: str | None = None,
) -> "Reconciliation":
    """One reconciliation as configured; one of the past or of one milestone records nothing."""
    from sync.cli import wiring
    from sync.reconcile.runner import reconcile as run

    partial = as_of is not None or known_at is not None or milestone is not None
    return run(
        store,
        wiring.policy(settings),
        clock=app.clock,
        as_of=as_of,
        known_at=known_at,
        milestone=milestone,
        record=not partial,
    )


def instant(text: str | None, zone: str, option: str) -> datetime | None:
    """A day means its end in the configured zone; an instant without offset is in that zone."""
    from sync.errors import UsageError

    if text is None:
        return None
    local = ZoneInfo(zone)
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            return datetime.combine(day, time.max, local).astimezone(UTC)
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no date", where=option, todo="Write it like 2026-03-31."
        ) from error
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=local)).astimezone(UTC)


def exit_codes(result: "Reconciliation", fail_on: str | None) -> frozenset[int]:
    """3 where an open finding reaches the level that was asked for."""
    if fail_on is None:
        return frozenset()
    level = LEVELS.index(fail_on)
    reached = any(one.severity.rank >= level for one in result.findings)
    return frozenset({3}) if reached else frozenset()


def facts(result: "Reconciliation") -> dict[str, Any]:
    """What `--json` prints of a reconciliation."""
    return {
        "run_id": result.run_id,
        "at": result.at,
        "as_of": result.as_of,
        "findings": [finding_facts(one) for one in result.findings],
        "resolved": [finding_facts(one) for one in result.resolved],
        "not_checked": [
            {"detector": detector, "subject": subject, "reason": reason}
            for detector, subject, reason in result.not_checked
        ],
        "questions": [{"text": q.text, "answer": q.answer_line} for q in result.questions],
        "milestones": [
            {
                "name": one.name,
                "project": one.project_key,
                "kind": one.kind.value,
                "state": one.state.value,
                "due_date": one.due_date,
                "done_items": one.done_items,
                "total_items": one.total_items,
                "withheld": one.withheld,
            }
            for one in result.milestones
        ],
    }


def finding_facts(one: Any) -> dict[str, Any]:
    """What `--json` prints of a finding; restricted evidence is masked."""
    return {
        "fingerprint": one.fingerprint,
        "detector": one.detector,
        "rule": one.rule or None,
        "subject": one.subject,
        "label": one.subject_label,
        "severity": one.severity.value,
        "state": one.state.value,
        "channel": one.channel.value,
        "magnitude": one.magnitude,
        "title": one.title,
        "what": one.what,
        "so_what": one.so_what,
        "who": one.who,
        "by_when": one.by_when,
        "remedy": one.remedy,
        "first_seen_at": one.first_seen_at,
        "last_seen_at": one.last_seen_at,
        "resolved_at": one.resolved_at,
        "evidence": [
            {
                "text": "restricted" if proof.restricted else proof.text,
                "url": None if proof.restricted else proof.url,
                "at": proof.at,
            }
            for proof in one.evidence
        ],
    }


def show(app: App, result: "Reconciliation") -> None:
    """Findings in one line each, then what was not checked."""
    lines: Sequence[str] = [
        f"{one.severity.value:8} {one.state.value:13} {one.title}  [{one.fingerprint[:12]}]"
        for one in result.findings
    ]
    for line in lines:
        app.say(line)
    app.say(f"{len(result.findings)} open findings, {len(result.resolved)} resolved.")
    for detector, subject, reason in result.not_checked:
        app.say(f"not checked: {detector}: {subject}: {reason}")
    for question in result.questions:
        app.say(f"question: {question.text} {question.answer_line}")
