"""The manual page, made from the commands: roff as `man` reads it."""

import inspect
from collections.abc import Iterable, Iterator

import click


def manual(commands: Iterable[tuple[str, click.Command]], version: str) -> str:
    """Page 1 of `driftline`, with every command, its options and its example."""
    lines = [
        f'.TH DRIFTLINE 1 "" "driftline {version}" "User Commands"',
        ".SH NAME",
        r"driftline \- scope drift, slipping milestones and untested changes",
        ".SH SYNOPSIS",
        r".B driftline",
        "COMMAND [ARGUMENTS]",
        ".SH DESCRIPTION",
        *_text(
            "driftline reads Jira, GitHub and GitLab, holds them against each other and against "
            "the plan, and reports what drifted. It writes to none of them."
        ),
        *_text(
            "Every command takes --config FILE, --quiet (nothing but trouble) and --debug (where "
            "in the program an error came up)."
        ),
        ".SH COMMANDS",
    ]
    for words, command in commands:
        arguments = [
            f"[{one.human_readable_name}]" if not one.required else one.human_readable_name
            for one in command.params
            if isinstance(one, click.Argument)
        ]
        lines.append(f".SS {_plain(' '.join(('driftline', words, *arguments)))}")
        for part in inspect.cleandoc(command.help or "").split("\n\n"):
            lines += _text(part)
        lines += _options(command)
        if command.epilog:
            lines += [".PP", ".RS", ".nf", _plain(command.epilog.removeprefix("Example: "))]
            lines += [".fi", ".RE"]
    lines += [
        ".SH EXIT STATUS",
        *_items(
            ("0", "Fine."),
            ("1", "Failed: the program's fault, or the store's."),
            ("2", "Wrong usage or configuration."),
            ("3", "Drift at or above --fail-on, or a gate that is not met or unknown."),
            ("4", "A source was read partly or not at all; what could be done was done."),
            ("5", "A mail was not delivered."),
            ("75", "Busy: another run is at work, or the database stays locked."),
        ),
        ".SH FILES",
        *_items(("driftline.toml", "The configuration, unless --config or DRIFTLINE_CONFIG says.")),
        ".SH ENVIRONMENT",
        *_items(
            ("DRIFTLINE_CONFIG", "Path of the configuration."),
            ("DRIFTLINE_...", "Any option: DRIFTLINE_SYNC__WORKERS=4."),
            ("NO_COLOR", "Where it is set, nothing is coloured."),
        ),
    ]
    return "\n".join(lines) + "\n"


def _options(command: click.Command) -> Iterator[str]:
    shared = ("config_path", "quiet", "debug", "help")
    for one in command.params:
        if isinstance(one, click.Option) and one.name not in shared and not one.hidden:
            names = ", ".join((*one.opts, *one.secondary_opts))
            if not one.is_flag:
                names += f" {one.make_metavar(click.Context(command))}"
            yield from _items((names, one.help or ""))


def _items(*pairs: tuple[str, str]) -> Iterator[str]:
    for name, text in pairs:
        yield ".TP"
        yield f".B {_plain(name)}"
        yield _plain(text)


def _text(text: str) -> Iterator[str]:
    yield ".PP"
    yield _plain(text)


def _plain(text: str) -> str:
    """Nothing in it is a request, an escape or another dash than it shows."""
    line = " ".join(text.split()).replace("\\", r"\e").replace("-", r"\-")
    line = "".join(one if one.isascii() else rf"\[u{ord(one):04X}]" for one in line)
    return rf"\&{line}" if line.startswith((".", "'")) else line
