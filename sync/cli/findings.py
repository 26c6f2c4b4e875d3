"""`driftline findings`: what is open, and what became of it."""

import click

from sync.cli.app import App, json_option, pass_app
from sync.cli.reconcile import finding_facts


@click.group()
def findings() -> None:
    """List and show findings."""


@findings.command("list", epilog="Example: driftline findings list --all")
@click.option("--all", "everything", is_flag=True, help="Resolved ones too.")
@json_option
@pass_app
def list_(app: App, everything: bool, as_json: bool) -> None:
    """List findings, the worst first."""
    from sync.reconcile.findings import stored

    settings = app.settings(with_secrets=False)
    store = app.store(settings, read_only=True)
    try:
        found = stored(store, resolved=everything)
    finally:
        store.close()
    if as_json:
        app.print_json("findings", findings=[finding_facts(one) for one in found])
        return
    for one in found:
        app.say(f"{one.fingerprint[:12]}  {one.severity.value:8} {one.state.value:13} {one.title}")
    app.say(f"{len(found)} findings.")


@findings.command(epilog="Example: driftline findings show 3f9a0c")
@click.argument("fingerprint")
@json_option
@pass_app
def show(app: App, fingerprint: str, as_json: bool) -> None:
    """Show one finding; the first characters of its fingerprint suffice."""
    print_finding(app, fingerprint, as_json=as_json, kind="finding")


def print_finding(app: App, fingerprint: str, *, as_json: bool, kind: str) -> None:
    """Print one finding with its evidence and life. Raises UsageError for none or several."""
    from sync.reconcile.explain import explain

    settings = app.settings(with_secrets=False)
    store = app.store(settings, read_only=True)
    try:
        found = explain(store, fingerprint)
    finally:
        store.close()
    one = found.finding
    if as_json:
        app.print_json(kind, finding=finding_facts(one), life=found.life)
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
