"""A tiny code host in memory with an honest connector and normalizer, in front of the real engine.

It reads as the two vendors do: with child data along (`along`) or change by change.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from pydantic import BaseModel
from support.synced import SOURCE_TABLES, table_now

from connectors.contract import (
    CONTRACT,
    CheckItem,
    Connector,
    ConnectorEntry,
    Cursor,
    Gone,
    GoneReason,
    Identity,
    Mode,
    Order,
    Page,
    RawRecord,
    Runtime,
    ScopeOption,
    ScopeRef,
    StreamSpec,
    Unavailable,
    Unreadable,
    Window,
)
from mappings.code_records import (
    ChangeCommits,
    ChangeFile,
    ChangeFiles,
    ChangeRequest,
    CheckResult,
    Checks,
    Commit,
    PipelineRun,
    Reference,
    References,
    Release,
    Review,
    Reviews,
    RunJobs,
)
from mappings.load import load
from mappings.records import (
    FieldEvent,
    History,
    Lookups,
    Milestone,
    Payload,
    Record,
    Scope,
    Status,
    WorkItem,
)
from mappings.registry import MappingEntry, get
from mappings.schema import MappingTable
from mappings.vocabulary import (
    ChangeState,
    CheckSource,
    Conclusion,
    EventField,
    FileChange,
    HistoryState,
    ItemType,
    MilestoneKind,
    MilestoneState,
    Origin,
    PipelineKind,
    RefKind,
    RefSource,
    ReviewVerdict,
    ScopeKind,
    StatusCategory,
)
from sync.engine.plan import ConnectionPlan, Plan
from sync.engine.run import RunResult, sync
from sync.store.open import Store, open_store

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PAGE = 3
#: Tables that hold what was read of code hosting.
CODE_TABLES = (
    "change_request",
    "change_request_key",
    "change_part",
    "change_file",
    "review",
    "code_commit",
    "change_commit",
    "reference",
    "pipeline_run",
    "check_result",
    "checks_state",
    "release",
)


@dataclass
class Clock:
    """A present that moves when told."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Host:
    """What the host holds: things by id, each with the id of its repository."""

    clock: Clock = field(default_factory=Clock)
    statuses: list[str] = field(default_factory=lambda: ["open", "closed"])
    repositories: dict[str, str] = field(default_factory=lambda: {"900": "acme/web"})
    milestones: dict[str, dict[str, Any]] = field(default_factory=dict)
    issues: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: every request: (what, ids or names asked for).
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    #: what people call the ids of the last follow-ups, by stream.
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    #: the request of this number fails, once.
    fails_at: int | None = None
    #: the next request for this stream fails.
    fails_on: str | None = None
    #: it counts its open issues, by so many too many; None: it does not count.
    miscounts: int | None = None
    #: names of repositories that are put away.
    archived: set[str] = field(default_factory=set)
    #: ids that no follow-up can read.
    unreadable: set[str] = field(default_factory=set)

    def ask(self, what: str, *names: str) -> None:
        """Count a request. Raises Unavailable when it is to fail."""
        self.asked.append((what, names))
        if what == self.fails_on:
            self.fails_on = None
            raise Unavailable("the host is down", where=what)
        if self.fails_at is not None:
            self.fails_at -= 1
            if self.fails_at < 0:
                self.fails_at = None
                raise Unavailable("the host is down", where=what)

    def stamp(self) -> int:
        """The present in milliseconds."""
        return int(self.clock.now().timestamp() * 1000)

    def milestone(self, id_: str, title: str, holder: str = "900") -> None:
        self.milestones[id_] = {"id": id_, "title": title, "holder": holder}

    def issue(self, number: int, **told: Any) -> dict[str, Any]:
        plain = {"title": f"Issue {number}", "state": "open", "milestone": None, "events": []}
        return self._put(self.issues, f"1{number:03d}", number, plain, told)

    def change(self, number: int, **told: Any) -> dict[str, Any]:
        plain = {
            "title": f"APO-{number} change",
            "state": "open",
            "head": f"h{number}",
            "landed": None,
            "merged": None,
            "milestone": None,
            "files": ["a.py"],
            "reviews": [],
            "checks": {},
        }
        return self._put(self.changes, f"2{number:03d}", number, plain, told)

    def run(self, number: int, **told: Any) -> dict[str, Any]:
        plain = {"sha": "h1", "conclusion": "success", "finished": None, "jobs": {}}
        return self._put(self.runs, f"3{number:03d}", number, plain, told)

    def _put(
        self,
        things: dict[str, dict[str, Any]],
        id_: str,
        number: int,
        plain: Mapping[str, Any],
        told: Mapping[str, Any],
    ) -> dict[str, Any]:
        held = things.get(id_, {"id": id_, "repository": "900", "number": number, **plain})
        things[id_] = {**held, **told, "updated": self.stamp()}
        return things[id_]

    def counts(self, repository: str) -> dict[str, Any]:
        """How many issues are open, if the host counts them."""
        if self.miscounts is None:
            return {}
        mine = [one for one in self.issues.values() if one["repository"] == repository]
        found = sum(one["state"] == "open" for one in mine)
        return {"open": {"issues": found + self.miscounts}}

    def shown(self, thing: Mapping[str, Any]) -> dict[str, Any]:
        """A thing as the host sends it: with the present name of its repository."""
        return {**thing, "name": self.repositories[thing["repository"]]}

    def tag(self, name: str) -> None:
        self.tags[name] = {"tag": name, "repository": "900"}


