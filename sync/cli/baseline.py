"""`driftline baseline`: what was agreed, when and by whom."""

import getpass
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from sync.cli.app import App, json_option, pass_app
from sync.cli.instants import instant

if TYPE_CHECKING:
    from sync.ledger.baseline import BaselineLine

author_option = click.option("--author", metavar="NAME", help="Who agreed; your login if not told.")
reason_option = click.option("--reason", metavar="TEXT", help="Why.")


@click.group()
def baseline() -> None:
    """Set, accept and list baselines."""


@baseline.command(
    "set",
    epilog='Example: driftline baseline set "APO:Release 3.2" --at 2026-03-02 --reason "planning"',
)
@click.argument("milestone")
@click.option("--at", metavar="DATE", help="Agreed at this day or instant; now if not told.")
@author_option
@reason_option
@json_option
@pass_app
def set_(
    app: App,
    milestone: str,
    at: str | None,
    author: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Make today's (or a day's) scope the agreed baseline of MILESTONE (name or PROJECT:name)."""
    from sync.cli import wiring
    from sync.ledger import baseline as rules
    from sync.ledger.working_days import WorkCalendar

    settings = app.settings(with_secrets=False)
    policy = wiring.policy(settings)
    store = app.store(settings)
    try:
        line = rules.set_(
            store,
            WorkCalendar(policy.time_zone, policy.work_days, policy.holidays),
            clock=app.clock,
            milestone=milestone,
            author=author or login(),
            at=instant(at, settings.root.time_zone, "--at"),
            reason=reason,
        )
    finally:
        store.close()
    _show(app, [line], as_json=as_json, kind="baseline-set")


@baseline.command(epilog='Example: driftline baseline accept "APO:Release 3.2"')
@click.argument("milestones", metavar="MILESTONE...", nargs=-1, required=True)
@author_option
@reason_option
@json_option
@pass_app
def accept(
    app: App, milestones: tuple[str, ...], author: str | None, reason: str | None, as_json: bool
) -> None:
    """Agree to the suggested baseline of each MILESTONE (name or PROJECT:name).

    It confirms a mass edit, too: what changed until now was meant.
    """
    from sync.cli import wiring
    from sync.ledger import baseline as rules
    from sync.ledger.working_days import WorkCalendar

    settings = app.settings(with_secrets=False)
    policy = wiring.policy(settings)
    store = app.store(settings)
    try:
        calendar = WorkCalendar(policy.time_zone, policy.work_days, policy.holidays)
        lines = [
            rules.accept(
                store,
                calendar,
                clock=app.clock,
                milestone=one,
                author=author or login(),
                reason=reason,
            )
            for one in milestones
        ]
    finally:
        store.close()
    _show(app, lines, as_json=as_json, kind="baseline-accept")


@baseline.command("list", epilog="Example: driftline baseline list")
@click.argument("milestone", required=False)
@json_option
@pass_app
def list_(app: App, milestone: str | None, as_json: bool) -> None:
    """List baselines, the original and later ones."""
    from sync.ledger import baseline as rules

    settings = app.settings(with_secrets=False)
    store = app.store(settings, read_only=True)
    try:
        lines = rules.list_(store, milestone=milestone)
    finally:
        store.close()
    _show(app, lines, as_json=as_json, kind="baseline-list")


def _show(app: App, lines: "Sequence[BaselineLine]", *, as_json: bool, kind: str) -> None:
    if as_json:
        rows = [
            {
                "milestone": one.milestone,
                "kind": one.kind.value,
                "connection": one.connection,
                "in_force": one.in_force,
                "name": one.baseline.name,
                "at": one.baseline.at,
                "rule": one.baseline.rule.value,
                "accepted": one.baseline.accepted,
                "is_partial": one.baseline.is_partial,
                "author": one.baseline.author,
                "reason": one.baseline.reason,
                "due_date": one.baseline.due_date,
                "created_at": one.baseline.created_at,
            }
            for one in lines
        ]
        app.print_json(kind, baselines=rows)
        return
    for one in lines:
        made = one.baseline
        state = "accepted" if made.accepted else "suggested"
        force = ", in force" if one.in_force else ""
        who = f" by {made.author}" if made.author else ""
        why = f": {made.reason}" if made.reason else ""
        app.say(
            f"{one.milestone}: {made.at:%Y-%m-%d %H:%M} UTC ({made.rule.value}), "
            f"{state}{who}{force}{why}"
        )
    if not lines:
        app.say("No baseline is stored yet.")


def login() -> str:
    """Who sits there, as the operating system says."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"
