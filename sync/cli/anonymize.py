"""`driftline anonymize`: a copy of the store that may be shown to others."""

from pathlib import Path

import click

from sync.cli.app import App, json_option, pass_app


@click.command(epilog="Example: driftline anonymize --out for-the-report.db")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="SQLite file to write; it must not exist yet.",
)
@json_option
@pass_app
def anonymize(app: App, out: Path, as_json: bool) -> None:
    """Write a copy of the store without names, titles or addresses, for the report of a fault.

    What is equal stays equal, numbers, dates, ids and commits stay; payloads, reports and uploaded
    files are left out. Nothing leads back to the words.
    """
    from sync.errors import UsageError
    from sync.store.anonymize import anonymize as scrubbed
    from sync.store.open import open_store

    settings = app.settings(with_secrets=False)
    if out.exists():
        raise UsageError(
            "there is something already",
            where=str(out),
            todo="Name a file that does not exist yet.",
        )
    source = app.store(settings, read_only=True)
    try:
        target = open_store(str(out.absolute()))
        try:
            rows = scrubbed(source, target)
        except BaseException:
            target.close()
            for end in ("", "-wal", "-shm"):
                out.with_name(out.name + end).unlink(missing_ok=True)
            raise
        target.close()
    finally:
        source.close()
    if as_json:
        app.print_json("anonymize", file=str(out), rows=rows)
        return
    app.say(f"{out}: {rows:,} rows, without names. Look at it before you send it.")
