"""`driftline db`: care for the store."""

import click

from sync.cli.app import App, json_option, pass_app


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
