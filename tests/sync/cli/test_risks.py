"""`risks`: the register as text, JSON and CSV; restricted items are counted."""

import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from support import cases
from support.typed import Say, typist

from sync.cli.risks import COLUMNS

NOW = cases.utc(date(2026, 3, 9)) + timedelta(hours=8)
#: One milestone that is past its date, of ten items, one of them restricted and one in doubt.
WORLD: dict[str, Any] = {
    "now": NOW,
    "judge": ["APO:R1"],
    "milestones": [
        {"id": "v1", "name": "=R1()", "start": date(2026, 1, 5), "due": date(2026, 2, 20)}
    ],
    "items": [
        {"ids": "1-6", "in": ["v1"]},
        {
            "id": 8,
            "in": ["v1"],
            "restricted": True,
            "title": "secret takeover plan",
            "status": "in_progress",
            "assignee": "",
        },
    ],
    "changes": [{"id": 9, "refs": [{"target": "APO-8"}]}],
}


@pytest.fixture
def say(
    tmp_path: Path,
    store_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Say:
    world = {**WORLD, "judge": ["APO:=R1()"]}
    more = '[milestones]\njudge = ["APO:=R1()"]\n'
    return typist(tmp_path, store_url, monkeypatch, capsys, world, more=more, judged=True)


@pytest.mark.full_on_postgres
def test_text_json_and_csv_tell_the_same(say: Say) -> None:
    code, text, err = say("risks")
    assert (code, err) == (0, "")
    assert text.startswith("Risk register of driftline, 9 Mar 2026: ")
    code, out, _ = say("risks", "--json")
    told = json.loads(out)
    assert (code, told["kind"]) == (0, "risks")
    assert told["risks"]
    code, out, _ = say("risks", "--format", "csv")
    rows = list(csv.reader(io.StringIO(out)))
    assert (code, tuple(rows[0])) == (0, COLUMNS)
    assert [row[0] for row in rows[1:]] == [one["fingerprint"] for one in told["risks"]]
    for one in told["risks"]:
        assert one["risk"] in text
        assert one["probability_of_late"] == "unknown"
        assert one["percent_on_time"] is None


@pytest.mark.full_on_postgres
def test_a_cell_that_a_spreadsheet_would_run_is_quoted(say: Say) -> None:
    _, out, _ = say("risks", "--format", "csv")
    cells = {cell for row in csv.reader(io.StringIO(out)) for cell in row}
    assert not any(cell.startswith(("=", "+", "@")) for cell in cells)


@pytest.mark.full_on_postgres
def test_restricted_items_are_in_no_form(say: Say) -> None:
    for words in ((), ("--json",), ("--format", "csv")):
        _, out, _ = say("risks", *words)
        assert "takeover" not in out


@pytest.mark.full_on_postgres
def test_before_the_first_reconciliation_there_is_one_clear_error(say: Say) -> None:
    code, out, err = say("risks", "--known-at", "2026-02-01")
    assert (code, out) == (2, "")
    assert "nothing was reconciled by then" in err or "kept" in err
