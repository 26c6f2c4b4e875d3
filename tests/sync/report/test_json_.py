"""The JSON form: a schema that is shipped and holds, and the same bytes every time."""

import json

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from support import reconciliations as given_

from sync.report import json_, json_schema
from sync.report.build import build
from sync.report.data import SCHEMA_VERSION

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
