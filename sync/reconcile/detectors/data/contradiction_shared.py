"""What the rules on contradictions share: who is open, what stood long enough, and the words."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from mappings.vocabulary import EventField, StatusCategory
from sync.ledger.load import ItemFacts
from sync.reconcile.changes import Pair
from sync.reconcile.contract import Channel, Evidence, Found, Severity
from sync.reconcile.view import View
from sync.reconcile.words import item_label
from sync.store import schema
from sync.store.bulk import select_ids

ID = "data.contradiction"

DONE = StatusCategory.DONE.value
#: Unknown statuses are neither open nor closed.
OPEN = (
    StatusCategory.TODO.value,
    StatusCategory.IN_PROGRESS.value,
    StatusCategory.IN_REVIEW.value,
)
CLOSED = (DONE, StatusCategory.CANCELLED.value)


@dataclass
class Quiet:
    """How long both sides of a contradiction must have stood.

    A fact that was read yesterday may have changed since: the quiet time ends at the oldest of the
    readings that a judgement rests on, and not at the instant of the judgement.
    """

    view: View
    hours: float

    @property
    def time(self) -> timedelta:
        """The quiet time itself."""
        return timedelta(hours=self.hours)

    @cached_property
    def read(self) -> Mapping[Pair, datetime]:
        """When each scope was last read whole, by (connection id, scope id); UTC."""
        found: dict[Pair, datetime] = {}
        for one in self.view.coverage.in_force:
            # A census runs once a day only, and tells of nothing but presence.
            if one.mode != "census":
                key = (one.connection_id, one.scope_id)
                found[key] = min(found.get(key, one.fresh_at), one.fresh_at)
        return found

    def before(self, *scopes: Pair) -> datetime:
        """Both sides must have stood since then (UTC); `scopes`: what holds the two sides."""
        oldest = min(self.read.get(one, self.view.as_of) for one in scopes)
        return min(oldest, self.view.as_of) - self.time


def stood(since: datetime | None, settled: datetime) -> bool:
    """Whether a status is that old; an age nobody knows is old."""
    return since is None or since <= settled


def scope_of(item: ItemFacts) -> Pair:
    """The project or repository that holds an item."""
    return (item.connection_id, item.scope_id)


def by_connection(pairs: Iterable[Pair]) -> dict[int, set[str]]:
    """Ids by connection."""
    found: dict[int, set[str]] = {}
    for connection_id, id_ in pairs:
        found.setdefault(connection_id, set()).add(id_)
    return found


@dataclass(frozen=True, slots=True)
class Moved:
    """What the history says of one field of one item at the view's instant."""

    #: the last change until then (UTC); None: none is known.
    last_at: datetime | None = None
    #: ids or text before the first change after that instant; meaningful if `later`.
    before: str | None = None
    later: bool = False


def moved(view: View, pairs: Iterable[Pair], field: EventField) -> dict[Pair, Moved]:
    """The history of one field of these items; without those that have none."""
    last: dict[Pair, datetime] = {}
    first: dict[Pair, tuple[datetime, str | None]] = {}
    for connection_id, ids in by_connection(pairs).items():
        for id_, at, old_ids, old_text, known_from, known_to in select_ids(
            view.conn,
            schema.field_event,
            ("work_item_id", "at", "old_ids", "old_text", "known_from", "known_to"),
            connection_id,
            "work_item_id",
            sorted(ids),
            f"AND field = '{field.value}'",
        ):
            pair = (connection_id, id_)
            if known_from > view.known_at or (known_to is not None and known_to <= view.known_at):
                continue
            if at <= view.as_of:
                last[pair] = max(last.get(pair, at), at)
            elif pair not in first or at < first[pair][0]:
                first[pair] = (at, old_ids if old_ids is not None else old_text)
    return {
        pair: Moved(last.get(pair), first[pair][1] if pair in first else None, pair in first)
        for pair in last.keys() | first.keys()
    }


def item_found(
    item: ItemFacts,
    rule: str,
    words: tuple[str, str, str, str],
    evidence: Sequence[Evidence],
    *,
    magnitude: float = 1.0,
    severity: Severity = Severity.LOW,
    channel: Channel | None = None,
) -> Found:
    """A finding about one item; `words`: title, what, so what, remedy."""
    title, what, so_what, remedy = words
    return Found(
        subject=item.subject,
        severity=severity,
        magnitude=magnitude,
        rule=rule,
        channel=channel,
        values={
            "title": title,
            "what": what,
            "so_what": so_what,
            "who": f"whoever works on {item_label(item)}",
            "remedy": remedy,
        },
        evidence=tuple(evidence),
        connection_id=item.connection_id,
    )


def project_found(
    view: View,
    project: Pair,
    rule: str,
    words: tuple[str, str, str, str],
    evidence: Sequence[Evidence],
    number: int,
) -> Found:
    """One finding about several items of a project; `words`: title, what, so what, remedy."""
    title, what, so_what, remedy = words
    return Found(
        subject=f"project:{project[1]}",
        severity=Severity.LOW,
        magnitude=float(number),
        rule=rule,
        channel=Channel.DIGEST,
        values={
            "title": title,
            "what": what,
            "so_what": so_what,
            "who": f"the owner of {project_name(view, project)}",
            "remedy": remedy,
        },
        evidence=tuple(evidence),
        connection_id=project[0],
    )


def project_name(view: View, project: Pair) -> str:
    """What people call a project or repository."""
    return view.holders.get(project, ("", project[1]))[1]


def at_once(instants: Mapping[Pair, datetime], least: int) -> Collection[Pair]:
    """Those that stand with so many others within one hour: what an import or a script does."""
    ordered = sorted(instants.items(), key=lambda one: (one[1], one[0]))
    found: set[Pair] = set()
    first = 0
    for last, (_, at) in enumerate(ordered):
        while at - ordered[first][1] > timedelta(hours=1):
            first += 1
        if last - first + 1 >= least:
            found.update(pair for pair, _ in ordered[first : last + 1])
    return found
