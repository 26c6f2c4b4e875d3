"""`driftline connectors`: what can be read, and what plugins bring along."""

from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, json_option, pass_app

if TYPE_CHECKING:
    from connectors.contract import ConnectorEntry


@click.group()
def connectors() -> None:
    """List connectors."""


@connectors.command("list", epilog="Example: driftline connectors list")
@json_option
@pass_app
def list_(app: App, as_json: bool) -> None:
    """Name every connector and each detector of a plugin, and say why one cannot be used."""
    from connectors.registry import BrokenEntry, entries

    found = {
        name: {"name": name, "usable": False, "reason": one.reason}
        if isinstance(one, BrokenEntry)
        else _facts(name, one)
        for name, one in entries().items()
    }
    brought = _detectors()
    if as_json:
        app.print_json("connectors", connectors=list(found.values()), detectors=brought)
        return
    for name, facts in found.items():
        app.say(f"{name}: {facts['summary'] if facts['usable'] else facts['reason']}")
    for facts in brought:
        app.say(f"detector {facts['name']}: {facts['summary' if facts['usable'] else 'reason']}")


def _facts(name: str, entry: "ConnectorEntry") -> dict[str, Any]:
    """What one connector reads; it is of no use without a mapping of its payloads."""
    from mappings.registry import UnknownMapping
    from mappings.registry import get as get_mapping

    try:
        streams = [spec.name for spec in entry.streams()]
        get_mapping(name)
    except UnknownMapping as error:
        return {"name": name, "usable": False, "reason": str(error)}
    except Exception as error:  # noqa: BLE001  # a plugin may fail in any way; the others work
        reason = f"connector {name!r} cannot say what it reads: {error!r}"
        return {"name": name, "usable": False, "reason": reason}
    return {"name": name, "usable": True, "summary": entry.summary, "streams": streams}


def _detectors() -> list[dict[str, Any]]:
    """Detectors that plugins bring, and what of theirs cannot be used."""
    from sync.reconcile.registry import BUILT_IN, catalogue

    known = catalogue()
    built_in = {one.id for one in BUILT_IN}
    return [
        *(
            {"name": one.id, "usable": True, "summary": one.name}
            for one in known.detectors
            if one.id not in built_in
        ),
        *({"name": one.name, "usable": False, "reason": one.reason} for one in known.broken),
    ]
