"""What real sites are full of and plans do not depend on: all of it in finished work.

Sub-tasks, links of every kind, people who left, items without a reporter, moved items with former
keys, rich text, several versions at once. It has its own dice, so that plans stay as they are.
"""

import random

from connectors.simulator.world import Issue, Project, World, days

#: Wiki mark-up, which Cloud's version 3 serves as a document.
RICH_TEXT = """h2. Why
Customers of *Größenrechner* lose 数 % of their rows :(

h2. Done when
* the import says how many rows it left out
* a row with a quote (") and a tag <b> survives

{code}
SELECT count(*) FROM rows WHERE name = 'O''Neil';
{code}
----
See [~accountid:5b10a0000] and emoji 🚀."""
_SECONDS_PER_DAY = 8 * 3600


def weave(world: World, seed: int) -> None:
    """Dress up the finished work of every project; adds four items to each."""
    bot = world.add_person("5b10abot0", "automation", "Release automation", bot=True)
    people = [one for one in world.people.values() if not one.bot]
    if len(people) > 1:
        people[-1].active = False
    for project in world.projects.values():
        rng = random.Random(f"{seed}/{project.key}")
        finished = [
            world.issues[id_]
            for id_ in world.by_project[project.id]
            if world.issues[id_].is_done and world.issues[id_].versions
        ]
        old = [one for one in finished if one.updated < world.now - days(60)]
        if len(old) >= 6:
            _dress(world, project, rng.sample(old, 6), bot.account_id)
    _move_one(world)


def _dress(world: World, project: Project, some: list[Issue], bot: str) -> None:
    first, second, third, fourth, fifth, sixth = sorted(some, key=lambda one: one.id)
    at = world.now - days(50)
    _family(world, project, first)
    world.link(first, "Blocks", second, at=at)
    world.link(second, "Cloners", third, at=at)
    world.link(third, "Duplicate", fourth, at=at)
    gone = world.link(fourth, "Relates", fifth, at=at)
    world.unlink(gone, at=at + days(1))
    world.describe(second, RICH_TEXT, at=at)
    world.describe(fifth, "", at=at)
    other = next(
        one
        for one in world.versions.values()
        if one.project_id == project.id and one.released and one.id not in sixth.versions
    )
    world.add_to_version(sixth, other, at=at, by=bot)
    world.set_due(fourth, other.due, at=at)
    world.flag(fourth, True, at=at)
    world.prioritise(third, "Highest", at=at, by=bot)
    world.convert(third, "Task" if third.type != "Task" else "Story", at=at)
    fifth.estimate_seconds = 3 * _SECONDS_PER_DAY
    # Imported before anybody kept logins: neither a reporter nor an author of its changes.
    orphan = world.create_issue(
        project,
        "Task",
        "Imported from the old tracker",
        at=world.now - days(170),
        labels=["imported", "legacy-id-0007"],
    )
    done = "Done" if project.kind == "scrum" else "Finished"
    world.transition(orphan, done, at=world.now - days(160))


def _family(world: World, project: Project, like: Issue) -> None:
    """A finished item with two sub-tasks, which were finished before it."""
    started, done = ("In Progress", "Done") if project.kind == "scrum" else ("Doing", "Finished")
    people = {"reporter": like.reporter, "assignee": like.assignee}
    begun = world.now - days(150)
    parent = world.create_issue(
        project,
        "Story",
        "Migrate the archive",
        at=begun,
        parent_id=like.parent_id,
        points=like.points,
        versions=list(like.versions),
        **people,
    )
    world.transition(parent, started, at=begun + days(10))
    for n, title in enumerate(("Write the migration", "Try it on a copy")):
        child = world.create_issue(
            project, "Sub-task", title, at=begun + days(1), parent_id=parent.id, **people
        )
        world.transition(child, started, at=begun + days(10 + n))
        world.transition(child, done, at=begun + days(12 + n))
    world.transition(parent, done, at=begun + days(14))


def _move_one(world: World) -> None:
    """A finished item of the last project moved to the first; its old key still leads to it."""
    projects = list(world.projects.values())
    if len(projects) < 2:
        return
    source, target = projects[-1], projects[0]
    candidates = (world.issues[id_] for id_ in world.by_project[source.id])
    issue = next(
        (
            one
            for one in candidates
            if one.is_done and one.parent_id and one.updated < world.now - days(60)
        ),
        None,
    )
    if issue is not None:
        world.set_parent(issue, None, at=world.now - days(49))
        world.move(issue, target, at=world.now - days(48))
