"""The report as a Slack message: JSON for an incoming webhook or `chat.postMessage`.

Texts of others stand in plain text and in the elements of rich text, where Slack parses nothing: no
formatting, no mention, no address becomes anything else than itself.
"""

import json
from typing import Any

from sync.report.data import ReportData
from sync.report.summary import Line, Summary, fitted, summary

#: Longest message, characters of JSON: Slack refuses messages near 13,200.
BUDGET = 12_000
#: Slack's longest header.
_HEADER = 150
#: What has a meaning in the line that notifications show.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def render(data: ReportData) -> str:
    """The payload as JSON."""
    told = fitted(summary(data), lambda one: len(json.dumps(_payload(one))) <= BUDGET)
    return json.dumps(_payload(told), indent=2, ensure_ascii=False) + "\n"


def _payload(told: Summary) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(told.heading[:_HEADER])},
        _rich(_section(_text(told.word, bold=True), _text(f": {told.sentence}"))),
    ]
    if told.why:
        blocks.append(_rich(_list("bullet", [_section(_text(one)) for one in told.why])))
    blocks += [_rich(_section(_text(one))) for one in (told.note, told.changed) if one]
    if told.lines:
        blocks += [
            {"type": "divider"},
            _rich(_list("ordered", [_section(*_item(one)) for one in told.lines])),
        ]
    ending = [part for part in (told.beyond, told.ending) if part]
    blocks.append({"type": "context", "elements": [_plain(part) for part in ending]})
    return {
        "text": f"{told.heading}. {told.word}: {told.sentence}".translate(_ESCAPES),
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": blocks,
    }


def _item(line: Line) -> list[dict[str, Any]]:
    named = {"type": "link", "url": line.url, "text": line.text} if line.url else _text(line.text)
    return [named, _text(f" ({line.facts})")]


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _text(text: str, *, bold: bool = False) -> dict[str, Any]:
    return {"type": "text", "text": text, **({"style": {"bold": True}} if bold else {})}


def _section(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(elements)}


def _list(style: str, sections: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "rich_text_list", "style": style, "elements": sections}


def _rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(elements)}