WATCH = timedelta(days=3)


def _spec(name: str, mode: Mode, feeds: tuple[str, ...], **more: Any) -> StreamSpec:
    return StreamSpec(name, more.pop("scope_kind", "repository"), mode, feeds=feeds, **more)


STREAMS = (
    _spec("statuses", Mode.SNAPSHOT, ("status",), scope_kind="site"),
    _spec("repositories", Mode.SNAPSHOT, ("scope",), scope_kind="site"),
    _spec("milestones", Mode.SNAPSHOT, ("milestone",)),
    _spec("issues", Mode.INCREMENTAL, ("work_item",), order=Order.ASCENDING, after=("milestones",)),
    _spec("histories", Mode.FOLLOW_UP, ("history",), of="issues", batch=4),
    _spec("changes", Mode.INCREMENTAL, ("change_request",), order=Order.ASCENDING),
    _spec("change_details", Mode.FOLLOW_UP, ("review",), of="changes", watch=WATCH, batch=4),
    _spec("runs", Mode.INCREMENTAL, ("pipeline_run",), order=Order.ASCENDING),
    _spec("jobs", Mode.FOLLOW_UP, ("check_result",), of="runs", watch=WATCH, batch=4),
    _spec("releases", Mode.SNAPSHOT, ("release",)),
    _spec("census", Mode.CENSUS, (), of="issues"),
)
_CHILDREN = {"issues": "histories", "changes": "change_details", "runs": "jobs"}


class HostOptions(BaseModel):
    """Options of the host's connector."""

    along: bool = False
    #: names of repositories to read; none: all that there are.
    repositories: tuple[str, ...] = ()


