"""The views: as documented, the same on both databases."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from support.store import START, at, event, item, links, writer

from mappings.records import Account, History, Milestone, Scope
from mappings.vocabulary import (
    HistoryState,
    MilestoneKind,
    MilestoneState,
    ScopeKind,
    StatusCategory,
)
from sync.store.open import Store
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
    queries = re.findall(r"```sql\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert len(queries) == 3
    found = [select(store, query) for query in queries]
    assert [(name, points) for name, _, _, points in found[0]] == [("Apollo 3.2", 3.0)]
    assert found[1] == [("Apollo 3.2", 1, "2026-04-30", "2026-05-15")]
    assert found[2] == []


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
        one.milestones([replace(version, due_date=date(2026, 5, 15))])
        one.histories([History("2", HistoryState.COMPLETE, (event("2", "2.0", at=at(2)),))])
        one.memberships({"3": [replace(member, valid_to=at(30), end_cause="event")]})


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
    declared_by_the_other = replace(links("1", "2"), work_item_id="2")
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
        "0002",
        "1",
    )
    assert sorted(found) == ["application", "schema", "views", "views_version"]
