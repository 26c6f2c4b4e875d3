"""What commands print suits the terminal: its width, its manners, or that there is none."""

import io
import re
from collections.abc import Iterator, Mapping

import pytest
from support import desk as desks
from support.company import company
from support.nursery import Nursery
from support.terminal import Seat, piped, terminal

from sync.cli import terminal as cli_terminal
from sync.cli.terminal import fitted, table

#: All commands that show what was read, and more that print lists and tables.
SHOWING = (
    "findings list",
    "milestones --all",
    "scope 'APO:Release 3.2'",
    "status --streams",
    "forecast",
    "forecast 'APO:Release 3.2'",
    "backtest --since 2025-01-01",
    "receipt 'APO:Release 3.2'",
    "retro 'APO:Release 3.2'",
    "risks",
    "metrics",
    "metrics trends",
    "verdicts",
    "tests apollo/shop-web",
    "gate 'APO:Release 3.2'",
    "baseline list",
    "mapping show",
    "mapping lint",
    "explain APO-5",
    "reconcile",
    "report",
    "report list",
    "rehearse --weeks 2",
    "connectors list",
    "verify --seed 5",
    "check",
)
#: Some that need no server, for every day.
SHORT = ("findings list", "status --streams", "risks", "report")
#: Heads of a table of the report, which says the same in words where it is narrow.
HEADS = {"total", "<1", "1-4", "wk", "older", "?"}
COLOURFUL = {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"}


@pytest.fixture(scope="module")
def small(processes: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Seat:
    """A store with findings."""
    folder = tmp_path_factory.mktemp("small")
    config = desks.CONFIG.replace("JIRA_TOKEN", "TOKEN")
    (folder / "driftline.toml").write_text(config, "utf-8")
    (folder / "suppressions.toml").write_text("", "utf-8")
    store = desks.open_store(str(folder / "driftline.db"))
    with store.writing() as conn:
        desks.cases.fill(conn, desks.WORLD)
    store.close()
    seat = Seat(processes, folder, desks.NOW.isoformat())
    assert piped(seat, "reconcile")[0] == 0
    return seat


@pytest.fixture(scope="module")
def large(processes: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seat]:
    """Three systems that were read and judged once, and still answer."""
    with company(tmp_path_factory.mktemp("company"), processes, issues=12, changes=4) as them:
        made = them.desk("desk")
        file = made.directory / "driftline.toml"
        text = file.read_text("utf-8") + '\n[milestones]\njudge = ["APO:Release 3.2"]\n'
        file.write_text(text, "utf-8")
        ended = made.type("run", "--quiet", "--no-mail")
        assert ended.code == 0, ended.err
        token = them.world.credentials["owner"].token
        yield Seat(processes, made.directory, them.clock.now().isoformat(), token)


def _suits(seat: Seat, command: str) -> None:
    """Hold what a command prints in three places against each other."""
    words = [one.strip("'") for one in re.findall(r"'[^']*'|\S+", command)]
    code, out, err = piped(seat, *words, **COLOURFUL)
    assert "\x1b" not in out + err
    with terminal(120) as wide, terminal(40) as narrow:
        wide_code, told = wide.type(seat, *words)
        narrow_code, shown = narrow.type(seat, *words, NO_COLOR="1")
    assert (wide_code, narrow_code) == (code, code), told
    assert len(told.split()) > 3
    assert "\x1b" not in shown
    over = [line for line in shown.splitlines() if len(line) > 40]
    # What is too wide is one word, which would be no use in pieces, or a command to be copied.
    assert [line for line in over if len(line.split()) > 1 and "driftline " not in line] == []
    if command == "check":
        # What is left of a limit is told, and this is less each time.
        told, shown = (re.sub(r"\d+", "N", text) for text in (told, shown))
    lost = {word for word in told.split() if word.strip("=-")} - set(shown.split())
    # Below each other, a name of a column ends with a colon; the report cuts what is too long.
    whole = "".join(shown.split())
    assert {
        word for word in lost if f"{word}:" not in shown and (len(word) < 30 or word not in whole)
    } <= HEADS


@pytest.mark.parametrize("command", SHORT)
def test_a_narrow_terminal_loses_nothing_and_cuts_nothing(small: Seat, command: str) -> None:
    _suits(small, command)


@pytest.mark.full
@pytest.mark.parametrize("command", SHOWING)
def test_so_it_is_with_every_command_that_shows_what_was_read(large: Seat, command: str) -> None:
    _suits(large, command)


def test_what_a_program_reads_is_never_broken(small: Seat) -> None:
    with terminal(40) as narrow:
        for words in (("findings", "list", "--json"), ("risks", "--format", "csv")):
            assert narrow.type(small, *words) == piped(small, *words)[:2]
            assert max(map(len, narrow.type(small, *words)[1].splitlines())) > 40


def test_trouble_is_broken_between_words_too(small: Seat) -> None:
    with terminal(40) as narrow:
        code, shown = narrow.type(small, "scope", "APO:no milestone of this name")
    assert code == 2
    assert max(map(len, shown.splitlines())) <= 40
    assert "there is no milestone" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("env", "moves", "colours"),
    [
        ({}, True, True),
        ({"NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "dumb", **COLOURFUL}, False, False),
    ],
    ids=["usual", "no colour", "dumb", "dumb and forced"],
)
@pytest.mark.full
def test_the_bars_of_a_reading_have_the_manners_of_the_terminal(
    large: Seat, env: Mapping[str, str], moves: bool, colours: bool
) -> None:
    with terminal(80) as screen:
        code, shown = screen.type(large, "sync", **env)
        assert (code, "\x1b" in shown) == (0, moves)
        # 3x, 4x and 9x are colours; others are bold, plain and the like.
        found = re.findall(r"\x1b\[[\d;]*m", shown)
        assert any(re.search(r"[\[;](3|4|9)\d", one) for one in found) is colours
        assert "\x1b" not in screen.type(large, "sync", "--quiet", **env)[1]


def test_a_line_is_broken_between_words_and_goes_on_further_right() -> None:
    assert fitted("  one two three four five", 14) == "  one two\n    three four\n    five"
    assert fitted("short", 14) == "short"
    assert fitted("a line as it is, for nobody looks at it", None) == (
        "a line as it is, for nobody looks at it"
    )


def test_columns_in_a_line_keep_their_blanks_where_it_is_not_broken() -> None:
    assert fitted("ab12  high   new  the title goes on", 20) == (
        "ab12  high   new\n    the title goes\n    on"
    )


def test_an_address_stays_whole_and_a_rule_is_cut() -> None:
    address = "https://tracker.example.com/browse/APO-1"
    assert fitted(f"see {address} there", 20) == f"see\n    {address}\n    there"
    assert fitted("=" * 60, 20) == "=" * 20


def test_a_script_without_blanks_is_cut_between_letters() -> None:
    assert fitted("データ同期データ同期", 10) == "データ\n   同期デ\n   ータ同\n   期"


def test_a_table_that_is_too_wide_stands_below_each_other() -> None:
    rows = [("name", "n", "error"), ("ours", "12", "0.063"), ("同期", "3", "–")]
    assert table(rows, None) == ["name  n   error", "ours  12  0.063", "同期  3   –"]
    assert table(rows, 15) == table(rows, None)
    assert table(rows, 14) == [
        *("name", "ours", "  n: 12", "  error: 0.063"),
        *("同期", "  n: 3", "  error: –"),
    ]


def test_how_wide_a_terminal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert cli_terminal.columns(io.StringIO()) is None
    for told, expected in ((40, 40), (0, cli_terminal.USUAL)):
        with terminal(told) as screen, open(screen.path, "w", encoding="utf-8") as file:
            assert cli_terminal.columns(file) == expected
            monkeypatch.setenv("COLUMNS", "33")
            assert cli_terminal.columns(file) == 33
            monkeypatch.setenv("COLUMNS", "wide")
            assert cli_terminal.columns(file) == expected
            monkeypatch.delenv("COLUMNS")
