"""Random legal edits of what lies at the code hosts: GitHub and GitLab."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps

from connectors.simulator.code import Item
from connectors.simulator.code_ci import JobPlan
from connectors.simulator.code_things import (
    ChangeRequest,
    FileEdit,
    Group,
    HostIssue,
    HostMilestone,
    Method,
    Repository,
    Run,
    TestTotals,
)
from connectors.simulator.edit_dice import Dice, Draw

_LABELS = ("bug", "docs", "ui", "backend")
_FILES = (FileEdit("src/app.py"), FileEdit("tests/test_app.py"), FileEdit("docs/guide.md"))
_JOBS = (JobPlan("lint", seconds=0, stage="check"), JobPlan("unit tests", tests=TestTotals(40)))


def _repositories(dice: Dice) -> list[Repository]:
    """Those that take edits."""
    return [
        one
        for one in dice.code.repositories.values()
        if one.host == dice.system and not one.deleted and not one.archived
    ]


Deed = Callable[[Dice, Repository], str | None]


def _in(deed: Deed) -> Draw:
    """The deed done in any repository."""

    @wraps(deed)
    def draw(dice: Dice) -> str | None:
        repo = dice.one(_repositories(dice))
        if repo is None:
            return None
        path = repo.path
        done = deed(dice, repo)
        return None if done is None else f"{path}: {done}"

    return draw


def _issue(dice: Dice, repo: Repository, state: str | None = None) -> HostIssue | None:
    held = dice.code.issues_in(repo)
    return dice.one([one for one in held if state in (None, one.state) and not one.locked])


def _change(dice: Dice, repo: Repository, *states: str) -> ChangeRequest | None:
    return dice.one([one for one in dice.code.changes_in(repo) if one.state in states])


def _item(dice: Dice, repo: Repository) -> Item | None:
    held: list[Item] = [one for one in dice.code.issues_in(repo) if not one.locked]
    return dice.one([*held, *dice.code.changes_in(repo)])


def _name(item: Item) -> str:
    return f"{'issue' if isinstance(item, HostIssue) else 'change'} {item.number}"


def _milestone(dice: Dice, repo: Repository) -> HostMilestone | None:
    owners: list[Repository | Group] = [repo, *dice.code.lineage(dice.code.groups[repo.group_id])]
    return dice.one([found for one in owners for found in dice.code.milestones_of(one)])


# --- items ------------------------------------------------------------------------------------


def _retitle(dice: Dice, repo: Repository) -> str | None:
    item = _item(dice, repo)
    if item is None:
        return None
    dice.code.retitle(item, dice.words("Title"), by=dice.somebody)
    return f"{_name(item)} gets another title"


def _describe(dice: Dice, repo: Repository) -> str | None:
    item = _item(dice, repo)
    if item is None:
        return None
    dice.code.describe(item, dice.words("Text"))
    return f"{_name(item)} gets another text"


def _comment(dice: Dice, repo: Repository) -> str | None:
    item = _item(dice, repo)
    if item is None:
        return None
    dice.code.comment(item, dice.words("Said"), by=dice.somebody)
    return f"{_name(item)} is talked about"


def _relabel(dice: Dice, repo: Repository) -> str | None:
    item = _item(dice, repo)
    if item is None:
        return None
    names = dice.rng.sample(_LABELS, dice.rng.randint(0, 3))
    dice.code.relabel(item, names, by=dice.somebody)
    return f"{_name(item)} is labelled {names}"


def _assign(dice: Dice, repo: Repository) -> str | None:
    item = _item(dice, repo)
    if item is None:
        return None
    people = dice.rng.sample(dice.world.humans(), dice.rng.randint(0, 2))
    dice.code.assign(item, people, by=dice.somebody)
    return f"{_name(item)} is given to {people}"


def _plan(dice: Dice, repo: Repository) -> str | None:
    item = _item(dice, repo)
    if item is None:
        return None
    milestone = _milestone(dice, repo) if dice.rng.random() < 0.8 else None
    dice.code.plan(item, milestone, by=dice.somebody)
    return f"{_name(item)} is planned for {milestone.id if milestone else None}"


def _write(dice: Dice, repo: Repository) -> str:
    milestone = _milestone(dice, repo)
    made = dice.code.create_issue(
        repo,
        dice.words("New"),
        author=dice.somebody,
        labels=dice.rng.sample(_LABELS, 1),
        milestone_id=milestone.id if milestone and dice.rng.random() < 0.5 else None,
    )
    return f"{_name(made)} is written"


def _turn(dice: Dice, repo: Repository) -> str | None:
    issue = _issue(dice, repo)
    if issue is None:
        return None
    if issue.state == "open":
        reason = dice.rng.choice(("completed", "not_planned"))
        dice.code.close(issue, by=dice.somebody, reason=reason)
        return f"{_name(issue)} is closed as {reason}"
    dice.code.reopen(issue, by=dice.somebody)
    return f"{_name(issue)} is open again"


def _delete(dice: Dice, repo: Repository) -> str | None:
    issue = _issue(dice, repo)
    if issue is None:
        return None
    dice.code.delete_issue(issue)
    return f"{_name(issue)} ({issue.id}) is deleted"


def _transfer(dice: Dice, repo: Repository) -> str | None:
    issue = _issue(dice, repo)
    other = dice.one([one for one in _repositories(dice) if one is not repo])
    if issue is None or other is None:
        return None
    made = dice.code.transfer(issue, other, by=dice.somebody)
    return f"{_name(issue)} ({issue.id}) goes to {other.path}#{made.number} ({made.id})"


def _discuss(dice: Dice, repo: Repository) -> str | None:
    issue = _issue(dice, repo, "open")
    if issue is None or repo.host != "github":
        return None
    dice.code.discuss(issue, by=dice.somebody)
    return f"{_name(issue)} ({issue.id}) becomes a discussion"


def _parent(dice: Dice, repo: Repository) -> str | None:
    issue, parent = _issue(dice, repo), _issue(dice, repo)
    if issue is None or parent is None or repo.host != "github":
        return None
    if issue.parent_id is not None:
        dice.code.set_parent(issue, None, by=dice.somebody)
        return f"{_name(issue)} has no parent any more"
    above: HostIssue | None = parent
    while above is not None:
        if above is issue:
            return None
        above = dice.code.issues.get(above.parent_id or 0)
    dice.code.set_parent(issue, parent, by=dice.somebody)
    return f"{_name(issue)} is put under {_name(parent)}"


def _weigh(dice: Dice, repo: Repository) -> str | None:
    issue = _issue(dice, repo)
    if issue is None or repo.host != "gitlab":
        return None
    dice.code.set_weight(issue, dice.rng.choice((None, 1, 3, 8)), by=dice.somebody)
    return f"{_name(issue)} weighs {issue.weight}"


def _due(dice: Dice, repo: Repository) -> str | None:
    issue = _issue(dice, repo)
    if issue is None or repo.host != "gitlab":
        return None
    ahead = dice.rng.choice((None, 7, 30))
    due = None if ahead is None else dice.now.date() + timedelta(days=ahead)
    dice.code.set_due(issue, due, by=dice.somebody)
    return f"{_name(issue)} is due {due}"


def _iterate(dice: Dice, repo: Repository) -> str | None:
    issue = _issue(dice, repo)
    if issue is None or repo.host != "gitlab":
        return None
    groups = {one.id for one in dice.code.lineage(dice.code.groups[repo.group_id])}
    held = [one for one in dice.code.iterations.values() if one.group_id in groups]
    iteration = dice.rng.choice([None, *held])
    dice.code.set_iteration(issue, iteration, by=dice.somebody)
    return f"{_name(issue)} is put into iteration {issue.iteration_id}"


def _hush(dice: Dice, repo: Repository) -> str | None:
    issue = _issue(dice, repo)
    if issue is None or repo.host != "gitlab":
        return None
    dice.code.set_confidential(issue, not issue.confidential, by=dice.somebody)
    return f"{_name(issue)} is {'' if issue.confidential else 'no longer '}confidential"


# --- milestones -------------------------------------------------------------------------------


def _add_milestone(dice: Dice, repo: Repository) -> str:
    due = dice.now.date() + timedelta(days=dice.rng.randint(5, 60))
    made = dice.code.add_milestone(repo, dice.words("Plan"), due=due, creator=dice.somebody)
    return f"milestone {made.id} is planned for {due}"


def _edit_milestone(dice: Dice, repo: Repository) -> str | None:
    milestone = _milestone(dice, repo)
    if milestone is None:
        return None
    if dice.rng.random() < 0.5:
        dice.code.edit_milestone(milestone, title=dice.words("Plan"))
        return f"milestone {milestone.id} gets another title"
    due = (milestone.due or dice.now.date()) + timedelta(days=dice.rng.randint(1, 30))
    dice.code.edit_milestone(milestone, due=due)
    return f"milestone {milestone.id} is due {due}"


def _turn_milestone(dice: Dice, repo: Repository) -> str | None:
    milestone = _milestone(dice, repo)
    if milestone is None:
        return None
    if milestone.is_open:
        dice.code.close_milestone(milestone)
        return f"milestone {milestone.id} is closed"
    dice.code.reopen_milestone(milestone)
    return f"milestone {milestone.id} is open again"


def _drop_milestone(dice: Dice, repo: Repository) -> str | None:
    milestone = dice.one(dice.code.milestones_of(repo))
    if milestone is None:
        return None
    dice.code.delete_milestone(milestone)
    return f"milestone {milestone.id} is deleted"


# --- changes ----------------------------------------------------------------------------------


def _open_change(dice: Dice, repo: Repository) -> str | None:
    if dice.code.is_empty(repo):
        return None
    issue = _issue(dice, repo, "open")
    title = dice.words("Change")
    made = dice.code.open_change(
        repo,
        title,
        f"branch-{dice.rng.randrange(16**8):08x}",
        [(title, (dice.rng.choice(_FILES),))],
        author=dice.somebody,
        draft=dice.rng.random() < 0.2,
        closes=[issue.id] if issue and dice.rng.random() < 0.5 else [],
    )
    return f"{_name(made)} is opened"


def _push(dice: Dice, repo: Repository) -> str | None:
    change = _change(dice, repo, "open")
    if change is None:
        return None
    dice.code.push(change, dice.words("More"), (dice.rng.choice(_FILES),), by=dice.somebody)
    return f"{_name(change)} gets a commit"


def _force_push(dice: Dice, repo: Repository) -> str | None:
    change = _change(dice, repo, "open")
    if change is None:
        return None
    dice.code.rebase(change, by=dice.somebody)
    return f"{_name(change)} is pushed with force"


def _update_branch(dice: Dice, repo: Repository) -> str | None:
    change = _change(dice, repo, "open")
    if change is None:
        return None
    dice.code.update_branch(change, by=dice.somebody)
    return f"{_name(change)} takes its base branch in"


def _draft(dice: Dice, repo: Repository) -> str | None:
    change = _change(dice, repo, "open")
    if change is None:
        return None
    dice.code.set_draft(change, not change.draft, by=dice.somebody)
    return f"{_name(change)} is {'a draft' if change.draft else 'ready'}"


def _review(dice: Dice, repo: Repository) -> str | None:
    change = _change(dice, repo, "open")
    if change is None:
        return None
    words = ("approved", "changes_requested", "commented") if repo.host == "github" else (
        "approved",
    )  # fmt: skip
    verdict = dice.rng.choice(words)
    dice.code.review(change, dice.somebody, verdict)
    return f"{_name(change)} is reviewed: {verdict}"


def _ask_review(dice: Dice, repo: Repository) -> str | None:
    change = _change(dice, repo, "open")
    person = dice.somebody
    if change is None or person in change.reviewers:
        return None
    dice.code.request_review(change, person)
    return f"{_name(change)} asks {person} to look"


def _dismiss(dice: Dice, repo: Repository) -> str | None:
    change = _change(dice, repo, "open")
    if change is None:
        return None
    review = dice.one([one for one in change.reviews if one.verdict == "approved"])
    if review is None:
        return None
    dice.code.dismiss(change, review, by=dice.somebody)
    return f"{_name(change)} loses an approval"


def _merge(dice: Dice, repo: Repository) -> str | None:
    change = _change(dice, repo, "open")
    if change is None or change.conflict or change.draft:
        return None
    method: Method = dice.rng.choice(repo.methods)
    if method == "fast-forward" and dice.code.git.tip(repo, change.base_branch) != change.fork_sha:
        dice.code.rebase(change, by=dice.somebody)
    dice.code.merge(change, method, by=dice.somebody)
    return f"{_name(change)} lands by {method}"


def _drop_change(dice: Dice, repo: Repository) -> str | None:
    change = _change(dice, repo, "open", "closed")
    if change is None:
        return None
    if change.state == "open":
        dice.code.close(change, by=dice.somebody)
        return f"{_name(change)} is closed"
    dice.code.reopen(change, by=dice.somebody)
    return f"{_name(change)} is open again"


# --- CI ---------------------------------------------------------------------------------------


def _start_run(dice: Dice, repo: Repository) -> str | None:
    if "ci" not in repo.features:
        return None
    change = _change(dice, repo, "open")
    if change is None:
        tip = dice.code.git.tip(repo, repo.default_branch)
        if tip is None:
            return None
        run = dice.code.ci.start(repo, "push", tip, repo.default_branch, dice.now, _JOBS)
    else:
        preview = dice.code.preview(change)
        run = dice.code.ci.start(
            repo,
            "change",
            change.head_sha,
            change.head_branch,
            dice.now,
            _JOBS,
            change=change,
            built_sha=preview.sha if preview and repo.host == "github" else None,
            actor=change.author,
        )
    return f"run {run.id} starts"


def _running(dice: Dice, repo: Repository) -> Run | None:
    return dice.one([one for one in dice.code.ci.runs_in(repo) if one.status != "completed"])


def _finish_run(dice: Dice, repo: Repository) -> str | None:
    run = _running(dice, repo)
    if run is None:
        return None
    conclusion = dice.rng.choice(("success", "failure"))
    for job in run.jobs:
        if job.status != "completed":
            dice.code.ci.finish_job(repo, job, conclusion, dice.now)
    return f"run {run.id} ends: {conclusion}"


def _again(dice: Dice, repo: Repository) -> str | None:
    # GitHub lets a run start again for 30 days.
    oldest = dice.now - timedelta(days=30 if repo.host == "github" else 10_000)
    ended = [
        one
        for one in dice.code.ci.runs_in(repo)
        if one.status == "completed" and one.jobs and one.created > oldest
    ]
    run = dice.one(ended)
    if run is None:
        return None
    jobs = [one for one in run.jobs if not one.retried]
    names = dice.rng.sample(jobs, dice.rng.randint(1, len(jobs)))
    plans = [JobPlan(one.name, stage=one.stage, allow_failure=one.allow_failure) for one in names]
    again = dice.code.ci.rerun if repo.host == "github" else dice.code.ci.retry
    again(repo, run, dice.now, plans, finish=False)
    return f"run {run.id} runs {len(plans)} jobs again"


def _drop_run(dice: Dice, repo: Repository) -> str | None:
    run = dice.one([one for one in dice.code.ci.runs_in(repo) if one.status == "completed"])
    if run is None:
        return None
    dice.code.ci.delete_run(repo, run)
    return f"run {run.id} is deleted"


def _status(dice: Dice, repo: Repository) -> str | None:
    change = _change(dice, repo, "open")
    if change is None:
        return None
    state = dice.rng.choice(("pending", "success", "failure"))
    dice.code.ci.set_status(repo, change.head_sha, "coverage/project", state, dice.now)
    return f"{_name(change)} gets a status: {state}"


# --- what is released -------------------------------------------------------------------------


def _commit(dice: Dice, repo: Repository) -> str:
    made = dice.code.commit(repo, dice.words("Straight to main"), author=dice.somebody)
    return f"{made.sha[:8]} is pushed to {repo.default_branch}"


def _release(dice: Dice, repo: Repository) -> str | None:
    tip = dice.code.git.tip(repo, repo.default_branch)
    if tip is None:
        return None
    tag = f"v{dice.rng.randrange(10**6)}.0"
    dice.code.tag(repo, tag, tip)
    dice.code.release(repo, tag, f"Release {tag}", author=dice.somebody)
    return f"{tag} is released"


def _deploy(dice: Dice, repo: Repository) -> str | None:
    tip = dice.code.git.tip(repo, repo.default_branch)
    if tip is None or "deployments" not in repo.features:
        return None
    dice.code.deploy(repo, tip, "production", by=dice.somebody)
    return f"{tip[:8]} is deployed"


# --- repositories -----------------------------------------------------------------------------


def _rename(dice: Dice, repo: Repository) -> str:
    name = f"{repo.owner}/r{dice.rng.randrange(16**8):08x}"
    dice.code.rename_repository(repo, name)
    return f"is called {name}"


def _hand_over(dice: Dice, repo: Repository) -> str | None:
    others = [
        one
        for one in dice.code.groups.values()
        if one.host == repo.host and one.id != repo.group_id
    ]
    group = dice.one(others)
    if group is None or _leans_on_its_group(dice, repo):
        return None
    path = f"{group.path}/{repo.name}"
    if dice.code.repository_at(repo.host, path) is not None:
        return None
    dice.code.rename_repository(repo, path)
    return f"is handed over to {group.path}"


def _leans_on_its_group(dice: Dice, repo: Repository) -> bool:
    """Whether its items are planned with what belongs to its group and not to it."""
    items: list[Item] = [*dice.code.issues_in(repo), *dice.code.changes_in(repo)]
    own = {one.id for one in dice.code.milestones_of(repo)}
    return any(
        one.milestone_id not in (None, *own) or getattr(one, "iteration_id", None) is not None
        for one in items
    )


def _archive(dice: Dice) -> str | None:
    repo = dice.one(dice.code.hosted("github" if dice.system == "github" else "gitlab"))
    if repo is None:
        return None
    if repo.archived:
        dice.code.unarchive_repository(repo)
        return f"{repo.path} is taken out of the archive"
    dice.code.archive_repository(repo)
    return f"{repo.path} is archived"


def _revoke(dice: Dice) -> str | None:
    repo = dice.one(dice.code.hosted("github" if dice.system == "github" else "gitlab"))
    if repo is None:
        return None
    if repo.id in dice.code.access_of(dice.who).hidden:
        dice.code.show(dice.who, repo)
        return f"{repo.path} is shown to {dice.who.name}"
    repo.private = True
    dice.code.hide(dice.who, repo)
    return f"{repo.path} is closed to {dice.who.name}"


#: What happens every day.
DRAWS: tuple[Draw, ...] = tuple(
    map(
        _in,
        (
            _retitle, _describe, _comment, _relabel, _assign, _plan, _write, _turn, _delete,
            _transfer, _discuss, _parent, _weigh, _due, _iterate, _hush, _add_milestone,
            _edit_milestone, _turn_milestone, _drop_milestone, _open_change, _push, _force_push,
            _update_branch, _draft, _review, _ask_review, _dismiss, _merge, _drop_change,
            _start_run, _finish_run, _again, _drop_run, _status, _commit, _release, _deploy,
            _rename, _hand_over,
        ),
    )
)  # fmt: skip
#: What takes a whole repository out of sight, or brings it back.
DRASTIC: tuple[Draw, ...] = (_archive, _revoke)
