"""Teams as of an instant: the rules of then, over what the item had then.

A reorganisation is a rule with a day; what stood before it stands. Rules are kept as they were
configured when, so a rule of today changes what is said of the past from today on only.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mappings.schema import TeamRule
from mappings.teams import by_rules
from mappings.vocabulary import EventField
from sync.store import past, schema
from sync.store.bulk import select_ids
from sync.store.read import event_order
from sync.store.tables_judged import team_rule

if TYPE_CHECKING:
    from sync.reconcile.view import View

_RULE = ("name", "component", "label", "team_field", "project", "since", "until")
_ITEM = ("source_id", "scope_id", "labels", "components", "raw_teams", "done_at", "key")
#: How change logs name components, in small letters.
_COMPONENTS = frozenset({"component", "components"})


@dataclass(slots=True)
class _Item:
    """What rules ask for, at one instant."""

    scope_id: str
    key: str
    labels: set[str]
    components: set[str]
    called: list[str]
    day: date | None


def rules_at(conn: sa.Connection, known_at: datetime) -> dict[int, tuple[TeamRule, ...]]:
    """Rules as they were configured at an instant (UTC), by connection."""
    c = team_rule.c
    rows = conn.execute(
        sa.select(team_rule)
        .where(c.known_from <= known_at, sa.or_(c.known_to.is_(None), c.known_to > known_at))
        .order_by(c.connection_id, c.place)
    )
    found: dict[int, list[TeamRule]] = {}
    for row in rows:
        found.setdefault(row.connection_id, []).append(
            TeamRule(
                row.name,
                row.component,
                row.label,
                row.team_field,
                row.project,
                row.since,
                row.until,
            )
        )
    return {connection_id: tuple(rules) for connection_id, rules in found.items()}


def refresh(conn: sa.Connection, now: datetime, teams: Mapping[str, Sequence[TeamRule]]) -> int:
    """Keep the rules as they are configured now, by connection name; rows written. `now` in UTC."""
    c = team_rule.c
    held = {
        (row.connection_id, row.place): row
        for row in conn.execute(sa.select(team_rule).where(c.known_to.is_(None)))
    }
    if not held and not any(teams.values()):
        return 0
    k = schema.connection.c
    ids = {row.name: row.id for row in conn.execute(sa.select(k.id, k.name))}
    wanted = {
        (ids[name], place): _values(rule)
        for name, rules in teams.items()
        if name in ids
        for place, rule in enumerate(rules)
    }
    written = 0
    for (connection_id, place), row in held.items():
        if wanted.get((connection_id, place)) != tuple(getattr(row, name) for name in _RULE):
            this = sa.and_(
                c.connection_id == connection_id,
                c.place == place,
                c.known_from == row.known_from,
            )
            conn.execute(sa.update(team_rule).where(this).values(known_to=now))
            written += 1
    added = [
        {
            "connection_id": key[0],
            "place": key[1],
            "known_from": now,
            "known_to": None,
            **dict(zip(_RULE, values, strict=True)),
        }
        for key, values in wanted.items()
        if key not in held or tuple(getattr(held[key], name) for name in _RULE) != values
    ]
    if added:
        conn.execute(sa.insert(team_rule), added)
    return written + len(added)


def _values(rule: TeamRule) -> tuple[Any, ...]:
    return (
        rule.name,
        rule.component,
        rule.label,
        rule.field,
        rule.project,
        rule.since,
        rule.until,
    )


def teams_of(view: "View", ids: Mapping[int, Collection[str]]) -> dict[tuple[int, str], str | None]:
    """The team of each item as of the view's instant; None: no rule and no field names one.

    An item keeps the team it was finished in. Items that nobody knew then are left out.
    """
    rules = view.team_rules
    found: dict[tuple[int, str], str | None] = {}
    for connection_id, wanted in ids.items():
        keys = _scope_keys(view, connection_id)
        fields = _team_fields(view, connection_id)
        for id_, one in _items(view, connection_id, wanted, fields).items():
            found[connection_id, id_] = _team(rules.get(connection_id, ()), one, keys)
    return found


def histories(
    view: "View", ids: Mapping[int, Collection[str]]
) -> dict[tuple[int, str], tuple[str | None, ...]]:
    """The teams that each item belonged to, in order of time, the last one at the view's instant.

    By the rules of that instant all along: a reorganisation hands no item on. Items that nobody
    knew then are left out.
    """
    rules = view.team_rules
    found: dict[tuple[int, str], tuple[str | None, ...]] = {}
    for connection_id, wanted in ids.items():
        keys = _scope_keys(view, connection_id)
        fields = _team_fields(view, connection_id)
        held = _items(view, connection_id, wanted, fields)
        mine = rules.get(connection_id, ())
        told = {id_: [_team(mine, one, keys)] for id_, one in held.items()}
        for id_, event in _events(view, connection_id, held, later=False):
            _undo(held[id_], *event, fields)
            before = _team(mine, held[id_], keys)
            if before != told[id_][-1]:
                told[id_].append(before)
        found.update(((connection_id, id_), tuple(one[::-1])) for id_, one in told.items())
    return found


def _team(rules: Sequence[TeamRule], one: "_Item", keys: Mapping[str, str]) -> str | None:
    project = [one.scope_id, one.key.rpartition("-")[0] or one.key.rpartition("#")[0]]
    if one.scope_id in keys:
        project.append(keys[one.scope_id])
    return by_rules(
        rules,
        components=one.components,
        labels=one.labels,
        called=one.called,
        project=project,
        day=one.day,
    )


def _items(
    view: "View", connection_id: int, ids: Collection[str], team_fields: frozenset[str]
) -> dict[str, _Item]:
    """What each item had then: later events are undone from what is held."""
    found: dict[str, _Item] = {}
    for id_, scope_id, labels, components, called, done_at, key in past.select_ids(
        view.conn, schema.work_item, _ITEM, connection_id, ids, view.rows_at
    ):
        at = view.as_of if done_at is None else min(done_at, view.as_of)
        found[id_] = _Item(
            scope_id,
            key,
            {str(one) for one in labels or ()},
            {str(one) for one in components or ()},
            [str(one) for one in called or ()],
            view.calendar.local_date(at),
        )
    if not view.present:
        for id_, event in _events(view, connection_id, found, later=True):
            _undo(found[id_], *event, team_fields)
    return found


#: Field, how the log calls it, text before and after, ids before, whether it is a difference.
_Told = tuple[str, str, str | None, str | None, str | None, bool]
_EVENT = (
    "work_item_id",
    "source_event_id",
    "field",
    "raw_field",
    "old_text",
    "new_text",
    "old_ids",
    "is_delta",
    "at",
    "known_from",
    "known_to",
)


def _events(
    view: "View", connection_id: int, ids: Collection[str], *, later: bool
) -> Iterable[tuple[str, _Told]]:
    """Events after the view's instant, or up to it; the last first."""
    rows = [
        row
        for row in select_ids(
            view.conn,
            schema.field_event,
            _EVENT,
            connection_id,
            "work_item_id",
            ids,
            "AND field IN ('labels', 'project', 'key', 'other')",
        )
        if (row[8] > view.as_of) is later
        and row[9] <= view.known_at
        and (row[10] is None or row[10] > view.known_at)
    ]
    rows.sort(key=lambda row: (row[8], event_order(row[1])), reverse=True)
    return ((row[0], row[2:8]) for row in rows)


