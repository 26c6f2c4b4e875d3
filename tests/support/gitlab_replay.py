"""Recorded answers of GitLab's REST API, served page by page to the real connector."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
import responses

from connectors.contract import Runtime
from connectors.gitlab.connector import GitLabConnector
from connectors.gitlab.options import GitLabOptions

BASE = "https://gitlab.example.net"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
Json = dict[str, Any]


@dataclass
class Replay:
    """What a server answers: below one project by path, lists in pages, objects as they are."""

    projects: list[Json]
    #: `12/issues` -> its rows, or one object.
    answers: dict[str, Any] = field(default_factory=dict)
    #: what was asked, by path.
    asked: list[str] = field(default_factory=list)

    def answer(self, request: Any) -> tuple[int, Mapping[str, str], bytes]:
        """One answer of the API."""
        parts = urlsplit(request.url)
        path = parts.path.removeprefix("/api/v4/").replace("%2F", "/")
        query = dict(parse_qsl(parts.query))
        self.asked.append(path)
        if path == "version":
            return _json({"version": "16.2.0"})
        if path == "user":
            return _json({"id": 1, "username": "reader", "name": "Reader"})
        below = path.removeprefix("projects/")
        for one in self.projects:
            if below in (str(one["id"]), one["path_with_namespace"]):
                return _json(one)
        found = self.answers.get(below)
        if found is None:
            return 404, {"Content-Type": "application/json"}, b'{"message":"404 Not found"}'
        return _json(found) if isinstance(found, dict) else _page(found, parts.path, query)


def _json(value: Any, headers: Mapping[str, str] | None = None) -> Any:
    return 200, {"Content-Type": "application/json", **(headers or {})}, orjson.dumps(value)


def _page(rows: list[Json], path: str, query: dict[str, str]) -> Any:
    """Filtered and sorted as the vendor does; rows without a stamp come last."""
    order = query.get("order_by", "")
    for name in ("updated", "created"):
        lower = query.get(f"{name}_after")
        if lower and not path.endswith("/deployments"):
            rows = [one for one in rows if _at(one, f"{name}_at") >= _parse(lower)]
    if query.get("source"):
        rows = [one for one in rows if one.get("source") == query["source"]]
    elif path.endswith("/pipelines"):
        rows = [one for one in rows if one.get("source") != "parent_pipeline"]
    if order.endswith("_at"):
        rows = sorted(rows, key=lambda one: _at(one, order))
    size, page = int(query.get("per_page", 20)), int(query.get("page", 1))
    found = rows[(page - 1) * size : page * size]
    headers = {}
    if page * size < len(rows):
        more = urlencode({**query, "page": page + 1})
        headers["Link"] = f'<{BASE}{path}?{more}>; rel="next"'
    return _json(found, headers)


def _parse(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _at(row: Json, name: str) -> datetime:
    value = row.get(name)
    return datetime.max.replace(tzinfo=UTC) if value is None else _parse(value)


@contextmanager
def replaying(replay: Replay, **options: Any) -> Iterator[GitLabConnector]:
    """The real connector in front of a recording, by REST."""
    values = {
        "url": BASE,
        "token": "s3cret-token",
        "api": "rest",
        "projects": [str(one["id"]) for one in replay.projects],
        "page_size": 5,
    }
    runtime = Runtime(now=lambda: NOW, sleep=lambda seconds: None)
    with responses.RequestsMock() as web:
        web.add_callback("GET", re.compile(f"{BASE}/api/v4/.*"), replay.answer)
        yield GitLabConnector("gitlab", GitLabOptions(**{**values, **options}), runtime)
