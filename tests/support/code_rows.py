"""Rows of code hosting made by hand: a repository, its changes, and the tests on their commits.

    changes     id, title, state, merged, closed, created, author, restricted, base, draft,
                landed, head (commits; made of the id where not told), base_sha, commits,
                trees = {commit = tree}, files, files_state, lines,
                    file_lines = {file = lines added},
                added (those of its files that it brought),
                refs = [{target, source, kind, target_id, span, until}],
                checks = [{name, sha ("landed", "head" or a commit), conclusion, at, attempt,
                           allowed, source, stage, app, id, total, failed, skipped, run}],
                unread = {source = reason}: sources whose checks could not be read
                reviews = [{by, verdict, at}], reviews_state, pushes = [{at, by, before}],
                updated (last change as the vendor tells it),
                written: when its oldest commit was; without, its commits were not read
    deployments id, sha, at, finished, environment, state, repository
    landed      [[how many, working days, lines]]: changes that landed after so long, opened on
                2 February 2026 at noon, by twelve authors in turn; or by `landed_by`, in turn
    reviewed    {reviewer = how many}: of these, the first ones are approved by the first, and so on
    accounts    {id = name}: people whose names are known
    runs        id, kind, sha, conclusion, changes = [numbers]
    commits     sha, tree, parents, subject, at
    defaults    repository, name, from, until: default branches; else `main` is that of all
    tags        name, sha, repository, at, published, draft, prerelease
    hub_items   id or ids, title, status, since = {status, at}, in (milestones), entered, assignee,
                due, restricted, events = [{field, at, old, new}]: issues of the repository
    hub_milestones  id, name, due, state, finished: its milestones
    programs    {name = [[connection id, kind, milestone id]]}: program milestones
    confirmed   {name of a check = is it a test}
    required    names of checks without which nothing merges

    uploads     change, diff, covered, uncovered: {path = lines}: given by hand about what landed
    said        {number of a change = {column = value}}: verdicts in place of those worked out; the
                checks of one as {name = [grade, "landed" or a commit]}

All of it belongs to connection 2, `hub`, and its repository `acme/web`, whose id is `r1`.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from sync.store import schema
from sync.store import tables_code as code
from sync.store import tables_judged as judged
from sync.store.tables_evidence import evidence_file, evidence_upload

HUB = 2
REPOSITORY = "r1"
PATH = "acme/web"
URL = "https://hub.example.net"
SEEN = datetime(2026, 1, 1, 8, tzinfo=UTC)
#: What is asked of each commit of a change.
SOURCES = ("check_run", "status")

Add = Callable[..., None]


def fill(add: Add, data: Mapping[str, Any]) -> None:
    """Add the rows that the data describes; `add(table, **values)` writes one."""
    if not is_there(data):
        return
    add(
        schema.connection,
        id=HUB,
        name="hub",
        kind=data.get("hub", "github"),
        base_url=URL,
        mapping_version="m1",
        first_seen_at=SEEN,
    )
    for id_, path in repositories(data).items():
        add(
            schema.scope,
            connection_id=HUB,
            kind="repository",
            source_id=id_,
            key=path,
            name=path,
            archived=False,
            url=f"{URL}/{path}",
            **_present(),
        )
    add(
        schema.account,
        connection_id=HUB,
        source_id="bot",
        name="Bumper",
        is_bot=True,
        **_present(),
    )
    for id_, name in data.get("accounts", {}).items():
        add(
            schema.account,
            connection_id=HUB,
            source_id=id_,
            name=name,
            is_bot=False,
            **_present(),
        )
    _branches(add, data)
    for one in data.get("tags", ()):
        _tag(add, one)
    for one in data.get("hub_items", ()):
        first, _, last = str(one.get("ids", one.get("id"))).partition("-")
        for number in range(int(first), int(last or first) + 1):
            _item(add, {**one, "id": number})
    for one in data.get("hub_milestones", ()):
        _milestone(add, one)
    for one in (*data.get("changes", ()), *_landed(data)):
        _change(add, one, data)
    for one in data.get("runs", ()):
        _run(add, one)
    for one in data.get("commits", ()):
        _commit(add, one)
    for one in data.get("deployments", ()):
        _deployment(add, one)
    for name, is_test in data.get("confirmed", {}).items():
        add(
            judged.test_check,
            connection_id=HUB,
            scope_id=REPOSITORY,
            name=name,
            is_test=is_test,
            why="a person said so",
            confirmed_by="tpm",
            confirmed_at=SEEN,
            known_from=SEEN,
        )
    for name in data.get("required", ()):
        add(
            code.required_check,
            connection_id=HUB,
            scope_id=REPOSITORY,
            branch="main",
            name=name,
            known_from=SEEN,
        )


def is_there(data: Mapping[str, Any]) -> bool:
    """Whether the data speaks of the repository at all."""
    names = ("changes", "landed", "hub_items", "hub_milestones", "runs", "confirmed")
    return any(name in data for name in names)


def repositories(data: Mapping[str, Any]) -> dict[str, str]:
    """Path by id."""
    return {REPOSITORY: PATH, **data.get("repositories", {})}


def utc(value: date | datetime | None) -> datetime | None:
    """An instant; a day means its beginning in UTC."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC)


