"""The views: as documented, the same on both databases."""

import re
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from msgspec import structs
from support.code import (
    REPO,
    change,
    checks,
    commits,
    files,
    merged,
    pushes,
    refers,
    result,
    reviews,
    run,
    tag,
)
from support.store import START, at, connection, event, item, links, writer

from mappings.code_records import Deployment, RequiredChecks
from mappings.records import Account, History, Milestone, Scope
from mappings.vocabulary import (
    DeploymentState,
    HistoryState,
    MilestoneKind,
    MilestoneState,
    ScopeKind,
    StatusCategory,
)
from sync.store import tables_judged
from sync.store.open import HEAD, Store
from sync.store.rows import MembershipRow
from sync.store.views import VIEWS, markdown

DOCUMENT = Path(__file__).parents[3] / "docs" / "store.md"


def select(store: Store, sql: str) -> list[tuple[object, ...]]:
    with store.reading() as conn:
        return [tuple(row) for row in conn.exec_driver_sql(sql)]


def test_columns_are_those_documented(store: Store) -> None:
    with store.reading() as conn:
        inspector = sa.inspect(conn)
        found = {
            view.name: [column["name"] for column in inspector.get_columns(view.name)]
            for view in VIEWS
        }
    assert found == {view.name: list(view.columns) for view in VIEWS}


def test_the_page_documents_every_view() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text.partition("\n## Views\n\n")[2] == markdown(), (
        "docs/store.md: replace what follows '## Views' with sync.store.views.markdown()"
    )


def test_every_query_of_the_page_runs(store: Store) -> None:
    fill(store)
    fill_code(store)
    text = DOCUMENT.read_text(encoding="utf-8")
    queries = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    assert len(queries) == 4
    found = [select(store, query) for query in queries]
    assert [(name, points) for name, _, _, points in found[0]] == [("Apollo 3.2", 3.0)]
    assert found[1] == [("Apollo 3.2", 1, "2026-04-30", "2026-05-15")]
    assert found[2] == [("acme/web#1", "test-2", "failure")]
    assert found[3] == []


def fill(store: Store) -> None:
    version = Milestone(
        "501",
        MilestoneKind.VERSION,
        "Apollo 3.2",
        MilestoneState.FUTURE,
        None,
        scope_id="10000",
        due_date=date(2026, 4, 30),
    )
    member = MembershipRow(
        MilestoneKind.VERSION, "501", START, None, True, "created", None, None, None
    )
    with writer(store) as one:
        one.scopes(
            [
                Scope("10000", ScopeKind.PROJECT, "APO", "Apollo"),
                Scope("10000", ScopeKind.BOARD, "board", "Board of the same number"),
            ]
        )
        one.accounts([Account("u1", "Ada")])
        one.milestones([version])
        one.work_items(
            [
                item("1", assignee_id="u1", estimate_points=3.0),
                item("2", parent_id="1", restricted=True, title="hush"),
                item("3", parent_id="key:ORI-7", status_category=StatusCategory.DONE),
            ]
        )
        one.histories([History("2", HistoryState.COMPLETE, (event("2", "1.0", at=at(1)),))])
        one.memberships({"1": [member], "3": [member]})
        one.links([links("1", "2"), links("1", "9", to_key="ORI-9")])
    with writer(store, now=at(60)) as one:
        one.milestones([structs.replace(version, due_date=date(2026, 5, 15))])
        one.histories([History("2", HistoryState.COMPLETE, (event("2", "2.0", at=at(2)),))])
        one.memberships({"3": [structs.replace(member, valid_to=at(30), end_cause="event")]})


def fill_code(store: Store) -> None:
    """A landed change with a red check, a restricted open one, and a pipeline."""
    member = MembershipRow(
        MilestoneKind.MILESTONE, "7", START, None, False, "observed", None, None, None
    )
    with writer(store) as one:
        one.scopes([Scope(REPO, ScopeKind.REPOSITORY, "acme/web", "Web")])
        one.accounts([Account("ana", "Ana")])
        one.code.changes([merged("1", author_id="ana"), change("2", restricted=True)])
        one.code.files([files("1", "a.py")])
        one.code.reviews([reviews("1", ("r1", "approved"))])
        one.code.change_commits([commits("1", "h1")])
        one.code.pushes([pushes("1", "p1")])
        one.code.references([refers("1", "title", "APO-1"), refers("2", "title", "APO-2")])
        one.code.memberships({"1": [member]})
        one.code.runs([run("7"), run("7", attempt=2)])
        one.code.checks([checks(result("1")), checks(result("2", "failure", sha="m1"), sha="m1")])
        one.code.required([RequiredChecks(REPO, "main", HistoryState.COMPLETE, ("ci",))])
        one.code.releases([tag("v1")])
        one.code.deployments([Deployment("5", REPO, "m1", None, "live", DeploymentState.SUCCESS)])
    with writer(store, now=at(5)) as one:
        one.code.reviews([reviews("1", ("r1", "dismissed"))])
        one.code.checks([checks(result("1", "failure", finished_at=at(3)))])


