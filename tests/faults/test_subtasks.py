"""Sub-tasks have no history of their own in sprints: they follow their parents."""

from datetime import timedelta

import pytest
from support.synced import Synced, synced

from mappings.vocabulary import MilestoneKind
from sync.ledger import load, milestones
from sync.ledger.timeline import Stay

pytestmark = pytest.mark.full_on_postgres


def stays(it: Synced, sprint: int, item: int) -> tuple[Stay, ...]:
    """When an item was in a sprint, as the ledger has it."""
    now = it.bench.clock.now()
    with it.store.reading() as conn:
        facts = milestones.at(conn, now, now)
        (one,) = (f for k, f in facts.items() if k[1:] == (MilestoneKind.SPRINT, str(sprint)))
        container = load.containers(conn, [one], known_at=now, present=True)[one.key]
        return container.by_item[str(item)].stays if str(item) in container.by_item else ()


def test_a_sub_task_is_in_a_sprint_with_its_parent(store_url: str) -> None:
    """B96: It shows its parent's sprint, and no entry says since when."""
    with synced(store_url, issues=20) as it:
        world = it.bench.world
        board = next(one for one in world.boards.values() if one.kind == "scrum")
        project = world.projects[board.project_id]
        author = next(iter(world.people))
        story = world.create_issue(project, "Story", "Pay by invoice", reporter=author)
        parts = [
            world.create_issue(project, "Sub-task", name, reporter=author, parent_id=story.id)
            for name in ("Form", "Mail")
        ]
        sprint = world.add_sprint(board, "Sprint 77")
        it.later(days=2)
        world.start_sprint(sprint, it.bench.clock.now(), it.bench.clock.now() + timedelta(days=14))
        it.later(days=1)
        entered = it.bench.clock.now()
        world.move_to_sprint(story, sprint)
        for part in parts:
            part.sprints, part.updated = [sprint.id], entered
        it.run()
        for one in (story, *parts):
            assert [(s.start, s.end) for s in stays(it, sprint.id, one.id)] == [(entered, None)]
        it.later(days=1)
        left = it.bench.clock.now()
        # Nothing of the parts moves when their parent is taken out.
        world.move_to_sprint(story, None)
        it.later(minutes=5)
        it.run()
        for one in (story, *parts):
            assert [(s.start, s.end) for s in stays(it, sprint.id, one.id)] == [(entered, left)]


def test_a_sub_task_that_is_deleted_leaves_its_parent_behind(store_url: str) -> None:
    """B96: Its own end counts, whatever its parent does."""
    with synced(store_url, issues=20) as it:
        world = it.bench.world
        board = next(one for one in world.boards.values() if one.kind == "scrum")
        project, author = world.projects[board.project_id], next(iter(world.people))
        story = world.create_issue(project, "Story", "Pay by invoice", reporter=author)
        part = world.create_issue(project, "Sub-task", "Form", reporter=author, parent_id=story.id)
        sprint = world.add_sprint(board, "Sprint 77")
        world.move_to_sprint(story, sprint)
        part.sprints = [sprint.id]
        it.later(minutes=5)
        it.run()
        it.later(hours=1)
        world.delete(part)
        it.later(hours=25)
        it.run(census=True)
        (gone,), (there,) = (stays(it, sprint.id, one.id) for one in (part, story))
        assert (gone.end_cause, gone.end is None) == ("deleted_or_hidden", False)
        assert there.end is None
