"""The contract suite that driftline ships, on a served tracker."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from acme_server import TOKEN, Tracker, filled, ms, serving
from connectors.contract import Connector, Runtime, ScopeRef
from connectors.testing.suite import ContractSuite
from connectors.testing.world import Fault

from acme_tracker.connector import ENTRY

_STATUS = {Fault.REFUSED: 401, Fault.FORBIDDEN: 403, Fault.MISSING: 404, Fault.DOWN: 503}


class AcmeWorld:
    """A served tracker as the suite sees it."""

    entry = ENTRY
    secret = TOKEN
    cannot: Mapping[str, str] = {
        "follow-up": "a ticket brings its history along: there is no second stream to follow up"
    }

    def __init__(self, tracker: Tracker, url: str) -> None:
        self.tracker, self.url = tracker, url
        self.options: Mapping[str, Any] = {
            "url": url,
            "token": TOKEN,
            "projects": ["SHOP", "DESK"],
            "page_size": 5,
        }

    def connector(self, *, unknown_scope: bool = False) -> Connector:
        named = [*self.options["projects"], *(["NOPE"] if unknown_scope else [])]
        options = ENTRY.options(**{**self.options, "projects": named})
        runtime = Runtime(now=self.now, sleep=self.advance)
        return ENTRY.build("acme", options, runtime)

    def requests(self) -> int:
        return self.tracker.requests

    def requests_elsewhere(self) -> int:
        return self.tracker.requests_elsewhere

    def now(self) -> datetime:
        return self.tracker.now

    def advance(self, seconds: float) -> None:
        self.tracker.now += timedelta(seconds=seconds)

    def known(self, stream: str, scope: ScopeRef) -> frozenset[str] | None:
        if stream in ("tickets", "census"):
            held = self.tracker.tickets.values()
        elif stream == "milestones":
            held = self.tracker.goals
        else:
            return None
        return frozenset(one["id"] for one in held if one["project"] == scope.source_id)

    def facts(self, stream: str, source_id: str) -> Mapping[str, Any]:
        return self.tracker.tickets[source_id]

    def touch(self, stream: str, scope: ScopeRef, source_id: str) -> None:
        self.tracker.tickets[source_id]["changed"] = ms(self.tracker.now)

    def remove(self, stream: str, scope: ScopeRef, source_id: str) -> None:
        self.tracker.delete(source_id)

    def fail(self, fault: Fault, stream: str, *, after_pages: int = 0) -> None:
        status, headers = _STATUS.get(fault, 200), {}
        body: dict[str, Any] = {"message": f"Bearer {TOKEN} is no good"}
        if fault is Fault.BUSY:
            status, headers = 429, {"Retry-After": "86400"}
        if fault is Fault.ELSEWHERE:
            port = self.url.rpartition(":")[2]
            status, headers = 302, {"Location": f"http://localhost:{port}/elsewhere"}
        if fault is Fault.REPEATING:
            body = {"tickets": [], "next": "1/again"}
        self.tracker.fault = (status, headers, body)
        self.tracker.everywhere = fault is Fault.REFUSED
        self.tracker.good_pages = after_pages

    def heal(self) -> None:
        self.tracker.fault = None


class TestAcme(ContractSuite):
    @pytest.fixture
    def world(self) -> Iterator[AcmeWorld]:
        tracker = filled()
        with serving(tracker) as url:
            yield AcmeWorld(tracker, url)
