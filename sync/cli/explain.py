"""`driftline explain`: the evidence behind one finding."""

import click

from sync.cli.app import App, json_option, pass_app
from sync.cli.findings import print_finding


@click.command(epilog="Example: driftline explain 3f9a0c")
@click.argument("fingerprint")
@json_option
@pass_app
def explain(app: App, fingerprint: str, as_json: bool) -> None:
    """Show why a finding is there: every proof with its link, and its whole life."""
    print_finding(app, fingerprint, as_json=as_json, kind="explain")
