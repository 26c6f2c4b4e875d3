"""A tiny vendor in memory and an honest connector for it: the contract suite's own subject."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, SecretStr

from connectors.contract import (
    CONTRACT,
    CannotAuthenticate,
    CheckItem,
    Connector,
    ConnectorEntry,
    Cursor,
    Deletions,
    Gone,
    GoneReason,
    Identity,
    Mode,
    NotAllowed,
    NotFound,
    Order,
    Page,
    RawRecord,
    Runtime,
    ScopeRef,
    SourceError,
    StreamSpec,
    TooManyRequests,
    Unavailable,
    UnexpectedAnswer,
    Window,
    WrongAddress,
)
from connectors.testing.world import Fault

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SECRET = "toy-secret-value"
PAGE = 4
_STATUS: Mapping[Fault, tuple[int, type[SourceError]]] = {
    Fault.REFUSED: (401, CannotAuthenticate),
    Fault.FORBIDDEN: (403, NotAllowed),
    Fault.MISSING: (404, NotFound),
    Fault.BUSY: (429, TooManyRequests),
    Fault.DOWN: (503, Unavailable),
    Fault.ELSEWHERE: (302, WrongAddress),
}


class ToyOptions(BaseModel):
    """Options of the toy."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    token: SecretStr
    scopes: tuple[str, ...] = ("A", "B")


@dataclass
class ToyServer:
    """Items in two scopes, served in pages ordered by (updated, id)."""

    now: datetime = START
    requests: int = 0
    requests_elsewhere: int = 0
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    fault: Fault | None = None
    pages_before_fault: int = 0

    def __post_init__(self) -> None:
        for scope in ("A", "B"):
            for number in range(14):
                id_ = f"{scope}{number:02d}"
                moved = START - timedelta(hours=40 - number)
                self.items[id_] = {
                    "id": id_,
                    "scope": scope,
                    "title": f"Item {id_}",
                    "updated": int(moved.timestamp() * 1000),
                }

    def ask(self, path: str, **asked: Any) -> Any:
        """Answer one request. Raises what the status means."""
        self.requests += 1
        if self.fault is Fault.REFUSED or path in ("items", "item-at"):
            self._go_wrong(path)
        answer: Any = getattr(self, "_" + path.replace("-", "_"))(**asked)
        return answer

    def _go_wrong(self, path: str) -> None:
        if self.fault is None or self.fault is Fault.REPEATING:
            return
        if self.pages_before_fault > 0:
            self.pages_before_fault -= 1
            return
        status, kind = _STATUS[self.fault]
        raise kind(f"the toy server answers {status}", where=f"GET {path}")

    def _me(self) -> dict[str, Any]:
        return {"id": "ana", "name": "Ana"}

    def _scopes(self) -> list[str]:
        return ["A", "B"]

    def _in(self, scope: str) -> list[dict[str, Any]]:
        found = [one for one in self.items.values() if one["scope"] == scope]
        return sorted(found, key=lambda one: (one["updated"], one["id"]))

    def _items(self, scope: str, since: int, after: Sequence[Any] | None) -> dict[str, Any]:
        found = [one for one in self._in(scope) if one["updated"] >= since]
        if after is not None:
            found = [one for one in found if (one["updated"], one["id"]) > tuple(after)]
        page = found[:PAGE]
        token = [page[-1]["updated"], page[-1]["id"]] if len(found) > PAGE else None
        if self.fault is Fault.REPEATING:
            page = self._in(scope)[:PAGE]
            token = [page[-1]["updated"], page[-1]["id"]]
        return {"items": [dict(one) for one in page], "next": token}

    def _item_at(self, scope: str, offset: int) -> dict[str, Any]:
        page = self._in(scope)[offset : offset + PAGE]
        return {"items": [dict(one) for one in page]}

    def _item(self, id_: str) -> dict[str, Any] | None:
        return self.items.get(id_)

    def _ids(self, scope: str) -> list[str]:
        return [one["id"] for one in self._in(scope)]

    def _notes(self, id_: str) -> dict[str, Any]:
        return {"id": id_, "notes": ["one"]}


STREAMS = (
    StreamSpec(
        "items",
        "project",
        Mode.INCREMENTAL,
        order=Order.ASCENDING,
        deletions=Deletions.BY_FULL_LISTING,
        requests_per_item=0.5,
    ),
    StreamSpec("notes", "project", Mode.FOLLOW_UP, of="items"),
    StreamSpec("census", "project", Mode.CENSUS, of="items"),
)


