"""Short ways to write item histories, and random ones that are consistent."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from mappings.vocabulary import StatusCategory
from sync.ledger.timeline import Change, ItemHistory, Stay, Track

START = datetime(2026, 3, 2, tzinfo=UTC)


def at(days: float) -> datetime:
    """So many days after the start."""
    return START + timedelta(days=days)


def track(first: Any, *changes: tuple[float, Any]) -> Track[Any]:
    """A field that was `first` and became each value at its day."""
    found, value = [], first
    for day, new in changes:
        found.append(Change(at(day), value, new))
        value = new
    return Track.of(found, value)


def item(
    id_: str,
    *stays: tuple[float, float | None],
    points: Sequence[Any] = (None,),
    status: Sequence[Any] = (StatusCategory.TODO,),
    parent: Sequence[Any] = (None,),
    end_cause: str | None = "event",
) -> ItemHistory:
    """An item: (from, to) days in the container; each field as its first value and changes."""
    return ItemHistory(
        id_,
        tuple(
            Stay(at(start), None if end is None else at(end), None if end is None else end_cause)
            for start, end in stays
        ),
        track(*points),
        track(*status),
        track(*parent),
    )


_IDS = ("a", "b", "c", "d")
#: Few different days, so that things happen at one instant.
_DAYS = st.integers(-4, 16)


@st.composite
def _stays(draw: st.DrawFn) -> tuple[tuple[float, float | None], ...]:
    days = sorted(draw(st.sets(_DAYS, max_size=4)))
    pairs: list[tuple[float, float | None]] = []
    for i in range(0, len(days), 2):
        pairs.append((days[i], days[i + 1] if i + 1 < len(days) else None))
    return tuple(pairs)


def _field(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    changes = st.dictionaries(_DAYS, values, max_size=3)
    return st.builds(lambda first, later: [first, *sorted(later.items())], values, changes)


@st.composite
def containers(draw: st.DrawFn) -> list[ItemHistory]:
    """Any history of up to four items that come, go, are sized, done, cancelled and split."""
    sizes = st.one_of(st.none(), st.sampled_from([0.5, 1.0, 2.0, 3.0, 5.0, 8.0]))
    found = []
    for id_ in _IDS[: draw(st.integers(0, len(_IDS)))]:
        others = [None, *(other for other in _IDS if other != id_)]
        found.append(
            item(
                id_,
                *draw(_stays()),
                points=draw(_field(sizes)),
                status=draw(_field(st.sampled_from(list(StatusCategory)))),
                parent=draw(_field(st.sampled_from(others))),
            )
        )
    return found
