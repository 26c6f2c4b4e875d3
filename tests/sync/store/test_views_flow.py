"""Views of flow: the time of each item in each status, without gaps."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from support import cases

from sync.store.open import Store


def at(hour: int) -> datetime:
    return datetime(2026, 3, 2, hour, tzinfo=UTC)


def move(old: str, new: str, hour: int) -> dict[str, Any]:
    return {"field": "status", "old": old, "new": new, "at": at(hour)}


# item  todo       in_progress  done
# 1     6 to 9     9 to 12      since 12
# 2     since 6
# 3     since 6; it is gone
WORLD: dict[str, Any] = {
    "now": at(18),
    "waits": {"in_progress": "qa"},
    "items": [
        {
            "id": 1,
            "created": at(6),
            "status": "done",
            "events": [move("in_progress", "done", 12), move("todo", "in_progress", 9)],
        },
        {"id": 2, "created": at(6)},
        {"id": 3, "created": at(6), "gone": at(8)},
    ],
}


def test_an_item_is_in_one_status_at_a_time_from_its_creation_on(store: Store) -> None:
    cases.refill(store, WORLD)
    with store.reading() as conn:
        rows = conn.execute(
            sa.text(
                "SELECT key, status, waits_for, entered_at, left_at FROM v_item_stage "
                "ORDER BY key, entered_at"
            )
        ).all()
    assert [
        (key, status, waits, *(None if one is None else str(one)[11:13] for one in times))
        for key, status, waits, *times in rows
    ] == [
        ("APO-1", "todo", None, "06", "09"),
        ("APO-1", "in_progress", "qa", "09", "12"),
        ("APO-1", "done", None, "12", None),
        ("APO-2", "todo", None, "06", None),
    ]