class ToyConnector:
    """Keeps every promise; the broken ones each break one."""

    name = "toy"
    contract = CONTRACT

    def __init__(self, server: ToyServer, options: ToyOptions) -> None:
        self.server, self.options = server, options
        self.closed = False

    def streams(self) -> Sequence[StreamSpec]:
        return STREAMS

    def connect(self) -> Identity:
        me = self.server.ask("me")
        return Identity(
            server_id="toy:1",
            server_name="Toy",
            version="1",
            deployment="cloud",
            account_id=me["id"],
            account_name=me["name"],
            account_time_zone="UTC",
            clock_offset_seconds=0.0,
            server_time=self.server.now,
            base_url="https://toy.example.net",
        )

    def scopes(self) -> Sequence[ScopeRef]:
        known = self.server.ask("scopes")
        return [
            ScopeRef("project", name, name)
            if name in known
            else ScopeRef("project", "", name, facts={"error": f"there is no project {name}"})
            for name in self.options.scopes
        ]

    def read(
        self, stream: str, scope: ScopeRef, cursor: Cursor | None, window: Window
    ) -> Iterator[Page]:
        readers: dict[str, Callable[[], Iterator[Page]]] = {
            "items": lambda: self.items(scope, dict(cursor or {}), window),
            "notes": lambda: self.notes(window),
            "census": lambda: self.census(scope),
        }
        if stream not in readers:
            raise UnexpectedAnswer(f"there is no stream {stream!r}")
        return readers[stream]()

    def items(self, scope: ScopeRef, cursor: dict[str, Any], window: Window) -> Iterator[Page]:
        since = cursor.get("since", 0)
        bound = max(0, since - int(window.overlap.total_seconds() * 1000))
        after = cursor.get("after")
        while True:
            answer = self.server.ask("items", scope=scope.source_id, since=bound, after=after)
            records = self.records(answer["items"])
            token = answer["next"]
            if token is None:
                yield Page(records, {"since": self.started(window)}, committed=True)
                return
            if token == after:
                raise UnexpectedAnswer("the same continuation twice")
            after = token
            yield Page(records, {"since": since, "after": after})

    def started(self, window: Window) -> int:
        return int(window.run_started_at.timestamp() * 1000)

    def records(self, items: Iterable[Mapping[str, Any]]) -> tuple[RawRecord, ...]:
        return tuple(self.record(one) for one in items)

    def record(self, item: Mapping[str, Any]) -> RawRecord:
        moment = datetime.fromtimestamp(item["updated"] / 1000, UTC)
        return RawRecord("items", item["id"], orjson.dumps(item), moment)

    def notes(self, window: Window) -> Iterator[Page]:
        records = tuple(
            RawRecord("notes", id_, orjson.dumps(self.server.ask("notes", id_=id_)))
            for id_ in window.ids
        )
        yield Page(records, committed=True, done_ids=tuple(window.ids))

    def census(self, scope: ScopeRef) -> Iterator[Page]:
        ids = self.server.ask("ids", scope=scope.source_id)
        yield Page(tuple(RawRecord("census", id_, b"{}") for id_ in ids), committed=True)

    def look(self, stream: str, scope: ScopeRef, ids: Sequence[str]) -> Sequence[Gone]:
        found = ((id_, self.server.ask("item", id_=id_)) for id_ in ids)
        return [
            Gone(id_, GoneReason.DELETED)
            if item is None
            else Gone(id_, None, record=self.record(item))
            for id_, item in found
        ]

    def unchanged(
        self, stream: str, cursors: Mapping[str, Cursor], scopes: Sequence[ScopeRef], window: Window
    ) -> frozenset[str]:
        def quiet(scope: ScopeRef) -> bool:
            since = cursors[scope.source_id]["since"]
            return not self.server.ask("items", scope=scope.source_id, since=since, after=None)[
                "items"
            ]

        return frozenset(one.source_id for one in scopes if quiet(one))

    def check(self) -> Sequence[CheckItem]:
        return [CheckItem("sign-in", True, "Ana")]

    def close(self) -> None:
        self.closed = True


def _build(name: str, options: Any, runtime: Runtime) -> Connector:
    return ToyConnector(ToyServer(), options)


class ToyWorld:
    """The toy as the suite sees it."""

    secret = SECRET
    options: Mapping[str, Any] = {"token": SECRET}
    cannot: Mapping[str, str] = {}
    kind: type[ToyConnector] = ToyConnector
    entry = ConnectorEntry("toy", CONTRACT, ToyOptions, _build)

    def __init__(self) -> None:
        self.server = ToyServer()

    def connector(self, *, unknown_scope: bool = False) -> Connector:
        scopes = ("A", "B", "NOPE") if unknown_scope else ("A", "B")
        return self.kind(self.server, ToyOptions(token=SecretStr(SECRET), scopes=scopes))

    def requests(self) -> int:
        return self.server.requests

    def requests_elsewhere(self) -> int:
        return self.server.requests_elsewhere

    def now(self) -> datetime:
        return self.server.now

    def advance(self, seconds: float) -> None:
        self.server.now += timedelta(seconds=seconds)

    def known(self, stream: str, scope: ScopeRef) -> frozenset[str] | None:
        return frozenset(
            one["id"] for one in self.server.items.values() if one["scope"] == scope.source_id
        )

    def facts(self, stream: str, source_id: str) -> Mapping[str, Any]:
        return {"title": self.server.items[source_id]["title"]}

    def touch(self, stream: str, scope: ScopeRef, source_id: str) -> None:
        self.server.items[source_id]["updated"] = int(self.server.now.timestamp() * 1000)

    def remove(self, stream: str, scope: ScopeRef, source_id: str) -> None:
        del self.server.items[source_id]

    def fail(self, fault: Fault, stream: str, *, after_pages: int = 0) -> None:
        self.server.fault, self.server.pages_before_fault = fault, after_pages

    def heal(self) -> None:
        self.server.fault = None
