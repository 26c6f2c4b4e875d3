"""No way through a list loses an issue without saying so, and none is endless."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.contract import (
    Capability,
    NotAllowed,
    Runtime,
    Unavailable,
    UnexpectedAnswer,
)
from connectors.jira import paging
from connectors.jira.listing import listing
from connectors.jira.options import JiraOptions
from connectors.jira.paging import Found, Question
from connectors.jira.site import Site
from connectors.transport import Answer

Serve = Callable[[str, Mapping[str, Any]], Any]
RUNTIME = Runtime(now=lambda: datetime(2026, 3, 2, tzinfo=UTC), sleep=lambda seconds: None)


class Scripted:
    """A transport that answers from a function."""

    def __init__(self, serve: Serve) -> None:
        self.serve = serve
        self.asked: list[Mapping[str, Any]] = []

    def get(self, path: str, params: Mapping[str, Any] | None = None, **options: Any) -> Answer:
        self.asked.append(params or {})
        found = self.serve(path, params or {})
        if isinstance(found, Exception):
            raise found
        status = 404 if found is None else 200
        return Answer(status, {}, b"", path, found)

    post = get


def site(serve: Serve, *, cloud: bool) -> Site:
    made = Site(Scripted(serve), JiraOptions(url="https://x.example.net"), RUNTIME, "jira")  # type: ignore[arg-type] # stands in
    made.cloud = cloud
    made.capabilities["id_clause"] = Capability("id_clause", True)
    return made


def question(size: int = 3, **changes: Any) -> Question:
    values: dict[str, Any] = {
        "jql": "project = 1",
        "fields": ("id",),
        "page_size": size,
        "where": "search of project APO",
        "project_id": "1",
    }
    return Question(**{**values, **changes})


def rows(*ids: int) -> list[dict[str, Any]]:
    return [{"id": str(id_)} for id_ in ids]


def ids(pages: list[Found]) -> list[int]:
    return [int(one["id"]) for page in pages for one in page.issues]


# --- by token -------------------------------------------------------------------------------


def test_a_short_page_is_no_last_page() -> None:
    """B10: A server that sends fewer rows than asked for has not come to its end."""
    pages = {
        None: {"issues": rows(1, 2), "nextPageToken": "a", "isLast": False},
        "a": {"issues": [], "nextPageToken": "b"},
        "b": {"issues": rows(3)},
    }
    found = list(
        paging.by_token(site(lambda _, p: pages[p.get("nextPageToken")], cloud=True), question(100))
    )
    assert ids(found) == [1, 2, 3]
    assert [page.last for page in found] == [False, False, True]


def test_the_same_token_twice_is_an_error() -> None:
    """B12: One token for ever would be a walk for ever."""
    numbers = iter(range(1, 100))
    serve = lambda _, p: {"issues": rows(next(numbers)), "nextPageToken": "same"}  # noqa: E731 - one line says it
    with pytest.raises(UnexpectedAnswer, match="same page token twice"):
        list(paging.by_token(site(serve, cloud=True), question()))


@pytest.mark.parametrize("token", [0, False, ["x"], {}, 7])
def test_a_token_that_is_no_text_is_no_end(token: object) -> None:
    serve = lambda _, p: {"issues": rows(1), "nextPageToken": token}  # noqa: E731 - one line says it
    with pytest.raises(UnexpectedAnswer, match="no text"):
        list(paging.by_token(site(serve, cloud=True), question()))


def test_new_tokens_for_the_same_page_are_an_error() -> None:
    numbers = iter(range(1, 1000))
    serve = lambda _, p: {"issues": rows(1, 2), "nextPageToken": str(next(numbers))}  # noqa: E731 - same
    with pytest.raises(UnexpectedAnswer, match="repeats a page"):
        list(paging.by_token(site(serve, cloud=True), question()))


def test_empty_pages_without_end_are_an_error() -> None:
    """B12: New tokens without rows have no end either."""
    numbers = iter(range(1, 1000))
    serve = lambda _, p: {"issues": [], "nextPageToken": str(next(numbers))}  # noqa: E731 - same
    with pytest.raises(UnexpectedAnswer, match="repeats a page"):
        list(paging.by_token(site(serve, cloud=True), question()))


def test_more_without_a_token_is_an_error() -> None:
    serve = lambda _, p: {"issues": rows(1), "isLast": False}  # noqa: E731 - same
    with pytest.raises(UnexpectedAnswer, match="no token"):
        list(paging.by_token(site(serve, cloud=True), question()))


# --- by id ----------------------------------------------------------------------------------


def _by_id(everything: list[int], cap: int, *, honours: bool = True) -> Serve:
    def serve(path: str, params: Mapping[str, Any]) -> Any:
        above = 0
        if honours and " AND id > " in params["jql"]:
            above = int(params["jql"].split(" AND id > ")[1].split()[0])
        left = [one for one in everything if one > above]
        start = int(params.get("startAt") or 0)
        size = min(cap, int(params["maxResults"]))
        return {
            "issues": rows(*left[start : start + size]),
            "total": len(left),
            "maxResults": size,
            "startAt": start,
        }

    return serve


def test_key_set_paging_needs_no_offset() -> None:
    served = site(_by_id([1, 2, 5, 8, 13, 21, 34], 3), cloud=False)
    found = list(paging.by_id(served, question()))
    assert ids(found) == [1, 2, 5, 8, 13, 21, 34]
    assert [page.after_id for page in found] == [5, 21, None]
    assert {asked["startAt"] for asked in served.transport.asked} == {0}  # type: ignore[attr-defined] # the stand-in


def test_key_set_paging_goes_on_after_an_id() -> None:
    served = site(_by_id([1, 2, 5, 8, 13], 3), cloud=False)
    assert ids(list(paging.by_id(served, question(), 5))) == [8, 13]


def test_a_clause_that_is_ignored_is_found_out_and_nothing_is_lost() -> None:
    everything = list(range(1, 12))
    served = site(_by_id(everything, 4, honours=False), cloud=False)
    assert sorted(set(ids(list(paging.by_id(served, question()))))) == everything


def test_issues_announced_and_not_sent_are_an_error() -> None:
    serve = lambda _, p: {"issues": [], "total": 4}  # noqa: E731 - one line says it
    with pytest.raises(UnexpectedAnswer, match="4 more issues are announced"):
        list(paging.by_id(site(serve, cloud=False), question()))


# --- by offset ------------------------------------------------------------------------------


def test_the_servers_smaller_cap_shortens_the_step() -> None:
    """B13: The next offset follows from what came and not from what was asked."""
    everything = list(range(1, 24))
    served = site(_by_id(everything, 5, honours=False), cloud=False)
    found = list(paging.by_offset(served, question(100)))
    assert ids(found) == everything
    assert [page.last for page in found] == [False] * 5 + [True]


def test_a_hole_in_a_page_does_not_end_the_walk() -> None:
    """250 issues, one vanished from page 2: the library's own pager stopped there."""

    def serve(path: str, params: Mapping[str, Any]) -> Any:
        start = int(params["startAt"])
        page = [one for one in range(start + 1, min(start + 100, 250) + 1) if one != 150]
        return {"issues": rows(*page), "total": 249, "maxResults": 100}

    found = list(paging.by_offset(site(serve, cloud=False), question(100)))
    assert len(ids(found)) == 249
    assert found[-1].last


