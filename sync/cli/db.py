"""`driftline db`: care for the store."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli.app import App, json_option, pass_app

if TYPE_CHECKING:
    from sync.store.forget import Account


@click.group()
def db() -> None:
    """Look after the store."""


@db.command(epilog="Example: driftline db upgrade")
@json_option
@pass_app
def upgrade(app: App, as_json: bool) -> None:
    """Bring the store to this version; an SQLite file is copied first."""
    from sync.store.open import HEAD

    settings = app.settings(with_secrets=False)
    store = app.store(settings, create=True)
    try:
        shown = store.url_shown
    finally:
        store.close()
    if as_json:
        app.print_json("db-upgrade", store=shown, revision=HEAD)
        return
    app.say(f"{shown} is at revision {HEAD}.")


@db.command(epilog="Example: driftline db backup --out driftline-monday.db")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; without it, one with the day and time beside the store.",
)
@json_option
@pass_app
def backup(app: App, out: Path | None, as_json: bool) -> None:
    """Write a whole copy of the store, also while a run is going on.

    Of a file it is a file that driftline can work with; of a server a dump for pg_restore.
    """
    from sync.store.backup import back_up

    settings = app.settings(with_secrets=False)
    store = app.store(settings, read_only=True)
    try:
        if out is None:
            stem = Path(store.url_shown) if store.dialect == "sqlite" else Path("driftline")
            ending = "db" if store.dialect == "sqlite" else "dump"
            made = f"{stem.stem}-{app.clock.now():%Y%m%d-%H%M%S}.{ending}"
            out = (stem.parent if store.dialect == "sqlite" else settings.base) / made
        back_up(store, out)
    finally:
        store.close()
    size = out.stat().st_size
    if as_json:
        app.print_json("db-backup", file=str(out), bytes=size)
        return
    app.say(f"{out}: {size / 1e6:.1f} MB.")


@db.command(epilog="Example: driftline db copy postgresql://driftline@db.example.com/driftline")
@click.argument("target")
@json_option
@pass_app
def copy(app: App, target: str, as_json: bool) -> None:
    """Copy the store into an empty one: from SQLite to PostgreSQL, or back.

    TARGET is written as `store` in the configuration; a password comes from PGPASSWORD or a
    password file. Every row is held against what arrived. The configuration is not changed.
    """
    from sync.errors import UsageError
    from sync.store.open import open_store
    from sync.store.transfer import Copied
    from sync.store.transfer import copy as copy_rows

    settings = app.settings(with_secrets=False)
    source = app.store(settings, read_only=True)
    try:
        into = open_store(target, base=Path.cwd())
        try:
            if into.url_shown == source.url_shown:
                raise UsageError("this is the store itself", where=into.url_shown)

            def tell(one: Copied) -> None:
                if one.rows:
                    app.note(f"{one.table}: {one.rows:,} rows")

            copied = copy_rows(source, into, tell)
            shown = into.url_shown
        finally:
            into.close()
    finally:
        source.close()
    rows = sum(one.rows for one in copied)
    if as_json:
        app.print_json("db-copy", target=shown, rows=rows, tables={c.table: c.rows for c in copied})
        return
    app.say(f"{shown}: {rows:,} rows, equal to what was copied. To use it, set: store = …")


@db.command(epilog="Example: driftline db prune --dry-run")
@click.option("--dry-run", is_flag=True, help="Only count what would go.")
@json_option
@pass_app
def prune(app: App, dry_run: bool, as_json: bool) -> None:
    """Delete what is older than [retention] says, also while a run is going on.

    What is so now, all events, forecasts, verdicts and baselines stay.
    """
    from datetime import timedelta

    from sync.store.prune import Horizons
    from sync.store.prune import prune as prune_rows

    settings = app.settings(with_secrets=False)
    kept, now = settings.root.retention, app.clock.now()
    store = app.store(settings)
    try:
        done = prune_rows(
            store,
            Horizons(
                former=now - timedelta(days=kept.former_days),
                runs=now - timedelta(days=kept.runs_days),
                reports=now - timedelta(days=kept.reports_days),
            ),
            dry_run=dry_run,
        )
    finally:
        store.close()
    if as_json:
        app.print_json("db-prune", dry_run=dry_run, rows=dict(done))
        return
    for table, rows in done.items():
        if rows:
            app.say(f"{table}: {rows:,} rows")
    total = sum(done.values())
    app.say(f"{total:,} rows {'would go' if dry_run else 'deleted'}.")


@db.command(epilog="Example: driftline db vacuum")
@json_option
@pass_app
def vacuum(app: App, as_json: bool) -> None:
    """Give back the space of deleted rows; nobody else may be writing."""
    from sync.store.vacuum import vacuum as give_back

    settings = app.settings(with_secrets=False)
    store = app.store(settings)
    try:
        before, after = give_back(store)
        shown = store.url_shown
    finally:
        store.close()
    if as_json:
        app.print_json("db-vacuum", store=shown, bytes_before=before, bytes_after=after)
        return
    app.say(f"{shown}: {before / 1e6:.1f} MB before, {after / 1e6:.1f} MB after.")


@db.command(epilog="Example: driftline db forget github:ada --yes")
@click.argument("person")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@json_option
@pass_app
def forget(app: App, person: str, yes: bool, as_json: bool) -> None:
    """Take a person's names out of the store, for ever.

    PERSON is a name of [people], or CONNECTION:WORD with an id, login, e-mail address or name; the
    connection may be left out. What the sources still tell of them is not stored again; their ids
    and sentences that others wrote stay. There is no way back but a backup.
    """
    from sync.errors import UsageError
    from sync.store import forget as forgetting
    from sync.store.vacuum import vacuum as give_back

    settings = app.settings(with_secrets=False)
    store = app.store(settings)
    try:
        with store.reading() as conn:
            known = forgetting.accounts(conn)
        words = settings.root.people.get(person) or [person]
        whom = tuple(dict.fromkeys(one for word in words for one in _meant(known, word)))
        if not whom:
            raise UsageError(
                f"nobody is known as {person!r}",
                where="PERSON",
                todo="Name an id, a login, an e-mail address or a full name.",
            )
        people = {(one.name or one.login or one.source_id).casefold() for one in whom}
        if person not in settings.root.people and len(people) > 1:
            listed = ", ".join(f"{one.connection}:{one.source_id}" for one in whom[:6])
            raise UsageError(
                f"{person!r} may be several people: {listed}",
                where="PERSON",
                todo="Name one of these.",
            )
        told = ", ".join(f"{one.connection}:{one.source_id}" for one in whom)
        if not yes:
            click.confirm(f"Forget {told}? There is no way back", abort=True)
        done = forgetting.forget(store, whom, app.clock.now())
        # What was overwritten still lies in free pages of the file.
        give_back(store)
    finally:
        store.close()
    if as_json:
        accounts = [f"{one.connection}:{one.source_id}" for one in whom]
        app.print_json("db-forget", accounts=accounts, rows=dict(done))
        return
    titles = done.get("titles", 0)
    rows = sum(done.values()) - titles
    app.say(f"Forgotten: {told}; {rows:,} rows changed.")
    if titles:
        app.say(
            f"{titles:,} titles still name them. Others wrote those: change them at their source."
        )
    app.say(
        "Copies of the store, mails that were sent and files that were written are not changed."
    )


def _meant(known: "Sequence[Account]", word: str) -> "Iterator[Account]":
    """Accounts that a person may mean by `CONNECTION:WORD` or `WORD`."""
    connection, _, rest = word.partition(":")
    named = rest.casefold() if any(one.connection == connection for one in known) else ""
    for one in known:
        mine = {text.casefold() for text in (one.source_id, one.login, one.email, one.name) if text}
        if word.casefold() in mine or (one.connection == connection and named in mine):
            yield one
