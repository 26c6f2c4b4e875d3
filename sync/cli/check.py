"""`driftline check`: does everything work, what stays unchecked, and what to ask for."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, json_option, pass_app, sentence, worst

if TYPE_CHECKING:
    from sync.config.settings import Settings
    from sync.store.open import Store

#: A clock that is further off makes stamps hard to compare, seconds.
CLOCK_TOLERANCE = 60.0


@dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at: ok True, False, or None where nobody could tell."""

    where: str
    name: str
    ok: bool | None
    detail: str
    remedy: str = ""
    permission: str | None = None


@click.command(epilog="Example: driftline check --json")
@json_option
@pass_app
@click.pass_context
def check(context: click.Context, app: App, as_json: bool) -> None:
    """Check credentials, permissions, projects, clock, store and mapping."""
    lines, codes, proposals = look(app)
    letter = administrator_letter(lines)
    if as_json:
        app.print_json(
            "check", codes, lines=lines, proposals=proposals, administrator_letter=letter or None
        )
        context.exit(worst(codes))
    for line in lines:
        mark = {True: "ok", False: "NO", None: "?"}[line.ok]
        remedy = line.remedy if line.ok is not True else ""
        text = f"{mark:3} " + sentence(f"{line.name}: {line.detail}", line.where, remedy)
        if line.ok is False and app.quiet:
            app.trouble(text)
        else:
            app.say(text)
    if proposals:
        app.say("Milestones to judge; add them to [milestones] judge:")
        for one in proposals:
            app.say(f'  "{one["line"]}"  {one["why"]}')
    if letter:
        app.say("")
        app.say("To send to the administrator:")
        app.say(letter)
    context.exit(worst(codes))


def look(app: App) -> tuple[list[Line], frozenset[int], list[dict[str, Any]]]:
    """(lines, exit codes, proposed milestones). Raises ConfigError for a broken configuration."""
    from sync.cli import wiring
    from sync.errors import DriftlineError, StoreError

    settings = app.settings()
    lines: list[Line] = []
    codes: set[int] = set()
    wiring.policy(settings)
    plan = wiring.plan(settings, app.clock)
    lines.extend(_exposed(settings))
    let_in = set()
    for connection in plan.connections:
        found, code = _connection(app, plan, connection)
        lines.extend(found)
        codes.add(code)
        if not any(line.name in ("login", "connector") and line.ok is False for line in found):
            let_in.add(connection.name)
    proposals: list[dict[str, Any]] = []
    try:
        store = app.store(settings, read_only=True)
    except StoreError as error:
        missing = "no store yet" in error.what or "is empty" in error.what
        lines.append(Line("store", error.where, None if missing else False, error.what, error.todo))
        codes.add(0 if missing else error.exit_code)
    except DriftlineError as error:
        lines.append(Line("store", error.where, False, error.what, error.todo))
        codes.add(error.exit_code)
    else:
        try:
            found = [_writable(store), *_file(store)]
            lines.extend(found)
            codes.add(1 if any(line.ok is False for line in found) else 0)
            _try_again(app, settings, store, let_in)
            lines.extend(_mapping_gaps(store))
            lines.extend(_people(settings, store))
            lines.extend(_not_checked(settings, store))
            proposals = propose(app, settings, store)
        finally:
            store.close()
    lines.extend(_plugins())
    mail, code = _mail(settings)
    lines.extend(mail)
    codes.add(code)
    return lines, frozenset(codes - {0}), proposals


