"""What looks like trouble in the repositories and is none: no detector may find any of it."""

from collections.abc import Callable
from datetime import timedelta

from connectors.simulator.code_build import Life
from connectors.simulator.code_ci import JobPlan
from connectors.simulator.code_things import FileEdit
from connectors.simulator.story_scene import Scene
from connectors.simulator.story_work import Work, live, with_jobs
from connectors.simulator.world import days

_SKIPPED = with_jobs(JobPlan("deploy preview", "skipped", 1, "deploy"))
_UGLY = with_jobs(JobPlan("lint", "failure", 30, "check"))
_DOCS = (FileEdit("docs/handbook.md"), FileEdit("README.md"))


def _equal_tree(scene: Scene) -> None:
    """Tested at its head only; what landed holds the very same content."""
    scene.week.append(scene.of_this_week(took=timedelta(hours=3), landed=None))


def _still_in_progress(scene: Scene) -> None:
    """It landed some days ago, and there may be more to do."""
    landed, issue = scene.ago(1, 3), scene.item(begun=scene.ago(24, 26))
    scene.begin(live(scene.code, scene.work(issue, landed - days(2), landed)))


def _waits_for_review(scene: Scene) -> None:
    """It landed long ago, and somebody has to look at it yet."""
    landed = scene.ago(18, 25)
    issue = scene.item(begun=landed - days(4))
    scene.world.transition(issue, "In Review", at=landed - days(1))
    scene.begin(live(scene.code, scene.work(issue, landed - days(2), landed)))


def _words_like_keys(scene: Scene) -> None:
    """Its texts are full of what is no key."""
    words = "Read UTF-8 and keep SHA-256 sums"
    scene.week.append(scene.of_this_week(words=words, body="As ISO-8601 and RFC-2119 say."))


def _skipped_beside_green(scene: Scene) -> None:
    """A check was skipped; the tests passed."""
    scene.week.append(scene.of_this_week(head=_SKIPPED, landed=_SKIPPED))


def _reverted_and_back(scene: Scene) -> None:
    """Taken back, and brought back."""
    issue, back = scene.item(), scene.later(1, 2)

    def life() -> Life:
        first = yield from scene.finished(issue, repo=scene.aside)
        second = yield from scene.take_back(first, back)
        yield from scene.take_back(second, back + days(2))

    scene.begin(life())


def _docs_only(scene: Scene) -> None:
    """Nothing tests a page of the handbook."""
    scene.week.append(scene.of_this_week(files=_DOCS, head=None, landed=None))


def _robot(scene: Scene) -> None:
    """A robot asks to raise a dependency, and quotes what others have done in it."""
    bot = next(one.account_id for one in scene.world.people.values() if one.bot)
    done = next(one for one in scene.world.alive() if one.is_done and one.resolution == "Done")
    work = Work(
        scene.somewhere(), "Bump requests from 2.31 to 2.32", "bump/requests-2.32", bot,
        scene.ago(2, 4), None, f"What is new:\n\n* fixes {done.key}\n* closes #1",
    )  # fmt: skip
    scene.begin(live(scene.code, work))


def _backport(scene: Scene) -> None:
    """Finished work is carried to an older version, where it is open still, or has landed."""
    issue, carried = scene.item(), scene.later(1, 3)
    ends = scene.rng.choice((None, carried + days(2)))

    def life() -> Life:
        change = yield from scene.finished(issue)
        yield carried
        repo = scene.code.repositories[change.repo_id]
        branch = f"release-3.1-{change.number}"
        tip = scene.code.git.tip(repo, repo.default_branch, carried - days(12))
        assert tip is not None
        scene.code.git.move(repo, branch, tip, carried)
        work = scene.work(
            issue, carried + timedelta(hours=1), ends, repo=repo, base=branch,
            title=f"{change.title} (3.1)", branch=f"backport/{issue.key}",
            messages=(
                f"{issue.key}: {issue.summary}\n\n(cherry picked from commit {change.landed_sha})",
            ),
        )  # fmt: skip
        yield from live(scene.code, work)

    scene.begin(life())


def _lint_failed(scene: Scene) -> None:
    """The tests passed; it is only the style that something dislikes."""
    scene.week.append(scene.of_this_week(head=_UGLY, landed=_UGLY))


def _replaced(scene: Scene) -> None:
    """The first try was given up, the second one landed."""
    issue, repo, landed = scene.item(), scene.somewhere(), scene.later(1, 4)
    first = scene.work(issue, scene.ago(5, 6), scene.ago(3, 4), repo=repo, lands=False)
    again = f"feature/{issue.key}-again"
    second = scene.work(issue, scene.ago(1, 2), landed, repo=repo, branch=again)
    scene.begin(live(scene.code, first))
    scene.begin(live(scene.code, second))
    scene.week.append(scene.finish(issue, landed + timedelta(hours=4)))


def _renamed(scene: Scene) -> None:
    """A repository gets another name; its old one leads to it."""
    repo, at = scene.aside, scene.later(1, 3)

    def life() -> Life:
        yield at
        scene.code.rename_repository(repo, f"{repo.owner}/{repo.name}-core", at=at)

    scene.week.append(life())


HARMLESS: tuple[Callable[[Scene], None], ...] = (
    _equal_tree,
    _still_in_progress,
    _waits_for_review,
    _words_like_keys,
    _skipped_beside_green,
    _reverted_and_back,
    _docs_only,
    _robot,
    _backport,
    _lint_failed,
    _replaced,
    _renamed,
)
