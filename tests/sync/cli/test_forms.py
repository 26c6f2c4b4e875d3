"""Forms that `run` writes beside the page."""

import os
import stat
from pathlib import Path
from typing import get_args

import pytest
from support import reconciliations as given_
from support.commands import desk

from sync.cli.forms import write_forms
from sync.config.models import ReportSettings
from sync.report.build import build
from sync.report.rendering import FORMATS, SHARED, TABLES, render, suffix

FORMS = tuple(one for one in FORMATS if one not in ("html", "json"))


def test_every_form_can_be_configured() -> None:
    (choices,) = get_args(ReportSettings.model_fields["formats"].annotation)
    assert set(get_args(choices)) == set(FORMS)
    assert len({suffix(form) for form in FORMATS}) == len(FORMATS)


def test_forms_made_to_be_passed_on_are_written_as_others_see_them(tmp_path: Path) -> None:
    own = build(given_.restricted(), for_owner=True)
    others = build(given_.restricted())
    write_forms(tmp_path, FORMS, own=own, others=others)

    for form in FORMS:
        if form != "csv":
            written = (tmp_path / f"report{suffix(form)}").read_bytes().decode()
            assert written == render(others if form in SHARED else own, form)
    for table in TABLES:
        written = (tmp_path / f"report-{table}.csv").read_bytes().decode()
        assert written == render(own, "csv", table)
    for form in SHARED:
        assert "Takeover of Globex" not in (tmp_path / f"report{suffix(form)}").read_text("utf-8")
    assert "Takeover of Globex" in (tmp_path / "report-findings.csv").read_text("utf-8")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_file_opened_to_a_collector_stays_open(tmp_path: Path) -> None:
    data = build(given_.quiet())
    write_forms(tmp_path, ["openmetrics"], own=data, others=data)
    path = tmp_path / "report.prom"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    write_forms(tmp_path, ["openmetrics"], own=data, others=data)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_run_writes_the_configured_forms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with desk(tmp_path, monkeypatch, capsys) as at:
        path = at.directory / "driftline.toml"
        wanted = '\n[report]\nformats = ["markdown", "csv", "openmetrics"]\n'
        path.write_text(path.read_text(encoding="utf-8") + wanted, encoding="utf-8")
        assert at.type("run", "--no-mail").code in (0, 3)
        written = {one.name for one in (at.directory / "reports").iterdir()}
        assert written == {
            *("report.html", "report.json", "report.md", "report.prom"),
            *(f"report-{table}.csv" for table in TABLES),
        }
        path.write_text(path.read_text(encoding="utf-8").replace('"csv"', '"pdf"'), "utf-8")
        said = at.type("run", "--no-mail")
        assert said.code == 2
        assert "report.formats" in said.err


def test_a_saved_report_gives_what_the_store_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with desk(tmp_path, monkeypatch, capsys) as at:
        assert at.type("run", "--no-mail").code in (0, 3)
        for file, words in (("own.json", []), ("masked.json", ["--masked"])):
            said = at.type("report", "--format", "json", *words)
            Path(file).write_text(said.out, encoding="utf-8")
        told = {form: at.type("report", "--format", form) for form in FORMATS}
        # Nothing but the files is left.
        Path("driftline.toml").unlink()
        Path("driftline.db").unlink()
        for form, said in told.items():
            file = "masked.json" if form in SHARED else "own.json"
            again = at.type("report", "--from", file, "--format", form)
            assert (again.code, again.out) == (0, said.out), form
            assert again.err == ""
