"""`driftline completion`: what makes a shell complete commands and options."""

import click

from sync.cli.app import App, pass_app


@click.command(epilog="Example: driftline completion bash")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@pass_app
def completion(app: App, shell: str) -> None:
    """Print the lines that make a shell complete commands and options.

    Append them to ~/.bashrc or ~/.zshrc; for fish write them to a file of their own,
    ~/.config/fish/completions/driftline.fish.
    """
    from click.shell_completion import get_completion_class

    from sync.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None, shell
    app.out(kind(cli, {}, "driftline", "_DRIFTLINE_COMPLETE").source())
