"""The lists of a report as CSV: columns that stay, and no cell that a spreadsheet runs."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import reconciliations as given_
from support.checkout import ROOT

from sync.report import csv_
from sync.report.build import build
from sync.report.clean import cell, clean
from sync.report.rendering import TABLES

COLUMNS = {
    "findings": csv_.FINDINGS,
    "resolved": csv_.FINDINGS,
    "milestones": csv_.MILESTONES,
    "ledger": csv_.LEDGER,
}


def rows(text: str) -> list[dict[str, str]]:
    """The table as a reader takes it."""
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_its_columns_and_a_row_each(table: str) -> None:
    data = build(given_.busy())
    text = csv_.render(data, table)
    found = rows(text)

    assert list(found[0]) == [column.name for column in COLUMNS[table]]
    expected = {
        "findings": len(data.findings),
        "resolved": 1,
        "milestones": 2,
        "ledger": len(data.ledgers),
    }
    assert len(found) == expected[table]
    # RFC 4180: every line ends with CR and LF, and there is no byte order mark.
    assert text.count("\r\n") == text.count("\n") == len(found) + 1
    assert not text.startswith("\ufeff")


@pytest.mark.parametrize("table", TABLES)
def test_an_empty_table_has_its_header(table: str) -> None:
    empty = given_.reconciliation(milestones=())
    assert csv_.render(build(empty), table).count("\r\n") == 1


def test_values_are_told_as_programs_read_them() -> None:
    (late, ahead) = rows(csv_.render(build(given_.busy()), "milestones"))
    assert late["due_date"] == "2025-11-28"
    assert late["days_past_due"] == "10"
    assert ahead["former_due_dates"] == "2025-12-04 2025-12-11"
    assert ahead["forecast_proven"] == "false"
    found = rows(csv_.render(build(given_.busy())))
    assert found[0]["first_seen_at"] == "2025-12-08T08:10:00Z"
    assert found[0]["severity"] == "high"


def test_what_is_not_known_is_empty_and_no_zero() -> None:
    unknown = given_.milestone(forecast=None, due_date=None, former_due_dates=(), ledger=None)
    (row,) = rows(csv_.render(build(given_.reconciliation(milestones=(unknown,))), "milestones"))
    for name in ("p50", "p85", "percent_on_time", "net_ratio", "percent_tested", "due_date"):
        assert row[name] == "", name
    bare = given_.finding(evidence=(), magnitude=float("inf"))
    (finding,) = rows(csv_.render(build(given_.reconciliation(findings=(bare,)))))
    assert (finding["age_days"], finding["magnitude"], finding["resolved_at"]) == ("", "", "")


def test_a_size_below_zero_stays_a_number() -> None:
    shrunk = given_.milestone(ledger=given_.ledger(reestimated=-2.0, current=46.0))
    (row, *_) = rows(
        csv_.render(build(replace(given_.busy(), milestones=(shrunk,))), "ledger"),
    )
    assert float(row["reestimated"]) == -2.0


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("\rx", "'\rx"),
        ("\uff1d1", "'\uff1d1"),
        ("\uff0b1", "'\uff0b1"),
        ("\uff0d1", "'\uff0d1"),
        ("\uff20A1", "'\uff20A1"),
        ("  =1", "'  =1"),
        ('"=1', "'\"=1"),
        ("a;=1", "a;'=1"),
        ('a; "=1', "a;' \"=1"),
        ("a = 1", "a = 1"),
        ("APO-12 Add login", "APO-12 Add login"),
        ("1; 2 - 3", "1; 2 - 3"),
    ],
)
def test_a_formula_is_told_as_text(text: str, written: str) -> None:
    assert cell(text) == written


@given(st.text(st.sampled_from("=+-@;\"', \t\r\uff1d\uff0b\uff0d\uff20a1"), max_size=12))
def test_no_title_begins_a_formula_in_any_list_of_the_world(title: str) -> None:
    data = build(given_.reconciliation(findings=(given_.finding(title=f"{title}x"),)))
    text = csv_.render(data)
    assert rows(text)[0]["title"] == cell(clean(f"{title}x"))
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            for one in row:
                assert not one.lstrip(" \"'").startswith(
                    ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
                ) or one.lstrip(" ").startswith("'")


def test_every_column_is_documented() -> None:
    told = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    for columns in (csv_.FINDINGS, csv_.MILESTONES, csv_.LEDGER):
        for column in columns:
            assert f"| `{column.name}` | {column.meaning} |" in told