def _present() -> dict[str, Any]:
    return {"first_seen_at": SEEN, "content_hash": b"x"}


def _item(add: Add, one: Mapping[str, Any]) -> None:
    number = one["id"]
    key = f"{PATH}#{number}"
    add(
        schema.work_item,
        connection_id=HUB,
        source_id=f"i{number}",
        key=key,
        scope_id=REPOSITORY,
        item_type="task",
        status_category=one.get("status", "todo"),
        raw_status_id=one.get("status", "todo"),
        code_complete=False,
        priority="unknown",
        title=one.get("title", f"Issue {number}"),
        assignee_id=one.get("assignee"),
        due_date=one.get("due"),
        labels=[],
        components=[],
        milestones=[["milestone", held] for held in one.get("in", ())],
        restricted=one.get("restricted", False),
        url=f"{URL}/{PATH}/issues/{number}",
        created_at=SEEN,
        history_state="complete",
        **_present(),
    )
    add(
        schema.work_item_key,
        connection_id=HUB,
        key=key,
        work_item_id=f"i{number}",
        first_seen_at=SEEN,
    )
    since = one.get("since")
    events = list(one.get("events", ()))
    if since is not None:
        told = {"field": "status", "old": since["status"], "new": one.get("status", "todo")}
        events.append({**told, "at": since["at"]})
    for position, event in enumerate(events, 1):
        by_id = event["field"] in ("status", "assignee")
        old, new = (None if v is None else str(v) for v in (event.get("old"), event.get("new")))
        add(
            schema.field_event,
            connection_id=HUB,
            work_item_id=f"i{number}",
            source_event_id=f"i{number}.{position}",
            known_from=SEEN,
            field=event["field"],
            raw_field=event["field"],
            at=utc(event["at"]),
            old_ids=old if by_id else None,
            new_ids=new if by_id else None,
            old_text=None if by_id else old,
            new_text=None if by_id else new,
            is_delta=False,
            origin="source",
        )
    for held in one.get("in", ()):
        add(
            schema.scope_membership,
            connection_id=HUB,
            member_kind="work_item",
            member_id=f"i{number}",
            milestone_kind="milestone",
            milestone_id=held,
            valid_from=utc(one.get("entered", SEEN)),
            known_from=SEEN,
            from_exact=True,
            cause="created",
        )


def _milestone(add: Add, one: Mapping[str, Any]) -> None:
    add(
        schema.milestone,
        connection_id=HUB,
        kind="milestone",
        source_id=one["id"],
        name=one["name"],
        state=one.get("state", "active"),
        scope_id=REPOSITORY,
        due_date=one.get("due"),
        finished_at=utc(one.get("finished")),
        url=f"{URL}/{PATH}/milestone/{one['id']}",
        **_present(),
    )


def programs(add: Add, data: Mapping[str, Any]) -> None:
    """Add the program milestones."""
    for name, parts in data.get("programs", {}).items():
        for connection_id, kind, id_ in parts:
            add(
                judged.milestone_part,
                name=name,
                connection_id=connection_id,
                milestone_kind=kind,
                milestone_id=id_,
                valid_from=SEEN,
                author="tpm",
                known_from=SEEN,
            )


