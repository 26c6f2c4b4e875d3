"""The archive of a retired Jira as rows of the ordinary store, for the backtest of forecasts.

It has neither a history nor promised dates: arrivals are creations, completions resolutions, and
who is in a version is what the archive says at the end. The release dates it names were written
afterwards and stay out. A sprint's planned end is taken as known since its begin. No text of any
item enters.

python -m benchmarks.forecast_tidev STORE
"""

import csv
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from mappings.load import load as load_mapping
from mappings.records import FieldEvent, History, Lookups, Milestone, Scope, Status, WorkItem
from mappings.registry import get as get_mapping
from mappings.vocabulary import (
    EventField,
    HistoryState,
    ItemType,
    MilestoneKind,
    MilestoneState,
    Origin,
    ScopeKind,
    StatusCategory,
)
from sync.engine.commit import Batch, Normalizer, write_records
from sync.store import schema
from sync.store.open import Store, open_store
from sync.store.writer import Writer

CONNECTION = "tidev"
#: Issues made before were imported in one go from another tracker: their dates are not theirs.
IMPORTED_UNTIL = datetime(2011, 5, 1, tzinfo=UTC)
CATEGORIES = {"1": StatusCategory.TODO, "6": StatusCategory.DONE}
_PAGE = 1_000
Row = Mapping[str, str]


def rows(file: Path) -> list[Row]:
    """Rows of one table of the archive."""
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def fill(store: Store, peer_data: Path) -> dict[str, int]:
    """Write the archive into an empty store; what was left out, by reason."""
    folder = peer_data / "tidev"
    issues = rows(folder / "issues.csv")
    versions = {row["id"]: row for row in rows(folder / "versions.csv")}
    sprints = {row["id"]: row for row in rows(folder / "sprints.csv")}
    kept = [row for row in issues if instant(row["created"]) >= IMPORTED_UNTIL]
    left = Counter(
        {"issues of the first import": len(issues) - len(kept)},
    )
    named = Counter(id_ for row in kept for id_ in row["fix_version_ids"].split())
    left["versions that no list names"] = sum(1 for id_ in named if id_ not in versions)
    listed = Counter(id_ for row in kept for id_ in row["sprint_ids"].split())
    left["sprints that no list names"] = sum(1 for id_ in listed if id_ not in sprints)
    planned = {id_: row for id_, row in sprints.items() if row["startDate"] and row["endDate"]}
    left["sprints without dates"] = sum(
        1 for id_ in listed if id_ in sprints and id_ not in planned
    )
    with store.writing() as conn:
        conn.execute(
            sa.insert(schema.connection).values(
                name=CONNECTION, kind="jira", first_seen_at=IMPORTED_UNTIL
            )
        )
        connection_id = conn.execute(sa.select(schema.connection.c.id)).scalar_one()
    projects = sorted({row["project"] for row in kept})
    frame = Batch(
        scopes=[Scope(one, ScopeKind.PROJECT, one, one) for one in projects],
        statuses=[
            Status("1", "Open", "new", StatusCategory.TODO),
            Status("6", "Closed", "done", StatusCategory.DONE),
        ],
        milestones=[version(row) for id_, row in versions.items() if id_ in named],
    )
    now = max(instant(row["updated"]) for row in kept)
    put(store, int(connection_id), frame, now, "frame")
    # Each is first read when it begins: what it plans is known from then on, not before.
    for row in sorted(planned.values(), key=lambda row: row["startDate"]):
        if row["id"] in listed:
            seen = Batch(milestones=[sprint(row)])
            put(store, int(connection_id), seen, instant(row["startDate"]), "sprints")
    for begin in range(0, len(kept), _PAGE):
        page = kept[begin : begin + _PAGE]
        put(store, int(connection_id), Batch(**items(page, versions, planned)), now, "issues")
    return dict(left)