class HostConnector:
    """Reads a host; `along`: child data comes with its parents."""

    name = "host"
    contract = CONTRACT

    def __init__(self, host: Host, along: bool, repositories: Sequence[str] = ()) -> None:
        self.host, self.along, self.named = host, along, repositories

    @property
    def request_count(self) -> int:
        return len(self.host.asked)

    thread_request_count = request_count

    def streams(self) -> Sequence[StreamSpec]:
        return STREAMS

    def connect(self) -> Identity:
        now = self.host.clock.now()
        return Identity(
            "host:1", "Host", "1", "cloud", "me", "Me", "UTC", 0.0, now, "https://host.example.net"
        )

    def scopes(self) -> Sequence[ScopeRef]:
        held = {key: id_ for id_, key in self.host.repositories.items()}
        mine = [
            ScopeRef("repository", held[key], key, facts=self.host.counts(held[key]))
            if key in held
            else ScopeRef("repository", "", key, facts={"error": f"{key} cannot be seen"})
            for key in self.named or held
        ]
        return [ScopeRef("site", "site", "site"), *mine]

    def whereabouts(self, scope: ScopeRef) -> Gone:
        self.host.ask("whereabouts", scope.key)
        if scope.key in self.host.archived:
            return Gone(scope.source_id, GoneReason.LEFT_SCOPE, detail="archived")
        return Gone(scope.source_id, GoneReason.DELETED_OR_HIDDEN)

    def read(
        self, stream: str, scope: ScopeRef, cursor: Cursor | None, window: Window
    ) -> Iterator[Page]:
        spec = next(one for one in STREAMS if one.name == stream)
        readers: dict[Mode, Callable[[], Iterator[Page]]] = {
            Mode.SNAPSHOT: lambda: self.snapshot(stream, scope),
            Mode.INCREMENTAL: lambda: self.walk(stream, scope, dict(cursor or {}), window),
            Mode.FOLLOW_UP: lambda: self.follow(stream, window),
            Mode.CENSUS: lambda: self.census(scope),
        }
        return readers[spec.mode]()

    def snapshot(self, stream: str, scope: ScopeRef) -> Iterator[Page]:
        host = self.host
        host.ask(stream, scope.key)
        lists: dict[str, list[tuple[str, dict[str, Any]]]] = {
            "statuses": [(one, {"id": one}) for one in host.statuses],
            "repositories": [
                (id_, {"id": id_, "key": key}) for id_, key in host.repositories.items()
            ],
            # Those of a group are listed by every repository.
            "milestones": [
                (id_, one)
                for id_, one in host.milestones.items()
                if one["holder"] in (scope.source_id, "group")
            ],
            "releases": [
                (f"{scope.source_id}:{name}", one)
                for name, one in host.tags.items()
                if one["repository"] == scope.source_id
            ],
        }
        records = [RawRecord(stream, id_, orjson.dumps(one)) for id_, one in lists[stream]]
        yield Page(tuple(records), committed=True)

    def things(self, stream: str) -> dict[str, dict[str, Any]]:
        of = {child: parent for parent, child in _CHILDREN.items()}.get(stream, stream)
        found: dict[str, dict[str, Any]] = getattr(self.host, of)
        return found

    def walk(
        self, stream: str, scope: ScopeRef, cursor: dict[str, Any], window: Window
    ) -> Iterator[Page]:
        since = cursor.get("since", 0)
        bound = since - int(window.overlap.total_seconds() * 1000)
        after = tuple(cursor.get("after", (0, "")))
        end = int(window.run_started_at.timestamp() * 1000)
        while True:
            self.host.ask(stream, scope.key)
            found = sorted(
                (one["updated"], id_)
                for id_, one in self.things(stream).items()
                if one["repository"] == scope.source_id
                and one["updated"] >= bound
                and (one["updated"], id_) > after
            )
            ids = [id_ for _, id_ in found[:PAGE]]
            records = [self.record(stream, id_) for id_ in ids]
            if self.along:
                records += [self.child(_CHILDREN[stream], id_) for id_ in ids]
            if len(found) <= PAGE:
                yield Page(tuple(records), {"since": end}, committed=True)
                return
            after = found[PAGE - 1]
            yield Page(tuple(records), {"since": since, "after": list(after)})

    def record(self, stream: str, id_: str) -> RawRecord:
        own = ("events", "files", "reviews", "checks", "jobs")
        thing = self.host.shown(self.things(stream)[id_])
        told = {name: value for name, value in thing.items() if name not in own}
        moment = datetime.fromtimestamp(told["updated"] / 1000, UTC)
        return RawRecord(stream, id_, orjson.dumps(told), moment)

    def child(self, stream: str, id_: str) -> RawRecord:
        told = self.host.shown(self.things(stream)[id_])
        told = {name: value for name, value in told.items() if name not in ("title", "updated")}
        return RawRecord(stream, id_, orjson.dumps(told))

    def follow(self, stream: str, window: Window) -> Iterator[Page]:
        self.host.ask(stream, *window.ids)
        self.host.keys.setdefault(stream, {}).update(window.keys)
        ids = tuple(id_ for id_ in window.ids if id_ not in self.host.unreadable)
        lost = tuple(Unreadable(id_, "it cannot") for id_ in window.ids if id_ not in ids)
        records = tuple(self.child(stream, id_) for id_ in ids)
        yield Page(records, committed=True, done_ids=ids, unreadable=lost)

    def census(self, scope: ScopeRef) -> Iterator[Page]:
        self.host.ask("census", scope.key)
        ids = [i for i, one in self.host.issues.items() if one["repository"] == scope.source_id]
        yield Page(tuple(RawRecord("census", id_, b"{}") for id_ in ids), committed=True)

    def look(self, stream: str, scope: ScopeRef, ids: Sequence[str]) -> Sequence[Gone]:
        self.host.ask("look", *ids)
        return [Gone(id_, GoneReason.DELETED) for id_ in ids]

    def unchanged(
        self, stream: str, cursors: Mapping[str, Cursor], scopes: Sequence[ScopeRef], window: Window
    ) -> frozenset[str]:
        return frozenset()

    def check(self) -> Sequence[CheckItem]:
        return []

    def close(self) -> None:
        pass


