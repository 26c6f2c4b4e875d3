"""Slack messages that fit, and in which nothing of a title is parsed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block
from support import reconciliations as given_

from sync.report import slack
from sync.report.build import AUDIENCES, build
from sync.report.clean import clean
from sync.report.note import note

#: Kinds of objects whose text Slack shows as it is.
PLAIN = {"plain_text", "text", "link"}
OTHERS = {"header", "rich_text", "rich_text_section", "rich_text_list", "divider", "context"}


def told(**changes: Any) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(slack.render(build(given_.reconciliation(**changes))))
    return payload


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if isinstance(value.get("type"), str):
            yield value
        for one in value.values():
            yield from objects(one)
    elif isinstance(value, list):
        for one in value:
            yield from objects(one)


def check(payload: dict[str, Any]) -> None:
    """What Slack's own models and its documented limits say."""
    blocks = payload["blocks"]
    assert len(blocks) <= 50
    for block in Block.parse_all(blocks):
        assert block is not None
        block.validate_json()
    for one in objects(blocks):
        assert one["type"] in PLAIN | OTHERS, one
        if one["type"] in PLAIN:
            assert isinstance(one["text"], str)
            assert 1 <= len(one["text"]) <= 3000
        if one["type"] == "header":
            assert len(one["text"]["text"]) <= 150
        if one["type"] == "plain_text":
            assert one["emoji"] is False
    assert len(json.dumps(payload)) <= 13_000
    assert payload["mrkdwn"] is False
    assert not set("<>") & set(payload["text"])


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("name", sorted(given_.EXAMPLES))
def test_every_message_is_one_that_slack_takes(name: str, audience: str) -> None:
    check(json.loads(slack.render(build(given_.EXAMPLES[name](), audience=audience))))


def test_the_verdict_comes_first_and_then_five_items_with_their_links() -> None:
    found = tuple(given_.finding(str(n)) for n in range(9))
    payload = told(findings=found)
    texts = [one["text"] for one in objects(payload["blocks"]) if one["type"] in ("text", "link")]
    assert texts[:2] == ["Watch", ": The date of Release 3.2 moved twice (0)."]
    links = [one for one in objects(payload["blocks"]) if one["type"] == "link"]
    assert len(links) == 5
    assert {one["url"] for one in links} == {given_.finding().evidence[0].url}
    ending = payload["blocks"][-1]["elements"]
    assert ending[0]["text"] == "4 more findings in the report"
    assert payload["text"] == (
        "Apollo: drift report. Watch: The date of Release 3.2 moved twice (0)."
    )


def test_a_quiet_week_is_one_line() -> None:
    payload = json.loads(slack.render(build(given_.quiet())))
    assert payload["text"].startswith("Apollo: quiet week. Quiet: Nothing new; ")
    assert not [one for one in objects(payload["blocks"]) if one["type"] == "rich_text_list"]


def test_an_engineer_is_told_how_to_look_closer() -> None:
    shown = {name: slack.render(build(given_.busy(), audience=name)) for name in AUDIENCES}
    assert [name for name in AUDIENCES if "driftline explain fp-late" in shown[name]] == [
        "engineer"
    ]


def test_a_message_that_grows_too_long_loses_its_last_items_and_counts_them() -> None:
    wide = "https://example.com/" + "x" * 1900
    found = tuple(
        given_.finding(
            str(n),
            title="é" * 240,
            who="é" * 200,
            by_when="é" * 200,
            evidence=(given_.Evidence("proof", url=wide),),
        )
        for n in range(9)
    )
    payload = told(findings=found)
    check(payload)
    links = [one for one in objects(payload["blocks"]) if one["type"] == "link"]
    assert 0 < len(links) < 5
    assert payload["blocks"][-1]["elements"][0]["text"].startswith(f"{9 - len(links)} more")


@given(st.text(st.characters(), max_size=300))
def test_any_title_is_text_and_nothing_else(title: str) -> None:
    payload = told(program=f"x{title}", findings=(given_.finding(title=title, who=title),))
    check(payload)
    shown = [one["text"] for one in objects(payload["blocks"]) if one["type"] == "link"]
    assert shown == [clean(title, 240) or "plan.due-moved"]


@pytest.mark.parametrize("text", ["<!channel>", "<!here|x>", "<@U012345>", "<https://x.example|y>"])
def test_nobody_is_called_by_a_title(text: str) -> None:
    payload = told(program=text, findings=(given_.finding(title=text),))
    check(payload)
    assert "&lt;" in payload["text"]


def test_a_note_stands_beside_the_verdict_and_says_whose_it_is() -> None:
    data = build(given_.busy(), note=note("All is *fine*.", "Anna", given_.AT))
    payload = json.loads(slack.render(data))
    said = [one["text"] for one in objects(payload["blocks"]) if one["type"] == "text"]
    assert said.index("Note by Anna: All is *fine*.") > said.index("Off track")
