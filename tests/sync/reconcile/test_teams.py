"""Teams as of an instant: a reorganisation never rewrites what was."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from support import cases

from mappings.schema import TeamRule
from sync.reconcile import judge, teams
from sync.reconcile.contract import Found, Policy, Severity
from sync.reconcile.runner import reconcile
from sync.reconcile.view import View
from sync.store import schema
from sync.store.open import Store, memory_store, open_store
from sync.store.tables_judged import team_rule

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
MARCH = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
OLD = TeamRule("Shop", component="Cart", until=date(2026, 3, 9))
NEW = TeamRule("Checkout", component="Cart", since=date(2026, 3, 10))
POLICY = Policy(program="Apollo", config_hash="c1", teams={"jira": (OLD, NEW)})
WORLD: Mapping[str, Any] = {
    "now": NOW,
    "items": [
        {"id": 1},
        {"id": 2, "status": "done", "since": {"status": "in_progress", "at": MARCH}},
        {
            "id": 3,
            "labels": ["web"],
            "events": [
                {"field": "labels", "at": MARCH, "old": "", "new": "web"},
                {"field": "other", "at": MARCH, "old": "", "new": ""},
            ],
        },
    ],
}


def filled(url: str | None = None) -> Store:
    made = memory_store() if url is None else open_store(url)
    w, e = schema.work_item, schema.field_event
    with made.writing() as conn:
        cases.fill(conn, WORLD)
        conn.execute(sa.update(w).where(w.c.source_id.in_(["1", "2"])).values(components=["Cart"]))
        conn.execute(sa.update(w).where(w.c.source_id == "2").values(done_at=MARCH))
        conn.execute(sa.update(w).where(w.c.source_id == "3").values(raw_teams=["Squad 7", "77"]))
        team = {"raw_field": "Team", "old_text": "Squad 6", "new_text": "Squad 7"}
        conn.execute(sa.update(e).where(e.c.field == "other").values(**team))
    return made


@pytest.fixture
def store() -> Iterator[Store]:
    made = filled()
    yield made
    made.close()


def told(
    store: Store, policy: Policy = POLICY, as_of: datetime = NOW, known_at: datetime = NOW
) -> list[str | None]:
    present = (as_of, known_at) == (NOW, NOW)
    with store.reading() as conn:
        view = View(conn, policy, as_of, known_at, present=present)
        return [view.team_of(cases.CONNECTION, id_) for id_ in ("1", "2", "3")]


def kept(store: Store, policy: Policy, now: datetime) -> int:
    with store.writing() as conn:
        return teams.refresh(conn, now, policy.teams)


def test_an_item_keeps_the_team_it_was_finished_in(store: Store) -> None:
    assert told(store) == ["Checkout", "Shop", "Squad 7"]
    assert told(store, Policy()) == [None, None, "Squad 7"]


def test_a_reorganisation_changes_nothing_of_before(store_url: str) -> None:
    made = filled(store_url)
    before = replace(POLICY, teams={"jira": (TeamRule("Shop", component="Cart"),)})
    assert kept(made, before, NOW - 2 * DAY) == 1
    assert kept(made, before, NOW - DAY) == 0
    assert kept(made, POLICY, NOW) == 3
    # The day decides, …
    assert told(made, as_of=MARCH, known_at=NOW) == ["Shop", "Shop", "Squad 7"]
    assert told(made, as_of=NOW - DAY, known_at=NOW) == ["Checkout", "Shop", "Squad 7"]
    # … and what was configured then: nothing of it was known the day before.
    assert told(made, as_of=NOW - DAY, known_at=NOW - DAY) == ["Shop", "Shop", "Squad 7"]
    # Before the first rule was known, none was.
    assert told(made, as_of=NOW - 3 * DAY, known_at=NOW - 3 * DAY) == [None, None, "Squad 7"]
    assert kept(made, Policy(), NOW + DAY) == 2
    with made.reading() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(team_rule)).scalar() == 3
        assert teams.rules_at(conn, NOW + DAY) == {}
        assert teams.rules_at(conn, NOW) == {cases.CONNECTION: (OLD, NEW)}
    made.close()


def test_what_an_item_had_then_decides(store: Store) -> None:
    policy = replace(POLICY, teams={"jira": (TeamRule("Web", label="web"),)})
    kept(store, policy, NOW)
    assert told(store, policy)[2] == "Web"
    earlier = MARCH - DAY
    assert told(store, policy, as_of=earlier)[2] == "Squad 6"


def test_a_reconciliation_keeps_the_rules(store: Store) -> None:
    reconcile(store, POLICY, clock=cases.At(NOW))
    with store.reading() as conn:
        assert teams.rules_at(conn, NOW) == {cases.CONNECTION: (OLD, NEW)}
    reconcile(store, POLICY, clock=cases.At(NOW + DAY))
    with store.reading() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(team_rule)).scalar() == 2


def test_a_finding_about_an_item_says_whom_it_waits_on() -> None:
    """The item of a release that is out belongs to a team; another belongs to none."""
    made = memory_store()
    with made.writing() as conn:
        cases.fill(
            conn,
            {
                "now": NOW,
                "milestones": [
                    {"id": "v1", "name": "R1", "state": "released", "finished": NOW - 5 * DAY}
                ],
                "items": [{"id": 1, "in": ["v1"], "status": "in_progress"}],
            },
        )
        w = schema.work_item
        conn.execute(sa.update(w).where(w.c.source_id == "1").values(raw_teams=["Squad 7"]))
    found = reconcile(made, POLICY, clock=cases.At(NOW)).findings
    mine = [one for one in found if one.subject == "issue:1"]
    assert all(one.who.endswith(" (waiting on team Squad 7)") for one in mine)
    others = [one for one in found if one.subject != "issue:1"]
    assert not [one for one in others if "waiting on team" in one.who]
    with made.reading() as conn:
        view = View(conn, POLICY, NOW, NOW)
        seen = Found("issue:1", Severity.LOW, 1.0, {}, (), connection_id=cases.CONNECTION)
        assert judge._owned(view, seen, {}).team == "Squad 7"
        assert judge._owned(view, replace(seen, subject="version:1"), {}).team is None
    made.close()


def test_a_reorganisation_hands_nothing_on_and_a_change_of_team_does(store: Store) -> None:
    ids = {cases.CONNECTION: ["1", "2", "3", "99"]}
    with store.reading() as conn:
        view = View(conn, POLICY, NOW, NOW)
        found = {id_: mine for (_, id_), mine in teams.histories(view, ids).items()}
        before = View(conn, POLICY, MARCH - DAY, NOW, present=False)
        then = teams.histories(before, {cases.CONNECTION: ["3"]})
    # Cart was the Shop's and is the Checkout's by rule: item 1 was handed to nobody.
    assert found == {
        "1": ("Checkout",),
        "2": ("Shop",),
        # Its label says no team, its team field went from one squad to the other.
        "3": ("Squad 6", "Squad 7"),
    }
    assert list(then.values()) == [("Squad 6",)]