def put(store: Store, connection_id: int, found: Batch, now: datetime, stream: str) -> None:
    """One page through the ordinary writer."""
    normalizer = Normalizer(
        normalize=get_mapping("jira").normalize,
        mapping=load_mapping([get_mapping("jira").defaults]),
        lookups=Lookups(),
        categories=CATEGORIES,
    )
    with store.writing() as conn:
        writer = Writer(store, conn, connection_id, now)
        write_records(writer, conn, connection_id, stream, found, normalizer, now=now)


def items(
    page: Iterable[Row], versions: Mapping[str, Row], sprints: Mapping[str, Row]
) -> dict[str, list[object]]:
    """Items of a page and the two events that each may have had."""
    found: list[object] = []
    histories: list[object] = []
    for row in page:
        created, resolved = instant(row["created"]), row["resolutiondate"]
        done = instant(resolved) if resolved else None
        category = StatusCategory.DONE if done else StatusCategory.TODO
        found.append(
            WorkItem(
                source_id=row["key"],
                key=row["key"],
                scope_id=row["project"],
                item_type=ItemType.TASK,
                raw_type=row["type"],
                status_category=category,
                raw_status="Closed" if done else "Open",
                raw_status_id="6" if done else "1",
                title=row["key"],
                created_at=created,
                updated_at=instant(row["updated"]),
                resolved_at=done,
                milestones=tuple(memberships(row, versions, sprints)),
                history=HistoryState.COMPLETE,
            )
        )
        histories.append(History(row["key"], HistoryState.COMPLETE, tuple(events(row, done))))
    return {"items": found, "histories": histories}


def events(row: Row, done: datetime | None) -> Iterator[FieldEvent]:
    """Its completion, dated by its resolution."""
    if done is not None:
        yield FieldEvent(
            work_item_id=row["key"],
            source_event_id=f"{row['key']}-1",
            field=EventField.STATUS,
            raw_field="status",
            at=done,
            old_ids=("1",),
            new_ids=("6",),
            old_text="Open",
            new_text="Closed",
            origin=Origin.INFERRED,
        )


def memberships(
    row: Row, versions: Mapping[str, Row], sprints: Mapping[str, Row]
) -> Iterator[tuple[MilestoneKind, str]]:
    """Versions and sprints that the archive lists it in at the end."""
    for id_ in dict.fromkeys(row["fix_version_ids"].split()):
        if id_ in versions:
            yield MilestoneKind.VERSION, id_
    for id_ in dict.fromkeys(row["sprint_ids"].split()):
        if id_ in sprints:
            yield MilestoneKind.SPRINT, id_


def version(row: Row) -> Milestone:
    """A version without its release date and without what became of it."""
    return Milestone(
        source_id=row["id"],
        kind=MilestoneKind.VERSION,
        name=row["name"],
        state=MilestoneState.ACTIVE,
        raw_state=None,
        scope_id=row["project"],
    )


def sprint(row: Row) -> Milestone:
    """A sprint as it was planned on its first day."""
    begin, end = instant(row["startDate"]), instant(row["endDate"])
    return Milestone(
        source_id=row["id"],
        kind=MilestoneKind.SPRINT,
        name=row["name"],
        state=MilestoneState.ACTIVE,
        raw_state="active",
        start_date=begin.date(),
        due_date=end.date(),
        started_at=begin,
        planned_start_at=begin,
        planned_end_at=end,
    )


def instant(text: str) -> datetime:
    """An instant as the archive writes it, in UTC."""
    return datetime.fromisoformat(text.replace("+0000", "+00:00")).astimezone(UTC)


def main(arguments: Sequence[str]) -> None:
    """Fill a new store from the data that DRIFTLINE_PEER_DATA names."""
    from os import environ

    store = open_store(arguments[0])
    try:
        print(fill(store, Path(environ["DRIFTLINE_PEER_DATA"])))
    finally:
        store.close()


if __name__ == "__main__":
    main(sys.argv[1:])