def _change(add: Add, one: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    number = int(one["id"])
    id_ = f"c{number}"
    scope = one.get("repository", REPOSITORY)
    key = f"{data.get('repositories', {}).get(scope, PATH)}#{number}"
    merged = utc(one.get("merged"))
    state = one.get("state", "merged" if merged else "open")
    landed = one.get("landed", f"m{number}") if merged else None
    head = one.get("head", f"h{number}")
    trees = one.get("trees", {})
    add(
        code.change_request,
        connection_id=HUB,
        source_id=id_,
        scope_id=scope,
        number=number,
        key=key,
        title=one.get("title", f"Change {number}"),
        state=state,
        raw_state=state,
        is_draft=one.get("draft", False),
        created_at=utc(one.get("created", SEEN)),
        updated_at=utc(one.get("updated")) or merged or SEEN,
        closed_at=utc(one.get("closed")) or merged,
        merged_at=merged,
        author_id=one.get("author", "u1"),
        base_ref=one.get("base", "main"),
        head_ref=one.get("branch"),
        head_sha=head,
        landed_sha=landed,
        landed_tree=trees.get("landed"),
        head_tree=trees.get("head"),
        base_sha_at_merge=one.get("base_sha"),
        merge_method="unknown",
        additions=one.get("lines"),
        deletions=0 if "lines" in one else None,
        labels=[],
        milestones=[],
        assignee_ids=[],
        restricted=one.get("restricted", False),
        url=f"{URL}/{PATH}/pull/{number}",
        gone_at=utc(one.get("gone")),
        **_present(),
    )
    add(
        code.change_request_key,
        connection_id=HUB,
        key=key,
        change_request_id=id_,
        first_seen_at=SEEN,
    )
    for position, sha in enumerate((*one.get("commits", ()), head)):
        add(
            code.change_commit,
            connection_id=HUB,
            change_request_id=id_,
            sha=sha,
            position=position,
            known_from=SEEN,
        )
    for ref in one.get("refs", ()):
        add(
            code.reference,
            connection_id=HUB,
            change_request_id=id_,
            scope_id=scope,
            source=ref.get("source", "title"),
            kind=ref.get("kind", "implements"),
            target=ref["target"],
            target_id=ref.get("target_id"),
            span=ref.get("span", f"…{ref['target']}…"),
            known_from=SEEN,
            known_to=utc(ref.get("until")),
        )
    _files(add, id_, one)
    _acts(add, id_, one)
    if "written" in one:
        _part(add, id_, "commits")
        _commit(add, {"sha": head, "at": one["written"], "repository": scope})
    commits = {"landed": landed, "head": head}
    _checks(add, id_, scope, one, {k: v for k, v in commits.items() if v is not None})


def _landed(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Changes of the past that tell what is usual."""
    opened = datetime(2026, 2, 2, 12, tzinfo=UTC)
    found: list[dict[str, Any]] = []
    authors = data.get("landed_by") or [f"u{number}" for number in range(12)]
    for many, days, lines in data.get("landed", ()):
        weeks, rest = divmod(days, 5)
        for _ in range(many):
            number = 1000 + len(found)
            told = {} if lines < 0 else {"lines": lines}
            merged = opened + timedelta(days=weeks * 7 + rest)
            by = authors[len(found) % len(authors)]
            found.append({"id": number, "created": opened, "merged": merged, "author": by, **told})
    reviewers = [by for by, many in data.get("reviewed", {}).items() for _ in range(many)]
    for one, by in zip(found, reviewers, strict=False):
        one["reviews"] = [{"by": by, "verdict": "approved", "at": one["merged"]}]
    return found


def _acts(add: Add, id_: str, one: Mapping[str, Any]) -> None:
    """Reviews and pushes."""
    if "reviews" in one:
        add(
            code.change_part,
            connection_id=HUB,
            change_request_id=id_,
            part="reviews",
            state=one.get("reviews_state", "complete"),
            known_from=SEEN,
        )
    for number, review in enumerate(one.get("reviews", ()), 1):
        add(
            code.review,
            connection_id=HUB,
            change_request_id=id_,
            source_id=f"{id_}.r{number}",
            reviewer_id=review.get("by", "u2"),
            verdict=review.get("verdict", "approved"),
            raw_verdict=review.get("verdict", "approved"),
            at=utc(review.get("at")),
            known_from=SEEN,
        )
    for number, push in enumerate(one.get("pushes", ()), 1):
        add(
            code.push_event,
            connection_id=HUB,
            change_request_id=id_,
            source_id=f"{id_}.p{number}",
            at=utc(push["at"]),
            is_force=False,
            before_sha=push.get("before"),
            actor_id=push.get("by", "u1"),
            known_from=SEEN,
        )


def _files(add: Add, id_: str, one: Mapping[str, Any]) -> None:
    if "files" not in one:
        return
    add(
        code.change_part,
        connection_id=HUB,
        change_request_id=id_,
        part="files",
        state=one.get("files_state", "complete"),
        known_from=SEEN,
    )
    for path in one["files"]:
        add(
            code.change_file,
            connection_id=HUB,
            change_request_id=id_,
            path=path,
            change="added" if path in one.get("added", ()) else "modified",
            additions=one.get("file_lines", {}).get(path),
            known_from=SEEN,
        )


def _part(add: Add, id_: str, part: str) -> None:
    add(
        code.change_part,
        connection_id=HUB,
        change_request_id=id_,
        part=part,
        state="complete",
        known_from=SEEN,
    )


def _deployment(add: Add, one: Mapping[str, Any]) -> None:
    add(
        code.deployment,
        connection_id=HUB,
        source_id=one["id"],
        scope_id=one.get("repository", REPOSITORY),
        sha=one["sha"],
        environment=one.get("environment", "production"),
        state=one.get("state", "success"),
        raw_state=one.get("state", "success"),
        created_at=utc(one["at"]),
        finished_at=utc(one.get("finished", one["at"])),
        **_present(),
    )


def _checks(
    add: Add, id_: str, scope: str, one: Mapping[str, Any], commits: Mapping[str, str]
) -> None:
    unread = one.get("unread", {})
    for sha in sorted(set(commits.values())):
        for source in SOURCES:
            reason = unread.get(source)
            if reason == "never":
                continue
            add(
                code.checks_state,
                connection_id=HUB,
                scope_id=scope,
                subject_kind="commit",
                subject_id=sha,
                source=source,
                state="complete" if reason is None else "unavailable",
                reason=reason,
                known_from=SEEN,
            )
    for number, check in enumerate(one.get("checks", ()), 1):
        wanted = check.get("sha", "head")
        at = utc(check.get("at")) or utc(one.get("merged")) or SEEN
        ended = check.get("conclusion", "success") != "pending"
        add(
            code.check_result,
            connection_id=HUB,
            source=check.get("source", "check_run"),
            source_id=check.get("id", f"{id_}.{number}"),
            scope_id=scope,
            sha=commits.get(wanted, wanted),
            name=check.get("name", "unit tests"),
            conclusion=check.get("conclusion", "success"),
            app=check.get("app"),
            stage=check.get("stage"),
            run_id=check.get("run"),
            attempt=check.get("attempt", 1),
            allow_failure=check.get("allowed", False),
            is_superseded=check.get("superseded", False),
            started_at=at,
            finished_at=at if ended else None,
            tests_total=check.get("total"),
            tests_failed=check.get("failed"),
            tests_skipped=check.get("skipped"),
            url=f"{URL}/{PATH}/checks/{id_}.{number}",
            known_from=SEEN,
        )


def uploads(add: Add, data: Mapping[str, Any]) -> None:
    """Coverage and lines of changes, given by hand."""
    for number, one in enumerate(data.get("uploads", ())):
        for kind, keys in (("diff", ("diff",)), ("lcov", ("covered", "uncovered"))):
            paths = {path for key in keys for path in one.get(key, {})}
            if not paths:
                continue
            add(
                evidence_upload,
                upload_id=f"{kind}{number}",
                known_from=SEEN,
                kind=kind,
                connection_id=HUB,
                scope_id=REPOSITORY,
                sha=one.get("sha", f"m{one['change']}"),
                author="Ana",
            )
            for path in sorted(paths):
                add(
                    evidence_file,
                    upload_id=f"{kind}{number}",
                    path=path,
                    covered=one.get("covered", {}).get(path, "") if kind == "lcov" else "",
                    uncovered=one.get("uncovered", {}).get(path, "") if kind == "lcov" else "",
                    changed=one.get("diff", {}).get(path, "") if kind == "diff" else "",
                )


def said(conn: sa.Connection, data: Mapping[str, Any], now: datetime) -> None:
    """Verdicts as the data says them, whatever was worked out."""
    v = judged.verdict
    merged = {int(one["id"]): one for one in data.get("changes", ())}
    for number, told in data.get("said", {}).items():
        one = merged[int(number)]
        landed = one.get("landed", f"m{number}")
        checks = {name: tuple(what) for name, what in told.get("checks", {}).items()}
        values = {
            "verdict": told["verdict"],
            "landed_sha": landed,
            "grades": {name: grade for name, (grade, _) in checks.items()},
            "reasons": list(told.get("reasons", ())),
            "marks": list(told.get("marks", ())),
            "checks": [
                {"name": name, "grade": grade, "sha": landed if sha == "landed" else sha}
                for name, (grade, sha) in checks.items()
            ],
            "scope_id": one.get("repository", REPOSITORY),
            "landed_at": utc(one["merged"]),
            "reviewed": told.get("reviewed"),
            "exempt_rule": told.get("exempt_rule"),
            "subject": "change",
        }
        conn.execute(sa.delete(v).where(v.c.change_request_id == f"c{number}"))
        key = {"connection_id": HUB, "change_request_id": f"c{number}", "known_from": now}
        conn.execute(sa.insert(v).values({**key, **values}))


def _run(add: Add, one: Mapping[str, Any]) -> None:
    add(
        code.pipeline_run,
        connection_id=HUB,
        source_id=one["id"],
        attempt=1,
        scope_id=REPOSITORY,
        kind=one["kind"],
        name=one.get("name"),
        sha=one["sha"],
        conclusion=one.get("conclusion", "success"),
        change_numbers=one.get("changes", []),
        **_present(),
    )


def _commit(add: Add, one: Mapping[str, Any]) -> None:
    add(
        code.code_commit,
        connection_id=HUB,
        scope_id=one.get("repository", REPOSITORY),
        sha=one["sha"],
        tree=one.get("tree"),
        parents=one.get("parents"),
        subject=one.get("subject"),
        committed_at=utc(one.get("at")),
        first_seen_at=SEEN,
    )


def _branches(add: Add, data: Mapping[str, Any]) -> None:
    every = [{"repository": id_, "name": "main"} for id_ in repositories(data)]
    for one in data.get("defaults", every):
        add(
            code.default_branch,
            connection_id=HUB,
            scope_id=one.get("repository", REPOSITORY),
            name=one["name"],
            known_from=utc(one.get("from", SEEN)),
            known_to=utc(one.get("until")),
        )


def _tag(add: Add, one: Mapping[str, Any]) -> None:
    scope = one.get("repository", REPOSITORY)
    add(
        code.release,
        connection_id=HUB,
        scope_id=scope,
        source_id=f"tag:{one['name']}",
        tag=one["name"],
        sha=one["sha"],
        is_draft=one.get("draft", False),
        is_prerelease=one.get("prerelease", False),
        created_at=utc(one.get("at")),
        published_at=utc(one.get("published")),
        url=f"{URL}/{PATH}/releases/{one['name']}",
        **_present(),
    )


class Rows:
    """Writes rows table by table, parents first; a column that is not told is NULL."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._rows: dict[sa.Table, list[dict[str, Any]]] = {}

    def add(self, table: sa.Table, **values: Any) -> None:
        """One row more."""
        self._rows.setdefault(table, []).append(
            {column.name: values.get(column.name) for column in table.columns}
        )

    def write(self, conn: sa.Connection) -> None:
        """Insert all of them."""
        for table, rows in self._rows.items():
            conn.execute(sa.insert(table), rows)
