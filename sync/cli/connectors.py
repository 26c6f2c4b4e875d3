"""`driftline connectors`: what can be read."""

import click

from sync.cli.app import App, json_option, pass_app


@click.group()
def connectors() -> None:
    """List connectors."""


@connectors.command("list", epilog="Example: driftline connectors list")
@json_option
@pass_app
def list_(app: App, as_json: bool) -> None:
    """Name every connector, and say why one cannot be used."""
    from connectors.registry import BrokenEntry, entries

    found = entries()
    if as_json:
        app.print_json(
            "connectors",
            connectors=[
                {"name": name, "usable": False, "reason": one.reason}
                if isinstance(one, BrokenEntry)
                else {
                    "name": name,
                    "usable": True,
                    "summary": one.summary,
                    "streams": [spec.name for spec in one.streams()],
                }
                for name, one in found.items()
            ],
        )
        return
    for name, one in found.items():
        app.say(f"{name}: {one.reason if isinstance(one, BrokenEntry) else one.summary}")