def _connection(app: App, plan: Any, connection: Any) -> tuple[list[Line], int]:
    from connectors.contract import SourceError
    from connectors.redaction import redact
    from sync.cli.trouble import explain
    from sync.engine import runtime
    from sync.engine.budget import Budgets, budget_key
    from sync.engine.progress import Quiet
    from sync.engine.session import build

    if connection.unusable:
        return [Line(connection.name, "connector", False, connection.unusable)], 2
    lent = runtime.make(
        connection,
        plan,
        clock=app.clock,
        sleep=app.sleep,
        progress=Quiet(),
        budgets=Budgets(None, budget_key(connection.options), app.clock, plan.reserve),
        held=None,
    )
    connector = build(connection, lent)
    name = connection.name
    try:
        identity = connector.connect()
        facts = [scope.facts for scope in connector.scopes()]
        code = 2 if any(one.get("error") or one.get("refused") for one in facts) else 0
        items = connector.check()
        lines = [
            Line(name, item.name, item.ok, item.detail, item.remedy, item.permission)
            for item in items
        ]
        told = {item.name.split()[0] for item in items}
        if connection.token_expires is not None:
            # What only its owner knows stands in place of "nobody tells".
            lines = [one for one in lines if not (one.name == "token expiry" and one.ok is None)]
            told = {one.name.split()[0] for one in lines}
        # A connector that says nothing of these is helped out.
        if not told & {"login", "sign-in"}:
            lines.insert(0, _login(name, identity))
        if "clock" not in told:
            lines.extend(_clock(name, identity))
        if "token" not in told:
            lines.extend(_token(app, connection, identity))
    except SourceError as error:
        _, code = explain(error)
        asked = f" ({error.where})" if error.where else ""
        return [Line(name, "login", False, redact(error.what + asked), error.todo)], code
    finally:
        connector.close()
    return lines, code


def _exposed(settings: "Settings") -> list[Line]:
    """What others could read or change, and what travels without encryption."""
    from sync.config.access import exposed, in_clear

    lines = [Line(one.where, "access", None, one.what, one.todo) for one in exposed(settings)]
    lines.extend(Line(one.where, "address", None, one.what, one.todo) for one in in_clear(settings))
    return lines


def _try_again(app: App, settings: "Settings", store: "Store", let_in: set[str]) -> None:
    """Credentials that rest, since they were refused, work: the next run may use them."""
    from sync.engine import breaker

    again = [id_ for name, id_ in breaker.resting(store).items() if name in let_in]
    if again:
        writing = app.store(settings)
        try:
            for id_ in again:
                breaker.accepted(writing, id_)
        finally:
            writing.close()


def _login(name: str, identity: Any) -> Line:
    server = " ".join(part for part in (identity.server_name, identity.version) if part)
    return Line(name, "login", True, f"{identity.account_name} on {server} ({identity.deployment})")


def _clock(name: str, identity: Any) -> list[Line]:
    offset = identity.clock_offset_seconds
    if offset is None:
        return [Line(name, "clock", None, "the server does not tell its time")]
    if abs(offset) > CLOCK_TOLERANCE:
        return [
            Line(
                name,
                "clock",
                False,
                f"the server's clock is {offset:+.0f} seconds off ours",
                "Set this machine's clock; driftline uses the server's for cursors.",
            )
        ]
    return [Line(name, "clock", True, f"within {abs(offset):.0f} seconds")]


def _token(app: App, connection: Any, identity: Any) -> list[Line]:
    from sync.engine.session import token_end
    from sync.engine.tokens import WARN_DAYS

    name, expires = connection.name, token_end(connection, identity)
    if expires is None:
        remedy = "Write token_expires for this connection, and you are warned in time."
        return [Line(name, "token", None, "this vendor does not tell when it expires", remedy)]
    left = (expires - app.clock.now()).days
    ok = left > WARN_DAYS
    return [
        Line(
            name,
            "token",
            ok,
            f"expires on {expires:%Y-%m-%d}, in {left} days",
            "" if ok else "Make a new one in time.",
        )
    ]


def _mapping_gaps(store: "Store") -> list[Line]:
    import sqlalchemy as sa

    from sync.store import schema

    c = schema.data_issue.c
    with store.reading() as conn:
        rows = conn.execute(
            sa.select(c.message)
            .where(c.gone_at.is_(None), c.kind.like("unmapped-%"))
            .order_by(c.kind, c.subject)
        ).scalars()
        return [Line("mapping", "value without a meaning", None, row.rstrip(".")) for row in rows]


def _writable(store: "Store") -> Line:
    """Whether a run could write: an SQLite file needs its directory, too."""
    where = store.url_shown
    if store.dialect == "sqlite":
        file = Path(str(store.engine.url.database))
        if not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)):
            return Line(
                "store",
                where,
                False,
                "can be read and not written",
                "Give this user the right to write the file and its directory.",
            )
    return Line("store", where, True, "can be read")


