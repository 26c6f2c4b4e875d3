"""Named cases of a detector: a TOML file becomes a store in memory and what must be found in it.

A file holds `[defaults]` and any number of `[[case]]`; each case overrides the defaults.

    now             instant of the judgement
    judge           milestones a person confirmed
    milestones      id, name, kind, project or board, state, start, due, started, finished, seen,
                    moves = [{old, new, after, at}], states = [{old, new, after, at}]
    items           id or ids ("1-10"), project, type, status, points, seconds, assignee, parent,
                    restricted, created, due, done, in = [milestones since then],
                    entered / left = {milestone = instant}, by = who did that,
                    since = {old status, at}, events = [{field, at, old, new, by, delta}], history,
                    gone, labels,
                    texts = [{at, text, told, known}]: versions of its description
    usual           {type = [[how many, working days]]}: finished items from 1 February 2026 on
    links           from, to, kind, since: when it was first read
    agreed          milestone, ids, at: growth that somebody agreed to
    baselines       milestone, at, accepted, created, rule, due
    readings        scope, stream, outcome, reason, hours (age): what differs from a good reading
    policy          thresholds, channels, holidays, grace_days, time_zone, stale_hours, mirrors,
                    teams = {connection = [{name, label}]}
    issues          kind, value, message, about (stream:id; else kind:value): open data issues
    aliases         {former key = item}
    waits, complete {status = whom it waits for}, [statuses whose code is complete]
    people          {person = [[connection id, account id]]}
    changes, …      what `code_rows` says
    foretold        milestone, on, p50, p85, due, open, abstained, made: forecasts of earlier days
    proven          whether a backtest speaks for forecasts
    open            detector, subject: findings that were open before
    derived         instant at which links and verdicts became known; the judgement's
    expect          subject, severity, rule, channel, says, hides: findings of the file's detector
    not_checked     labels the detector could not judge
    names           labels of the configuration that mean nothing
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from support import code_rows

from mappings.contents import contents
from mappings.schema import TeamRule
from sync.forecast.model import VERSION
from sync.ledger import texts
from sync.links import refresh as links
from sync.reconcile.contract import Channel, Policy
from sync.store import schema
from sync.store.open import Store, memory_store
from sync.store.tables_agreed import scope_agreement
from sync.store.tables_forecast import backtest_result, forecast
from sync.store.tables_judged import person_account
from sync.store.tables_texts import item_text
from sync.verdict import refresh as verdicts

CASES = Path(__file__).parent.parent / "cases"
CONNECTION = 1
SEEN = datetime(2026, 1, 1, 8, tzinfo=UTC)
CREATED = datetime(2026, 1, 5, 9, tzinfo=UTC)
STATUSES = ("todo", "in_progress", "in_review", "done", "cancelled", "unknown")


class At:
    """A clock that stands still."""

    def __init__(self, now: datetime) -> None:
        """`now` in UTC."""
        self.instant = now

    def now(self) -> datetime:
        """The instant it was given."""
        return self.instant


@dataclass(frozen=True)
class Case:
    """One named case."""

    detector: str
    name: str
    data: Mapping[str, Any]

    @property
    def now(self) -> datetime:
        """Instant of the judgement (UTC)."""
        return utc(self.data["now"])


def load(detector: str) -> list[Case]:
    """All cases of a detector's file, in order."""
    text = (CASES / f"{detector}.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    defaults = raw.get("defaults", {})
    return [Case(detector, one["name"], {**defaults, **one}) for one in raw["case"]]


def utc(value: date | datetime) -> datetime:
    """An instant; a day means its beginning in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC)


def policy(data: Mapping[str, Any]) -> Policy:
    """The policy a case describes."""
    own = dict(data.get("policy", {}))
    return Policy(
        program="Apollo",
        time_zone=own.get("time_zone", "UTC"),
        judge=tuple(data.get("judge", ())),
        thresholds=own.get("thresholds", {}),
        channels={id_: Channel(name) for id_, name in own.get("channels", {}).items()},
        holidays=frozenset(own.get("holidays", ())),
        grace_days=own.get("grace_days", 1),
        fixed_date=tuple(own.get("fixed_date", ())),
        stale_hours=own.get("stale_hours", 26.0),
        mirrors=tuple((first, second) for first, second in own.get("mirrors", ())),
        teams={
            name: tuple(TeamRule(**rule) for rule in rules)
            for name, rules in own.get("teams", {}).items()
        },
    )


def build(data: Mapping[str, Any]) -> Store:
    """A store in memory that holds the case."""
    store = memory_store()
    with store.writing() as conn:
        fill(conn, data)
    return store


def refill(store: Store, data: Mapping[str, Any]) -> None:
    """Put the case into a store that held another one."""
    with store.writing() as conn:
        for table in reversed(schema.metadata.sorted_tables):
            if table is not schema.store_info:
                conn.execute(sa.delete(table))
        fill(conn, data)


def fill(conn: sa.Connection, data: Mapping[str, Any]) -> None:
    """Insert the case's rows."""
    now = utc(data["now"])
    insert = _Inserts(conn)
    insert.add(
        schema.connection,
        id=CONNECTION,
        name="jira",
        kind=data.get("connector", "jira"),
        mapping_version="m1",
        first_seen_at=SEEN,
    )
    for status in STATUSES:
        insert.add(
            schema.status,
            connection_id=CONNECTION,
            source_id=status,
            raw_name=status,
            category=status,
            waits_for=data.get("waits", {}).get(status),
            code_complete=status in data.get("complete", ()),
            **_present(),
        )
    _scopes(insert, data)
    for one in data.get("milestones", ()):
        _milestone(insert, one)
    for one in data.get("items", ()):
        for id_ in _ids(one):
            _item(insert, id_, one, data)
    _usual(insert, data)
    for one in data.get("links", ()):
        insert.add(
            schema.link,
            connection_id=CONNECTION,
            declared_by=str(one["from"]),
            source_id=f"{one['from']}-{one['to']}",
            first_seen_at=utc(one.get("since", SEEN)),
            withdrawn_at=one.get("withdrawn"),
            from_id=str(one["from"]),
            to_id=str(one["to"]),
            kind=one["kind"],
            raw_kind=one["kind"],
            method="declared",
            confidence=1.0,
        )
    for one in data.get("issues", ()):
        insert.add(
            schema.data_issue,
            connection_id=CONNECTION,
            kind=one["kind"],
            subject=one.get("about", f"{one['kind']}:{one['value']}"),
            field="",
            raw_value=one["value"],
            message=one["message"],
            first_seen_at=SEEN,
        )
    for key, item in data.get("aliases", {}).items():
        insert.add(
            schema.work_item_key,
            connection_id=CONNECTION,
            key=key,
            work_item_id=item,
            first_seen_at=SEEN,
        )
    code_rows.fill(insert.add, data)
    code_rows.programs(insert.add, data)
    code_rows.uploads(insert.add, data)
    for person, accounts in data.get("people", {}).items():
        for connection_id, account in accounts:
            insert.add(
                person_account,
                connection_id=connection_id,
                account_id=account,
                person=person,
                known_from=SEEN,
            )
    for one in data.get("foretold", ()):
        _foretold(insert, one)
    if data.get("proven"):
        insert.add(
            backtest_result,
            made_at=SEEN,
            model_version=VERSION,
            digest="x",
            dates_proven=True,
            probability_proven=True,
            words="proven",
            facts={},
        )
    insert.run()
    for one in data.get("open", ()):
        _open(conn, one)
    _baselines(conn, data)
    _agreements(conn, data)
    _readings(conn, data, now)
    if "changes" in data and data.get("derive", True):
        known = _maybe(data.get("derived")) or now
        links.refresh(conn, known)
        verdicts.refresh(conn, known)
    code_rows.said(conn, data, now)


def _usual(insert: "_Inserts", data: Mapping[str, Any]) -> None:
    """Finished items that took so many working days; they begin on a Monday at noon."""
    number = 0
    begun = datetime(2026, 2, 2, 12, tzinfo=UTC)
    for kind, groups in data.get("usual", {}).items():
        for many, days in groups:
            for _ in range(many):
                number += 1
                weeks, rest = divmod(days, 5)
                done = begun + timedelta(days=weeks * 7 + rest)
                told = [("todo", "in_progress", begun), ("in_progress", "done", done)]
                one = {
                    "type": kind,
                    "status": "done",
                    "done": done,
                    "events": [
                        {"field": "status", "at": at, "old": old, "new": new}
                        for old, new, at in told
                    ],
                }
                _item(insert, f"usual{number}", one, data)


def _foretold(insert: "_Inserts", one: Mapping[str, Any]) -> None:
    """A forecast that was made on a day."""
    insert.add(
        forecast,
        connection_id=CONNECTION,
        milestone_kind="version",
        milestone_id=one["milestone"],
        as_of=one["on"],
        known_from=utc(one.get("made", one["on"])),
        digest="x",
        model_version=1,
        inputs={},
        parameters={},
        due_date=one.get("due"),
        open_items=one["open"],
        p50=one.get("p50"),
        p70=one.get("p50"),
        p85=one.get("p85"),
        p95=one.get("p85"),
        p_on_time=one.get("p"),
        abstained=one.get("abstained"),
    )


class _Inserts:
    """Rows by table, written in few statements in the order of their tables."""

    def __init__(self, conn: sa.Connection) -> None:
        self.conn = conn
        self.rows: dict[sa.Table, list[dict[str, Any]]] = {}

    def add(self, table: sa.Table, **values: Any) -> None:
        self.rows.setdefault(table, []).append(
            {column.name: values.get(column.name) for column in table.columns}
        )

    def run(self) -> None:
        for table, rows in self.rows.items():
            self.conn.execute(sa.insert(table), rows)


def _present() -> dict[str, Any]:
    return {"first_seen_at": SEEN, "content_hash": b"x"}


def _ids(one: Mapping[str, Any]) -> Iterator[str]:
    if "id" in one:
        yield str(one["id"])
        return
    first, _, last = one["ids"].partition("-")
    yield from (str(number) for number in range(int(first), int(last) + 1))


def _scopes(insert: _Inserts, data: Mapping[str, Any]) -> None:
    for key in data.get("projects", ["APO"]):
        insert.add(
            schema.scope,
            connection_id=CONNECTION,
            kind="project",
            source_id=f"p{key}",
            key=key,
            name=f"Project {key}",
            archived=False,
            **_present(),
        )
    for board in data.get("boards", ()):
        insert.add(
            schema.scope,
            connection_id=CONNECTION,
            kind="board",
            source_id=board["id"],
            key=board["id"],
            name="Board",
            parent_id=f"p{board['project']}",
            archived=False,
            **_present(),
        )


def _milestone(insert: _Inserts, one: Mapping[str, Any]) -> None:
    kind = one.get("kind", "version")
    seen = utc(one.get("seen", SEEN))
    board = one.get("board")
    insert.add(
        schema.milestone,
        connection_id=CONNECTION,
        kind=kind,
        source_id=one["id"],
        name=one.get("name", one["id"]),
        state=one.get("state", "active"),
        scope_id=board if kind == "sprint" else f"p{one.get('project', 'APO')}",
        start_date=one.get("start"),
        due_date=one.get("due"),
        started_at=_maybe(one.get("started")),
        finished_at=_maybe(one.get("finished")),
        gone_at=_maybe(one.get("gone")),
        first_seen_at=seen,
        content_hash=b"x",
    )
    moves = one.get("moves", ())
    due = one.get("due")
    first = moves[0]["old"] if moves and "old" in moves[0] else (None if moves else due)
    for name, value in (("due_date", first), ("state", _first_state(one))):
        _dated(insert, kind, one["id"], name, None, value, seen, None, is_first=True)
    for move in moves:
        _change(insert, kind, one["id"], "due_date", move)
    for move in one.get("states", ()):
        _change(insert, kind, one["id"], "state", move)
    if board is not None:
        insert.add(
            schema.scope_entity,
            connection_id=CONNECTION,
            scope_id=board,
            entity_kind=kind,
            entity_id=one["id"],
            known_from=seen,
        )


def _first_state(one: Mapping[str, Any]) -> str:
    states = one.get("states")
    return str(states[0]["old"] if states else one.get("state", "active"))


def _change(insert: _Inserts, kind: str, id_: str, name: str, move: Mapping[str, Any]) -> None:
    after = move.get("after")
    _dated(
        insert,
        kind,
        id_,
        name,
        move.get("old"),
        move.get("new"),
        utc(move["at"]),
        utc(after) if after is not None else None,
        is_first=False,
    )


def _dated(
    insert: _Inserts,
    kind: str,
    id_: str,
    name: str,
    old: Any,
    new: Any,
    at: datetime,
    after: datetime | None,
    *,
    is_first: bool,
) -> None:
    insert.add(
        schema.milestone_date_event,
        connection_id=CONNECTION,
        milestone_kind=kind,
        milestone_id=id_,
        field=name,
        known_from=at,
        old=old.isoformat() if isinstance(old, date) else old,
        new=new.isoformat() if isinstance(new, date) else new,
        is_first=is_first,
        observed_after=after,
        observed_at=at,
        origin="observed",
    )


def _maybe(value: date | datetime | None) -> datetime | None:
    return utc(value) if value is not None else None


def _item(insert: _Inserts, id_: str, one: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    project = one.get("project", "APO")
    created = utc(one.get("created", CREATED))
    kinds = {m["id"]: m.get("kind", "version") for m in data.get("milestones", ())}
    status = one.get("status", "todo")
    entered = dict.fromkeys(one.get("in", ()), created)
    entered.update({m: utc(at) for m, at in one.get("entered", {}).items()})
    left = {m: utc(at) for m, at in one.get("left", {}).items()}
    gone = _maybe(one.get("gone"))
    insert.add(
        schema.work_item,
        connection_id=CONNECTION,
        source_id=id_,
        key=f"{project}-{id_}",
        scope_id=f"p{project}",
        item_type=one.get("type", "feature"),
        status_category=status,
        raw_status=status,
        raw_status_id=one.get("status_id", status),
        waits_for=data.get("waits", {}).get(status),
        code_complete=status in data.get("complete", ()),
        priority=one.get("priority", "medium"),
        title=one.get("title", f"Title {id_}"),
        estimate_points=one.get("points"),
        estimate_seconds=one.get("seconds"),
        estimate_field="Story Points" if "points" in one else None,
        due_date=one.get("due"),
        started_at=_started_at(one),
        done_at=_done_at(one),
        assignee_id=one.get("assignee", "u1") or None,
        parent_id=str(one["parent"]) if "parent" in one else None,
        labels=list(one.get("labels", ())),
        components=[],
        milestones=[[kinds[m], m] for m in entered if m not in left],
        restricted=one.get("restricted", False),
        url=f"https://jira.example.net/browse/{project}-{id_}",
        created_at=created,
        history_state=one.get("history", "complete"),
        gone_at=gone,
        gone_reason="deleted" if gone else None,
        first_seen_at=utc(one.get("seen", SEEN)),
        content_hash=b"x",
    )
    insert.add(
        schema.work_item_key,
        connection_id=CONNECTION,
        key=f"{project}-{id_}",
        work_item_id=id_,
        first_seen_at=SEEN,
    )
    number = 0
    for milestone, at in entered.items():
        end = left.get(milestone) or gone
        by_event = at != created
        insert.add(
            schema.scope_membership,
            connection_id=CONNECTION,
            member_kind="work_item",
            member_id=id_,
            milestone_kind=kinds[milestone],
            milestone_id=milestone,
            valid_from=at,
            known_from=utc(one.get("known", SEEN)),
            valid_to=end,
            from_exact=one.get("exact", True),
            cause="event" if by_event else "created",
            source_event_id=f"{id_}.{number + 1}" if by_event else None,
            end_event_id=f"{id_}.{number + 1 + by_event}" if milestone in left else None,
            end_cause=None if end is None else ("deleted" if end == gone else "event"),
        )
        for instant, old, new in (
            *(((at, None, milestone),) if by_event else ()),
            *(((left[milestone], milestone, None),) if milestone in left else ()),
        ):
            number += 1
            _event(
                insert,
                id_,
                f"{id_}.{number}",
                {"field": kinds[milestone], "at": instant, "old": old, "new": new},
                one,
            )
    since = one.get("since")
    events = list(one.get("events", ()))
    if since is not None:
        events.append({"field": "status", "at": since["at"], "old": since["status"], "new": status})
    for event in events:
        number += 1
        _event(insert, id_, f"{id_}.{number}", event, one)
    for text in one.get("texts", ()):
        version = texts.Text(
            valid_from=utc(text["at"]),
            known_from=utc(text.get("known", SEEN)),
            told=text.get("told", True),
            text_hash=None,
            contents=contents(text["text"], "wiki"),
        )
        insert.add(item_text, **texts.row(CONNECTION, id_, version))


def _done_at(one: Mapping[str, Any]) -> datetime | None:
    """When it was done last: as told, or since it has that status."""
    if one.get("status") != "done":
        return None
    return utc(one.get("done", one.get("since", {}).get("at", one.get("created", CREATED))))


def _started_at(one: Mapping[str, Any]) -> datetime | None:
    """When it was first seen to begin, as its history tells it."""
    told = [
        utc(event["at"])
        for event in one.get("events", ())
        if event["field"] == "status" and event["new"] in ("in_progress", "in_review")
    ]
    since = one.get("since")
    if since is not None and one.get("status") in ("in_progress", "in_review"):
        told.append(utc(since["at"]))
    return min(told, default=None)


_BY_ID = ("status", "parent", "assignee", "version", "sprint")


def _event(
    insert: _Inserts, id_: str, event_id: str, event: Mapping[str, Any], one: Mapping[str, Any]
) -> None:
    name = event["field"]
    old, new = (None if v is None else str(v) for v in (event.get("old"), event.get("new")))
    ids = name in _BY_ID
    insert.add(
        schema.field_event,
        connection_id=CONNECTION,
        work_item_id=id_,
        source_event_id=event_id,
        known_from=utc(event.get("known", SEEN)),
        field=name,
        raw_field="Story Points" if name == "points" else name,
        at=utc(event["at"]),
        actor_id=event.get("by", one.get("by")),
        old_ids=old if ids else None,
        new_ids=new if ids else None,
        old_text=None if ids else old,
        new_text=None if ids else new,
        is_delta=event.get("delta", name == "version"),
        origin="source",
    )


def _baselines(conn: sa.Connection, data: Mapping[str, Any]) -> None:
    kinds = {m["id"]: m.get("kind", "version") for m in data.get("milestones", ())}
    for one in data.get("baselines", ()):
        at = utc(one["at"])
        conn.execute(
            sa.insert(schema.baseline).values(
                connection_id=CONNECTION,
                milestone_kind=kinds[one["milestone"]],
                milestone_id=one["milestone"],
                name="agreed",
                at=at,
                rule=one.get("rule", "explicit"),
                accepted=one.get("accepted", True),
                is_partial=False,
                author="tpm",
                due_date=one.get("due"),
                created_at=utc(one.get("created", at)),
            )
        )


def _open(conn: sa.Connection, one: Mapping[str, Any]) -> None:
    parts = ("what", "so_what", "who", "by_when", "remedy", "subject_label")
    conn.execute(
        sa.insert(schema.finding).values(
            fingerprint=f"{one['detector']} {one['subject']}",
            detector=one["detector"],
            rule=one.get("rule"),
            connection_id=one.get("connection", CONNECTION),
            subject=one["subject"],
            severity="medium",
            state="ongoing",
            channel="digest",
            magnitude=1.0,
            title="-",
            words=dict.fromkeys(parts, "-"),
            evidence=[],
            evidence_hash="-",
            first_seen_at=SEEN,
            last_seen_at=SEEN,
        )
    )


def _agreements(conn: sa.Connection, data: Mapping[str, Any]) -> None:
    kinds = {m["id"]: m.get("kind", "version") for m in data.get("milestones", ())}
    for one in data.get("agreed", ()):
        for id_ in _ids(one):
            conn.execute(
                sa.insert(scope_agreement).values(
                    connection_id=CONNECTION,
                    milestone_kind=kinds[one["milestone"]],
                    milestone_id=one["milestone"],
                    subject_kind="work_item",
                    subject=id_,
                    recorded_at=utc(one["at"]),
                    agreed_at=utc(one["at"]),
                    agreed_by="tpm",
                    reason="wanted",
                )
            )


_STREAMS = {
    "site": ("fields", "statuses", "projects", "boards"),
    "project": ("versions", "issues", "changelogs"),
    "board": ("sprints",),
    "repository": (
        "issues",
        "histories",
        "milestones",
        "changes",
        "change_details",
        "runs",
        "releases",
    ),
}


def _readings(conn: sa.Connection, data: Mapping[str, Any], now: datetime) -> None:
    """A good reading of every stream, but for what the case says; written in one run."""
    differing = {(one["scope"], one["stream"]): one for one in data.get("readings", ())}
    run_id = conn.execute(
        sa.insert(schema.sync_run)
        .values(started_at=now, finished_at=now, outcome="complete", program_version="test")
        .returning(schema.sync_run.c.id)
    ).scalar_one()
    scopes = [("site", "site", "site")]
    scopes += [("project", f"p{key}", key) for key in data.get("projects", ["APO"])]
    scopes += [("board", one["id"], one["id"]) for one in data.get("boards", ())]
    if code_rows.is_there(data):
        scopes += [("repository", id_, path) for id_, path in code_rows.repositories(data).items()]
    rows = []
    for kind, id_, key in scopes:
        for stream in _STREAMS[kind]:
            one = differing.pop((key, stream), {})
            if one.get("outcome") == "never":
                continue
            rows.append(_step(run_id, kind, id_, key, stream, one, now))
    for (key, stream), one in differing.items():
        kind, id_, _ = next(scope for scope in scopes if scope[2] == key)
        rows.append(_step(run_id, kind, id_, key, stream, one, now))
    if data.get("read", True):
        conn.execute(sa.insert(schema.sync_step), rows)


def _step(
    run_id: int,
    kind: str,
    id_: str,
    key: str,
    stream: str,
    one: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any]:
    fresh = now - timedelta(hours=one.get("hours", 0))
    return {
        "run_id": run_id,
        "connection_id": code_rows.HUB if kind == "repository" else CONNECTION,
        "scope_kind": kind,
        "scope_id": id_,
        "scope_key": key,
        "stream": stream,
        "mode": one.get("mode", "snapshot"),
        "started_at": fresh,
        "finished_at": fresh,
        "outcome": one.get("outcome", "complete"),
        "reason": one.get("reason"),
        "requests": 1,
        "pages": 1,
        "records": 1,
        "rows_written": 0,
        "unreadable": 0,
        "history_gaps": 0,
        "fresh_at": fresh,
    }
