"""Trouble that the demo's story does not hold, planted into the same company's week."""

from datetime import datetime, timedelta

from connectors.simulator.landing_plots import ui_skipped
from connectors.simulator.landings import begin
from connectors.simulator.world import Issue, Project, Version, World, days

#: What an item asks for before anybody works on it, and what is added after.
_ASKED = "Prices are shown with tax.\n\nAcceptance criteria:\n* each basket shows its tax\n"
_MORE = "* each basket shows its discounts\n* each invoice shows both, too\n"


def prepare(world: World, project: Project) -> None:
    """Before the first reading: an item says what is asked for, and half of the tests are skipped.

    The second is so in a repository of its own, so that no other one is judged otherwise.
    """
    site = begin(world.code, "github", "storefront", 1, at=world.now - days(12))
    site.repo.private = False
    site.plain(6, "web")
    ui_skipped(site)
    site.plain(2, "web")
    world.describe(_waiting(world, project)[6], _ASKED, at=world.now - timedelta(hours=1))


def plant(world: World, project: Project, start: datetime) -> tuple[str, ...]:
    """Let it happen in the week from `start` on; milestones that have to be judged for it.

    Estimates of planned work triple, done work comes back, an acceptance list is rewritten after
    work began, an item waits for one of a later release, and a sprint leaves over what the one
    before left over.
    """
    waiting, later = _waiting(world, project), world.version_named("Release 3.3", project)
    _estimate(world, waiting[:6], start)
    _reopen(world, [one for one in _planned(world, project) if one.is_done][:4], start)
    world.transition(waiting[6], "In Progress", at=start + days(1))
    world.describe(waiting[6], _ASKED + _MORE, at=start + days(4))
    _wait(world, project, waiting[7], later, start)
    others = (f"{one.key}:Release 3.3" for one in world.projects.values() if one.kind == "scrum")
    return (f"{project.key}:Release 3.2", *others, _leave_over(world, project, start))


def _planned(world: World, project: Project) -> list[Issue]:
    version = world.version_named("Release 3.2", project)
    return sorted(
        (
            one
            for one in world.alive()
            if version.id in one.versions and one.type != "Epic" and one.project_id == project.id
        ),
        key=lambda one: one.id,
    )


def _waiting(world: World, project: Project) -> list[Issue]:
    return [one for one in _planned(world, project) if one.category == "new" and one.points]


def _estimate(world: World, items: list[Issue], start: datetime) -> None:
    for number, one in enumerate(items):
        at = start + days(1) + timedelta(hours=number)
        world.set_points(one, 3 * (one.points or 1), at=at)


def _reopen(world: World, items: list[Issue], start: datetime) -> None:
    for number, one in enumerate(items):
        at = start + days(2) + timedelta(hours=number)
        world.transition(one, "In Progress", at=at)


def _wait(world: World, project: Project, one: Issue, later: Version, start: datetime) -> None:
    members = [each for each in world.alive() if later.id in each.versions and not each.is_done]
    first = min(
        (each for each in members if each.project_id == project.id and each.type != "Epic"),
        key=lambda each: each.id,
    )
    world.link(first, "Blocks", one, at=start + days(1))


def _leave_over(world: World, project: Project, start: datetime) -> str:
    boards = {one.id for one in world.boards.values() if one.project_id == project.id}
    sprints = [one for one in world.sprints.values() if one.board_id in boards]
    running = next(one for one in sprints if one.state == "active")
    coming = next(one for one in sprints if one.state == "future")
    last = world.add_sprint(world.boards[running.board_id], f"{project.key} Sprint 6")
    items = [one for one in world.alive() if running.id in one.sprints and not one.is_done][:3]
    for before, after, at in ((running, coming, days(1)), (coming, last, days(4))):
        now = start + at
        world.close_sprint(before, now)
        for one in items:
            world.move_to_sprint(one, after, at=now + timedelta(minutes=1))
        world.start_sprint(after, now + timedelta(minutes=5), now + days(14))
    return last.name
