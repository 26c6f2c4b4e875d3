"""What is to be read may change; what no longer is has left, and nothing of it was deleted."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from support.code_host import Host, HostConnector, Hosted, hosted
from support.synced import synced

from connectors.contract import Gone, GoneReason, Outcome, ScopeOption, ScopeRef
from connectors.simulator import edits
from connectors.simulator.faults import Fault
from sync.engine.fence import Fence, fence, judge, out_of_sight
from sync.store.holds import Hold

pytestmark = pytest.mark.full_on_postgres

APO, BEE = Hold("project", "1", "APO", None), Hold("project", "2", "BEE", None)
BOARD = Hold("board", "7", "Bees", "2")
HOLDS = (APO, BEE, BOARD)


def scope(held: Hold) -> ScopeRef:
    return ScopeRef(held.kind, held.id, held.key, parent_id=held.parent_id)


def lost(name: str) -> ScopeRef:
    return ScopeRef("project", "", name, facts={"error": "it cannot be seen"})


def around(*projects: str) -> Fence:
    """Projects that are named; none: all that can be seen. Boards are always found."""
    return Fence({"projects": list(projects)}, frozenset({"project"} if projects else ()))


def names(holds: tuple[Hold, ...]) -> list[str]:
    return [one.key for one in holds]


def test_what_is_no_longer_named_has_left_with_the_boards_of_it() -> None:
    found = judge(HOLDS, [scope(APO)], around("APO", "BEE").definition, around("APO"))
    assert (names(found.left), names(found.lost), found.settled) == (["BEE", "Bees"], [], True)


def test_what_is_not_listed_though_nothing_was_changed_is_lost() -> None:
    for now in (around("APO", "BEE"), around()):
        found = judge(HOLDS, [scope(APO)], now.definition, now)
        assert (names(found.left), names(found.lost)) == ([], ["BEE", "Bees"])


def test_a_fence_that_opens_lets_nothing_leave() -> None:
    found = judge(HOLDS, [scope(APO)], around("APO", "BEE").definition, around())
    assert (names(found.left), names(found.lost)) == ([], ["BEE", "Bees"])


def test_what_cannot_be_resolved_is_known_by_its_name_and_has_not_left() -> None:
    before, now = around("APO", "BEE").definition, around("bee", "CEE")
    found = judge(HOLDS, [scope(BOARD), lost("bee")], before, now)
    assert names(found.left) == ["APO"]
    (_, error) = found.scopes
    assert (error.source_id, error.key, error.facts["error"]) == ("2", "BEE", "it cannot be seen")


def test_an_id_made_of_a_name_gives_way_to_the_one_that_is_held() -> None:
    unresolved = ScopeRef("board", "bees", "bees", facts={"unresolved": True})
    now = around("APO", "BEE")
    found = judge(HOLDS, [scope(APO), scope(BEE), unresolved], now.definition, now)
    assert (found.lost, found.scopes[-1].source_id) == ((), BOARD.id)
    # Nobody held it before: its streams tell why it cannot be read.
    (alone,) = judge((), [unresolved], None, now).scopes
    assert alone == unresolved


def test_while_a_name_means_nothing_nothing_is_taken_for_left() -> None:
    found = judge(HOLDS, [scope(APO)], around("APO", "BEE").definition, around("APO", "BEEE"))
    assert (names(found.left), found.settled) == (["BEE", "Bees"], True)
    unclear = [scope(APO), lost("BEEE")]
    found = judge(HOLDS, unclear, around("APO", "BEE").definition, around("APO", "BEEE"))
    assert (names(found.left), names(found.lost), found.settled) == ([], ["BEE", "Bees"], False)


def test_a_first_run_takes_what_there_is() -> None:
    found = judge((), [scope(APO)], None, around("APO"))
    assert (found.scopes, found.left, found.lost) == ((scope(APO),), (), ())


class Options(BaseModel):
    projects: tuple[str, ...] = ()
    boards: Any = "auto"
    page_size: int = 50


CHOOSING = {"projects": ScopeOption("project"), "boards": ScopeOption("board", "auto")}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (Options(), set()),
        (Options(projects=("APO",)), {"project"}),
        (Options(boards=()), {"board"}),
        (Options(projects=("APO",), boards=(1,)), {"project", "board"}),
    ],
)
def test_only_options_that_choose_make_the_fence(options: Options, named: set[str]) -> None:
    found = fence(options, CHOOSING)
    assert found.named == named
    assert found == fence(options.model_copy(update={"page_size": 10}), CHOOSING)
    assert fence(options, {}) != fence(options.model_copy(update={"page_size": 10}), {})


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "archived, deleted, or hidden"),
        (Gone("2", None), "still there"),
        (Gone("2", GoneReason.DELETED_OR_HIDDEN), "deleted, or hidden"),
    ],
)
def test_a_lost_scope_says_what_to_do(found: Gone | None, words: str) -> None:
    error = out_of_sight(BEE, found).facts["error"]
    assert "project BEE is no longer listed" in error
    assert words in error
    assert "what is stored of it is kept" in error


# --- through the engine -----------------------------------------------------------------------

HELD = "SELECT scope_key, reason FROM scope_hold ORDER BY known_from, scope_key"
ITEMS = "SELECT key, gone_reason FROM work_item WHERE scope_id = '901' ORDER BY key"
STAYS = (
    "SELECT member_id, valid_from, end_cause FROM scope_membership "
    "WHERE known_to IS NULL ORDER BY member_kind, member_id"
)


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch, store_url: str) -> Iterator[Hosted]:
    """Two repositories that were read once, on each database."""
    with read_once(monkeypatch, store_url) as opened:
        yield opened


@pytest.fixture
def it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hosted]:
    """The same on SQLite alone."""
    with read_once(monkeypatch, str(tmp_path / "store.db")) as opened:
        yield opened


@contextmanager
def read_once(monkeypatch: pytest.MonkeyPatch, store_url: str) -> Iterator[Hosted]:
    """Two repositories; a milestone of each, and one of their group."""
    host = Host(repositories={"900": "acme/web", "901": "acme/api"})
    host.milestone("7", "Web", "900")
    host.milestone("8", "Api", "901")
    host.milestone("9", "Both", "group")
    for number, repository, milestone in ((1, "900", "7"), (2, "901", "8"), (3, "901", "9")):
        host.issue(number, repository=repository, milestone=milestone)
        host.change(number, repository=repository, milestone=milestone)
    host.run(1, repository="901")
    with hosted(monkeypatch, store_url, host=host) as opened:
        opened.repositories = ("acme/web", "acme/api")
        assert opened.run().outcome is Outcome.COMPLETE
        opened.later(hours=2)
        yield opened


def test_a_repository_that_is_no_longer_to_be_read_has_left_and_comes_back(both: Hosted) -> None:
    it = both
    stays = it.rows(STAYS)
    assert it.run().rows_written == 0
    it.repositories = ("acme/web",)
    result = it.run()
    assert result.outcome is Outcome.COMPLETE
    assert result.rows_written > 0
    assert it.rows(ITEMS) == [("acme/api#2", "left_scope"), ("acme/api#3", "left_scope")]
    assert it.rows("SELECT count(*) FROM change_request WHERE gone_reason = 'left_scope'") == [(2,)]
    assert it.rows("SELECT gone_reason FROM pipeline_run") == [("left_scope",)]
    # The group's milestone is held by the other repository still.
    assert it.rows("SELECT name, gone_reason FROM milestone ORDER BY name") == [
        ("Api", "left_scope"),
        ("Both", None),
        ("Web", None),
    ]
    assert {row[2] for row in it.rows(STAYS) if row[0] in ("1002", "2003")} == {"left_scope"}
    assert it.rows("SELECT DISTINCT detail FROM absence") == [
        ("repository acme/api is no longer in the configuration",)
    ]
    it.later(hours=2)
    assert it.run().rows_written == 0
    # Back again, as it was, but for what happened meanwhile.
    it.host.issue(3, repository="901", milestone="9", title="Renamed meanwhile")
    del it.host.issues["1002"]
    it.later(hours=2)
    it.repositories = ("acme/api", "acme/web")
    assert it.run().outcome is Outcome.COMPLETE
    assert it.rows(ITEMS) == [("acme/api#2", "deleted"), ("acme/api#3", None)]
    assert it.rows("SELECT title FROM work_item WHERE source_id = '1003'") == [
        ("Renamed meanwhile",)
    ]
    now = {row[0]: row for row in it.rows(STAYS)}
    assert [now[row[0]] for row in stays if row[0] != "1002"] == [
        row for row in stays if row[0] != "1002"
    ]
    assert [row[0] for row in it.rows(HELD)] == ["acme/api", "acme/web", "acme/api"]


def test_a_repository_out_of_sight_is_told_and_nothing_of_it_has_gone(it: Hosted) -> None:
    it.repositories = ()
    it.run()
    del it.host.repositories["901"]
    result = it.run()
    assert result.outcome is Outcome.PARTIAL
    assert result.exit_codes == {4}
    (problem,) = result.problems
    assert "acme/api is no longer listed: deleted, or hidden from this token" in problem.what
    failed = {one.stream for one in result.steps if one.outcome is Outcome.FAILED}
    assert {"issues", "changes", "milestones"} <= failed
    assert {one.scope_id for one in result.steps if one.outcome is Outcome.FAILED} == {"901"}
    assert it.rows("SELECT count(*) FROM work_item WHERE gone_at IS NOT NULL") == [(0,)]
    it.host.repositories["901"] = "acme/api"
    result = it.run()
    assert result.outcome is Outcome.COMPLETE
    # What was told as failed is made good at once, the census before its day.
    assert [one.scope_id for one in result.steps if one.stream == "census"] == ["901"]


@pytest.mark.full
def test_an_archived_repository_leaves_by_the_word_of_its_host(it: Hosted) -> None:
    it.repositories = ()
    it.run()
    del it.host.repositories["901"]
    it.host.archived.add("acme/api")
    assert it.run().outcome is Outcome.COMPLETE
    assert [row[1] for row in it.rows(ITEMS)] == ["left_scope", "left_scope"]
    assert it.rows("SELECT DISTINCT detail FROM absence") == [("repository acme/api is archived",)]
    assert it.asked("whereabouts") == ["acme/api"]
    it.later(hours=2)
    assert it.run().outcome is Outcome.COMPLETE
    assert it.asked("whereabouts") == []


@pytest.mark.full
def test_an_id_made_of_a_name_is_not_held(it: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    read = HostConnector.scopes

    def scopes(self: HostConnector) -> list[ScopeRef]:
        made = ScopeRef("repository", "acme/new", "acme/new", facts={"unresolved": True})
        return [*read(self), made]

    with monkeypatch.context() as patched:
        patched.setattr(HostConnector, "scopes", scopes)
        it.run()
    assert "acme/new" not in {row[0] for row in it.rows(HELD)}
    assert it.run().outcome is Outcome.COMPLETE


def test_a_named_repository_that_cannot_be_seen_is_certified_where_it_was(it: Hosted) -> None:
    del it.host.repositories["901"]
    result = it.run()
    assert {one.scope_id for one in result.steps if one.outcome is Outcome.FAILED} == {"901"}
    assert it.rows("SELECT count(*) FROM work_item WHERE gone_at IS NOT NULL") == [(0,)]
    # Then a person takes it out.
    it.repositories = ("acme/web",)
    assert it.run().outcome is Outcome.COMPLETE
    assert [row[1] for row in it.rows(ITEMS)] == ["left_scope", "left_scope"]


@pytest.mark.full
def test_a_run_that_ends_in_the_middle_of_leaving_is_taken_up_by_the_next(
    it: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    it.repositories = ("acme/web",)
    with monkeypatch.context() as patched:
        patched.setattr("sync.store.holds.leave", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            it.run()
    assert it.run().outcome is Outcome.COMPLETE
    assert [row[1] for row in it.rows(ITEMS)] == ["left_scope", "left_scope"]
    assert it.rows("SELECT gone_reason FROM pipeline_run") == [("left_scope",)]


@pytest.mark.full
def test_an_issue_that_moved_out_of_what_is_read_is_found_again_where_it_went(
    tmp_path: Path,
) -> None:
    """B77: One row, two keys, wherever it is read; nothing that lives is called deleted."""
    with synced(str(tmp_path / "store.db"), projects=2, issues=6) as at:
        world = at.bench.world
        apo, bee = (one for one in world.projects.values() if one.key in ("APO", "BEE"))
        at.options = {"projects": ("APO",)}
        assert at.run().outcome is Outcome.COMPLETE
        moved = world.issues[world.by_project[apo.id][2]]
        former = moved.key
        edits.move_issue(world, moved, bee)
        at.later(hours=25)
        assert at.run().outcome is Outcome.COMPLETE
        mine = (
            "SELECT key, scope_id, gone_reason, gone_to FROM work_item "
            f"WHERE source_id = '{moved.id}'"
        )
        assert at.rows(mine) == [(former, str(apo.id), "moved", moved.key)]
        at.later(hours=1)
        at.options = {"projects": ("APO", "BEE")}
        assert at.run().outcome is Outcome.COMPLETE
        assert at.rows(mine) == [(moved.key, str(bee.id), None, None)]
        # Now that it is of the other project, it stays when the first one leaves.
        at.later(hours=1)
        at.options = {"projects": ("BEE",)}
        assert at.run().outcome is Outcome.COMPLETE
        assert at.rows(mine) == [(moved.key, str(bee.id), None, None)]
        assert at.rows(
            "SELECT DISTINCT gone_reason FROM work_item WHERE scope_id = :id", id=str(apo.id)
        ) == [("left_scope",)]
        boards = "SELECT scope_kind, reason FROM scope_hold WHERE known_to IS NOT NULL ORDER BY 1"
        assert [row[0] for row in at.rows(boards)] == ["board", "project"]
        assert at.rows("SELECT DISTINCT reason FROM absence WHERE known_to IS NOT NULL") == [
            ("moved",)
        ]


@pytest.mark.full
def test_a_deleted_board_is_told_while_something_in_it_goes_on(tmp_path: Path) -> None:
    with synced(str(tmp_path / "store.db"), issues=6) as at:
        assert at.run().outcome is Outcome.COMPLETE
        world = at.bench.world
        (board,) = world.boards.values()
        active = [one for one in world.sprints.values() if one.state != "closed"]
        assert active
        del world.boards[board.id]
        at.later(hours=1)
        result = at.run()
        assert result.outcome is Outcome.PARTIAL
        assert f"board {board.name} is no longer listed" in result.problems[0].what
        world.boards[board.id] = board
        for one in active:
            if one.state == "future":
                world.start_sprint(one, world.now, world.now)
            world.close_sprint(one, world.now)
        at.later(hours=1)
        assert at.run().outcome is Outcome.COMPLETE
        del world.boards[board.id]
        at.later(hours=1)
        assert at.run().outcome is Outcome.COMPLETE
        left = "SELECT scope_kind, reason FROM scope_hold WHERE known_to IS NOT NULL"
        assert at.rows(left) == [("board", "unlisted: no longer listed, and nothing in it goes on")]


@pytest.mark.parametrize(("status", "body"), [(200, b"[[]]"), (403, b"{}")])
def test_a_listing_of_boards_that_fails_lets_none_leave(
    tmp_path: Path, status: int, body: bytes
) -> None:
    """Nothing goes on in it: still it is there, and only the listing does not say so."""
    with synced(str(tmp_path / "store.db"), issues=6) as at:
        world = at.bench.world
        for one in world.sprints.values():
            if one.state == "future":
                world.start_sprint(one, world.now, world.now)
            if one.state != "closed":
                world.close_sprint(one, world.now)
        assert at.run().outcome is Outcome.COMPLETE
        trouble = Fault("agile/1.0/board", status, body, times=None)
        at.bench.simulator.script.faults.append(trouble)
        at.later(hours=1)
        result = at.run()
        assert result.outcome is Outcome.PARTIAL
        assert any("no longer listed" in one.what for one in result.problems)
        assert at.rows("SELECT COUNT(*) FROM scope_hold WHERE known_to IS NOT NULL") == [(0,)]
        assert at.rows("SELECT COUNT(*) FROM scope WHERE gone_at IS NOT NULL") == [(0,)]
