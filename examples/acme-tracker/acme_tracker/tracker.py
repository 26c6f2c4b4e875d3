"""Reads one Acme Tracker."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import requests
from connectors.contract import (
    CannotAuthenticate,
    Capability,
    CheckItem,
    Cursor,
    Gone,
    GoneReason,
    Identity,
    Page,
    RawRecord,
    Runtime,
    ScopeRef,
    SourceError,
    StreamSpec,
    UnexpectedAnswer,
    Window,
)
from connectors.jsonbytes import encode
from connectors.transport import Transport

from acme_tracker.connector import STREAMS, AcmeOptions

Json = dict[str, Any]
#: Ids per request of a census.
CENSUS_PAGE = 1000


class AcmeTracker:
    """The connector; constructing it makes no request."""

    contract = 1

    def __init__(self, name: str, options: AcmeOptions, runtime: Runtime) -> None:
        """`name` is the connection's name in the configuration."""
        self.name, self._options, self._runtime = name, options, runtime
        secret = options.token.get_secret_value() if options.token is not None else ""
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {secret}"
        # The transport owns retry, limits, redirects and redaction.
        self._transport = Transport(
            session, options.url, runtime, secrets=[secret], vendor="Acme Tracker"
        )

    def streams(self) -> Sequence[StreamSpec]:
        """Every stream; static."""
        return STREAMS

    @property
    def request_count(self) -> int:
        """Requests made so far."""
        return self._transport.requests

    @property
    def thread_request_count(self) -> int:
        """Requests made so far by the calling thread."""
        return self._transport.thread_requests

    def connect(self) -> Identity:
        """Sign in. Raises SourceErrors."""
        if self._options.token is None:
            raise CannotAuthenticate(
                "no token is configured",
                where=self.name,
                todo="Write token_env, token_file or token_command for this connection.",
            )
        answer = self._transport.get("api/me")
        me = answer.object()
        now, server_time = self._runtime.now(), answer.server_time
        return Identity(
            server_id=f"acme:{me['server']}",
            server_name="Acme Tracker",
            version=str(me["version"]),
            deployment="self-managed",
            account_id=str(me["id"]),
            account_name=str(me["name"]),
            account_time_zone=str(me.get("time_zone") or "UTC"),
            clock_offset_seconds=(
                None if server_time is None else (server_time - now).total_seconds()
            ),
            server_time=server_time or now,
            base_url=self._options.url,
            capabilities=(Capability("changed-projects", True),),
        )

    def scopes(self) -> Sequence[ScopeRef]:
        """The site and the configured projects; one that is not there says so."""
        found = self._projects()
        named = {name: one for one in found for name in (str(one["id"]), str(one["code"]))}
        wanted = self._options.projects or [str(one["id"]) for one in found]
        scopes: dict[str, ScopeRef] = {"site": ScopeRef("site", "site", "site", "all of the site")}
        for name in wanted:
            one = named.get(name)
            if one is None:
                error = f"there is no project {name}, or this token may not see it"
                scopes[f"?{name}"] = ScopeRef("project", "", name, facts={"error": error})
            else:
                id_ = str(one["id"])
                scopes[id_] = ScopeRef("project", id_, str(one["code"]), str(one["name"]))
        return list(scopes.values())

    def read(
        self, stream: str, scope: ScopeRef, cursor: Cursor | None, window: Window
    ) -> Iterator[Page]:
        """Pages of a stream. Raises SourceErrors."""
        listings: dict[str, Callable[[], list[Json]]] = {
            "states": lambda: self._list("api/states", "states"),
            "projects": self._projects,
            "milestones": lambda: self._list(f"api/projects/{scope.source_id}/goals", "goals"),
        }
        if stream in listings:
            return self._whole(stream, listings[stream])
        if stream == "tickets":
            return self._tickets(scope, cursor or {}, window)
        if stream == "census":
            return self._census(scope)
        known = ", ".join(spec.name for spec in STREAMS)
        raise UnexpectedAnswer(f"there is no stream {stream!r}", todo=f"Known: {known}.")

    def _whole(self, stream: str, read_all: Callable[[], list[Json]]) -> Iterator[Page]:
        records = tuple(RawRecord(stream, str(one["id"]), encode(one)) for one in read_all())
        yield Page(records, committed=True)

    def _tickets(self, scope: ScopeRef, cursor: Cursor, window: Window) -> Iterator[Page]:
        """Tickets by when they changed.

        `since` moves only with the last page, to the start of the run; `after` is where a walk that
        was stopped goes on.
        """
        since = None if window.full else cursor.get("since")
        after = None if window.full else cursor.get("after")
        bound = 0 if since is None else since - int(window.overlap.total_seconds() * 1000)
        while True:
            asked = {"since": max(0, bound), "after": after, "limit": self._options.page_size}
            path = f"api/projects/{scope.source_id}/tickets"
            answer = self._transport.get(path, _given(asked)).object()
            records = tuple(_ticket(one) for one in answer["tickets"])
            following = answer.get("next")
            if following is None:
                started = int(window.run_started_at.timestamp() * 1000)
                yield Page(records, {"since": started}, committed=True)
                return
            if following == after:
                raise UnexpectedAnswer("the tracker names the same next page twice", where=path)
            after = following
            yield Page(records, _given({"since": since, "after": after}))

    def _census(self, scope: ScopeRef) -> Iterator[Page]:
        after: str | None = None
        while True:
            path = f"api/projects/{scope.source_id}/ticket-ids"
            answer = self._transport.get(path, _given({"after": after, "limit": CENSUS_PAGE}))
            found = answer.object()
            ids = [str(one) for one in found["ids"]]
            last = not found["more"]
            yield Page(
                tuple(RawRecord("census", id_, encode({"id": id_})) for id_ in ids), committed=last
            )
            if last:
                return
            if not ids or ids[-1] == after:
                raise UnexpectedAnswer("the tracker's list of ids does not move on", where=path)
            after = ids[-1]

    def look(self, stream: str, scope: ScopeRef, ids: Sequence[str]) -> Sequence[Gone]:
        """What became of tickets that a census missed."""
        return [self._look(scope, id_) for id_ in ids]

    def _look(self, scope: ScopeRef, id_: str) -> Gone:
        answer = self._transport.get(f"api/tickets/{id_}", allow=frozenset({404, 410}))
        if answer.status == 410:
            return Gone(id_, GoneReason.DELETED)
        if answer.status == 404:
            return Gone(id_, GoneReason.HIDDEN)
        found = answer.object()
        if str(found["project"]) == scope.source_id:
            return Gone(id_, None, record=_ticket(found))
        return Gone(
            id_,
            GoneReason.MOVED,
            to_scope_id=str(found["project"]),
            to_key=str(found["code"]),
        )

    def unchanged(
        self, stream: str, cursors: Mapping[str, Cursor], scopes: Sequence[ScopeRef], window: Window
    ) -> frozenset[str]:
        """Projects in which nothing changed: one request for all of them."""
        if stream != "tickets":
            return frozenset()
        since = {id_: one.get("since") for id_, one in cursors.items() if "after" not in one}
        told = [one for one in since.values() if one is not None]
        if not told:
            return frozenset()
        overlap = int(window.overlap.total_seconds() * 1000)
        answer = self._transport.get("api/changed", {"since": max(0, min(told) - overlap)})
        changed = {str(one) for one in answer.object()["projects"]}
        return frozenset(
            one.source_id
            for one in scopes
            if since.get(one.source_id) is not None and one.source_id not in changed
        )

    def check(self) -> Sequence[CheckItem]:
        """Whether the sign-in works and each project can be seen."""
        try:
            who = self.connect()
        except SourceError as error:
            return [CheckItem("sign-in", False, error.what, remedy=error.todo)]
        found = [CheckItem("sign-in", True, f"as {who.account_name}")]
        for scope in self.scopes():
            if scope.kind == "project":
                lost = scope.facts.get("error")
                found.append(
                    CheckItem(
                        f"project {scope.key}",
                        lost is None,
                        str(lost or scope.name),
                        remedy="Ask its owner to let you in." if lost else "",
                    )
                )
        return found

    def close(self) -> None:
        """Release the session."""
        self._transport.session.close()

    def _projects(self) -> list[Json]:
        return self._list("api/projects", "projects")

    def _list(self, path: str, name: str) -> list[Json]:
        found = self._transport.get(path).object().get(name)
        if not isinstance(found, list):
            raise UnexpectedAnswer(f"the answer has no list {name!r}", where=path)
        return found


def _ticket(one: Json) -> RawRecord:
    changed = datetime.fromtimestamp(one["changed"] / 1000, UTC)
    return RawRecord("tickets", str(one["id"]), encode(one), changed)


def _given(values: Mapping[str, Any]) -> Json:
    return {name: value for name, value in values.items() if value is not None}
