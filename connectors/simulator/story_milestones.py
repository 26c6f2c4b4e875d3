"""What goes wrong on purpose with the hosts' own milestones, and what holds their own issues."""

from collections.abc import Generator
from datetime import date, datetime, timedelta

from connectors.simulator.code_build import Life
from connectors.simulator.code_things import HostMilestone, Repository
from connectors.simulator.story_scene import Scene
from connectors.simulator.world import days

_Planning = Generator[datetime, None, HostMilestone]


def subject(repo: Repository, milestone: HostMilestone) -> str:
    """How a milestone of a repository is known; GitHub counts them in each repository."""
    name = f"{repo.id}:{milestone.number}" if repo.host == "github" else str(milestone.id)
    return f"milestone:{name}"


def overdue(scene: Scene, repo: Repository) -> None:
    """A milestone whose date was last Friday and whose issues are not all closed."""
    today = scene.now.date()
    friday = today - days((today.weekday() - 4) % 7 or 7)

    def life() -> Life:
        made = yield from _milestone(scene, repo, "Shop in the app", friday, closed=4)
        scene.plant("plan.overdue", subject(repo, made))

    scene.begin(life())


def due_moved(scene: Scene, repo: Repository) -> None:
    """The date of a milestone is moved between the readings."""
    due, moved = scene.now.date() + days(40), scene.later(1, 5)

    def life() -> Life:
        made = yield from _milestone(scene, repo, "Voucher pilot", due, closed=2)
        yield moved
        scene.code.edit_milestone(made, due=due + days(scene.rng.randint(7, 20)), at=moved)
        scene.plant("plan.due-moved", subject(repo, made))

    scene.begin(life())


def in_time(scene: Scene, repo: Repository) -> None:
    """All is well with it: one of its issues is open, and its date is far."""

    def life() -> Life:
        yield from _milestone(scene, repo, "Quiet rework", scene.now.date() + days(50), closed=5)

    scene.begin(life())


def _milestone(scene: Scene, repo: Repository, title: str, due: date, *, closed: int) -> _Planning:
    """A judged milestone with six issues that were planned before it began."""
    code, begun = scene.code, scene.ago(44, 50)
    scene.judged.append(f"{repo.path}:{title}")
    yield begun
    made = code.add_milestone(
        repo, title, due=due, at=begun, creator=scene.somebody(),
        start=(begun + days(3)).date() if repo.host == "gitlab" else None,
    )  # fmt: skip
    issues = []
    for n in range(6):
        at = begun + timedelta(hours=1 + n)
        yield at
        issue = code.create_issue(
            repo, f"{title}: {scene.topic()}", author=scene.somebody(), at=at,
            body="Planned together.", milestone_id=made.id, assignees=[scene.somebody()],
        )  # fmt: skip
        issues.append(issue)
    for n, issue in enumerate(issues[:closed]):
        # The last one lately: nothing that goes on is silent for weeks.
        at = begun + days(36 - 5 * (closed - 1 - n))
        yield at
        code.close(issue, at=at, by=issue.author)
    return made
