"""Teams cards that fit, and in which nothing of a title is parsed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from support import reconciliations as given_

from sync.report import teams
from sync.report.build import AUDIENCES, build
from sync.report.clean import clean
from sync.report.note import note


def record(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


RUN = record(
    {"type": {"const": "TextRun"}, "text": {"type": "string", "minLength": 1}},
    {
        "weight": {"enum": ["Lighter", "Default", "Bolder"]},
        "size": {"enum": ["Small", "Default", "Medium", "Large", "ExtraLarge"]},
        "isSubtle": {"type": "boolean"},
    },
)
BLOCK = record(
    {
        "type": {"const": "RichTextBlock"},
        "inlines": {"type": "array", "items": RUN, "minItems": 1},
    }
)
OPEN = record(
    {
        "type": {"const": "Action.OpenUrl"},
        "url": {"type": "string", "pattern": "^https?://[^@]*$"},
    },
    {"tooltip": {"type": "string"}},
)
CONTAINER = record(
    {"type": {"const": "Container"}, "items": {"type": "array", "items": BLOCK, "minItems": 1}},
    {"separator": {"type": "boolean"}, "selectAction": OPEN},
)
CARD = record(
    {
        "$schema": {"const": "http://adaptivecards.io/schemas/adaptive-card.json"},
        "type": {"const": "AdaptiveCard"},
        "version": {"const": "1.5"},
        "body": {"type": "array", "items": {"anyOf": [BLOCK, CONTAINER]}, "minItems": 1},
    },
    {"msteams": record({"width": {"const": "Full"}})},
)
ATTACHMENT = record(
    {
        "contentType": {"const": "application/vnd.microsoft.card.adaptive"},
        "contentUrl": {"type": "null"},
        "content": CARD,
    }
)
#: The part of a message's and of Adaptive Cards 1.5's form that we use, and nothing else.
MESSAGE = Draft202012Validator(
    record(
        {
            "type": {"const": "message"},
            "attachments": {"type": "array", "items": ATTACHMENT, "minItems": 1, "maxItems": 1},
        }
    )
)


def told(**changes: Any) -> dict[str, Any]:
    return check(teams.render(build(given_.reconciliation(**changes))))


def check(text: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(text)
    assert [error.message for error in MESSAGE.iter_errors(payload)] == []
    for ascii_ in (True, False):
        assert len(json.dumps(payload, ensure_ascii=ascii_).encode()) <= 28 * 1024
    assert len(text.encode()) <= 28 * 1024
    return payload


def runs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if value.get("type") == "TextRun":
            yield value["text"]
        for one in value.values():
            yield from runs(one)
    elif isinstance(value, list):
        for one in value:
            yield from runs(one)


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("name", sorted(given_.EXAMPLES))
def test_every_message_is_a_card_that_fits(name: str, audience: str) -> None:
    check(teams.render(build(given_.EXAMPLES[name](), audience=audience)))


def test_the_verdict_comes_first_and_an_item_leads_to_its_evidence() -> None:
    payload = told(findings=tuple(given_.finding(str(n)) for n in range(9)))
    said = list(runs(payload))
    assert said[:3] == [
        "Apollo: drift report",
        "Watch",
        ": The date of Release 3.2 moved twice (0).",
    ]
    assert "4 more findings in the report" in said
    parts = [one for one in payload["attachments"][0]["content"]["body"] if "selectAction" in one]
    assert [one["selectAction"]["url"] for one in parts] == [given_.finding().evidence[0].url] * 5


def test_a_message_that_grows_too_long_loses_its_last_items_and_counts_them() -> None:
    found = tuple(
        given_.finding(
            str(n),
            title="🚀" * 240,
            who="🚀" * 200,
            by_when="🚀" * 200,
            evidence=(given_.Evidence("proof", url="https://example.com/" + "x" * 1900),),
        )
        for n in range(9)
    )
    payload = told(findings=found)
    parts = [one for one in payload["attachments"][0]["content"]["body"] if "selectAction" in one]
    assert 0 < len(parts) < 5
    assert f"{9 - len(parts)} more findings in the report" in list(runs(payload))


@given(st.text(st.characters(), max_size=300))
def test_any_title_is_a_run_of_text_and_nothing_else(title: str) -> None:
    payload = told(program=f"x{title}", findings=(given_.finding(title=title, who=title),))
    assert (clean(title, 240) or "plan.due-moved") in list(runs(payload))


def test_a_note_stands_beside_the_verdict_and_says_whose_it_is() -> None:
    data = build(given_.busy(), note=note("All is *fine*.", "Anna", given_.AT))
    payload = json.loads(teams.render(data))
    said = list(runs(payload))
    assert said.index("Note by Anna: All is *fine*.") > said.index("Off track")
