"""The pages say what the program does, and nothing it does not."""

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from connectors.registry import BrokenEntry, entries
from sync.cli import reference
from sync.cli.main import COMMANDS, cli
from sync.config.models import ConnectionSettings, Root, TeamCalendarSettings
from sync.config.schema import keys, own_keys
from sync.config.settings import load
from sync.reconcile.registry import BUILT_IN

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
EXAMPLE = (ROOT / "config.example.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(reference.pages()))
def test_made_page_is_up_to_date(path: str) -> None:
    """Otherwise run `python -m sync.cli.reference` at the top of the repository."""
    assert (ROOT / path).read_text(encoding="utf-8") == reference.pages()[path]


def shell_lines() -> list[tuple[str, str]]:
    """(page, command line) of every driftline command shown."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = "\n".join(re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S))
        shown = re.findall(r"^(?:.* && )?(driftline .*)$", blocks, re.M)
        shown += re.findall(r"`(driftline [^`\n]+)`", text)
        found += [(page.name, line.strip()) for line in shown if not re.search("[…|]", line)]
    return found


def parse(line: str) -> None:
    """Let click parse a command line without running it. Raises for a wrong one."""
    words = shlex.split(line)[1:]
    command: click.Command = cli
    context = click.Context(cli, info_name="driftline")
    while isinstance(command, click.Group):
        if not words or words[0].startswith("-"):
            return
        inner = command.get_command(context, words[0])
        assert inner is not None, f"there is no command {words[0]}"
        # A group that does something by itself takes the word for its own argument.
        named = words[0] in command.list_commands(context)
        command, words = inner, words[1:] if named else words
    prose = [word for word in words if re.fullmatch(r"[A-Z_]+", word)]
    command.make_context(
        command.name or "", list(words), resilient_parsing=not words or bool(prose)
    )


@pytest.mark.parametrize(("page", "line"), shell_lines())
def test_every_command_shown_parses(page: str, line: str) -> None:
    try:
        parse(line)
    except click.exceptions.Exit:
        pass
    except click.ClickException as error:
        pytest.fail(f"{page}: {line}: {error.format_message()}")


def test_commands_are_shown_at_all() -> None:
    pages = {page for page, _ in shell_lines()}
    assert {"README.md", "operations.md", "commands.md", "jira.md"} <= pages


def test_wrong_command_is_noticed() -> None:
    with pytest.raises(click.ClickException):
        parse("driftline sync --ful-l")
    with pytest.raises(AssertionError):
        parse("driftline snyc")


def test_every_command_and_option_is_described() -> None:
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    for words, command in reference.commands():
        assert f"\n## driftline {words}\n" in page
        assert command.help, words
        assert command.epilog or words == "demo", words
        for one in command.params:
            if isinstance(one, click.Option):
                assert one.help, f"{words} {one.opts}"
    for name in COMMANDS:
        assert f"## driftline {name}" in page


def test_every_example_parses() -> None:
    for words, command in reference.commands():
        if command.epilog:
            line = command.epilog.removeprefix("Example: ")
            assert line.startswith(f"driftline {words}")
            parse(line)


def test_example_configuration_loads() -> None:
    tokens = dict.fromkeys(("JIRA_TOKEN", "GITHUB_TOKEN", "GITLAB_TOKEN"), "token-of-nobody")
    found = load(ROOT / "config.example.toml", tokens)
    assert {name: one.kind for name, one in found.root.connections.items()} == {
        kind: kind for kind, _ in reference._connectors()
    }
    assert set(found.root.detectors) == {one.id for one in BUILT_IN}


def shown_keys(table: str) -> set[str]:
    """Keys of a table in the example, those that are commented out too."""
    here, found = "", set()
    for line in EXAMPLE.splitlines():
        if match := re.match(r"^\[(.+)\]$", line):
            here = match[1].replace('"', "")
        elif here == table and (match := re.match(r"^(?:# )?([a-z_]+) = ", line)):
            found.add(match[1])
    return found


def test_example_has_every_option() -> None:
    tables = reference._tables()
    assert shown_keys("") == set(keys(Root)) - set(tables)
    for name, model in tables.items():
        if name not in ("connections", "detectors"):
            assert shown_keys(name) == set(keys(model)) - {"teams"}, name
    assert shown_keys("calendar.teams.Web") == set(keys(TeamCalendarSettings))
    common = set(keys(ConnectionSettings))
    for kind, entry in reference._connectors():
        own, shown = set(own_keys(entry.options)), shown_keys(f"connections.{kind}")
        assert own <= shown <= own | common, kind
    # What every source has is shown once.
    assert common <= shown_keys("connections.jira")
    for one in BUILT_IN:
        assert shown_keys(f"detectors.{one.id}") == {"channel", *one.defaults}, one.id


def test_example_shows_defaults() -> None:
    held = tomllib.loads(EXAMPLE)
    for one in BUILT_IN:
        shown = {k: v for k, v in held["detectors"][one.id].items() if k != "channel"}
        assert shown == dict(one.defaults), one.id
    for table in ("sync", "calendar", "report"):
        for name, (_, _, default) in keys(reference._tables()[table]).items():
            if default and name in held[table]:
                assert held[table][name] == tomllib.loads(f"x = {default}")["x"], name


def test_every_key_says_what_it_is() -> None:
    models = [Root, *reference._tables().values()]
    models += [e.options for e in entries().values() if not isinstance(e, BrokenEntry)]
    for model in models:
        for name, (told, kind, _) in keys(model).items():
            if not (model is Root and name in reference._tables()):
                assert told, f"{model.__name__}.{name}"
                assert kind, f"{model.__name__}.{name}"


def test_every_connector_has_a_page_with_its_options_and_streams() -> None:
    for kind, entry in reference._connectors():
        page = (ROOT / f"docs/connectors/{kind}.md").read_text(encoding="utf-8")
        for name in own_keys(entry.options):
            assert f"`{name}`" in page, f"{kind}: {name}"
        for spec in entry.streams():
            assert f"`{spec.name}`" in page, f"{kind}: {spec.name}"


def test_readme_begins_with_what_one_gets_and_then_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    gets, demo, test = (text.index(word) for word in ("project manager", "make demo", "make test"))
    assert gets < demo < test
    targets = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)$", text, re.M):
        assert re.search(rf"^{target}:", targets, re.M)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_exit_codes_are_told() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| (\d+) \|", page, re.M)
    assert told == ["0", "1", "2", "3", "4", "5", "75", "130"]