# --- what its payloads mean -----------------------------------------------------------------


def normalize(
    stream: str, payload: Payload, mapping: MappingTable, lookups: Lookups
) -> Sequence[Record]:
    """Records of one payload."""
    raw = orjson.loads(payload) if isinstance(payload, bytes) else payload
    return _NORMALIZERS[stream](raw, lookups)


def _moment(raw: Any) -> datetime | None:
    return None if raw is None else datetime.fromtimestamp(raw / 1000, UTC)


def _status(raw: Any, lookups: Lookups) -> list[Record]:
    done = StatusCategory.DONE if raw["id"] == "closed" else StatusCategory.TODO
    return [Status(raw["id"], raw["id"], None, done)]


def _repository(raw: Any, lookups: Lookups) -> list[Record]:
    return [Scope(raw["id"], ScopeKind.REPOSITORY, raw["key"], raw["key"])]


def _milestone(raw: Any, lookups: Lookups) -> list[Record]:
    state = MilestoneState.ACTIVE
    kind = MilestoneKind.MILESTONE
    return [Milestone(raw["id"], kind, raw["title"], state, None, scope_id=raw["holder"])]


def _member(raw: Any) -> tuple[tuple[MilestoneKind, str], ...]:
    return ((MilestoneKind.MILESTONE, raw["milestone"]),) if raw["milestone"] else ()


def _issue(raw: Any, lookups: Lookups) -> list[Record]:
    done = StatusCategory.DONE if raw["state"] == "closed" else StatusCategory.TODO
    return [
        WorkItem(
            source_id=raw["id"],
            key=f"{raw['name']}#{raw['number']}",
            scope_id=raw["repository"],
            item_type=ItemType.TASK,
            raw_type=None,
            status_category=done,
            raw_status=raw["state"],
            raw_status_id=raw["state"],
            title=raw["title"],
            created_at=START - timedelta(days=9),
            updated_at=_moment(raw["updated"]),
            milestones=_member(raw),
        )
    ]


def _history(raw: Any, lookups: Lookups) -> list[Record]:
    events = []
    for number, (minute, title) in enumerate(raw["events"]):
        ids = lookups.extra["milestones"].get(title, [])
        events.append(
            FieldEvent(
                work_item_id=raw["id"],
                source_event_id=f"{raw['id']}.{number}",
                field=EventField.MILESTONE,
                raw_field="milestoned",
                at=START - timedelta(days=1) + timedelta(minutes=minute),
                new_ids=tuple(ids) if len(ids) == 1 else (),
                new_text=title,
                is_delta=True,
                origin=Origin.INFERRED,
            )
        )
    return [History(raw["id"], HistoryState.COMPLETE, tuple(events))]


def _change(raw: Any, lookups: Lookups) -> list[Record]:
    named = Reference(RefKind.IMPLEMENTS, RefSource.TITLE, raw["title"].split()[0])
    return [
        ChangeRequest(
            source_id=raw["id"],
            scope_id=raw["repository"],
            number=raw["number"],
            key=f"{raw['name']}#{raw['number']}",
            title=raw["title"],
            state=ChangeState(raw["state"]),
            raw_state=raw["state"],
            is_draft=False,
            created_at=START,
            updated_at=_moment(raw["updated"]),
            merged_at=_moment(raw["merged"]),
            head_sha=raw["head"],
            landed_sha=raw["landed"],
            milestones=_member(raw),
        ),
        References(raw["id"], raw["repository"], (RefSource.TITLE,), (named,)),
    ]


def _details(raw: Any, lookups: Lookups) -> list[Record]:
    whole, id_, repository = HistoryState.COMPLETE, raw["id"], raw["repository"]
    return [
        ChangeFiles(id_, whole, tuple(ChangeFile(p, FileChange.ADDED) for p in raw["files"])),
        Reviews(
            id_,
            whole,
            tuple(Review(f"{id_}.{one}", "ana", ReviewVerdict(one), one) for one in raw["reviews"]),
        ),
        ChangeCommits(id_, repository, whole, (Commit(raw["head"], "t"),)),
        Checks(
            repository,
            raw["head"],
            (CheckSource.CHECK_RUN,),
            whole,
            tuple(
                CheckResult(
                    f"{id_}.{name}",
                    CheckSource.CHECK_RUN,
                    repository,
                    raw["head"],
                    name,
                    Conclusion(said),
                )
                for name, said in raw["checks"].items()
            ),
        ),
    ]