def test_a_hole_at_the_border_of_a_page_is_settled_by_an_equal_walk() -> None:
    """B02: What was deleted meanwhile pulls rows over the border of an offset page."""

    def serve(path: str, params: Mapping[str, Any]) -> Any:
        start = int(params["startAt"])
        page = [one for one in range(start + 1, min(start + 100, 250) + 1) if one != 100]
        return {"issues": rows(*page), "total": 249, "maxResults": 100}

    found = list(paging.by_offset(site(serve, cloud=False), question(100)))
    assert len(ids(found)) == 249
    assert found[-1].last


def test_a_row_that_shifted_over_a_page_border_is_found_by_the_second_walk() -> None:
    everything = list(range(1, 11))
    asked = 0

    def serve(path: str, params: Mapping[str, Any]) -> Any:
        nonlocal asked
        asked += 1
        if asked == 2:
            # The count stays the same: only the border tells.
            everything.remove(1)
            everything.append(11)
        start = int(params["startAt"])
        return {
            "issues": rows(*everything[start : start + 3]),
            "total": len(everything),
            "maxResults": 3,
        }

    found = list(paging.by_offset(site(serve, cloud=False), question()))
    assert set(ids(found)) == set(range(1, 12))
    assert len(ids(found)) == 11
    assert found[-1].last


