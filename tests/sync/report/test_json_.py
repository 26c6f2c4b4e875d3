"""The JSON form: a schema that is shipped and holds, and the same bytes every time."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from support import reconciliations as given_
from support.report_data import reports

from sync.errors import UsageError
from sync.report import json_, json_schema
from sync.report.build import build
from sync.report.data import SCHEMA_VERSION, ReportData
from sync.report.rendering import FORMATS, render

VALIDATOR = Draft202012Validator(json_.schema(), format_checker=FormatChecker())


@pytest.mark.parametrize("name", sorted(given_.EXAMPLES))
@pytest.mark.parametrize("for_owner", [True, False])
def test_every_report_fits_its_schema(name: str, for_owner: bool) -> None:
    data = build(given_.EXAMPLES[name](), for_owner=for_owner)
    assert [error.message for error in VALIDATOR.iter_errors(json_.document(data))] == []


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json_.schema())


def test_the_schema_refuses_what_is_no_report() -> None:
    document = json_.document(build(given_.busy()))
    for wrong in (
        {**document, "schema_version": SCHEMA_VERSION + 1},
        {**document, "surprise": 1},
        {name: value for name, value in document.items() if name != "verdict"},
    ):
        assert not VALIDATOR.is_valid(wrong)


def test_the_shipped_schema_is_that_of_the_records() -> None:
    # Written anew by: python -m sync.report.json_schema
    assert json_schema.PATH.read_text(encoding="utf-8") == json_schema.text()


def test_the_schema_says_what_records_and_fields_mean() -> None:
    told = json_.schema()
    assert told["description"] == "All that one reader's report says."
    assert told["properties"]["unread"]["description"] == "scopes not read completely."
    # A meaning of two lines is one sentence; a value that is a record keeps its own.
    assert told["$defs"]["MilestoneRow"]["properties"]["net_ratio"]["description"].endswith(".")
    for name, record in told["$defs"].items():
        assert record["description"], name


def test_same_input_same_bytes() -> None:
    one, other = (json_.render(build(given_.hostile())) for _ in range(2))
    assert one == other
    assert json_.digest(build(given_.busy())) == json_.digest(build(given_.busy()))
    assert json_.digest(build(given_.busy())) != json_.digest(build(given_.quiet()))


def test_it_is_plain_sorted_json() -> None:
    text = json_.render(build(given_.busy()))
    parsed = json.loads(text)
    assert parsed == json_.document(build(given_.busy()))
    assert list(parsed) == sorted(parsed)
    assert parsed["schema_version"] == SCHEMA_VERSION
    assert parsed["at"] == "2025-12-08T08:10:00Z"
    assert parsed["today"] == "2025-12-08"


def test_a_size_without_bounds_is_null_and_not_invalid_json() -> None:
    data = build(given_.reconciliation(findings=(given_.finding(magnitude=float("inf")),)))
    assert json.loads(json_.render(data))["findings"][0]["magnitude"] is None


@given(reports())
def test_any_report_comes_back_as_it_was(data: ReportData) -> None:
    text = json_.render(data)
    assert json_.load(text.encode(), "x") == data
    assert json_.render(json_.load(text.encode(), "x")) == text
    assert [error.message for error in VALIDATOR.iter_errors(json.loads(text))] == []


def written(**changes: Any) -> bytes:
    """A report's file, with other values at its top."""
    return json.dumps({**json_.document(build(given_.busy())), **changes}).encode()


def test_another_schema_version_is_refused_and_says_which() -> None:
    with pytest.raises(UsageError) as caught:
        json_.load(written(schema_version=SCHEMA_VERSION + 1), "old.json")
    assert str(caught.value) == (
        f"old.json: this report has the schema version {SCHEMA_VERSION + 1}, and this program "
        f"reads {SCHEMA_VERSION}. Render it with the version of driftline that wrote it, or write "
        "it anew."
    )


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "no JSON that can be read"),
        (b"\xff\xfe{}", "no JSON that can be read"),
        (written()[:-40], "no JSON that can be read"),
        (b"[" * 100_000, "no JSON that can be read"),
        (b"[]", "no schema_version"),
        (b'{"kind": "report"}', "no schema_version"),
        (written(run_id="seven"), "`$.run_id`"),
        (written(at="yesterday"), "`$.at`"),
        (written(findings=[{}]), "`$.findings[0]`"),
        (written(audience=None), "`$.audience`"),
        (written(surprise=1), "does not know surprise"),
        (written(verdict={"word": "w", "sentence": "s", "why": [], "x": 1}), "know verdict.x"),
        (
            written(
                burn_up={
                    **dict.fromkeys(("due", "p50", "p85", "p_on_time")),
                    "milestone": "m",
                    "points": [],
                }
            ),
            "burn_up has no points",
        ),
        (written(trend={"milestone": "m", "points": []}), "trend has too few points"),
    ],
)
def test_a_damaged_file_gives_one_error_that_names_it(raw: bytes, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        json_.load(raw, "report.json")
    assert says in str(caught.value)
    assert str(caught.value).startswith("report.json: ")
    assert "\n" not in str(caught.value)


def test_a_report_from_before_a_field_was_added_is_read_with_its_default() -> None:
    document = json_.document(build(given_.busy()))
    for row in document["milestones"]:
        del row["forecast"]
    assert {row.forecast for row in json_.load(json.dumps(document).encode(), "x").milestones} == {
        ""
    }


def test_what_was_put_into_the_file_is_made_safe_again() -> None:
    document = json_.document(build(given_.busy()))
    document["findings"][0]["title"] = "a\x1b[31m\u202eb\r\nc"
    document["findings"][0]["url"] = "javascript:alert(1)"
    document["findings"][0]["evidence"][0]["url"] = "https://u:p@example.com/"
    item = json_.load(json.dumps(document).encode(), "x").findings[0]
    assert (item.title, item.url, item.evidence[0].url) == ("a [31mb c", None, None)


PLACES = [
    ("milestones", "net_ratio"),
    ("milestones", "p50"),
    ("findings", "magnitude"),
    ("findings", "evidence"),
    ("findings", "age_days"),
    ("ledgers", "origins"),
    ("still_open", "items"),
]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(), max_size=12),
    st.sampled_from([[], {}, [None], "2025-12-08", "0001-01-01", "9999-12-31"]),
)


@given(st.sampled_from(PLACES), VALUES)
def test_any_value_in_the_file_is_refused_or_rendered(place: tuple[str, str], value: Any) -> None:
    document = json_.document(build(given_.busy()))
    document[place[0]][0][place[1]] = value
    try:
        data = json_.load(json.dumps(document).encode(), "x")
    except UsageError:
        return
    for form in FORMATS:
        assert render(data, form)
