"""When a milestone really was done; pure (drift-spec 2.5.2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mappings.vocabulary import StatusCategory
from sync.ledger.timeline import ItemHistory

#: Everything has to stay done so long.
STAYS = timedelta(days=7)
#: What is moved out around the close was left over.
SWEEP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended; instants in UTC."""

    at: datetime
    #: when that was certain: a forecast made before may not learn from it.
    known_at: datetime
    #: open items that the close left behind, or that were moved out to close it.
    leftovers: int = 0

    @property
    def closed_with_leftovers(self) -> bool:
        """Whether it was closed rather than done."""
        return self.leftovers > 0


@dataclass(frozen=True, slots=True)
class Open:
    """A span in which one item was in scope and not done."""

    item_id: str
    start: datetime
    #: None: it still is.
    end: datetime | None
    #: it ended because the item left, not because it was done or cancelled.
    left: bool


def outcome(
    items: Iterable[ItemHistory],
    closed_at: datetime | None,
    now: datetime,
    *,
    since: datetime | None = None,
    final: bool = False,
) -> Outcome | None:
    """How it ended, as far as that is certain by `now`; None: it has not.

    The first instant from `since` on at which all of at least one item was done and stayed so for
    seven days, or the official close if that came earlier. `final`: everything that will ever be in
    it is known to be (an archive), so it is done when the last item is.
    """
    items = list(items)
    spans = open_spans(items)
    done = _last(spans) if final else _first(items, spans, since)
    settled = None if done is None else done + (timedelta() if final else STAYS)
    if done is not None and settled is not None and settled > now:
        done = None
    if final or closed_at is None or closed_at > now or (done is not None and done <= closed_at):
        if done is None or settled is None:
            return None
        return Outcome(done, settled, _swept(spans, done, closed_at))
    left = {
        one.item_id
        for one in spans
        if one.start < closed_at and (one.end is None or one.end > closed_at)
    }
    return Outcome(closed_at, closed_at, len(left) + _swept(spans, closed_at, closed_at))


def open_spans(items: Sequence[ItemHistory]) -> list[Open]:
    """When each leaf item was in scope and not done, in order of time.

    An unknown status is not done. A parent does not count while a child of it is in scope.
    """
    children = _children(items)
    found: list[Open] = []
    for one in items:
        edges = {*one.category.ats, *(stay.start for stay in one.stays)}
        edges |= {stay.end for stay in one.stays if stay.end is not None}
        above = children.get(one.id, ())
        edges |= {edge for span in above for edge in span if edge is not None}
        begun: datetime | None = None
        for edge in sorted(edges):
            is_open = _is_open(one, edge, above)
            if is_open and begun is None:
                begun = edge
            elif not is_open and begun is not None:
                found.append(Open(one.id, begun, edge, one.stay_at(edge) is None))
                begun = None
        if begun is not None:
            found.append(Open(one.id, begun, None, left=False))
    return sorted(found, key=lambda span: (span.start, span.item_id))


_Span = tuple[datetime, datetime | None]


def _is_open(one: ItemHistory, at: datetime, above: Sequence[_Span]) -> bool:
    if one.stay_at(at) is None:
        return False
    if one.category.told(at) in (StatusCategory.DONE, StatusCategory.CANCELLED):
        return False
    return not any(start <= at and (end is None or at < end) for start, end in above)


def _children(items: Sequence[ItemHistory]) -> dict[str, list[_Span]]:
    """When each item had a child beside it."""
    here = {one.id for one in items}
    found: dict[str, list[_Span]] = {}
    for one in items:
        if one.parent.held is None and not one.parent.changes:
            continue
        for stay in one.stays:
            edges = [stay.start, *(at for at in one.parent.ats if at > stay.start)]
            edges = [at for at in edges if stay.end is None or at < stay.end]
            for place, at in enumerate(edges):
                parent = one.parent.told(at)
                end = edges[place + 1] if place + 1 < len(edges) else stay.end
                if parent is not None and parent in here and parent != one.id:
                    found.setdefault(parent, []).append((at, end))
    return found


def _first(
    items: Sequence[ItemHistory], spans: Sequence[Open], since: datetime | None
) -> datetime | None:
    """The first instant with seven days in which nothing was open and something done."""
    quiet: datetime | None = None
    if not spans:
        # Whatever was in it had been done before.
        entered = [stay.start for one in items for stay in one.stays]
        quiet = min(entered, default=None)
        if quiet is not None and since is not None:
            quiet = max(quiet, since)
    for span in spans:
        if quiet is not None and span.start - quiet >= STAYS and _any_done(items, quiet):
            return quiet
        if span.end is None:
            return None
        ended = span.end if since is None else max(span.end, since)
        quiet = ended if quiet is None else max(quiet, ended)
    return quiet if quiet is not None and _any_done(items, quiet) else None


def _last(spans: Sequence[Open]) -> datetime | None:
    """When the last item was done; None while any is open."""
    ends = [one.end for one in spans]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def _any_done(items: Sequence[ItemHistory], at: datetime) -> bool:
    """Whether anything was done: a milestone that was emptied was not completed."""
    return any(
        one.category.told(at) is StatusCategory.DONE
        and any(stay.start <= at and (stay.end is None or at <= stay.end) for stay in one.stays)
        for one in items
    )


def _swept(spans: Sequence[Open], at: datetime, closed_at: datetime | None) -> int:
    """Open items that were moved out around the close, up to the outcome."""
    if closed_at is None:
        return 0
    return len(
        {
            one.item_id
            for one in spans
            if one.left
            and one.end is not None
            and abs(one.end - closed_at) <= SWEEP
            and one.end <= max(at, closed_at)
        }
    )