def test_one_page_for_every_offset_is_an_error() -> None:
    serve = lambda _, p: {"issues": rows(1, 2), "total": 10**6, "maxResults": 2}  # noqa: E731 - one line says it
    with pytest.raises(UnexpectedAnswer, match="repeats a page"):
        list(paging.by_offset(site(serve, cloud=False), question()))


def test_what_stays_missing_is_an_error_and_names_the_numbers() -> None:
    serve = lambda _, p: {  # noqa: E731 - one line says it
        "issues": rows(1, 2) if p["startAt"] == 0 else [],
        "total": 5,
        "maxResults": 3,
    }
    with pytest.raises(UnexpectedAnswer, match="2 of 5 issues could be read, 3 times"):
        list(paging.by_offset(site(serve, cloud=False), question()))


# --- trouble --------------------------------------------------------------------------------


def test_a_monster_issue_makes_pages_smaller_and_then_leaves_histories_out() -> None:
    """B84: One issue with a long past stops no page."""
    asked: list[tuple[int, str | None]] = []

    def serve(path: str, params: Mapping[str, Any]) -> Any:
        asked.append((params["maxResults"], params.get("expand")))
        if params.get("expand"):
            return Unavailable("the server has trouble (HTTP 500)")
        return {"issues": rows(1, 2), "total": 2, "maxResults": 100}

    found = list(paging.by_id(site(serve, cloud=False), question(100, histories=True)))
    assert asked == [(100, "changelog"), (10, "changelog"), (100, None)]
    assert [page.histories for page in found] == [False]


def test_smaller_pages_lose_nothing_by_offset() -> None:
    def serve(path: str, params: Mapping[str, Any]) -> Any:
        if params["maxResults"] > 10:
            return Unavailable("the server has trouble (HTTP 500)")
        start = int(params["startAt"])
        return {"issues": rows(*range(start + 1, min(start + 10, 35) + 1)), "total": 35}

    found = list(paging.by_offset(site(serve, cloud=False), question(100, histories=True)))
    assert ids(found) == list(range(1, 36))
    assert all(page.histories for page in found)


def test_a_project_out_of_sight_is_named_as_such() -> None:
    def serve(path: str, params: Mapping[str, Any]) -> Any:
        if "project/1" in path:
            return None
        return UnexpectedAnswer("the server refuses the request (HTTP 400)")

    with pytest.raises(NotAllowed, match="out of sight"):
        list(paging.by_token(site(serve, cloud=True), question()))


def test_a_long_question_travels_in_the_body() -> None:
    served = site(lambda _, p: {"issues": rows(1)}, cloud=True)
    long = "project in (" + ", ".join(str(number) for number in range(1000, 2200)) + ")"
    list(paging.by_token(served, question(jql=long)))
    assert served.transport.asked[0]["fields"] == ["id"]  # type: ignore[attr-defined] # the stand-in


@pytest.mark.parametrize("answer", [{}, {"issues": "x"}, {"issues": [{"key": "A-1"}]}])
def test_an_answer_without_issues_is_an_error(answer: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedAnswer):
        list(paging.by_token(site(lambda _, p: answer, cloud=True), question()))


# --- listings -------------------------------------------------------------------------------


def test_a_listing_goes_by_is_last_where_it_is_told() -> None:
    """B15: Boards and their sprints come in pages too."""
    pages = {
        0: {"values": rows(1, 2), "isLast": False, "total": 2},
        2: {"values": rows(2, 3), "isLast": True},
    }
    assert [one["id"] for one in listing(lambda s: pages[s], "values", "x")] == ["1", "2", "3"]


def test_a_listing_without_is_last_goes_by_total_and_by_emptiness() -> None:
    pages = {0: {"values": rows(1, 2), "total": 3}, 2: {"values": rows(3), "total": 3}}
    assert len(list(listing(lambda s: pages[s], "values", "x"))) == 3
    more = {0: {"values": rows(1)}, 1: {"values": rows(2)}, 2: {"values": []}}
    assert len(list(listing(lambda s: more[s], "values", "x"))) == 2


def test_a_listing_that_repeats_itself_is_an_error() -> None:
    with pytest.raises(UnexpectedAnswer, match="repeats a page"):
        list(listing(lambda start: {"values": rows(1)}, "values", "x"))
    with pytest.raises(UnexpectedAnswer, match="no list"):
        list(listing(lambda start: {}, "values", "x"))
