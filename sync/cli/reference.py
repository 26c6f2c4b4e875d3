"""Pages and schema made from the program itself: `python -m sync.cli.reference`."""

import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from connectors.registry import BrokenEntry, entries
from sync.cli import public_api
from sync.cli.main import COMMANDS, VERSION, cli
from sync.cli.manual import manual
from sync.config import schema
from sync.config.models import ConnectionSettings, RecipientSettings, Root, TeamCalendarSettings
from sync.config.quality import GateSettings, PathsSettings
from sync.config.testing import ExemptionSettings, TestingSettings
from sync.reconcile.registry import BUILT_IN

#: What every command takes; told once.
_SHARED = ("config_path", "quiet", "debug", "help")


def pages() -> Mapping[str, str]:
    """Path in the repository -> content."""
    return {
        "config.schema.json": json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n",
        "docs/commands.md": commands_page(),
        "docs/configuration.md": configuration_page(),
        "docs/man/driftline.1": manual(commands(), VERSION),
        "docs/public-api.md": public_api.page(),
    }


def config_schema() -> dict[str, Any]:
    """The schema with the built-in connectors and detectors."""
    return schema.document(
        {kind: entry.options for kind, entry in _connectors()},
        {one.id: (one.name, dict(one.defaults)) for one in BUILT_IN},
    )


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its words, in the order of use."""
    context = click.Context(cli, info_name="driftline")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                words = name if inner == getattr(command, "default", None) else f"{name} {inner}"
                yield words, command.commands[inner]
        elif command is not None:
            yield name, command


def commands_page() -> str:
    """Every command with its options and an example."""
    lines = [
        "# Commands",
        "",
        "Every command takes `--config FILE` (otherwise `$DRIFTLINE_CONFIG`, otherwise",
        "`driftline.toml` in this directory), `--quiet` (nothing but trouble), `--debug` (where in",
        "the program an error happened) and `--help`; `driftline --version` tells the version.",
        "Answers go to standard output, everything else to standard error.",
        "`--json` prints one object with `schema_version`, `kind`, `exit_code` and `exit_codes`;",
        "an error is an object of kind `error` with its `message`.",
        "Exit codes stand in [operations](operations.md#exit-codes).",
        "",
    ]
    for words, command in commands():
        lines += [f"## driftline {words}", "", inspect.cleandoc(command.help or ""), ""]
        rows = [_parameter(one) for one in command.params if one.name not in _SHARED]
        if rows:
            lines += ["| | |", "|---|---|", *rows, ""]
        if command.epilog:
            lines += ["```sh", command.epilog.removeprefix("Example: "), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def _parameter(one: click.Parameter) -> str:
    if isinstance(one, click.Argument):
        need = "" if one.required else "; may be left out"
        return f"| `{one.human_readable_name}` | argument{need} |"
    names = ", ".join(f"`{name}`" for name in (*one.opts, *one.secondary_opts))
    text = getattr(one, "help", "") or ""
    if isinstance(one.type, click.Choice):
        text += f" One of {', '.join(f'`{choice}`' for choice in one.type.choices)}."
    default = one.default
    if isinstance(default, (str, int, Path)) and not isinstance(default, bool):
        text += f" Default `{default}`."
    return f"| {names} | {text} |"


def configuration_page() -> str:
    """Every key of the configuration with its meaning and default."""
    lines = [
        "# Configuration",
        "",
        "`driftline init` writes a first `driftline.toml`; `config.example.toml` shows every key",
        "in its place, and `config.schema.json` lets an editor complete and check it.",
        "What wins: an option of the command, then the environment, then a credential file, then",
        "the file, then the default. A key or variable that does not exist is an error.",
        "",
        "A variable is named `DRIFTLINE_`, then the path in capitals with `__` between its parts:",
        "`DRIFTLINE_SYNC__WORKERS=4`, `DRIFTLINE_CONNECTIONS__JIRA__TOKEN=…`. What is no letter or",
        "digit in a name is `_` there. A list is JSON, or words with commas between them. A file",
        "`connections__jira__token` or `mail__password` in `$CREDENTIALS_DIRECTORY`, as systemd's",
        "`LoadCredential=` makes it, is a credential file; `driftline_` may stand before it, as",
        "where a whole directory is handed over under this name.",
        "",
        "A secret never stands in the file. It comes from one of `token_env`, `token_file`,",
        "`token_command` and `token_keyring` (mail: `password_…`, ping: `secret_url_…`), or from",
        "the environment.",
        "",
        *_table("The top of the file", schema.keys(Root), skip=_tables()),
    ]
    for name, model in _tables().items():
        if name not in ("connections", "detectors"):
            lines += _table(f"[{name}]", schema.keys(model))
        if name == "calendar":
            lines += _table("[calendar.teams.NAME]", schema.keys(TeamCalendarSettings))
    lines += _table("One of testing.exemptions", schema.keys(ExemptionSettings))
    lines += _table("One of mail.to, where it is a table", schema.keys(RecipientSettings))
    lines += _table("[connections.NAME]", schema.keys(ConnectionSettings))
    for kind, entry in _connectors():
        lines += _table(f'[connections.NAME] with kind = "{kind}"', schema.own_keys(entry.options))
    lines += _table('[detectors."ID"]', schema.detector_keys())
    lines += ["## Thresholds of detectors", "", "| detector | threshold | default |"]
    lines += ["|---|---|---|"]
    for one in sorted(BUILT_IN, key=lambda found: found.id):
        lines += [f"| {one.id} | `{name}` | {value:g} |" for name, value in one.defaults.items()]
    return "\n".join(lines).rstrip() + "\n"


def _tables() -> dict[str, Any]:
    from sync.config import models

    return {
        "sync": models.SyncSettings,
        "worker": models.WorkerSettings,
        "connections": ConnectionSettings,
        "mapping": models.MappingSettings,
        "milestones": models.MilestoneSettings,
        "links": models.LinkSettings,
        "calendar": models.CalendarSettings,
        "testing": TestingSettings,
        "paths": PathsSettings,
        "gate": GateSettings,
        "retention": models.RetentionSettings,
        "ping": models.PingSettings,
        "detectors": models.DetectorSettings,
        "findings": models.FindingsSettings,
        "report": models.ReportSettings,
        "mail": models.MailSettings,
    }


def _table(
    title: str, keys: Mapping[str, tuple[str, str, str]], skip: Mapping[str, Any] | None = None
) -> list[str]:
    rows = [
        f"| `{name}` | {kind.replace('|', ' or ')} | {f'`{default}`' if default else ''} | {told} |"
        for name, (told, kind, default) in keys.items()
        if name not in (skip or {})
    ]
    return [f"## {title}", "", "| key | value | default | |", "|---|---|---|---|", *rows, ""]


def _connectors() -> list[tuple[str, Any]]:
    """Built-in connectors; what else happens to be installed is no part of the pages."""
    return [
        (kind, entry)
        for kind, entry in entries().items()
        if not isinstance(entry, BrokenEntry) and entry.options.__module__.startswith("connectors.")
    ]


def main() -> int:
    """Write the pages into the checkout that is the current directory."""
    if not Path("pyproject.toml").is_file():
        click.echo("run this at the top of the repository", err=True)
        return 2
    for path, content in pages().items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(content, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
