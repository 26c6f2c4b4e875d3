"""`driftline findings`: what is open, what became of it, and what people answer to it."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, json_option, pass_app, worst
from sync.cli.reconcile import LEVELS, finding_facts

if TYPE_CHECKING:
    from sync.config.settings import Settings
    from sync.reconcile.contract import Answer
    from sync.reconcile.stored import Line
    from sync.report.replying import Taken

_WHICH = click.argument("fingerprints", metavar="FINGERPRINT...", nargs=-1, required=True)
_author = click.option(
    "--author",
    metavar="NAME",
    help="Who answers: a person or recipient of the configuration; else [findings] author, else "
    "your login.",
)
_reason = click.option("--reason", metavar="TEXT", help="Why.")
_until = click.option(
    "--until", metavar="DATE", help="Last day on which it holds, as YYYY-MM-DD; 180 days at most."
)
_until_worse = click.option("--until-worse", is_flag=True, help="It ends once this gets worse.")
_ticket = click.option(
    "--ticket", metavar="KEY", help="Key or link of an item whose closing ends it."
)


@click.group()
def findings() -> None:
    """List and show findings, and answer them."""


@findings.command(
    "list", epilog="Example: driftline findings list --detector plan.overdue --state open"
)
@click.option("--all", "everything", is_flag=True, help="Resolved ones too.")
@click.option("--detector", metavar="ID", help="Of this detector, or of a family: plan.")
@click.option("--milestone", metavar="NAME", help="Of the milestone of this name.")
@click.option(
    "--state",
    metavar="STATE",
    help="In this state: new, worsened, held_back, acknowledged, snoozed, accepted, …",
)
@click.option("--severity", type=click.Choice(LEVELS), help="At this level or above.")
@click.option(
    "--answered/--unanswered", "answered", default=None, help="With an answer, or without."
)
@json_option
@pass_app
def list_(
    app: App,
    everything: bool,
    detector: str | None,
    milestone: str | None,
    state: str | None,
    severity: str | None,
    answered: bool | None,
    as_json: bool,
) -> None:
    """List findings, the worst first, with what was answered."""
    from sync.reconcile import stored

    wanted = stored.Wanted(
        resolved=everything,
        detector=detector,
        milestone=milestone,
        state=stored.state_called(state),
        severity=severity,
        answered=answered,
    )
    settings = app.settings(with_secrets=False)
    store = app.store(settings, read_only=True)
    try:
        found = stored.lines(store, wanted, at=app.clock.now(), time_zone=settings.root.time_zone)
    finally:
        store.close()
    if as_json:
        app.print_json("findings", findings=[finding_facts(one.finding) for one in found])
        return
    today = app.clock.now().date()
    for one in found:
        app.say(_line(one, today))
    app.say(f"{len(found)} findings.")


def _line(one: "Line", today: date) -> str:
    from sync.report.answered import in_words

    held = one.finding
    text = f"{held.fingerprint[:12]}  {held.severity.value:8} {one.shown:13} {held.title}"
    return text if held.answer is None else f"{text}  [{in_words(held.answer, today)}]"


@findings.command(epilog="Example: driftline findings show 3f9a0c")
@click.argument("fingerprint")
@json_option
@pass_app
def show(app: App, fingerprint: str, as_json: bool) -> None:
    """Show one finding; the first characters of its fingerprint suffice."""
    print_finding(app, fingerprint, as_json=as_json, kind="finding")


@findings.command(epilog='Example: driftline findings ack 3f9a0c --reason "asked the vendor"')
@_WHICH
@_reason
@_author
@json_option
@pass_app
def ack(
    app: App, fingerprints: tuple[str, ...], reason: str | None, author: str | None, as_json: bool
) -> None:
    """Take findings: they are told in one line, with your name, until they are resolved.

    What gets worse is told in full all the same.
    """
    _answer(app, "acknowledge", fingerprints, author=author, as_json=as_json, reason=reason)


@findings.command(
    epilog="Example: driftline findings snooze 3f9a0c --until 2026-04-01 --until-worse"
)
@_WHICH
@_until
@_until_worse
@_ticket
@_reason
@_author
@json_option
@pass_app
def snooze(
    app: App,
    fingerprints: tuple[str, ...],
    until: str | None,
    until_worse: bool,
    ticket: str | None,
    reason: str | None,
    author: str | None,
    as_json: bool,
) -> None:
    """Put findings off: until a day is over, until they get worse, or until a ticket is closed."""
    _answer(
        app,
        "snooze",
        fingerprints,
        author=author,
        as_json=as_json,
        reason=reason,
        until=_day(until),
        until_worse=until_worse,
        ticket=ticket,
    )


@findings.command(
    epilog='Example: driftline findings accept 3f9a0c --reason "the vendor repairs it" '
    "--until 2026-04-01 --ticket APO-12"
)
@_WHICH
@click.option("--reason", metavar="TEXT", required=True, help="Why it may stay as it is.")
@_until
@_until_worse
@_ticket
@_author
@json_option
@pass_app
def accept(
    app: App,
    fingerprints: tuple[str, ...],
    reason: str,
    until: str | None,
    until_worse: bool,
    ticket: str | None,
    author: str | None,
    as_json: bool,
) -> None:
    """Bear findings for a time: 30 days if no day is told, 180 at most.

    It ends after its last day, or once its ticket is closed, and the report says why.
    """
    _answer(
        app,
        "accept",
        fingerprints,
        author=author,
        as_json=as_json,
        reason=reason,
        until=_day(until),
        until_worse=until_worse,
        ticket=ticket,
    )


@findings.command(
    "not-useful",
    epilog='Example: driftline findings not-useful 3f9a0c --reason "the label is ours"',
)
@_WHICH
@_reason
@_author
@json_option
@pass_app
def not_useful(
    app: App, fingerprints: tuple[str, ...], reason: str | None, author: str | None, as_json: bool
) -> None:
    """Say that findings tell nothing of use: they are kept out, and their detector is judged."""
    _answer(app, "not_useful", fingerprints, author=author, as_json=as_json, reason=reason)


@findings.command(epilog="Example: driftline findings agree 3f9a0c")
@_WHICH
@_reason
@_author
@json_option
@pass_app
def agree(
    app: App, fingerprints: tuple[str, ...], reason: str | None, author: str | None, as_json: bool
) -> None:
    """Say that findings are right: they stay as they are, and their detector is judged."""
    _answer(app, "agree", fingerprints, author=author, as_json=as_json, reason=reason)


@findings.command(epilog='Example: driftline findings reopen 3f9a0c --reason "it matters again"')
@_WHICH
@_reason
@_author
@json_option
@pass_app
def reopen(
    app: App, fingerprints: tuple[str, ...], reason: str | None, author: str | None, as_json: bool
) -> None:
    """Take back what was answered: the findings are told as any other."""
    from sync.reconcile import answering

    settings = app.settings(with_secrets=False)
    who = author_of(settings, author)
    store = app.store(settings)
    try:
        done = answering.withdraw(
            store, fingerprints, author=who, reason=reason, now=app.clock.now()
        )
    finally:
        store.close()
    _told(app, settings, done, as_json=as_json, kind="findings-reopen")


@findings.command("import", epilog="Example: driftline findings import replies")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@json_option
@pass_app
@click.pass_context
def import_(context: click.Context, app: App, folder: Path, as_json: bool) -> None:
    """Take saved replies to the report as answers: .eml files, .mbox files, or a Maildir.

    Each mail counts once. Only those who get the report are heard, and only by the links of their
    own mail; everything else is refused and told, with exit code 4.
    """
    from sync.errors import ConfigError
    from sync.report import replies, replying

    settings = app.settings(with_secrets=False)
    readers = recipients(settings)
    if not readers:
        raise ConfigError(
            "no mail is configured, so there is nobody who could answer",
            where=str(settings.path or ""),
            todo="Add a table [mail] with from and to.",
        )
    store = app.store(settings)
    try:
        taken = replying.take(
            store,
            replies.saved(folder),
            readers,
            now=app.clock.now(),
            time_zone=settings.root.time_zone,
        )
    finally:
        store.close()
    codes = frozenset({4}) if any(one.outcome == "refused" for one in taken) else frozenset()
    if as_json:
        app.print_json("findings-import", codes, mails=[_mail_facts(one) for one in taken])
    else:
        for one in taken:
            who = f" {one.verb} by {one.sender}:" if one.sender and one.verb else ""
            app.say(f"{one.name}: {one.outcome}:{who} {one.told}")
        app.say(f"{len(taken)} mails.")
    context.exit(worst(codes))


def _mail_facts(one: "Taken") -> dict[str, Any]:
    return {
        "file": one.name,
        "outcome": one.outcome,
        "told": one.told,
        "sender": one.sender,
        "fingerprint": one.fingerprint,
        "verb": one.verb,
    }


@findings.command(epilog="Example: driftline findings precision")
@json_option
@pass_app
def precision(app: App, as_json: bool) -> None:
    """How useful people found each detector's findings.

    Useful: ack, accept, agree, and the mail links "agreed" and "mine"; not useful: not-useful and
    "wrong". What a person last said of a finding counts. From 30 judgements on, a detector under
    80 % is told in the page only, until a channel is configured for it.
    """
    from sync.reconcile import answering

    settings = app.settings(with_secrets=False)
    store = app.store(settings, read_only=True)
    try:
        told = answering.precision(store, app.clock.now())
    finally:
        store.close()
    explicit = {id_ for id_, one in settings.root.detectors.items() if one.channel is not None}
    if as_json:
        app.print_json(
            "findings-precision",
            detectors=[
                {
                    "detector": one.detector,
                    "useful": one.useful,
                    "judged": one.judged,
                    "share": round(one.share, 4),
                    "page_only": one.is_low and one.detector not in explicit,
                }
                for one in told
            ],
        )
        return
    for one in told:
        text = f"{one.detector:24} {one.useful} of {one.judged} useful ({one.share:.0%})"
        if one.is_low:
            kept = one.detector in explicit
            text += "; mailed all the same, as configured" if kept else "; told in the page only"
        app.say(text)
    if not told:
        app.say("Nobody has judged a finding yet.")


def author_of(settings: "Settings", told: str | None) -> str:
    """Who answers, checked against the configuration.

    Raises UsageError for somebody whom the configuration does not name, where it names anybody.
    """
    from sync.cli.baseline import login
    from sync.errors import UsageError

    root = settings.root
    mail = recipients(settings)
    names = [*root.people, *mail, *([root.findings.author] if root.findings.author else [])]
    if told is None:
        return root.findings.author or login()
    by_name = {one.casefold(): one for one in names}
    if names and told.casefold() not in by_name:
        raise UsageError(
            f"{told!r} is nobody whom the configuration names",
            where="--author",
            todo=f"Write one of: {', '.join(sorted(names))}; or add a name under [people].",
        )
    return by_name.get(told.casefold(), told)


def recipients(settings: "Settings") -> list[str]:
    """Bare addresses of everybody who gets the report, in lower case."""
    from email.utils import parseaddr

    mail = settings.root.mail
    if mail is None:
        return []
    named = (one if isinstance(one, str) else one.address for one in mail.to)
    return [parseaddr(one)[1].lower() for one in named]


def _day(text: str | None) -> date | None:
    from sync.errors import UsageError

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no day", where="--until", todo="Write it as 2026-04-01."
        ) from None


def _answer(
    app: App,
    kind: str,
    fingerprints: tuple[str, ...],
    *,
    author: str | None,
    as_json: bool,
    reason: str | None = None,
    until: date | None = None,
    until_worse: bool = False,
    ticket: str | None = None,
) -> None:
    from sync.reconcile import answering
    from sync.reconcile.contract import AnswerKind

    settings = app.settings(with_secrets=False)
    given = answering.Given(
        kind=AnswerKind(kind),
        author=author_of(settings, author),
        reason=reason,
        until=until,
        until_worse=until_worse,
        ticket=ticket,
    )
    store = app.store(settings)
    try:
        done = answering.answer(
            store, fingerprints, given, now=app.clock.now(), time_zone=settings.root.time_zone
        )
    finally:
        store.close()
    _told(app, settings, done, as_json=as_json, kind=f"findings-{kind.replace('_', '-')}")


def _told(app: App, settings: "Settings", done: "list[Any]", *, as_json: bool, kind: str) -> None:
    from sync.report.answered import in_words

    if as_json:
        app.print_json(
            kind,
            answers=[{"title": title, **answer_facts(one)} for title, one in done],
        )
        return
    today = app.clock.now().date()
    for title, one in done:
        words = "taken back" if one.ended_at is not None else in_words(one, today)
        app.say(f"{one.fingerprint[:12]}  {title}: {words}")


def answer_facts(one: "Answer") -> dict[str, Any]:
    """What `--json` prints of an answer."""
    return {
        "fingerprint": one.fingerprint,
        "kind": one.kind.value,
        "author": one.author,
        "reason": one.reason,
        "at": one.at,
        "until": one.until,
        "until_worse": one.until_worse,
        "ticket": one.ticket,
        "source": one.source,
        "ended_at": one.ended_at,
        "end": one.end.value if one.end else None,
        "ended_reason": one.ended_reason,
        "ended_by": one.ended_by,
    }


def print_finding(
    app: App, fingerprint: str, *, as_json: bool, kind: str, whole: bool = False
) -> None:
    """Print one finding with its evidence and life. Raises UsageError for none or several.

    `whole`: also the rule, and what it rests on, back to what the source sent.
    """
    from sync.cli import explain_text, wiring
    from sync.reconcile.explain import explain
    from sync.report.answered import in_words

    settings = app.settings(with_secrets=False)
    store = app.store(settings, read_only=True)
    try:
        found = explain(store, fingerprint, wiring.policy(settings) if whole else None)
    finally:
        store.close()
    one = found.finding
    if as_json:
        app.print_json(
            kind,
            finding=finding_facts(one),
            life=found.life,
            answers=[answer_facts(answer) for answer in found.answers],
            **(explain_text.facts(settings, found) if whole else {}),
        )
        return
    app.say(one.title)
    app.say(f"  fingerprint {one.fingerprint}")
    app.say(f"  {one.detector}, {one.severity.value}, {one.state.value}, {one.channel.value}")
    if one.suppressed:
        app.say(f"  held back: {one.suppressed}")
    for label, text in (
        ("What", one.what),
        ("So what", one.so_what),
        ("Who", one.who),
        ("By when", one.by_when),
        ("Do", one.remedy),
    ):
        if text:
            app.say(f"  {label}: {text}")
    app.say("Evidence:")
    for proof in one.evidence:
        text = "restricted item" if proof.restricted else proof.text
        when = f"{proof.at:%Y-%m-%d %H:%M} UTC  " if proof.at else ""
        link = f"  {proof.url}" if proof.url and not proof.restricted else ""
        app.say(f"  - {when}{text}{link}")
    app.say("Life:")
    for event in found.life:
        reason = f" ({event.reason})" if event.reason else ""
        app.say(f"  - {event.at:%Y-%m-%d %H:%M} UTC {event.to_state}, {event.severity}{reason}")
    if found.answers:
        app.say("Answers:")
    today = app.clock.now().date()
    for answer in found.answers:
        app.say(f"  - {_when(answer.at)} {in_words(answer, today)}")
        if answer.ended_at is not None:
            by = f" by {answer.ended_by}" if answer.ended_by else ""
            how = answer.end.value if answer.end else "ended"
            app.say(f"    {how} {_when(answer.ended_at)}{by}: {answer.ended_reason}")
    if whole:
        for line in explain_text.lines(settings, found):
            app.say(line)


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
