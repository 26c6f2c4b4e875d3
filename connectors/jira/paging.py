"""Ways through a list of issues: by token, by id, by offset; each tells whether it was whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.contract import NotAllowed, Unavailable, UnexpectedAnswer
from connectors.jira import cut
from connectors.jira.site import Site
from connectors.rows import page_token
from connectors.transport import Answer

#: Longest query that travels in an address; servers refuse lines beyond 8 KB.
_LONGEST_GET = 4000
#: Data Center: issues per page after histories in a larger one broke the server.
_SMALL_PAGE = 10
#: Walks by offset until what was read holds.
_WALKS = 3
#: Pages by offset in a row that bring nothing new to their walk.
_STALE_PAGES = 3
#: Empty pages in a row after which a server is not believed to come to an end.
_EMPTY_PAGES = 20


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the issues of one project."""

    #: clauses without order.
    jql: str
    fields: tuple[str, ...]
    page_size: int
    #: whom it is about, for messages.
    where: str
    project_id: str
    order: str = "id ASC"
    #: Data Center: ask for the history of each issue as well.
    histories: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One page of issues as the server sent them."""

    issues: list[dict[str, Any]]
    #: nothing follows.
    last: bool
    #: how many the whole question has, if the server tells.
    total: int | None = None
    #: key-set paging: the walk can go on after this id.
    after_id: int | None = None
    #: histories were asked for and the server did not break on them.
    histories: bool = False
    #: each issue as the server wrote it; empty where the answer could not be cut.
    written: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class _Answer:
    body: dict[str, Any]
    #: what `body` was decoded from, and whether that is known to be UTF-8 throughout.
    sent: bytes
    is_utf8: bool
    #: issues asked for.
    size: int
    histories: bool


def by_token(site: Site, question: Question) -> Iterator[Found]:
    """Cloud's `search/jql`: the end is a page without a token, never a short one."""
    token: str | None = None
    used: set[str] = set()
    before: list[str] = []
    empty = 0
    while True:
        sent = _search(site, question, token=token)
        answer = sent.body
        found = issues_of(answer)
        written = cut.issues(sent.sent, len(found), is_utf8=sent.is_utf8)
        ids = [str(one["id"]) for one in found]
        token = page_token(answer.get("nextPageToken"), question.where)
        if token is None:
            if answer.get("isLast") is False:
                raise UnexpectedAnswer(
                    "the server says that more follows and gives no token for it",
                    where=question.where,
                )
            yield Found(found, True, written=written)
            return
        if token in used:
            raise UnexpectedAnswer(
                "the server hands out the same page token twice", where=question.where
            )
        empty = 0 if ids else empty + 1
        if (ids and ids == before) or empty > _EMPTY_PAGES:
            raise UnexpectedAnswer("the server repeats a page for ever", where=question.where)
        used.add(token)
        before = ids
        yield Found(found, False, written=written)


def approximate_count(site: Site, question: Question) -> int | None:
    """Cloud's own, not quite exact count of what a question finds; None where it tells none."""
    answer = site.transport.post(
        f"{site.api}/search/approximate-count",
        {"jql": question.jql},
        allow=frozenset({400, 403, 404, 405, 410}),
    )
    counted = answer.object().get("count") if answer.status < 400 else None
    return counted if isinstance(counted, int) else None


def by_id(site: Site, question: Question, last: int = 0) -> Iterator[Found]:
    """Data Center: `id > last`, immune to edits during the walk. Offsets where that fails."""
    while True:
        clause = f"({question.jql}) AND id > {last}" if last else question.jql
        answer = _search(site, question, jql=clause)
        found = issues_of(answer.body)
        ids = [int(one["id"]) for one in found]
        if ids and (min(ids) <= last or ids != sorted(ids)):
            # Not honoured after all: start over in the way that needs no such clause.
            yield from by_offset(site, question)
            return
        total = _total(answer.body, len(ids))
        if not ids and total:
            raise UnexpectedAnswer(
                f"{total} more issues are announced and none is sent", where=question.where
            )
        ended = len(ids) >= total
        after = None if ended else ids[-1]
        yield Found(found, ended, total, after, answer.histories)
        if ended:
            return
        last = ids[-1]


