"""Recorded payloads of one GitHub repository, served page by page in the shape of its REST API.

What was not recorded is not there: such a question is answered with 404.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import responses
from support.peer import rows

from connectors.contract import Runtime
from connectors.github.connector import GitHubConnector
from connectors.github.options import GitHubOptions

Json = dict[str, Any]
BASE = "https://api.github.com"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Recording:
    """Everything recorded of one repository."""

    repository: Json
    issues: Sequence[Json] = ()
    pulls: Sequence[Json] = ()
    milestones: Sequence[Json] = ()
    runs: Sequence[Json] = ()
    #: what stands below one of these: path below the repository -> rows.
    below: Mapping[str, Sequence[Json]] = field(default_factory=dict)
    #: single objects: path below the repository -> object.
    single: Mapping[str, Json] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`owner/name`."""
        return str(self.repository["full_name"])

    def answer(self, path: str, query: Mapping[str, str]) -> tuple[int, Any, str]:
        """(status, body, Link header) for a path below the repository."""
        if path == "":
            return 200, self.repository, ""
        if path in self.single:
            return 200, self.single[path], ""
        if path == "issues":
            return self._page(self._sorted(self.issues, query, "updated_at"), query)
        if path == "pulls":
            return self._page(self._sorted(self.pulls, query, "updated_at"), query)
        if path == "milestones":
            return self._page(self.milestones, query)
        if path == "actions/runs":
            begin, _, end = query.get("created", "..").partition("..")
            found = [one for one in self.runs if begin <= one["created_at"] <= (end or "9")]
            status, body, link = self._page(found, query)
            return status, {"total_count": len(found), "workflow_runs": body}, link
        if path in self.below:
            status, body, link = self._page(self.below[path], query)
            if path.endswith("/jobs"):
                body = {"total_count": len(self.below[path]), "jobs": body}
            elif path.endswith("/check-runs"):
                body = {"total_count": len(self.below[path]), "check_runs": body}
            return status, body, link
        if re.fullmatch(r"(?:issues/\d+/events|pulls/\d+/(?:reviews|commits))", path):
            return 200, [], ""
        if re.fullmatch(r"actions/runs/\d+/jobs", path):
            return 200, {"total_count": 0, "jobs": []}, ""
        number = path.removeprefix("pulls/")
        for one in self.pulls:
            if str(one["number"]) == number:
                return 200, one, ""
        return 404, {"message": "Not Found"}, ""

    def _sorted(self, found: Sequence[Json], query: Mapping[str, str], by: str) -> list[Json]:
        since, state = query.get("since", ""), query.get("state", "open")
        kept = [
            one for one in found if one[by] >= since and (state == "all" or one["state"] == state)
        ]
        return sorted(kept, key=lambda one: one[by], reverse=query.get("direction") != "asc")

    def _page(self, found: Sequence[Json], query: Mapping[str, str]) -> tuple[int, Any, str]:
        size, number = int(query.get("per_page", 30)), int(query.get("page", 1))
        part = list(found[(number - 1) * size : number * size])
        more = number * size < len(found)
        return 200, part, f'<{BASE}/x?page={number + 1}>; rel="next"' if more else ""


@contextmanager
def replayed(recording: Recording, **options: Any) -> Iterator[GitHubConnector]:
    """The real connector in REST mode in front of a recording."""
    prefixes = (f"/repositories/{recording.repository['id']}", f"/repos/{recording.name}")

    def ask(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        parts = urlsplit(str(request.url))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/user":
            return 200, {}, json.dumps({"login": "reader", "id": 1})
        for prefix in prefixes:
            if parts.path == prefix or parts.path.startswith(f"{prefix}/"):
                status, body, link = recording.answer(parts.path[len(prefix) :].strip("/"), query)
                return status, {"Link": link} if link else {}, json.dumps(body)
        return 404, {}, json.dumps({"message": "Not Found"})

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback(responses.GET, re.compile(re.escape(BASE)), callback=ask)
        clock = [NOW]

        def sleep(seconds: float) -> None:
            clock[0] += timedelta(seconds=seconds)

        runtime = Runtime(now=lambda: clock[0], sleep=sleep)
        made = GitHubOptions(
            **{"token": "t0ken", "repositories": [recording.name], "api": "rest", **options}
        )
        yield GitHubConnector("github", made, runtime)


def devlake(peer_data: Path) -> Recording:
    """What a peer recorded of one public repository, each payload once."""
    folder = peer_data / "devlake" / "github" / "e2e" / "raw_tables"

    def held(
        name: str, key: Callable[[Json, Json], str] = lambda data, asked: ""
    ) -> dict[str, list[Json]]:
        out: dict[str, list[Json]] = {}
        seen: set[tuple[str, str]] = set()
        for row in rows(folder / f"_raw_github_api_{name}.csv"):
            data = json.loads(row["data"])
            asked = json.loads(row["input"] or "null") or {}
            place = key(data, asked)
            mark = str(data.get("id") or data.get("sha"))
            # The peer's second connection holds copies of the first one's rows.
            if (place, mark) not in seen:
                seen.add((place, mark))
                out.setdefault(place, []).append(data)
        return out

    pulls = held("pull_requests")[""]
    home = pulls[0]["base"]["repo"]
    below: dict[str, Sequence[Json]] = {}
    below.update(held("events", lambda data, asked: f"issues/{data['issue']['number']}/events"))
    for part, name in (
        ("reviews", "pull_request_reviews"),
        ("commits", "pull_request_commits"),
    ):
        below.update(held(name, lambda data, asked, part=part: f"pulls/{asked['Number']}/{part}"))
    below.update(held("jobs", lambda data, asked: f"actions/runs/{data['run_id']}/jobs"))
    return Recording(
        repository=home,
        issues=held("issues")[""],
        pulls=pulls,
        milestones=held("milestones")[""],
        runs=held("runs")[""],
        below=below,
    )


def exchanges(file: Path) -> Iterator[tuple[str, str, int, Any]]:
    """Recorded exchanges of a library's tests: (method, path with query, status, body)."""
    lines = file.read_text(encoding="utf-8").split("\n")
    at = 0
    while at + 9 < len(lines):
        if lines[at] not in ("http", "https"):
            at += 1
            continue
        body = lines[at + 9]
        try:
            said = json.loads(body) if body else None
        except ValueError:
            said = body
        yield lines[at + 1], lines[at + 4], int(lines[at + 7]), said
        at += 10
