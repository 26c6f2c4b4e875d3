"""When work on an item started and when it was done, from its status history; pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from mappings.vocabulary import StatusCategory

_STARTED = frozenset({StatusCategory.IN_PROGRESS, StatusCategory.IN_REVIEW})


def started_and_done(
    changes: Iterable[tuple[datetime, str | None, str | None]],
    categories: Mapping[str, StatusCategory],
    now_category: str,
    resolved_at: datetime | None,
) -> tuple[datetime | None, datetime | None]:
    """(first entry into started work, last entry into done while it is done now).

    `changes`: (instant, status id before, status id after) in order of time. A status id without
    a category says nothing. An item that is done and has no such event takes `resolved_at`.
    """
    started: datetime | None = None
    done: datetime | None = None
    for at, before, after in changes:
        old = categories.get(before or "")
        new = categories.get(after or "")
        if started is None and new in _STARTED:
            started = at
        if new is StatusCategory.DONE and old is not StatusCategory.DONE:
            done = at
    if now_category != StatusCategory.DONE:
        return started, None
    return started, done or resolved_at
