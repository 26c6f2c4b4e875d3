"""`driftline baseline`: what was agreed, when and by whom."""

import getpass
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, json_option, pass_app
from sync.cli.instants import clock_options, clocks, come

if TYPE_CHECKING:
    from datetime import datetime

    from sync.ledger.baseline import BaselineLine
    from sync.ledger.baseline_diff import BaselineDiff, ItemDiff, Side

author_option = click.option("--author", metavar="NAME", help="Who agreed; your login if not told.")
reason_option = click.option("--reason", metavar="TEXT", help="Why.")


@click.group()
def baseline() -> None:
    """Set, accept, list and compare baselines."""


@baseline.command(
    "set",
    epilog='Example: driftline baseline set "APO:Release 3.2" --at 2026-03-02 --reason "planning"',
)
@click.argument("milestone")
@click.option("--at", metavar="DATE", help="Agreed at this day or instant; now if not told.")
@click.option(
    "--due",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The date promised with it, where the source does not tell it yet.",
)
@author_option
@reason_option
@json_option
@pass_app
def set_(
    app: App,
    milestone: str,
    at: str | None,
    due: "datetime | None",
    author: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Make today's (or a day's) scope the agreed baseline of MILESTONE (name or PROJECT:name).

    The original one stays, and numbers are shown against both. A date that moved with a re-plan
    recorded here is no finding.
    """
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
            at=come(at, settings.root.time_zone, "--at", app.clock.now()),
            reason=reason,
            due=None if due is None else due.date(),
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
@clock_options
@json_option
@pass_app
def list_(
    app: App, milestone: str | None, as_of: str | None, known_at: str | None, as_json: bool
) -> None:
    """List baselines, the original and later ones.

    With --known-at those that were made by then, with --as-of those whose instant had come.
    """
    from sync.ledger import baseline as rules

    settings = app.settings(with_secrets=False)
    store = app.store(settings, read_only=True)
    try:
        at = clocks(app, settings, as_of, known_at)
        lines = rules.list_(
            store,
            milestone=milestone,
            as_of=None if at.present else at.as_of,
            known_at=None if at.present else at.known_at,
        )
    finally:
        store.close()
    _show(app, lines, as_json=as_json, kind="baseline-list")


@baseline.command(epilog='Example: driftline baseline diff "APO:Release 3.2" --from 1 --to 2')
@click.argument("milestone")
@click.option(
    "--from",
    "first",
    type=click.IntRange(1),
    default=1,
    metavar="N",
    help="Number of the earlier baseline, as `list` shows it; the original if not told.",
)
@click.option(
    "--to", "second", type=click.IntRange(1), metavar="M", help="Of the later one; now if not told."
)
@json_option
@pass_app
def diff(app: App, milestone: str, first: int, second: int | None, as_json: bool) -> None:
    """Tell what differs between two baselines of MILESTONE, or between one of them and now.

    Items that entered, left or were re-sized, and the promised dates. Where nobody has agreed to
    the earlier one it is a change since then, and no share is told.
    """
    from sync.cli import wiring
    from sync.ledger.baseline_diff import diff as compare
    from sync.ledger.working_days import WorkCalendar

    settings = app.settings(with_secrets=False)
    policy = wiring.policy(settings)
    calendar = WorkCalendar(policy.time_zone, policy.work_days, policy.holidays)
    store = app.store(settings, read_only=True)
    try:
        found = compare(
            store,
            calendar,
            clock=app.clock,
            milestone=milestone,
            grace_days=policy.grace_days,
            first=first,
            second=second,
        )
    finally:
        store.close()
    if as_json:
        app.print_json("baseline-diff", **_diff_facts(found))
        return
    from sync.cli.baseline_text import words

    for line in words(found, calendar):
        app.say(line)


def _diff_facts(found: "BaselineDiff") -> dict[str, Any]:
    return {
        "milestone": found.facts.line,
        "from": _side(found.first),
        "to": _side(found.second),
        "unit": found.unit.value,
        "net_share": found.net_ratio,
        "mass_edits": [
            {"field": one.field, "first_at": one.first_at, "items": len(one.items)}
            for one in found.mass
        ],
        "gaps": found.gaps,
        "changes": [_item_diff(one) for one in found.changes],
    }


def _side(one: "Side") -> dict[str, Any]:
    return {
        "number": one.number,
        "at": one.at,
        "accepted": one.accepted,
        "is_partial": one.is_partial,
        "due_date": one.due_date,
        "items": one.items,
        "points": one.points,
        "unestimated_items": one.unestimated,
    }


def _item_diff(one: "ItemDiff") -> dict[str, Any]:
    hidden = one.item.restricted
    return {
        "change": one.kind.value,
        "key": None if hidden else one.item.key,
        "title": None if hidden else one.item.title,
        "url": None if hidden else one.item.url,
        "restricted": hidden,
        "reason": one.reason or None,
        "old_points": one.old,
        "new_points": one.new,
    }


def _show(app: App, lines: "Sequence[BaselineLine]", *, as_json: bool, kind: str) -> None:
    if as_json:
        rows = [
            {
                "milestone": one.milestone,
                "kind": one.kind.value,
                "connection": one.connection,
                "number": one.number,
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
        part = ", partial" if made.is_partial else ""
        who = f" by {made.author}" if made.author else ""
        due = f", for {made.due_date.isoformat()}" if made.due_date else ""
        why = f": {made.reason}" if made.reason else ""
        app.say(
            f"{one.milestone}: {one.number}: {made.at:%Y-%m-%d %H:%M} UTC ({made.rule.value}), "
            f"{state}{who}{due}{part}{force}{why}"
        )
    if not lines:
        app.say("No baseline is stored yet.")


def login() -> str:
    """Who sits there, as the operating system says."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"