def by_offset(site: Site, question: Question) -> Iterator[Found]:
    """Servers without `id >`: offset pages, then the count is checked; `_WALKS` walks at most.

    Each page begins with the last issue of the one before: where it does not, something was
    deleted meanwhile and a row slipped over the border, which a count alone does not show when
    another one was created. A later walk hands over only what the earlier ones missed. Raises
    UnexpectedAnswer if issues are still missing then.
    """
    seen: set[str] = set()
    before: set[str] = set()
    total = 0
    for _ in range(_WALKS):
        mine: set[str] = set()
        start = 0
        border: str | None = None
        slipped = False
        stale = 0
        while True:
            answer = _search(site, question, start=start)
            found = issues_of(answer.body)
            ids = [str(one["id"]) for one in found]
            slipped = slipped or (border is not None and border not in ids)
            new = [one for one in found if str(one["id"]) not in seen]
            stale = 0 if not ids or not mine.issuperset(ids) else stale + 1
            if stale > _STALE_PAGES:
                raise UnexpectedAnswer("the server repeats a page for ever", where=question.where)
            mine.update(ids)
            seen.update(ids)
            total = _total(answer.body, start + len(found))
            # A short page is no last page; only the server's own smaller cap shortens the step.
            echoed = answer.body.get("maxResults")
            cap = echoed if isinstance(echoed, int) and echoed > 0 else answer.size
            step = max(len(found), min(cap, answer.size))
            ended = not found or start + step >= total
            # A row that never shows breaks a border in each walk: two equal walks are the truth.
            whole = ended and len(mine) >= total and (not slipped or mine == before)
            yield Found(new, whole, total, histories=answer.histories)
            if whole:
                return
            if ended:
                break
            start += max(1, step - 1)
            border = ids[-1]
        before = mine
    raise UnexpectedAnswer(
        f"{len(before)} of {total} issues could be read, {_WALKS} times over",
        where=question.where,
        todo="The next run tries again; what was read is stored.",
    )


def first(site: Site, question: Question) -> Found:
    """The first page alone, and whether it is all."""
    answer = _search(site, question).body
    found = issues_of(answer)
    if site.cloud:
        last = not answer.get("nextPageToken") and answer.get("isLast") is not False
        return Found(found, last)
    total = _total(answer, len(found) + 1)
    return Found(found, total <= len(found), total)


def _search(
    site: Site,
    question: Question,
    *,
    jql: str | None = None,
    token: str | None = None,
    start: int = 0,
) -> _Answer:
    """One page; smaller, then without histories, where a monster issue breaks the server."""
    size = question.page_size
    tries = [(size, question.histories)]
    if question.histories:
        tries += [(_SMALL_PAGE, True), (size, False)]
    for number, (size, histories) in enumerate(tries, 1):
        params: dict[str, Any] = {
            "jql": f"{jql or question.jql} ORDER BY {question.order}",
            "maxResults": size,
        }
        if token:
            params["nextPageToken"] = token
        if not site.cloud:
            params["startAt"] = start
        try:
            answer = _ask(site, question, params, histories)
            return _Answer(answer.object(), answer.body, answer.is_utf8, size, histories)
        except Unavailable:
            if number == len(tries):
                raise
    raise AssertionError("there is always a last try")


def _ask(site: Site, question: Question, params: dict[str, Any], histories: bool) -> Answer:
    path = f"{site.api}/search/jql" if site.cloud else f"{site.api}/search"
    try:
        if len(params["jql"]) <= _LONGEST_GET:
            params["fields"] = ",".join(question.fields)
            if histories:
                params["expand"] = "changelog"
            answer = site.transport.get(path, params)
            answer.object()
            return answer
        params["fields"] = list(question.fields)
        if histories:
            params["expand"] = ["changelog"]
        answer = site.transport.post(path, params)
        answer.object()
        return answer
    except UnexpectedAnswer as error:
        # One invisible project makes the whole query a 400.
        if question.project_id and not site.project_visible(question.project_id):
            raise NotAllowed(
                "the project is out of sight for this token",
                where=question.where,
                todo="Ask for Browse projects, or take it out of `projects`.",
            ) from error
        raise


def issues_of(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The issues of a page. Raises UnexpectedAnswer if there is no such list."""
    found = answer.get("issues")
    if not isinstance(found, list):
        raise UnexpectedAnswer("the answer has no list of issues", where="search")
    for one in found:
        if not isinstance(one, dict) or not str(one.get("id", "")).isdecimal():
            raise UnexpectedAnswer("the answer holds an issue without an id", where="search")
    return found


def _total(answer: Mapping[str, Any], known: int) -> int:
    """How many there are by the server's word, or as many as are known."""
    total = answer.get("total")
    return total if isinstance(total, int) and not isinstance(total, bool) else known


def fields_of(issue: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an issue; empty if there are none."""
    found = issue.get("fields")
    return found if isinstance(found, dict) else {}
