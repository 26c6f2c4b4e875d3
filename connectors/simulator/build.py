"""A seeded company of any size, realistic enough to be read, plain enough to be judged."""

import random
from datetime import datetime, timedelta

from connectors.simulator.texture import weave
from connectors.simulator.world import Credential, Issue, Project, Sprint, Version, World, days

_VERBS = "Add Fix Improve Remove Rework Document Measure Support Speed-up Validate".split()
_THINGS = (
    "login,invoice export,search index,audit trail,mobile menu,payment retry,report cache,"
    "user import,Größenrechner,webhook queue,データ同期,access log,onboarding,price list"
).split(",")
_NAMES = (
    "Ada Winter,Ben Okafor,Chen Lin,Dora Vance,Emil Sørensen,Farah Nasser,Gil Moreau,Hana Sato,"
    "Ivan Petrov,Jo Blake,Kofi Mensah,Lea Brandt,Mara Costa,Nils Berg,Olga Zima,Pia Rossi"
).split(",")
_POINTS = (1.0, 2.0, 3.0, 5.0, 8.0)
#: Longest history that Jira Cloud sends inline; some items have more.
LONG_HISTORY = 48


def build(
    seed: int,
    *,
    now: datetime,
    projects: int = 3,
    issues_per_project: int = 60,
    people: int = 12,
) -> World:
    """The company at `now`. The last project is kanban, the others are scrum."""
    rng = random.Random(seed)
    world = World(now)
    for i in range(people):
        name = _NAMES[i % len(_NAMES)] + (f" {i // len(_NAMES)}" if i >= len(_NAMES) else "")
        world.add_person(f"5b10a{i:04d}", f"user{i}", name)
    zones = ("UTC", "America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe")
    world.add_credential(
        Credential(
            "owner", "owner@example.net", f"token-owner-{seed}", "5b10a0000", rng.choice(zones)
        )
    )
    keys = ["APO", "BEE", "KIT", *(f"P{i:02d}" for i in range(3, projects))][:projects]
    for i, key in enumerate(keys):
        kind = "kanban" if i == projects - 1 and projects > 1 else "scrum"
        project = world.add_project(key, f"{key.title()} product", kind)
        _fill(world, rng, project, issues_per_project)
    weave(world, seed)
    return world


