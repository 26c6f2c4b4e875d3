"""Sprints as issues mention them: objects on Cloud, Java's `toString` on Data Center."""

import re
from typing import Any

from mappings.text import clean

_NAMES = (
    "id|rapidViewId|state|name|startDate|endDate|completeDate|activatedDate|sequence|goal|"
    "autoStartStop|synced|incompleteIssuesDestinationId"
)
#: An attribute begins after `[` or `,`; values are not escaped and may hold commas and brackets.
_ATTRIBUTE = re.compile(rf"[\[,](?=({_NAMES})=)")


def parse(value: Any) -> dict[str, str | None] | None:
    """Attributes of a mentioned sprint with its `id` as text; None if it names no sprint.

    Data Center writes `com.atlassian.greenhopper.service.sprint.Sprint@1[id=7,name=…]` with the
    attributes in any order, `<null>` or nothing for null.
    """
    if isinstance(value, dict):
        id_ = value.get("id")
        if not isinstance(id_, (int, str)) or isinstance(id_, bool) or not _is_id(str(id_)):
            return None
        out: dict[str, str | None] = {
            key: None if inner is None else clean(str(inner))
            for key, inner in value.items()
            if isinstance(inner, (str, int, type(None)))
        }
        out["id"] = str(id_)
        return out
    if isinstance(value, int) and not isinstance(value, bool):
        return {"id": str(value)} if value >= 0 else None
    if not isinstance(value, str):
        return None
    value = clean(value)
    if _is_id(value):
        return {"id": value}
    marks = list(_ATTRIBUTE.finditer(value))
    found: dict[str, str | None] = {}
    for i, mark in enumerate(marks):
        name = mark[1]
        start = mark.end() + len(name) + 1
        end = marks[i + 1].start() if i + 1 < len(marks) else len(value)
        text = value[start:end]
        if i + 1 == len(marks):
            text = text.removesuffix("]")
        found.setdefault(name, None if text in ("", "<null>") else text)
    return found if _is_id(found.get("id") or "") else None


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal()
