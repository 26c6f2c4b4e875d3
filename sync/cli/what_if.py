"""`--what-if`: items left out, another date, another pace; each value is checked before use."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sync.errors import UsageError

if TYPE_CHECKING:
    from sync.reconcile.view import Plan

OPTION = "--what-if"
#: Keys that an error names.
_NAMED = 12
_PERCENT = re.compile(r"([+-]?)(\d{1,3}(?:\.\d+)?)\s*%?")
#: A team that does less than a twentieth, or more than five times, is another team.
_LEAST, _MOST = -95.0, 400.0


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What is asked to be otherwise."""

    drop: tuple[str, ...] = ()
    due: date | None = None
    #: percent more, or less.
    rate: float | None = None


def read(texts: Sequence[str]) -> WhatIf:
    """The question as it is written. Raises UsageError for what is none."""
    drop: list[str] = []
    due: date | None = None
    rate: float | None = None
    for text in texts:
        for word in text.split():
            name, _, value = word.partition("=")
            if name == "drop":
                keys = [key for key in value.split(",") if key]
                if not keys:
                    raise UsageError("drop= names no item", where=OPTION, todo="Write drop=APO-12.")
                drop += keys
            elif name == "due":
                if due is not None:
                    raise UsageError("due= stands there twice", where=OPTION, todo="Keep one.")
                due = _date(value)
            elif name == "rate":
                if rate is not None:
                    raise UsageError("rate= stands there twice", where=OPTION, todo="Keep one.")
                rate = _percent(value)
            else:
                raise UsageError(
                    f"{word!r} is no question",
                    where=OPTION,
                    todo="Write drop=KEY,KEY, due=2026-03-31 or rate=+10%.",
                )
    return WhatIf(tuple(dict.fromkeys(drop)), due, rate)


def dropped(plan: "Plan", line: str, keys: Sequence[str]) -> tuple[str, ...]:
    """Ids of the open items of these keys. Raises UsageError for one that is not among them."""
    known = {one.key.casefold(): one for one in plan.open_items if not one.restricted}
    found = []
    for key in keys:
        item = known.get(key.casefold())
        if item is None:
            names = sorted(one.key for one in known.values())
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            listed = f"Its open items: {', '.join(names[:_NAMED])}{more}."
            raise UsageError(
                f"{key} is no open item of {line}",
                where=OPTION,
                todo=listed if names else "It has no open item.",
            )
        found.append(item.id)
    return tuple(dict.fromkeys(found))


def _date(text: str) -> date:
    try:
        if len(text) != len("2026-03-31"):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no date", where=f"{OPTION} due=", todo="Write it like 2026-03-31."
        ) from error


def _percent(text: str) -> float:
    found = _PERCENT.fullmatch(text)
    if found is None or not text.endswith("%"):
        raise UsageError(
            f"{text!r} is no change of a rate", where=f"{OPTION} rate=", todo="Write rate=+10%."
        )
    value = float(found[2]) * (-1 if found[1] == "-" else 1)
    if not _LEAST <= value <= _MOST:
        raise UsageError(
            f"{text} is out of bounds",
            where=f"{OPTION} rate=",
            todo=f"Name something from {_LEAST:+.0f}% to {_MOST:+.0f}%.",
        )
    return value
