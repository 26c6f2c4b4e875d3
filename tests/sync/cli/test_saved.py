"""`report --from FILE`: every form from the JSON alone, without configuration or store."""

from pathlib import Path

import pytest
from support import reconciliations as given_

from sync.cli.main import main
from sync.report import json_
from sync.report.build import build
from sync.report.rendering import FORMATS, TABLES, render


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DRIFTLINE_CONFIG", raising=False)


@pytest.mark.parametrize("form", FORMATS)
def test_a_saved_report_is_rendered_with_nothing_but_its_file(form: str, tmp_path: Path) -> None:
    data = build(given_.busy())
    Path("report.json").write_text(json_.render(data), encoding="utf-8")
    assert main(["report", "--from", "report.json", "--format", form, "--out", "new"]) == 0
    assert Path("new").read_bytes() == render(data, form).encode()
    assert {path.name for path in tmp_path.iterdir()} == {"report.json", "new"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--from", "none.json"], "none.json: cannot be read: No such file or directory"),
        (["--from", "."], "cannot be read"),
        (["--from", "broken.json"], "broken.json: this is no JSON that can be read"),
        (["--from", "broken.json", "--table", "ledger"], "--table: only --format csv has tables"),
        (["--from", "broken.json", "--out", "."], "--out .: this is a directory. Name a file."),
        (
            ["--from", "broken.json", "--format", "csv", "--out", "new/", "--table", "ledger"],
            "--table: all tables go to a directory, one goes to a file",
        ),
        (["--format", "csv", "--email"], "--email: a mail has a form and a place of its own"),
        (["--from", "broken.json", "--email"], "--from: a report in a file has its readers"),
        (["--from", "broken.json", "--as-of", "2025-12-01"], "Leave out --email"),
    ],
)
def test_what_cannot_be_rendered_is_one_error(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken.json").write_text("{", encoding="utf-8")
    assert main(["report", *words]) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert said.out == ""
    assert len(said.err.splitlines()) == 1


def test_all_tables_go_to_a_directory_and_one_to_the_screen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = build(given_.busy())
    Path("report.json").write_text(json_.render(data), encoding="utf-8")
    words = ["report", "--from", "report.json", "--format", "csv"]
    assert main([*words, "--out", "tables/"]) == 0
    assert {path.name for path in Path("tables").iterdir()} == {f"{one}.csv" for one in TABLES}
    for one in TABLES:
        written = Path("tables", f"{one}.csv").read_bytes().decode()
        assert written == render(data, "csv", one)
    capsys.readouterr()
    assert main([*words, "--table", "ledger"]) == 0
    assert capsys.readouterr().out == render(data, "csv", "ledger").replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [30, 60, 80, 200])
@pytest.mark.parametrize("no_color", ["", "1"])
def test_on_a_terminal_the_text_is_as_wide_as_it_and_elsewhere_as_a_mail(
    columns: int,
    no_color: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", no_color)
    data = build(given_.whole())
    Path("report.json").write_text(json_.render(data), encoding="utf-8")
    assert main(["report", "--from", "report.json"]) == 0
    piped = capsys.readouterr().out
    assert piped == render(data, "text")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(["report", "--from", "report.json"]) == 0
    shown = capsys.readouterr().out
    widest = min(columns, 100)
    # An address and a bar stay whole.
    over = [line for line in shown.splitlines() if len(line) > widest]
    assert [line for line in over if len(line.split()) > 1 and "http" not in line] == []
    assert shown.split() != []
    assert "\x1b" not in shown + piped
    # Nothing is lost: the same words, but for the rules under titles.
    words = [[word for word in text.split() if word.strip("=-")] for text in (shown, piped)]
    assert words[0] == words[1]


def test_a_form_made_to_be_passed_on_warns_of_restricted_items(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for owner, warns in ((True, True), (False, False)):
        data = build(given_.restricted(), for_owner=owner)
        Path("report.json").write_text(json_.render(data), encoding="utf-8")
        assert main(["report", "--from", "report.json", "--format", "markdown"]) == 0
        said = capsys.readouterr()
        assert ("pass it on with care" in said.err) is warns
        assert ("Takeover of Globex" in said.out) is owner
