"""`driftline check`: does everything work, what stays unchecked, and what to ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, json_option, pass_app, worst

if TYPE_CHECKING:
    from sync.config.settings import Settings
    from sync.store.open import Store

#: A clock that is further off makes stamps hard to compare, seconds.
CLOCK_TOLERANCE = 60.0
#: A token that ends sooner is worth a line, days.
TOKEN_DAYS = 14


@dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at: ok True, False, or None where nobody could tell."""

    where: str
    name: str
    ok: bool | None
    detail: str
    remedy: str = ""
    permission: str | None = None


@click.command()
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
        remedy = f" {line.remedy}" if line.remedy and line.ok is not True else ""
        text = f"{mark:3} {line.where}: {line.name}: {line.detail}.{remedy}"
        if line.ok is False:
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
    for connection in plan.connections:
        found, code = _connection(app, plan, connection)
        lines.extend(found)
        codes.add(code)
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
            lines.append(Line("store", store.url_shown, True, "can be read"))
            lines.extend(_mapping_gaps(store))
            proposals = propose(app, settings, store)
        finally:
            store.close()
    return lines, frozenset(codes - {0}), proposals


def _connection(app: App, plan: Any, connection: Any) -> tuple[list[Line], int]:
    import time

    from connectors.contract import SourceError
    from connectors.redaction import redact
    from sync.cli.trouble import explain
    from sync.engine import runtime
    from sync.engine.budget import Ledger
    from sync.engine.progress import Quiet
    from sync.engine.session import build

    lent = runtime.make(
        connection,
        plan,
        clock=app.clock,
        sleep=time.sleep,
        progress=Quiet(),
        budgets=Ledger(),
        held=None,
    )
    connector = build(connection, lent)
    name = connection.name
    try:
        identity = connector.connect()
        lines = [
            Line(
                name,
                "login",
                True,
                f"{identity.account_name} on {identity.server_name} {identity.version} "
                f"({identity.deployment})",
            )
        ]
        lines.extend(_clock(name, identity))
        lines.extend(_token(app, name, identity))
        code = 0
        for scope in connector.scopes():
            if scope.facts.get("error"):
                code = 2
        for item in connector.check():
            lines.append(Line(name, item.name, item.ok, item.detail, item.remedy, item.permission))
    except SourceError as error:
        _, code = explain(error)
        return [Line(name, "login", False, redact(error.what), error.todo)], code
    finally:
        connector.close()
    return lines, code


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


def _token(app: App, name: str, identity: Any) -> list[Line]:
    expires = identity.token_expires_at
    if expires is None:
        return [Line(name, "token", None, "this vendor does not tell when it expires")]
    left = (expires - app.clock.now()).days
    ok = left > TOKEN_DAYS
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
