"""A command with commands below it that also does something by itself."""

import click


class DefaultGroup(click.Group):
    """Runs its command `show` where no other one is named: `driftline tests acme/web`."""

    #: the command that runs then.
    default = "show"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command's name where none stands."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, or the default one: the name is then its argument."""
        return self.commands.get(cmd_name) or self.commands[self.default]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What it does by itself, and the commands below it."""
        rows = [
            ("" if name == self.default else name, one.get_short_help_str(80))
            for name, one in self.commands.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl([(name or "(none)", text) for name, text in rows])
