"""What two systems say differently on purpose; drawn apart from the other plots."""

from collections.abc import Callable
from datetime import timedelta

from connectors.simulator.code_build import Life
from connectors.simulator.story_scene import Scene
from connectors.simulator.story_work import Work, live
from connectors.simulator.world import Issue, days

_DETECTOR = "data.contradiction"


def _elsewhere(scene: Scene) -> None:
    """What is done landed on a branch that somebody has left since."""
    issue, landed = scene.item(), scene.later(1, 4)
    repo = scene.aside
    branch = f"experiment/{issue.key.lower()}"

    def life() -> Life:
        yield landed - days(2)
        tip = scene.code.git.tip(repo, repo.default_branch, landed - days(2))
        assert tip is not None
        scene.code.git.move(repo, branch, tip, landed - days(2))
        work = scene.work(issue, landed - days(1), landed, repo=repo, base=branch)
        yield from live(scene.code, work)

    scene.week.append(life())
    scene.week.append(scene.finish(issue, landed + timedelta(hours=3)))
    scene.plant(_DETECTOR, f"issue:{issue.id}", "done-elsewhere")


def _todo_started(scene: Scene) -> None:
    """Somebody works on what the board still calls to do."""
    issue = _waiting(scene)
    work = scene.work(issue, scene.later(1, 4), None, repo=scene.aside)
    scene.week.append(live(scene.code, work))
    scene.plant(_DETECTOR, f"issue:{issue.id}", "todo-started")


def _written_later(scene: Scene) -> None:
    """The item is written after its work has landed, and the change is given its key."""
    landed, project = scene.later(1, 3), scene.project()
    words, author = f"Speed up {scene.topic()}", scene.somebody()

    def life() -> Life:
        work = Work(
            scene.aside, words, f"speed-up-{project.key.lower()}", author,
            landed - timedelta(hours=9), landed,
        )  # fmt: skip
        change = yield from live(scene.code, work)
        written = landed + timedelta(hours=20)
        yield written
        issue = scene.world.create_issue(
            project, "Story", words, at=written, reporter=author, assignee=author, points=2.0,
            versions=[scene.world.version_named("Release 3.3", project).id],
        )  # fmt: skip
        scene.world.transition(issue, "In Progress", at=written + timedelta(hours=1))
        yield written + timedelta(hours=2)
        scene.code.retitle(change, f"{issue.key} {words}", at=written + timedelta(hours=2))
        yield from scene.finish(issue, written + timedelta(hours=8))

    scene.week.append(life())
    scene.plant(_DETECTOR, f"project:{project.id}", "created-after-merge")


def _sized_later(scene: Scene) -> None:
    """An estimate grows days after the work was done."""
    issue, landed = scene.item(), scene.later(1, 2)
    sized = landed + days(3)

    def life() -> Life:
        yield from live(scene.code, scene.work(issue, landed - days(1), landed, repo=scene.aside))
        yield from scene.finish(issue, landed + timedelta(hours=3))
        yield sized
        scene.world.set_points(issue, (issue.points or 1.0) * 2, at=sized)

    scene.week.append(life())
    scene.plant(_DETECTOR, f"project:{issue.project_id}", "estimate-after-done")


def _mirrored(scene: Scene) -> None:
    """An issue of a repository stands for an item, and nobody closes it with that."""
    issue, landed, author = scene.item(), scene.later(1, 4), scene.somebody()
    repo, begun = scene.aside, scene.ago(5, 7)

    def mirror() -> Life:
        yield begun
        scene.code.create_issue(
            repo, f"[{issue.key}] {issue.summary}", author=author, at=begun, body="As planned."
        )

    scene.begin(mirror())
    scene.week.append(live(scene.code, scene.work(issue, landed - days(1), landed, repo=repo)))
    scene.week.append(scene.finish(issue, landed + timedelta(hours=3)))
    scene.plant(_DETECTOR, f"issue:{issue.id}", "mirror-state")


def _waiting(scene: Scene) -> Issue:
    """A planned item that nobody has begun."""
    project = scene.project()
    return scene.world.create_issue(
        project, "Story", f"Try {scene.topic()}", at=scene.ago(20, 25),
        reporter=scene.somebody(), assignee=scene.somebody(), points=3.0,
        versions=[scene.world.version_named("Release 3.3", project).id],
    )  # fmt: skip


CONTRADICTIONS: tuple[Callable[[Scene], None], ...] = (
    _elsewhere,
    _todo_started,
    _written_later,
    _sized_later,
    _mirrored,
)
