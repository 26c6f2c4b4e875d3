"""An Acme Tracker on loopback, whose clock moves only when told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
TOKEN = "acme-secret-token"
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
STATES = [
    {"id": "s1", "name": "Open", "phase": "idle"},
    {"id": "s2", "name": "Doing", "phase": "moving"},
    {"id": "s3", "name": "Waiting for review", "phase": "moving"},
    {"id": "s4", "name": "Done", "phase": "finished"},
    {"id": "s5", "name": "Dropped", "phase": "finished"},
]


def ms(moment: datetime) -> int:
    """An instant as the tracker tells it."""
    return int(moment.timestamp() * 1000)


@dataclass
class Tracker:
    """What the tracker holds, and how it misbehaves if told to."""

    now: datetime = START
    projects: list[Json] = field(default_factory=list)
    goals: list[Json] = field(default_factory=list)
    tickets: dict[str, Json] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    requests: int = 0
    requests_elsewhere: int = 0
    #: (status, headers, body) instead of tickets, after so many good pages.
    fault: tuple[int, dict[str, str], Json] | None = None
    #: the fault takes every address and not the list of tickets alone.
    everywhere: bool = False
    good_pages: int = 0

    def add_project(self, id_: str, code: str) -> None:
        """A new project."""
        self.projects.append({"id": id_, "code": code, "name": f"{code} product"})

    def add_goal(self, id_: str, project: str, name: str, ends: str | None, **more: Any) -> None:
        """A new goal."""
        goal = {"id": id_, "project": project, "name": name, "starts": None, "ends": ends}
        self.goals.append({**goal, "state": "open", **more})

    def add_ticket(self, id_: str, project: str, **more: Any) -> None:
        """A new ticket, written and changed now unless told otherwise."""
        code = next(one["code"] for one in self.projects if one["id"] == project)
        self.tickets[id_] = {
            "id": id_,
            "project": project,
            "code": f"{code}-{len(self.tickets) + 1}",
            "kind": "story",
            "title": f"Ticket {id_}",
            "state": "s1",
            "created": ms(self.now),
            "changed": ms(self.now),
            "owner": None,
            "size": None,
            "due": None,
            "goal": None,
            "secret": False,
            "link": f"https://acme.example.net/t/{id_}",
            "history": [],
            **more,
        }

    def change(self, id_: str, name: str, value: Any) -> None:
        """Change a field, with a line in the ticket's history."""
        ticket = self.tickets[id_]

        def shown(held: Any) -> Any:
            return held["id"] if isinstance(held, dict) else held

        ticket["history"].append(
            {
                "id": f"{id_}-{len(ticket['history']) + 1}",
                "at": ms(self.now),
                "who": {"id": "u1", "name": "Ana"},
                "field": name,
                "old": shown(ticket[name]),
                "new": shown(value),
            }
        )
        ticket[name], ticket["changed"] = value, ms(self.now)

    def delete(self, id_: str) -> None:
        """Delete a ticket for good."""
        del self.tickets[id_]
        self.deleted.add(id_)

    # --- answers ------------------------------------------------------------------------------

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], Json]:
        """(status, headers, body) of a request."""
        parts = path.strip("/").split("/")[1:]
        is_list = parts[:1] == ["projects"] and parts[2:] == ["tickets"]
        if self.fault is not None and (self.everywhere or is_list):
            if self.good_pages <= 0:
                return self.fault
            self.good_pages -= 1
        body = self._body(parts, query)
        if body is None:
            gone = parts[:1] == ["tickets"] and parts[1] in self.deleted
            return (410 if gone else 404), {}, {"message": "not there"}
        return 200, {}, body

    def _body(self, parts: list[str], query: dict[str, str]) -> Json | None:
        match parts:
            case ["me"]:
                return {"id": "u1", "name": "Ana", "server": "acme-1", "version": "3.2"}
            case ["states"]:
                return {"states": STATES}
            case ["projects"]:
                return {"projects": self.projects}
            case ["projects", id_, "goals"]:
                return {"goals": [one for one in self.goals if one["project"] == id_]}
            case ["projects", id_, "tickets"]:
                return self._tickets(id_, query)
            case ["projects", id_, "ticket-ids"]:
                ids = sorted(one["id"] for one in self._in(id_))
                left = [one for one in ids if one > query.get("after", "")]
                limit = int(query["limit"])
                return {"ids": left[:limit], "more": len(left) > limit}
            case ["tickets", id_]:
                return self.tickets.get(id_)
            case ["changed"]:
                since = int(query["since"])
                news = {o["project"] for o in self.tickets.values() if o["changed"] >= since}
                return {"projects": sorted(news)}
        return None

    def _in(self, project: str) -> list[Json]:
        return [one for one in self.tickets.values() if one["project"] == project]

    def _tickets(self, project: str, query: dict[str, str]) -> Json:
        def place(one: Json) -> tuple[int, str]:
            return (one["changed"], one["id"])

        found = sorted(self._in(project), key=place)
        found = [one for one in found if one["changed"] >= int(query["since"])]
        if "after" in query:
            changed, _, id_ = query["after"].partition("/")
            found = [one for one in found if place(one) > (int(changed), id_)]
        limit = int(query["limit"])
        page = found[:limit]
        more = len(found) > limit
        following = f"{page[-1]['changed']}/{page[-1]['id']}" if more else None
        return {"tickets": page, "next": following}


@contextmanager
def serving(tracker: Tracker) -> Iterator[str]:
    """The address of the served tracker."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path.startswith("/elsewhere"):
                tracker.requests_elsewhere += 1
            tracker.requests += 1
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            status, headers, body = 401, {}, {"message": "who are you?"}
            if self.headers.get("Authorization") == f"Bearer {TOKEN}":
                status, headers, body = tracker.answer(parts.path, query)
            sent = json.dumps(body).encode()
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Date", format_datetime(tracker.now, usegmt=True))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def filled() -> Tracker:
    """Two projects with goals and twenty tickets each."""
    tracker = Tracker()
    for id_, code in (("p1", "SHOP"), ("p2", "DESK")):
        tracker.add_project(id_, code)
        tracker.add_goal(f"g{id_}", id_, "Release 1", "2026-03-20")
        for n in range(20):
            moment = ms(START - timedelta(hours=40 - n))
            tracker.add_ticket(f"{id_}t{n:02d}", id_, created=moment, changed=moment)
    return tracker