def _run(raw: Any, lookups: Lookups) -> list[Record]:
    return [
        PipelineRun(
            source_id=raw["id"],
            scope_id=raw["repository"],
            attempt=1,
            kind=PipelineKind.BRANCH,
            raw_event="push",
            name="ci",
            sha=raw["sha"],
            ref="main",
            conclusion=Conclusion(raw["conclusion"]),
            raw_status=None,
            raw_conclusion=raw["conclusion"],
            finished_at=_moment(raw["finished"]),
            updated_at=_moment(raw["updated"]),
        )
    ]


def _jobs(raw: Any, lookups: Lookups) -> list[Record]:
    id_, repository = raw["id"], raw["repository"]
    results = tuple(
        CheckResult(
            f"{id_}.{name}",
            CheckSource.JOB,
            repository,
            raw["sha"],
            name,
            Conclusion(said),
            run_id=id_,
        )
        for name, said in raw["jobs"].items()
    )
    return [RunJobs(repository, id_, HistoryState.COMPLETE, results)]


def _tag(raw: Any, lookups: Lookups) -> list[Record]:
    return [Release(f"tag:{raw['tag']}", raw["repository"], raw["tag"], "m1")]


_NORMALIZERS: Mapping[str, Callable[[Any, Lookups], list[Record]]] = {
    "statuses": _status,
    "repositories": _repository,
    "milestones": _milestone,
    "issues": _issue,
    "histories": _history,
    "changes": _change,
    "change_details": _details,
    "runs": _run,
    "jobs": _jobs,
    "releases": _tag,
}


def build_lookups(fields: Any, statuses: Any, *, extra: Mapping[str, Any], **_: Any) -> Lookups:
    """What normalizing consults."""
    return Lookups(extra=extra)


# --- the engine between them ----------------------------------------------------------------


@dataclass
class Point:
    """An entry point, as installed packages have them."""

    name: str
    entry: Any
    dist: Any = None

    def load(self) -> Any:
        return self.entry


@dataclass
class Hosted:
    """A host in front of a store."""

    host: Host
    store: Store
    along: bool
    #: names of repositories to read; none: all that there are.
    repositories: tuple[str, ...] = ()

    def plan(self) -> Plan:
        """One connection to the host."""
        mapping = load([get("jira").defaults])
        options = HostOptions(along=self.along, repositories=self.repositories)
        return Plan((ConnectionPlan("hub", "host", options, mapping),), workers=1)

    def run(self, **asked: Any) -> RunResult:
        """One sync run."""
        return sync(
            self.store,
            self.plan(),
            clock=self.host.clock,
            sleep=self.host.clock.sleep,
            **asked,
        )

    def later(self, **by: float) -> None:
        """Let time pass; what was asked until then is forgotten."""
        self.host.clock.at += timedelta(**by)
        self.host.asked.clear()

    def asked(self, stream: str) -> list[str]:
        """Ids or scopes that requests of a stream asked for."""
        return [name for what, names in self.host.asked if what == stream for name in names]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        with self.store.reading() as conn:
            return [tuple(row) for row in conn.execute(sa.text(query))]

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """What is held now, without the instants of our own looking."""
        return {name: table_now(self.store, name) for name in (*SOURCE_TABLES, *CODE_TABLES)}


@contextmanager
def hosted(
    monkeypatch: pytest.MonkeyPatch,
    store_url: str,
    *,
    along: bool = False,
    host: Host | None = None,
) -> Iterator[Hosted]:
    """A host whose connector and normalizer are installed, and an empty store."""
    served = host or Host()

    def build(name: str, options: Any, runtime: Runtime) -> Connector:
        return HostConnector(served, options.along, options.repositories)

    entry = ConnectorEntry(
        "host",
        CONTRACT,
        HostOptions,
        build,
        streams=lambda: STREAMS,
        choosing={"repositories": ScopeOption("repository")},
    )
    mapping = MappingEntry("host", normalize, build_lookups, get("jira").defaults, True)
    monkeypatch.setattr("connectors.registry.entry_points", lambda group: [Point("host", entry)])
    monkeypatch.setattr("mappings.registry.entry_points", lambda group: [Point("host", mapping)])
    store = open_store(store_url)
    try:
        yield Hosted(served, store, along)
    finally:
        store.close()
