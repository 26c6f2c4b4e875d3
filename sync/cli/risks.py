"""`driftline risks`: the risk register, out of what is open."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, json_option, pass_app
from sync.cli.instants import known_at_option

if TYPE_CHECKING:
    from sync.reconcile.findings import Run
    from sync.reconcile.risks import Risk
    from sync.reconcile.view import View

COLUMNS = (
    "fingerprint",
    "detector",
    "severity",
    "risk",
    "milestone",
    "due_date",
    "percent_on_time",
    "probability_of_late",
    "impact_days",
    "impact_without",
    "impact_items",
    "impact_reason",
    "owner",
    "response",
    "response_until",
    "age_days",
    "url",
)


@click.command(epilog="Example: driftline risks --format csv")
@known_at_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "csv"]),
    default="text",
    show_default=True,
    help="How it is written.",
)
@json_option
@pass_app
def risks(app: App, known_at: str | None, form: str, as_json: bool) -> None:
    """Write the risk register: every open finding as a risk, with what is done about it.

    How probable a late end is comes from the milestone's forecast, in steps of five. Impact is
    told in working days: how much earlier 85 % of the runs would be done without it. Unknown is
    written where nothing is forecast. Findings about restricted items are counted, not shown;
    findings that others explain are left out.
    """
    from sync.cli import wiring
    from sync.cli.instants import clocks
    from sync.errors import UsageError
    from sync.forecast.store import proof
    from sync.reconcile import answers, answers_kept, findings
    from sync.reconcile.risks import register
    from sync.reconcile.view import View

    settings = app.settings(with_secrets=False)
    policy = wiring.policy(settings)
    at = clocks(app, settings, None, known_at)
    store = app.store(settings, read_only=True)
    try:
        with store.reading() as conn:
            runs = findings.last_runs(conn, 1, until=at.known_at)
            if not runs:
                raise UsageError(
                    "nothing was reconciled by then, so no risk is known",
                    todo="Run `driftline reconcile` first.",
                )
            found = findings.known(conn) if at.present else findings.known_after(conn, runs[0])
            view = View(conn, policy, at.as_of, at.known_at, present=at.present)
            said = answers.in_force(answers_kept.load(conn), at.known_at)
            lines, hidden = _masked(view, runs[0], register(view, found.values(), said))
            proven = proof(conn, at.known_at)
    finally:
        store.close()
    if as_json:
        app.print_json(
            "risks",
            as_of=at.as_of,
            known_at=at.known_at,
            reconciled_at=runs[0].at,
            probability_proven=proven.probability,
            proof=proven.words,
            hidden=hidden,
            risks=[{**_row(one), "impact_days": one.impact.days} for one in lines],
        )
        return
    if form == "csv":
        from sync.cli.export import csv_line

        app.out(csv_line(COLUMNS))
        for one in lines:
            app.out(csv_line([_cell(value) for value in _row(one).values()]))
        return
    for text in _text(view, lines, hidden):
        app.say(text)
    if lines and not proven.probability:
        app.say(f"Probabilities are {proven.words}.")


def _masked(view: "View", run: "Run", lines: "Sequence[Risk]") -> "tuple[tuple[Risk, ...], int]":
    """Lines that anybody may read, and how many are about restricted items."""
    from dataclasses import replace

    from sync.reconcile.contract import Reconciliation
    from sync.report.mask import mask

    masked = mask(
        Reconciliation(
            run_id=run.id,
            program=view.policy.program,
            at=run.at,
            as_of=run.as_of,
            time_zone=view.policy.time_zone,
            is_first=False,
            previous_at=None,
            findings=tuple(one.finding for one in lines),
            resolved=(),
            milestones=(),
            questions=(),
            not_checked=(),
            certificates=(),
            hygiene=(),
        )
    )
    shown = {one.fingerprint: one for one in masked.reconciliation.findings}
    kept = tuple(
        replace(one, finding=shown[one.finding.fingerprint])
        for one in lines
        if one.finding.fingerprint in shown
    )
    return kept, masked.hidden_findings


def _row(one: "Risk") -> dict[str, Any]:
    finding, impact = one.finding, one.impact
    values = (
        finding.fingerprint,
        finding.detector,
        finding.severity.value,
        finding.title,
        one.milestone,
        one.due,
        one.percent_on_time,
        one.probability,
        impact.days,
        impact.without.value if impact.without else None,
        impact.items or None,
        impact.reason,
        one.owner,
        one.response,
        one.until,
        one.age_days,
        one.url,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _cell(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _text(view: "View", lines: "Sequence[Risk]", hidden: int) -> Iterator[str]:
    from sync.reconcile.words import count, day

    yield f"Risk register of {view.policy.program}, {day(view.today)}: " + count(
        len(lines), "open risk"
    )
    for one in lines:
        finding = one.finding
        yield ""
        yield f"{finding.title}  ({finding.severity.value}, {finding.fingerprint[:12]})"
        yield f"  Late end: {_probability(one)}"
        yield f"  Impact: {_impact(one)}"
        until = f" until {day(one.until)}" if one.until else ""
        yield f"  Owner: {one.owner}; {one.response}{until}; seen {_age(one)}"
        if one.url:
            yield f"  {one.url}"
    if hidden:
        yield ""
        yield f"{count(hidden, 'risk')} about restricted items not shown."


def _age(one: "Risk") -> str:
    from sync.reconcile.words import count

    return "today" if one.age_days == 0 else f"{count(one.age_days, 'day')} ago"


def _probability(one: "Risk") -> str:
    if one.percent_on_time is None:
        return f"unknown ({one.probability_reason})"
    date = f", due {one.due.isoformat()}" if one.due else ""
    return f"{one.probability} ({one.milestone}{date}: {one.on_time} on time)"


def _impact(one: "Risk") -> str:
    from sync.reconcile.words import count

    impact = one.impact
    if impact.days is None:
        return f"unknown ({impact.reason})"
    without = {
        "growth": "if no more work entered",
        "waiting": "if it waited for nothing",
        "items": f"without {count(impact.items, 'item')} that it names, at most",
    }[impact.without.value if impact.without else "items"]
    return f"{count(impact.days, 'working day')} earlier {without}"
