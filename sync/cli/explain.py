"""`driftline explain`: the evidence behind one finding, or what became of one item."""

from typing import TYPE_CHECKING

import click

from sync.cli.app import App, json_option, pass_app
from sync.cli.findings import print_finding
from sync.cli.instants import clock_options, clocks
from sync.cli.reconcile import finding_facts

if TYPE_CHECKING:
    from sync.reconcile.item import Absence

#: What a reason of `GoneReason` means to a person.
_WHY = {
    "deleted": "deleted",
    "moved": "moved",
    "transferred": "transferred",
    "hidden": "hidden from this token",
    "left_scope": "no longer read",
    "converted": "made into something else",
    "deleted_or_hidden": "deleted, or hidden from this token: the source tells nobody which",
}


@click.command(epilog="Example: driftline explain 3f9a0c")
@click.argument("what", metavar="FINGERPRINT_OR_KEY")
@clock_options
@json_option
@pass_app
def explain(app: App, what: str, as_of: str | None, known_at: str | None, as_json: bool) -> None:
    """Show why a finding is there: proofs with their links, its life, and how it came about.

    That is the rule with the thresholds in force, the events of the source that it rests on with
    what was sent of them, and the lines of the mapping that gave each value its meaning.
    Restricted items, names of people and secrets are left out.

    With a key, such as APO-12 or owner/name#7: what it is called now, under which keys it was known
    before, since when it is gone and why, and what is found about it. --as-of and --known-at tell
    it as it was and as it was known then.
    """
    from sync.errors import UsageError
    from sync.reconcile.item import is_key

    if is_key(what):
        _item(app, what, as_of=as_of, known_at=known_at, as_json=as_json)
    elif as_of is not None or known_at is not None:
        raise UsageError(
            "a finding is told with its whole life, whatever the instant",
            where=what,
            todo="Leave out --as-of and --known-at, or name an item by its key.",
        )
    else:
        print_finding(app, what, as_json=as_json, kind="explain", whole=True)


def _item(app: App, key: str, *, as_of: str | None, known_at: str | None, as_json: bool) -> None:
    from sync.reconcile.item import called

    settings = app.settings(with_secrets=False)
    at = clocks(app, settings, as_of, known_at)
    store = app.store(settings, read_only=True)
    try:
        found = called(
            store,
            key,
            as_of=None if at.present else at.as_of,
            known_at=None if at.present else at.known_at,
        )
    finally:
        store.close()
    if as_json:
        app.print_json(
            "explain-item",
            items=[
                {
                    "connection": one.connection,
                    "kind": one.kind,
                    "key": one.key,
                    "former_keys": one.former_keys,
                    "title": one.title,
                    "state": one.state,
                    "url": one.url,
                    "absences": one.absences,
                    "findings": [finding_facts(held) for held in one.findings],
                }
                for one in found
            ],
        )
        return
    for one in found:
        app.say(f"{one.key}  {one.title or 'restricted item'}")
        link = f", {one.url}" if one.url else ""
        app.say(f"  {one.connection}, {one.kind}, {one.state}{link}")
        if one.former_keys:
            app.say(f"  Known before as: {', '.join(one.former_keys)}")
        for absence in one.absences:
            app.say(f"  {_told(absence)}")
        for held in one.findings:
            app.say(f"  {held.fingerprint[:12]}  {held.severity.value}  {held.title}")


def _told(one: "Absence") -> str:
    since = f"{one.since:%Y-%m-%d %H:%M} UTC"
    why = _WHY.get(one.reason, one.reason)
    if one.to_key:
        why += f" to {one.to_key}"
    if one.detail:
        why += f" ({one.detail})"
    if one.until is None:
        return f"Gone, as seen at {since}: {why}"
    return f"Was gone from {since} to {one.until:%Y-%m-%d %H:%M} UTC: {why}"
