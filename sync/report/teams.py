"""The report as a Teams message: an Adaptive Card for a workflow's webhook.

Texts of others stand in the runs of rich text blocks, where a card parses no Markdown. Nothing is
loaded from elsewhere.
"""

import json
from typing import Any

from sync.report.data import ReportData
from sync.report.summary import Line, Summary, fitted, summary

#: Largest message, bytes of JSON however it is escaped; Teams refuses more than 28 KB.
BUDGET = 26_000


def render(data: ReportData) -> str:
    """The payload as JSON."""
    told = fitted(summary(data), lambda one: len(_written(_payload(one), ascii_=True)) <= BUDGET)
    return _written(_payload(told), ascii_=False)


def _written(payload: dict[str, Any], *, ascii_: bool) -> str:
    return json.dumps(payload, indent=2, ensure_ascii=ascii_) + "\n"


def _payload(told: Summary) -> dict[str, Any]:
    body: list[dict[str, Any]] = [
        _block(_run(told.heading, weight="Bolder", size="Large")),
        _block(_run(told.word, weight="Bolder"), _run(f": {told.sentence}")),
        *(_block(_run(f"– {one}")) for one in told.why),
    ]
    body += [_block(_run(one)) for one in (told.note, told.changed) if one]
    body += [_item(place, one) for place, one in enumerate(told.lines, 1)]
    if told.beyond:
        body.append(_block(_run(told.beyond)))
    body.append(_block(_run(told.ending, size="Small", isSubtle=True)))
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.5",
        "msteams": {"width": "Full"},
        "body": body,
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _item(place: int, line: Line) -> dict[str, Any]:
    """A part of the card that leads to the evidence when it is pressed."""
    made: dict[str, Any] = {
        "type": "Container",
        "separator": True,
        "items": [
            _block(_run(f"{place}. "), _run(line.text, weight="Bolder")),
            _block(_run(line.facts, size="Small")),
        ],
    }
    if line.url:
        made["selectAction"] = {
            "type": "Action.OpenUrl",
            "url": line.url,
            "tooltip": "Open the evidence",
        }
    return made


def _block(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _run(text: str, **style: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": text, **style}
