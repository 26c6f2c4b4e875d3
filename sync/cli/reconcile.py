"""`driftline reconcile`: judge what was read against the plan."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, json_option, pass_app, worst
from sync.cli.instants import Clocks, clock_options, clocks

if TYPE_CHECKING:
    from sync.config.settings import Settings
    from sync.reconcile.contract import Reconciliation
    from sync.store.open import Store

LEVELS = ("low", "medium", "high", "critical")
fail_on_option = click.option(
    "--fail-on",
    type=click.Choice(LEVELS),
    help="Exit 3 when an open finding is at this level or above, and nobody accepted, snoozed or "
    "called it not useful.",
)


@click.command(epilog="Example: driftline reconcile --as-of 2026-03-06 --fail-on high")
@clock_options
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
    at = clocks(app, settings, as_of, known_at)
    store = app.store(settings)
    try:
        result = judge(app, settings, store, at=at, milestone=milestone)
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
    at: Clocks | None = None,
    milestone: str | None = None,
) -> "Reconciliation":
    """One reconciliation as configured; one of the past or of one milestone records nothing."""
    from sync.cli import wiring
    from sync.reconcile.runner import reconcile as run

    past = at if at is not None and not at.present else None
    partial = past is not None or milestone is not None
    return run(
        store,
        wiring.policy(settings),
        clock=app.clock,
        as_of=past.as_of if past else None,
        known_at=past.known_at if past else None,
        milestone=milestone,
        record=not partial,
    )


def exit_codes(result: "Reconciliation", fail_on: str | None) -> frozenset[int]:
    """3 where an open finding reaches the level that was asked for; answered ones aside."""
    if fail_on is None:
        return frozenset()
    level = LEVELS.index(fail_on)
    from sync.reconcile.answers import is_quiet

    reached = any(one.severity.rank >= level and not is_quiet(one) for one in result.findings)
    return frozenset({3}) if reached else frozenset()


def facts(result: "Reconciliation") -> dict[str, Any]:
    """What `--json` prints of a reconciliation."""
    return {
        "run_id": result.run_id,
        "at": result.at,
        "as_of": result.as_of,
        "findings": [finding_facts(one) for one in result.findings],
        "resolved": [finding_facts(one) for one in result.resolved],
        "suppressed": [finding_facts(one) for one in result.suppressed],
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
        "suppressed": one.suppressed,
        "owner": one.owner,
        "answer": None
        if one.answer is None
        else {
            "kind": one.answer.kind.value,
            "author": one.answer.author,
            "at": one.answer.at,
            "reason": one.answer.reason,
            "until": one.answer.until,
            "until_worse": one.answer.until_worse,
            "ticket": one.answer.ticket,
            "note": one.answer.note,
        },
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
    from sync.reconcile.stored import state_shown

    lines: Sequence[str] = [
        f"{one.severity.value:8} {state_shown(one):13} {one.title}  [{one.fingerprint[:12]}]"
        for one in result.findings
    ]
    for line in lines:
        app.say(line)
    held = f", {len(result.suppressed)} held back" if result.suppressed else ""
    app.say(f"{len(result.findings)} open findings, {len(result.resolved)} resolved{held}.")
    for detector, subject, reason in result.not_checked:
        app.say(f"not checked: {detector}: {subject}: {reason}")
    for question in result.questions:
        app.say(f"question: {question.text} {question.answer_line}")