def _file(store: "Store") -> list[Line]:
    """Where an SQLite file lies, who may read it, and whether it is sound."""
    from sync.store.place import network_drive, warning
    from sync.store.sqlite import damage

    if store.dialect != "sqlite":
        return []
    file = Path(store.url_shown)
    lines = []
    with store.reading() as conn:
        wrong = damage(conn)
    if wrong is not None:
        lines.append(
            Line("store", str(file), False, f"is damaged: {wrong}", "Restore a backup of it.")
        )
    kind = network_drive(file)
    if kind is not None:
        lines.append(Line("store", "network drive", None, warning(file, kind)))
    if os.name == "posix" and file.stat().st_mode & 0o077:
        remedy = f"If that is not meant so: chmod 600 {file}"
        lines.append(Line("store", str(file), None, "others of this machine may read it", remedy))
    return lines


def _people(settings: "Settings", store: "Store") -> list[Line]:
    """Entries of `[people]` that name nobody, and accounts that look like one person's."""
    from sync.links.people import logins, match, suggest

    with store.reading() as conn:
        accounts = logins(conn)
    matched = match(settings.root.people, accounts)
    lines = [
        Line("people", one.partition(":")[0], None, one.partition(": ")[2], "Correct [people].")
        for one in matched.problems
    ]
    lines.extend(
        Line(
            "people",
            one.name,
            None,
            "these accounts have one e-mail address",
            f"If they are one person's, add to [people]: {one.line}",
        )
        for one in suggest(accounts, matched.persons)
    )
    return lines


def _not_checked(settings: "Settings", store: "Store") -> list[Line]:
    """What the last reconciliation could not judge, and why."""
    from sync.cli import wiring
    from sync.errors import DriftlineError
    from sync.reconcile.runner import load_last

    try:
        last = load_last(store, wiring.policy(settings))
    except DriftlineError:
        # Nothing was reconciled yet.
        return []
    return [
        Line("not checked", f"{detector}, {subject}", None, reason)
        for detector, subject, reason in last.not_checked
    ]


def _plugins() -> list[Line]:
    """Detectors of others that cannot be used."""
    from sync.reconcile.registry import catalogue

    return [Line("detector", one.name, False, one.reason) for one in catalogue().broken]


def _mail(settings: "Settings") -> tuple[list[Line], int]:
    """Whether the mail server can be reached and takes the login; nothing is sent."""
    from sync.cli import wiring
    from sync.errors import ConfigError, DeliveryError
    from sync.report.smtp import probe

    mail = settings.root.mail
    if mail is None:
        return [], 0
    server = wiring.smtp(settings)
    if server is None:
        return [Line("mail", "server", None, "none is configured, so drafts are written")], 0
    try:
        probe(server)
    except (ConfigError, DeliveryError) as error:
        return [Line("mail", error.where, False, error.what, error.todo)], error.exit_code
    readers = "all addresses" if mail.approved else "the first address only, until approved = true"
    return [Line("mail", server.host, True, f"port {server.port}, to {readers}")], 0


def propose(app: App, settings: "Settings", store: "Store") -> list[dict[str, Any]]:
    """Milestones worth judging that the configuration does not name yet."""
    from sync.cli import wiring
    from sync.reconcile.propose import propose as run

    return [
        {
            "line": one.line,
            "kind": str(one.kind),
            "due_date": one.due_date,
            "open_items": one.open_items,
            "why": one.why,
        }
        for one in run(store, wiring.policy(settings), clock=app.clock)
    ]


def administrator_letter(lines: Sequence[Line]) -> str:
    """A paragraph that asks for what is missing; empty if nothing is."""
    missing = [line for line in lines if line.ok is False and line.permission]
    if not missing:
        return ""
    wanted = "; ".join(f"{line.permission} on {line.where}, {line.name}" for line in missing)
    return (
        "driftline reads our planning systems to report scope changes and slipping dates. It only "
        "reads and never writes. Please give the account that it uses the following: "
        f"{wanted}."
    )