def _undo(
    one: _Item,
    field: str,
    raw_field: str,
    old: str | None,
    new: str | None,
    old_ids: str | None,
    is_delta: bool,
    team_fields: frozenset[str],
) -> None:
    name = raw_field.casefold()
    if field == EventField.LABELS.value and is_delta:
        one.labels = _without(one.labels, new) | ({old} if old else set())
    elif field == EventField.LABELS.value:
        # Jira writes all labels in one text, and none of its labels holds a space.
        one.labels = set((old or "").split())
    elif field == EventField.PROJECT.value and old_ids:
        one.scope_id = old_ids
    elif field == EventField.KEY.value and old:
        one.key = old
    elif name in _COMPONENTS:
        one.components = _without(one.components, new) | ({old} if old else set())
    elif name in team_fields:
        one.called = [old] if old else []


def _without(values: set[str], taken: str | None) -> set[str]:
    folded = (taken or "").casefold()
    return {one for one in values if one.casefold() != folded}


def _scope_keys(view: "View", connection_id: int) -> dict[str, str]:
    return {id_: key for (other, id_), (_, key) in view.holders.items() if other == connection_id}


def _team_fields(view: "View", connection_id: int) -> frozenset[str]:
    """How change logs name the team fields of a connection, in small letters."""
    name = view.connections.get(connection_id, ("", ""))[0]
    asked = {one.casefold() for one in view.policy.team_fields.get(name, ())}
    f = schema.field.c
    rows = view.conn.execute(
        sa.select(f.source_id, f.name, f.raw_type).where(f.connection_id == connection_id)
    )
    found = set(asked) | {"team"}
    for row in rows:
        if {row.source_id.casefold(), row.name.casefold()} & asked:
            found |= {row.source_id.casefold(), row.name.casefold()}
    return frozenset(found)
