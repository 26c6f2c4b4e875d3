"""`driftline verdicts`: what landed, whether it was tested, and where the proof is."""

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from sync.cli.app import App, json_option, pass_app
from sync.verdict.names import Verdict

if TYPE_CHECKING:
    from sync.verdict.told import Counted, ExemptionCount, Line

#: Landed within so many days, where nobody says since when.
_DAYS = 30


@click.command(
    epilog="Example: driftline verdicts acme/web --since 2026-03-01 --verdict merged_red"
)
@click.argument("repo", required=False)
@click.option(
    "--since", metavar="DATE", help=f"Landed from this day on; the last {_DAYS} days if not told."
)
@click.option(
    "--verdict",
    "wanted",
    multiple=True,
    type=click.Choice([one.value for one in Verdict]),
    help="Only these; may be given more than once.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="Lines for a person; --json holds all.",
)
@json_option
@pass_app
def verdicts(
    app: App,
    repo: str | None,
    since: str | None,
    wanted: tuple[str, ...],
    limit: int,
    as_json: bool,
) -> None:
    """List what landed in REPO (owner/name), or everywhere, with its verdict and the proof."""
    from sync.cli.instants import begin
    from sync.verdict.repository import called
    from sync.verdict.told import told

    settings = app.settings(with_secrets=False)
    now = app.clock.now()
    first = begin(since, settings.root.time_zone, "--since", now) or now - timedelta(days=_DAYS)
    store = app.store(settings, read_only=True)
    try:
        with store.reading() as conn:
            place = called(conn, repo).pair if repo else None
            found = told(conn, first, place, [Verdict(one) for one in wanted])
    finally:
        store.close()
    if as_json:
        app.print_json(
            "verdicts",
            since=first,
            changes=[_line_facts(one) for one in found.lines],
            repositories=[_repository_facts(one) for one in found.repositories],
            exemptions=[_exemption_facts(one) for one in found.exemptions],
        )
        return
    for one in found.lines[:limit]:
        _say_line(app, one)
    if len(found.lines) > limit:
        app.say(f"… and {len(found.lines) - limit} more: --limit, or --json.")
    for counted in found.repositories:
        _say_repository(app, counted)
    for rule in found.exemptions:
        _say_exemption(app, rule)
    if not found.repositories:
        app.say("Nothing is known to have landed since then.")


def _say_line(app: App, one: "Line") -> None:
    from sync.verdict.told import WORDS

    words = WORDS[one.verdict]
    if one.verdict is Verdict.EXEMPT and one.rule:
        words = f"exempt ({one.rule})"
    name = f"{one.repository} {one.key}" if one.subject == "direct_push" else one.key
    decided = f"  {one.weakest}: {one.weakest_grade}" if one.weakest else ""
    marks = [*one.marks, *(mark for mark in (one.gated, one.reviewed) if mark)]
    told = f"  [{', '.join(marks)}]" if marks else ""
    link = f"  {one.proof_url}" if one.proof_url else ""
    app.say(f"{one.landed_at:%Y-%m-%d}  {name}  {words}{decided}{told}{link}")
    for reason in one.reasons:
        app.say(f"            {reason}")


def _say_repository(app: App, one: "Counted") -> None:
    from sync.verdict.told import WORDS

    told = ", ".join(
        f"{one.verdicts[verdict]} {WORDS[verdict]}"
        for verdict in Verdict
        if verdict in one.verdicts
    )
    app.say(f"{one.repository}: {one.landed} landed: {told}.")
    if not one.is_confirmed:
        app.say(
            "  Which of its checks are tests is not confirmed, so this is for you alone: "
            f"driftline tests {one.repository}"
        )


def _say_exemption(app: App, one: "ExemptionCount") -> None:
    until = f", until {one.expires_on}" if one.expires_on else ""
    whose = f" ({one.owner}: {one.reason}{until})" if one.owner else " (configured no more)"
    app.say(f"{one.repository}: rule {one.rule}{whose} matches {one.matched} of {one.landed}.")


def _line_facts(one: "Line") -> dict[str, object]:
    return {
        "connection": one.connection,
        "repository": one.repository,
        "key": one.key,
        "title": one.title,
        "subject": one.subject,
        "landed_at": one.landed_at,
        "landed_sha": one.landed_sha,
        "verdict": one.verdict.value,
        "weakest": one.weakest,
        "weakest_grade": one.weakest_grade,
        "proof_url": one.proof_url,
        "marks": list(one.marks),
        "gated": one.gated,
        "reviewed": one.reviewed,
        "depth": one.depth,
        "exempt_rule": one.rule,
        "reasons": list(one.reasons),
        "checks": list(one.checks),
    }


def _repository_facts(one: "Counted") -> dict[str, object]:
    return {
        "connection": one.connection,
        "repository": one.repository,
        "confirmed": one.is_confirmed,
        "landed": one.landed,
        "verdicts": {verdict.value: one.verdicts.get(verdict, 0) for verdict in Verdict},
    }


def _exemption_facts(one: "ExemptionCount") -> dict[str, object]:
    return {
        "connection": one.connection,
        "repository": one.repository,
        "rule": one.rule,
        "owner": one.owner,
        "reason": one.reason,
        "expires_on": one.expires_on,
        "matched": one.matched,
        "exempted": one.exempted,
        "landed": one.landed,
    }