def _fill(world: World, rng: random.Random, project: Project, count: int) -> None:
    now = world.now
    board = world.add_board(project, f"{project.key} board", project.kind)
    today = now.date()
    old = world.add_version(
        project, "Release 3.0", today - days(200), today - days(120), released=True
    )
    previous = world.add_version(
        project, "Release 3.1", today - days(110), today - days(100), released=True
    )
    current = world.add_version(project, "Release 3.2", today - days(42), today + days(28))
    following = world.add_version(project, "Release 3.3", today + days(29), today + days(90))
    sprints = _sprints(world, project, board.id, now) if project.kind == "scrum" else []
    people = list(world.people)
    epics = [
        world.create_issue(
            project,
            "Epic",
            f"{rng.choice(_THINGS)} programme",
            at=now - days(180),
            reporter=rng.choice(people),
            assignee=rng.choice(people),
        )
        for _ in range(max(1, count // 20))
    ]
    for epic in epics:
        _start(world, project, epic, now - days(150))
    for n in range(count):
        epic = epics[n % len(epics)]
        share = n / count
        if share < 0.3:
            _finished(world, rng, project, epic, (old, previous)[n % 2], sprints)
        elif share < 0.8:
            _planned(world, rng, project, epic, current, sprints, open_=n % 5 < 3)
        else:
            _later(world, rng, project, epic, following)
    _noise(world, rng, project)


def _sprints(world: World, project: Project, board_id: int, now: datetime) -> list[Sprint]:
    board = world.boards[board_id]
    made = []
    for i, age in enumerate((44, 30, 16, 2)):
        sprint = world.add_sprint(board, f"{project.key} Sprint {i + 1}, phase {i // 2 + 1}")
        begin = now - days(age)
        world.start_sprint(sprint, begin, begin + days(14))
        if age > 2:
            world.close_sprint(sprint, begin + days(14))
        made.append(sprint)
    made.append(world.add_sprint(board, f"{project.key} Sprint 5"))
    return made


def _new(
    world: World,
    rng: random.Random,
    project: Project,
    epic: Issue,
    at: datetime,
    version: Version | None,
) -> Issue:
    people = list(world.people)
    # A restricted item's title must never be seen by others: some items are.
    return world.create_issue(
        project,
        rng.choice(("Story", "Story", "Task", "Bug")),
        f"{rng.choice(_VERBS)} {rng.choice(_THINGS)}",
        at=at,
        reporter=rng.choice(people),
        assignee=rng.choice(people),
        priority=rng.choice(("High", "Medium", "Medium", "Low")),
        points=rng.choice(_POINTS) if project.kind == "scrum" else None,
        parent_id=epic.id,
        labels=rng.sample(["backend", "ui", "debt", "q1"], rng.randint(0, 2)),
        components=[rng.choice(("core", "web", "mobile"))],
        versions=[version.id] if version else [],
        description=f"As a user I want {rng.choice(_THINGS)}.\n\n* it works\n* it is fast",
        restricted=rng.random() < 0.03,
    )


def _start(world: World, project: Project, issue: Issue, at: datetime) -> None:
    world.transition(issue, "In Progress" if project.kind == "scrum" else "Doing", at=at)


def _finish(world: World, project: Project, issue: Issue, at: datetime) -> None:
    if project.kind == "scrum":
        world.transition(issue, "In Review", at=at - timedelta(hours=20))
    world.transition(issue, "Done" if project.kind == "scrum" else "Finished", at=at)


def _finished(
    world: World,
    rng: random.Random,
    project: Project,
    epic: Issue,
    version: Version,
    sprints: list[Sprint],
) -> None:
    assert version.due is not None
    end = datetime.combine(version.due, datetime.min.time(), world.now.tzinfo)
    issue = _new(world, rng, project, epic, end - days(rng.uniform(60, 75)), version)
    begun = end - days(rng.uniform(20, 40))
    _start(world, project, issue, begun)
    _finish(world, project, issue, begun + days(rng.uniform(2, 9)))


def _planned(
    world: World,
    rng: random.Random,
    project: Project,
    epic: Issue,
    version: Version,
    sprints: list[Sprint],
    *,
    open_: bool,
) -> None:
    """In the current version since before it began; finished in a past sprint, or still open."""
    issue = _new(world, rng, project, epic, world.now - days(rng.uniform(60, 90)), version)
    if not open_:
        begun = world.now - days(rng.uniform(17, 38))
        if sprints:
            world.move_to_sprint(issue, _sprint_at(sprints, begun), at=begun - days(0.5))
        _start(world, project, issue, begun)
        _finish(world, project, issue, begun + days(rng.uniform(1.5, 4)))
    elif rng.random() < 0.4:
        if sprints:
            # Planned before the sprint was started: part of its baseline.
            world.move_to_sprint(issue, sprints[3], at=world.now - days(rng.uniform(3, 6)))
        _start(world, project, issue, world.now - days(rng.uniform(0.5, 1.9)))


def _sprint_at(sprints: list[Sprint], at: datetime) -> Sprint:
    return next((s for s in sprints if s.start and s.end and s.start <= at < s.end), sprints[2])


def _later(
    world: World, rng: random.Random, project: Project, epic: Issue, version: Version
) -> None:
    planned = version if rng.random() < 0.7 else None
    _new(world, rng, project, epic, world.now - days(rng.uniform(5, 40)), planned)


def _noise(world: World, rng: random.Random, project: Project) -> None:
    """Edits that mean nothing for the plan; one item with a history longer than is sent inline."""
    issues = [world.issues[id_] for id_ in world.by_project[project.id]]
    for issue in rng.sample(issues, max(1, len(issues) // 6)):
        # Within its life and before the present.
        at = issue.updated + (world.now - issue.updated) * rng.random() * 0.9
        world.rename(issue, f"{issue.summary} ({rng.randint(2, 9)})", at=at)
    chatty = issues[len(issues) // 2]
    for i in range(LONG_HISTORY):
        at = chatty.updated + (world.now - chatty.updated) * 0.05
        world.relabel(chatty, [f"round{i}"], at=at)
    a, b = issues[-1], issues[-2]
    world.link(a, "Relates", b, at=max(a.updated, b.updated))
