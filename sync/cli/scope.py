"""`driftline scope`: how a milestone's scope changed, since when, by what, and who agreed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, json_option, pass_app
from sync.cli.baseline import author_option, login
from sync.cli.groups import DefaultGroup
from sync.cli.instants import clock_options, clocks, come

if TYPE_CHECKING:
    from sync.ledger.agreements import Subject
    from sync.ledger.baseline import Baseline
    from sync.ledger.ledger import Ledger
    from sync.ledger.milestones import MilestoneFacts
    from sync.reconcile.story import ScopeLine, ScopeStory, Since, Sum

milestone_option = click.option(
    "--milestone", "-m", required=True, metavar="MILESTONE", help="Name, or PROJECT:name."
)
label_option = click.option(
    "--label", "labels", multiple=True, metavar="LABEL", help="Items with this label; repeatable."
)


@click.group(cls=DefaultGroup)
def scope() -> None:
    """How the scope of a milestone changed; what was agreed to."""


@scope.command(epilog='Example: driftline scope "APO:Release 3.2" --since 2026-03-09')
@click.argument("milestone")
@clock_options
@click.option("--since", metavar="DATE", help="Only what came after this day's end or instant.")
@json_option
@pass_app
def show(
    app: App,
    milestone: str,
    as_of: str | None,
    known_at: str | None,
    since: str | None,
    as_json: bool,
) -> None:
    """Tell how the scope of MILESTONE (name or PROJECT:name) changed since its baseline.

    First the sums, which add up: planned + entered - left + re-sized + first estimated = now. Then
    every change with its day, size, item, cause, who made it as the source tells, who agreed, and
    the page that proves it. Of a program milestone the whole, then each part.
    """
    from sync.cli import wiring
    from sync.cli.program_text import program_facts, program_lines
    from sync.cli.scope_text import words
    from sync.ledger.baseline import the_one
    from sync.reconcile.combined import plan
    from sync.reconcile.story import tell
    from sync.reconcile.view import View

    settings = app.settings(with_secrets=False)
    policy = wiring.policy(settings)
    at = clocks(app, settings, as_of, known_at)
    begin = come(since, settings.root.time_zone, "--since", at.as_of)
    store = app.store(settings, read_only=True)
    try:
        with store.reading() as conn:
            view = View(conn, policy, at.as_of, at.known_at, present=at.present)
            program = view.program_called(milestone)
            made = None if program is None else plan(view, program)
            parts = program.parts if program else (the_one(view.milestones, milestone),)
            stories = [tell(view, one, begin) for one in parts]
            told = [] if made is None else list(program_lines(made, view))
            for story in stories:
                told += [""] if told else []
                told += words(story, view.calendar, asked=not at.present)
            whole = None if made is None else program_facts(made, view)
    finally:
        store.close()
    if as_json and whole is not None:
        app.print_json("scope-program", **whole, stories=[_facts(one) for one in stories])
    elif as_json:
        app.print_json("scope", **_facts(stories[0]))
    else:
        for line in told:
            app.say(line)


@scope.command(
    epilog='Example: driftline scope agree APO-12 APO-15 --milestone "APO:Release 3.2" '
    '--reason "asked for by the customer" --link https://wiki.example.com/decisions/17'
)
@click.argument("items", metavar="[ITEM]...", nargs=-1)
@milestone_option
@label_option
@click.option("--reason", required=True, metavar="TEXT", help="Why it was agreed to.")
@click.option("--link", metavar="URL", help="Where the agreement can be read.")
@click.option("--at", metavar="DATE", help="Agreed since this day or instant; now if not told.")
@author_option
@json_option
@pass_app
def agree(
    app: App,
    items: tuple[str, ...],
    milestone: str,
    labels: tuple[str, ...],
    reason: str,
    link: str | None,
    at: str | None,
    author: str | None,
    as_json: bool,
) -> None:
    """Record that the growth which ITEMs (keys) bring to a milestone was agreed to.

    It covers their entry, whenever that is, and changes of their size until then. With a label it
    covers every item of the milestone from when it got the label. Nothing is written to the source.
    """
    from sync.errors import UsageError
    from sync.ledger.agreements import agree as keep

    _some(items, labels)
    if link is not None and not link.startswith(("https://", "http://")):
        raise UsageError("is no address of a page", where="--link", todo="Write https://…")
    if not reason.strip():
        raise UsageError("is empty", where="--reason", todo="Say why it was agreed to.")
    settings = app.settings(with_secrets=False)
    store = app.store(settings)
    try:
        facts, subjects = keep(
            store,
            clock=app.clock,
            milestone=milestone,
            items=items,
            labels=labels,
            author=author or login(),
            reason=reason.strip(),
            link=link,
            at=come(at, settings.root.time_zone, "--at", app.clock.now()),
        )
    finally:
        store.close()
    _show_subjects(app, facts, subjects, "agreed to", "scope-agree", as_json=as_json)


@scope.command(
    epilog='Example: driftline scope disagree APO-12 --milestone "APO:Release 3.2" '
    '--reason "postponed again"'
)
@click.argument("items", metavar="[ITEM]...", nargs=-1)
@milestone_option
@label_option
@click.option("--reason", required=True, metavar="TEXT", help="Why it no longer stands.")
@author_option
@json_option
@pass_app
def disagree(
    app: App,
    items: tuple[str, ...],
    milestone: str,
    labels: tuple[str, ...],
    reason: str,
    author: str | None,
    as_json: bool,
) -> None:
    """Withdraw what was agreed to for ITEMs (keys) or labels. That it once stood stays known."""
    from sync.ledger.agreements import withdraw

    _some(items, labels)
    settings = app.settings(with_secrets=False)
    store = app.store(settings)
    try:
        facts, subjects = withdraw(
            store,
            clock=app.clock,
            milestone=milestone,
            items=items,
            labels=labels,
            author=author or login(),
            reason=reason,
        )
    finally:
        store.close()
    _show_subjects(app, facts, subjects, "no longer agreed to", "scope-disagree", as_json=as_json)


@scope.command(epilog='Example: driftline scope confirm "APO:Release 3.2" --reason "planning day"')
@click.argument("milestone")
@author_option
@click.option("--reason", metavar="TEXT", help="Why.")
@json_option
@pass_app
def confirm(
    app: App, milestone: str, author: str | None, reason: str | None, as_json: bool
) -> None:
    """Say that the changes of many items in one go in MILESTONE, shown by `scope`, were meant.

    Shares that were held because of them are told from then on. The baseline stays as it is.
    """
    from sync.cli import wiring
    from sync.ledger.agreements import confirm as keep
    from sync.ledger.baseline import the_one
    from sync.reconcile.view import View
    from sync.reconcile.words import count, day_of

    settings = app.settings(with_secrets=False)
    policy = wiring.policy(settings)
    store = app.store(settings)
    now = app.clock.now()
    try:
        with store.writing() as conn:
            view = View(conn, policy, now, now)
            facts = the_one(view.milestones, milestone)
            (plan,) = view.plans([facts])
            if plan.mass:
                keep(conn, facts.key, plan.mass, now=now, author=author or login(), reason=reason)
    finally:
        store.close()
    if as_json:
        edits = [
            {
                "field": one.field,
                "first_at": one.first_at,
                "last_at": one.last_at,
                "items": len(one.items),
            }
            for one in plan.mass
        ]
        app.print_json("scope-confirm", milestone=facts.line, confirmed=edits)
        return
    for one in plan.mass:
        number = count(len(one.items), "item")
        when = day_of(one.first_at, view.calendar)
        app.say(f"{facts.line}: {number} changed in one go ({one.field}) on {when}, confirmed")
    if not plan.mass:
        app.say(f"{facts.line}: no change of many items waits for confirmation.")


def _some(items: Sequence[str], labels: Sequence[str]) -> None:
    from sync.errors import UsageError

    if not items and not labels:
        raise UsageError("no item is named", todo="Write keys such as APO-12, or --label LABEL.")


def _show_subjects(
    app: App,
    facts: "MilestoneFacts",
    subjects: "Sequence[Subject]",
    what: str,
    kind: str,
    *,
    as_json: bool,
) -> None:
    if as_json:
        rows = [
            {"kind": one.kind.value, "name": one.name, "in_milestone": one.inside}
            for one in subjects
        ]
        app.print_json(kind, milestone=facts.line, subjects=rows)
        return
    for one in subjects:
        name = one.name if one.inside is not None else f"label {one.name}"
        never = "; it was never in it so far" if one.inside is False else ""
        app.say(f"{facts.line}: {name} {what}{never}")


# --- as JSON ----------------------------------------------------------------------------------


def _facts(story: "ScopeStory") -> dict[str, Any]:
    facts = story.facts
    return {
        "milestone": facts.line,
        "kind_of_milestone": facts.kind.value,
        "connection": facts.connection,
        "state": facts.state.value,
        "due_date": facts.due_date,
        "url": facts.url,
        "as_of": story.as_of,
        "known_at": story.known_at,
        "since": story.since,
        "withheld": story.withheld,
        "gaps": story.gaps,
        "notes": story.notes,
        "changes_without_item": story.changes,
        "mass_edits": [
            {"field": one.field, "first_at": one.first_at, "items": len(one.items)}
            for one in story.mass
        ],
        "lead_unit": story.unit.value,
        "current": _since(story, story.current),
        "original": _since(story, story.original),
        "transient_hidden": story.transient_hidden,
        "lines": [_line(one) for one in story.lines],
    }


def baseline_facts(one: "Baseline") -> dict[str, Any]:
    """What `--json` prints of a baseline."""
    return {
        "name": one.name,
        "at": one.at,
        "rule": one.rule.value,
        "accepted": one.accepted,
        "is_partial": one.is_partial,
        "author": one.author,
        "reason": one.reason,
        "due_date": one.due_date,
        "created_at": one.created_at if one.id is not None else None,
    }


def _since(story: "ScopeStory", one: "Since | None") -> dict[str, Any] | None:
    if one is None:
        return None
    told = story.withheld is None
    return {
        "baseline": {"number": one.number, **baseline_facts(one.baseline)},
        "net_share": story.share(one) if story.since is None else None,
        "items": _sum(one.items) if told else None,
        "points": _sum(one.points) if told else None,
    }


def ledger_facts(one: "Ledger") -> dict[str, float]:
    """What `--json` prints of a ledger's sums."""
    return {
        "planned": one.baseline,
        "added": one.added,
        "removed": one.removed,
        "reestimated": one.reestimated,
        "late_sized": one.late_sized,
        "current": one.current,
    }


def _sum(one: "Sum") -> dict[str, Any]:
    return {
        **ledger_facts(one.ledger),
        "added_agreed": one.growth.agreed,
        "added_not_agreed": one.growth.unagreed,
        "done": one.measures.done,
        "remaining": one.measures.remaining,
        "unestimated_items": one.measures.unestimated,
    }


def _line(one: "ScopeLine") -> dict[str, Any]:
    agreed = one.agreed
    return {
        "at": one.at,
        "known_from": one.known_from,
        "key": one.key,
        "title": one.title,
        "restricted": one.restricted,
        "kind": one.kind.value,
        "reason": one.reason,
        "origin": one.origin,
        "items": one.items,
        "points": one.points,
        "actor": one.actor,
        "event_id": one.event_id,
        "url": one.url,
        "agreed": None
        if agreed is None
        else {
            "since": agreed.since,
            "by": agreed.by,
            "reason": agreed.reason,
            "link": agreed.link,
            "label": agreed.label,
        },
    }