def test_code_hosting_is_one_row_each_as_known_now(store: Store) -> None:
    fill_code(store)
    assert select(
        store,
        "SELECT key, repository, title, author, files_state, pushes FROM v_change_request r, "
        "(SELECT COUNT(*) AS pushes FROM v_push) p ORDER BY key",
    ) == [
        ("acme/web#1", "acme/web", "Change 1", "Ana", "complete", 1),
        ("acme/web#2", "acme/web", "", None, None, 1),
    ]
    for query, expected in (
        ("SELECT change_key, path FROM v_change_file", [("acme/web#1", "a.py")]),
        ("SELECT reviewer, verdict FROM v_review", [("Ana", "dismissed")]),
        ("SELECT position, sha, tree, author FROM v_change_commit", [(0, "h1", "t-h1", "Ana")]),
        ("SELECT target, span FROM v_reference", [("APO-1", "… APO-1 …"), ("APO-2", "")]),
        ("SELECT milestone_id, change_key FROM v_change_membership", [("7", "acme/web#1")]),
        (
            "SELECT run_id, attempt, repository FROM v_pipeline_run",
            [("7", 1, "acme/web"), ("7", 2, "acme/web")],
        ),
        ("SELECT sha, conclusion FROM v_check", [("h1", "failure"), ("m1", "failure")]),
        (
            "SELECT state, subject FROM v_check_state WHERE source='required'",
            [("complete", "main")],
        ),
        ("SELECT repository, branch, name FROM v_required_check", [("acme/web", "main", "ci")]),
        ("SELECT repository, tag FROM v_release", [("acme/web", "v1")]),
        ("SELECT environment, state FROM v_deployment", [("live", "success")]),
    ):
        assert sorted(select(store, query), key=str) == expected, query


def test_what_is_judged_over_connections_is_told_by_name(store: Store) -> None:
    fill(store)
    fill_code(store)
    other = connection(store, "hub")
    link = {
        "from_connection_id": 1,
        "to_connection_id": other,
        "kind": "implements",
        "method": "title",
        "first_seen_at": START,
        "confidence": 0.8,
        "evidence": "APO-1 in the title",
        "ambiguous": False,
    }
    with store.writing() as conn:
        for id_, to_connection in (("1", 1), ("2", other)):
            ends = {"from_id": id_, "to_kind": "work_item", "to_id": "1"}
            conn.execute(
                sa.insert(tables_judged.change_link).values(
                    {**link, **ends, "to_connection_id": to_connection}
                )
            )
        conn.execute(
            sa.insert(tables_judged.verdict).values(
                connection_id=1,
                change_request_id="1",
                verdict="merged red",
                landed_sha="m1",
                grades={"test-2": "FAILED"},
                reasons=[],
                marks=[],
                known_from=START,
            )
        )
        conn.execute(
            sa.insert(tables_judged.test_check).values(
                connection_id=1,
                scope_id=REPO,
                name="test-2",
                is_test=True,
                why="its name",
                known_from=START,
            )
        )
        conn.execute(
            sa.insert(tables_judged.milestone_part).values(
                name="Apollo",
                connection_id=1,
                milestone_kind="version",
                milestone_id="501",
                valid_from=START,
                known_from=START,
            )
        )
    assert select(
        store,
        "SELECT change_key, to_connection, to_key, evidence FROM v_change_link ORDER BY change_key",
    ) == [("acme/web#1", "jira", "APO-1", "APO-1 in the title"), ("acme/web#2", "hub", None, "")]
    assert select(store, "SELECT change_key, verdict FROM v_verdict") == [
        ("acme/web#1", "merged red")
    ]
    assert select(store, "SELECT repository, name, confirmed_by FROM v_test_check") == [
        ("acme/web", "test-2", None)
    ]
    assert select(store, "SELECT program, connection, milestone FROM v_milestone_part") == [
        ("Apollo", "jira", "Apollo 3.2")
    ]


def test_an_item_is_one_row_with_names_and_without_what_is_restricted(store: Store) -> None:
    fill(store)
    assert select(
        store,
        "SELECT connection, key, project_key, title, assignee, parent_key, estimate_points "
        "FROM v_work_item ORDER BY key",
    ) == [
        ("jira", "APO-1", "APO", "Item 1", "Ada", None, 3.0),
        ("jira", "APO-2", "APO", "", None, "APO-1", None),
        ("jira", "APO-3", "APO", "Item 3", None, "ORI-7", None),
    ]


def test_views_show_what_is_known_now(store: Store) -> None:
    fill(store)
    assert select(store, "SELECT source_event_id, key, old_text, new_text FROM v_field_event") == [
        ("2.0", "APO-2", "", "")
    ]
    ended = "valid_to IS NOT NULL"
    assert select(store, f"SELECT key, milestone, {ended} FROM v_membership ORDER BY key") == [
        ("APO-1", "Apollo 3.2", False),
        ("APO-3", "Apollo 3.2", True),
    ]
    assert select(
        store, "SELECT project_key, name, state FROM v_milestone WHERE kind = 'version'"
    ) == [("APO", "Apollo 3.2", "future")]


def test_a_relation_that_both_ends_declare_is_one_row(store: Store) -> None:
    fill(store)
    declared_by_the_other = structs.replace(links("1", "2"), work_item_id="2")
    query = "SELECT from_key, to_key, withdrawn_at IS NULL FROM v_link ORDER BY to_key"
    with writer(store, now=at(1)) as one:
        one.links([declared_by_the_other])
    assert select(store, query) == [("APO-1", "APO-2", True), ("APO-1", "ORI-9", True)]
    with writer(store, now=at(2)) as one:
        one.links([links("1")])
    assert select(store, query) == [("APO-1", "APO-2", True), ("APO-1", "ORI-9", False)]
    with writer(store, now=at(3)) as one:
        one.links([links("2")])
    assert select(store, query) == [("APO-1", "APO-2", False), ("APO-1", "ORI-9", False)]


def test_the_store_tells_its_versions(store: Store) -> None:
    found = dict(select(store, "SELECT name, value FROM v_store"))
    assert (found["application"], found["schema"], found["views_version"]) == (
        "driftline",
        HEAD,
        "1",
    )
    assert sorted(found) == ["application", "schema", "views", "views_version"]
