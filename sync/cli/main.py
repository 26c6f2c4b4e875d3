"""The entry point: commands by name, loaded only when called; the only place that exits."""

import contextlib
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sync.cli.app import App

VERSION = "0.1.0"

#: command -> (module, attribute, one line). Help is shown without importing any of them.
COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "init": ("sync.cli.init", "init", "Write a configuration by asking, then check it."),
    "check": ("sync.cli.check", "check", "Credentials, permissions, clock, mapping gaps."),
    "sync": ("sync.cli.sync_", "sync", "Read what moved in every source, and prove it."),
    "reconcile": ("sync.cli.reconcile", "reconcile", "Judge what was read against the plan."),
    "report": ("sync.cli.report", "report", "Write or mail the drift report."),
    "run": ("sync.cli.run", "run", "What cron calls: sync, reconcile, report when due."),
    "worker": ("sync.cli.worker", "worker", "Share reading and judging with other machines."),
    "demo": ("sync.cli.demo", "demo", "A simulated company, the real connector, a report."),
    "status": ("sync.cli.status", "status", "The last run, and how far to trust each stream."),
    "verify": ("sync.cli.verify", "verify", "Compare the store with the servers now."),
    "explain": ("sync.cli.explain", "explain", "The evidence behind a finding; an item by key."),
    "findings": ("sync.cli.findings", "findings", "List and show findings."),
    "baseline": ("sync.cli.baseline", "baseline", "Set, accept, list and compare baselines."),
    "scope": ("sync.cli.scope", "scope", "How a milestone's scope changed, and who agreed."),
    "forecast": ("sync.cli.forecast", "forecast", "When a milestone will be done, and why."),
    "backtest": ("sync.cli.backtest", "backtest", "How forecasts did on finished milestones."),
    "receipt": ("sync.cli.receipt", "receipt", "Every date promised for a milestone."),
    "risks": ("sync.cli.risks", "risks", "The risk register, out of what is open."),
    "retro": ("sync.cli.retro", "retro", "What a finished milestone teaches, in one pack."),
    "metrics": ("sync.cli.metrics", "metrics", "Flow, DORA keys, allocation, teams, trends."),
    "milestones": ("sync.cli.milestones", "milestones", "List milestones; link them to one."),
    "tests": ("sync.cli.tests_", "tests", "Which checks of a repository are tests."),
    "verdicts": ("sync.cli.verdicts", "verdicts", "What landed, and whether it was tested."),
    "evidence": ("sync.cli.evidence", "evidence", "Test reports, coverage, sign-offs by hand."),
    "gate": ("sync.cli.gate", "gate", "May a milestone or a tag go: met, not met, unknown."),
    "mapping": ("sync.cli.mapping", "mapping", "Check and show the mapping."),
    "rehearse": ("sync.cli.rehearse", "rehearse", "The mails that a quarter would have led to."),
    "remap": ("sync.cli.remap", "remap", "Apply a changed mapping to what is stored."),
    "export": ("sync.cli.export", "export", "Write a view as CSV or JSON lines."),
    "db": ("sync.cli.db", "db", "Look after the store."),
    "anonymize": ("sync.cli.anonymize", "anonymize", "A copy of the store without names."),
    "connectors": ("sync.cli.connectors", "connectors", "List connectors."),
    "completion": ("sync.cli.completion", "completion", "Let a shell complete what is typed."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(importlib.import_module(entry[0]), entry[1])
        _take_shared(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest command for a misspelt one."""
        from difflib import get_close_matches

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The one-line helps, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry[2]) for name, entry in COMMANDS.items()])


def _note(context: click.Context, option: click.Parameter, value: Any) -> Any:
    """Keep a shared option, wherever it stood."""
    if value:
        from sync.cli.app import App

        setattr(context.ensure_object(App), str(option.name), value)
    return value


def _shared() -> list[click.Option]:
    """Options that stand before or after the command's name."""
    return [
        click.Option(
            ["--config", "config_path"],
            type=click.Path(dir_okay=False),
            metavar="FILE",
            expose_value=False,
            callback=_note,
            help="Configuration; else $DRIFTLINE_CONFIG, else driftline.toml here.",
        ),
        click.Option(
            ["--quiet", "-q"],
            is_flag=True,
            expose_value=False,
            callback=_note,
            help="Print nothing but trouble.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            callback=_note,
            help="Show tracebacks.",
        ),
    ]


def _take_shared(command: click.Command) -> None:
    """Let a command and those below it take the shared options, once."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _take_shared(inner)
    elif not any(one.name == "config_path" for one in command.params):
        command.params.extend(_shared())


@click.group(
    cls=LazyGroup, params=_shared(), context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(VERSION, prog_name="driftline")
@click.pass_context
def cli(context: click.Context) -> None:
    """Find scope drift, slipping milestones and untested changes; prove that nothing was missed."""
    from sync.cli.app import App

    context.ensure_object(App)


def main(arguments: Sequence[str] | None = None, *, app: "App | None" = None) -> int:
    """Run a command; the exit code (design section 6). Never a traceback without --debug.

    `app` brings another clock and another way to wait.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:
        # The process is ours, not that of somebody who calls this function.
        from sync.cli.libraries import guard

        guard()
    _keep_unicode()
    _be_at_home()
    try:
        code = cli.main(args=words, prog_name="driftline", standalone_mode=False, obj=app)
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        return int(done.exit_code)
    except (click.Abort, KeyboardInterrupt) as stopped:
        # Nobody sits there: the context is what click made the stop of.
        if isinstance(stopped.__context__, EOFError):
            return _misused(
                click.UsageError("a question had no answer; give it as an option"), words
            )
        click.echo("stopped; what was read is stored, and the next run goes on", err=True)
        return 130
    except click.ClickException as wrong:
        return _misused(wrong, words)
    except BrokenPipeError:
        return _reader_left()
    except SystemExit as ended:
        # click's own way out when the reader of a pipe went away.
        return _reader_left() if ended.code == 1 else int(ended.code or 0)
    except Exception as error:  # noqa: BLE001  # the last line of defence: one clear message
        return _failed(error, words)
    return int(code or 0)


def _misused(wrong: click.ClickException, words: Sequence[str]) -> int:
    """A wrong option or argument."""
    wrong.show()
    if "--json" in words:
        _print_error(wrong.format_message(), 2)
    return 2


def _failed(error: Exception, words: Sequence[str]) -> int:
    """One clear message; with --debug also where in the program it happened."""
    from sync.cli.trouble import explain, traced

    text, code = explain(error)
    if "--debug" in words:
        click.echo(traced(error), err=True, nl=False)
    from sync.cli.app import fit

    click.echo(fit(text, sys.stderr), err=True)
    if "--json" in words:
        _print_error(text, code)
    return code


def _print_error(text: str, code: int) -> None:
    """Whoever asked for JSON gets JSON, whatever happened."""
    from sync.cli.app import App

    App().print_json("error", [code], message=text)


def _reader_left() -> int:
    """The reader went away (`| head`): nothing to tell, and nobody to tell it to."""
    # Python would complain when it flushes at its end.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _be_at_home() -> None:
    """Libraries want a home, and the user of a service or of a container may have none."""
    # What Path does here is to raise.
    if os.path.expanduser("~") == "~":
        os.environ["HOME"] = os.sep


def _keep_unicode() -> None:
    """A console with a small code page shows a question mark instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
