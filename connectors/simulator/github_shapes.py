"""People, repositories and what hangs on them as JSON of GitHub's REST API."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from connectors.simulator.code import CodeWorld
from connectors.simulator.code_things import (
    ChangeRequest,
    Commit,
    Deployment,
    FileEdit,
    HostMilestone,
    Release,
    Repository,
    Tag,
)
from connectors.simulator.github_ids import due_on, instant, node_id
from connectors.simulator.github_scene import SITE
from connectors.simulator.world import Person, World

Json = dict[str, Any]
_SHA = "{/sha}"
#: Addresses that a repository names: field -> rest of the path.
_REPOSITORY_URLS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": f"/git/blobs{_SHA}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": f"/commits{_SHA}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": f"/git/commits{_SHA}",
    "git_refs_url": f"/git/refs{_SHA}",
    "git_tags_url": f"/git/tags{_SHA}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": f"/git/trees{_SHA}",
}
_USER_URLS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
#: Names of deployment states that REST has others for.
DEPLOYMENT_STATES = {"running": "in_progress", "cancelled": "error"}


@dataclass(frozen=True, slots=True)
class Shapes:
    """Makes JSON of things; `root` is the address of the API."""

    world: World
    root: str
    #: what was made for this answer already, by name and id.
    _made: dict[tuple[str, int], Json] = field(default_factory=dict)

    def _once(self, name: str, id_: int, make: Callable[[], Json]) -> Json:
        found = self._made.get((name, id_))
        if found is None:
            found = self._made[name, id_] = make()
        return found

    @property
    def code(self) -> CodeWorld:
        """The code hosts."""
        return self.world.code

    def api(self, repo: Repository) -> str:
        """Address of a repository."""
        return f"{self.root}/repos/{repo.path}"

    def page_of(self, repo: Repository) -> str:
        """Where people look at it."""
        return f"{SITE}/{repo.path}"

    # --- people -----------------------------------------------------------------------------

    def person(self, account_id: str | None) -> Json | None:
        """An account; None for one that is gone."""
        found = self.world.people.get(account_id) if account_id else None
        return self.account(found) if found is not None else None

    def account(self, one: Person) -> Json:
        """An account that is there."""
        number = self.code.user_id(one.account_id)
        return self._once("account", number, lambda: self._person(one, number))

    def _person(self, one: Person, number: int) -> Json:
        login = f"{one.login}[bot]" if one.bot else one.login
        kind = "Bot" if one.bot else "User"
        page = f"{SITE}/apps/{one.login}" if one.bot else f"{SITE}/{one.login}"
        return self._account(login, number, kind, page)

    def owner(self, repo: Repository) -> Json:
        """The organisation of a repository."""
        group = self.code.groups[repo.group_id]
        return self._account(group.path, group.id, "Organization", f"{SITE}/{group.path}")

    def _account(self, login: str, number: int, kind: str, page: str) -> Json:
        url = f"{self.root}/users/{login}"
        return {
            "login": login,
            "id": number,
            "node_id": node_id("O" if kind == "Organization" else "U", number),
            "avatar_url": f"{SITE}/avatars/u/{number}",
            "gravatar_id": "",
            "url": url,
            "html_url": page,
            **{name: url + rest for name, rest in _USER_URLS.items()},
            "type": kind,
            "user_view_type": "public",
            "site_admin": False,
        }

    def me(self, one: Person) -> Json:
        """The account that asks."""
        made = instant(self.code.now)
        return {
            **self.account(one),
            "name": one.name,
            **dict.fromkeys(("company", "blog", "location", "email", "hireable", "bio")),
            "public_repos": 0,
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "created_at": made,
            "updated_at": made,
        }

    # --- repositories -----------------------------------------------------------------------

    def repository(self, repo: Repository) -> Json:
        """As other things name it."""
        url = self.api(repo)
        return {
            "id": repo.id,
            "node_id": node_id("R", repo.id),
            "name": repo.name,
            "full_name": repo.path,
            "private": repo.private,
            "owner": self.owner(repo),
            "html_url": self.page_of(repo),
            "description": repo.description,
            "fork": repo.fork_of is not None,
            "url": url,
            **{name: url + rest for name, rest in _REPOSITORY_URLS.items()},
        }

    def full_repository(self, repo: Repository) -> Json:
        """As it is told when asked for itself."""
        return self._once("repository", repo.id, lambda: self._full_repository(repo))

    def _full_repository(self, repo: Repository) -> Json:
        page = self.page_of(repo)
        open_ones = sum(
            one.state == "open" for one in (*self.code.issues_in(repo), *self.code.changes_in(repo))
        )
        counts = dict.fromkeys(
            "forks forks_count stargazers_count watchers watchers_count network_count"
            " subscribers_count size".split(),
            0,
        )
        return {
            **self.repository(repo),
            "clone_url": f"{page}.git",
            "git_url": f"git://github.example.net/{repo.path}.git",
            "ssh_url": f"git@github.example.net:{repo.path}.git",
            "svn_url": page,
            "mirror_url": None,
            "homepage": None,
            "language": None,
            "license": None,
            "default_branch": repo.default_branch,
            "created_at": instant(repo.created),
            "updated_at": instant(repo.updated),
            "pushed_at": instant(repo.updated),
            "has_issues": "issues" in repo.features,
            "has_projects": True,
            "has_wiki": False,
            "has_pages": False,
            "has_downloads": True,
            "has_discussions": False,
            "archived": repo.archived,
            "disabled": False,
            "visibility": "private" if repo.private else "public",
            "open_issues": open_ones,
            "open_issues_count": open_ones,
            "allow_merge_commit": "merge" in repo.methods,
            "allow_squash_merge": "squash" in repo.methods,
            "allow_rebase_merge": "rebase" in repo.methods,
            "permissions": {
                "admin": False,
                "maintain": False,
                "push": False,
                "triage": False,
                "pull": True,
            },
            **counts,
        }

    def milestone(self, one: HostMilestone) -> Json:
        """A milestone."""
        return self._once("milestone", one.id, lambda: self._milestone(one))

    def _milestone(self, one: HostMilestone) -> Json:
        repo = self.code.repositories[one.repo_id or 0]
        url = f"{self.api(repo)}/milestones/{one.number}"
        items = [
            item
            for item in (*self.code.issues_in(repo), *self.code.changes_in(repo))
            if item.milestone_id == one.id
        ]
        still = sum(item.state == "open" for item in items)
        return {
            "url": url,
            "html_url": f"{self.page_of(repo)}/milestone/{one.number}",
            "labels_url": f"{url}/labels",
            "id": one.id,
            "node_id": node_id("MI", one.id),
            "number": one.number,
            "title": one.title,
            "description": one.description or None,
            "creator": self.person(one.creator),
            "open_issues": still,
            "closed_issues": len(items) - still,
            "state": "open" if one.is_open else "closed",
            "created_at": instant(one.created),
            "updated_at": instant(one.updated),
            "due_on": due_on(one.due),
            "closed_at": instant(one.closed),
        }

    def label(self, repo: Repository, name: str) -> Json:
        """A label."""
        number = self.code.label_id(repo, name)
        return {
            "id": number,
            "node_id": node_id("LA", number),
            "url": f"{self.api(repo)}/labels/{name}",
            "name": name,
            "color": "ededed",
            "default": False,
            "description": None,
        }

    def pull_reference(self, one: ChangeRequest) -> Json:
        """A pull request as runs name it."""
        repo = self.code.repositories[one.repo_id]
        url = self.api(repo)
        inner = {"id": repo.id, "url": url, "name": repo.name}
        return {
            "id": one.id,
            "number": one.number,
            "url": f"{url}/pulls/{one.number}",
            "head": {"ref": one.head_branch, "sha": one.head_sha, "repo": inner},
            "base": {"ref": one.base_branch, "sha": one.base_sha, "repo": inner},
        }

    # --- commits ----------------------------------------------------------------------------

    def commit(self, one: Commit, *, files: bool = False) -> Json:
        """A commit; with its files when asked for itself."""
        repo = self.code.repositories[one.repo_id]
        url = f"{self.api(repo)}/commits/{one.sha}"
        tree = f"{self.api(repo)}/git/trees/{one.tree}"
        verification = {"verified": False, "reason": "unsigned"}
        found: Json = {
            "sha": one.sha,
            "node_id": f"C_{one.repo_id}_{one.sha}",
            "commit": {
                "author": {**self.signature(one.author), "date": instant(one.authored)},
                "committer": {**self.signature(one.author), "date": instant(one.committed)},
                "message": one.message,
                "tree": {"sha": one.tree, "url": tree},
                "url": f"{self.api(repo)}/git/commits/{one.sha}",
                "comment_count": 0,
                "verification": {
                    **verification,
                    "signature": None,
                    "payload": None,
                    "verified_at": None,
                },
            },
            "url": url,
            "html_url": f"{self.page_of(repo)}/commit/{one.sha}",
            "comments_url": f"{url}/comments",
            "author": self.person(one.author),
            "committer": self.person(one.author),
            "parents": [
                {
                    "sha": sha,
                    "url": f"{self.api(repo)}/commits/{sha}",
                    "html_url": f"{self.page_of(repo)}/commit/{sha}",
                }
                for sha in one.parents
            ],
        }
        if files:
            edits = one.files[:300]
            found["files"] = [self.file(repo, one.sha, edit) for edit in edits]
            added = sum(edit.additions for edit in one.files)
            removed = sum(edit.deletions for edit in one.files)
            found["stats"] = {"additions": added, "deletions": removed, "total": added + removed}
        return found

    def signature(self, account_id: str | None) -> Json:
        """Who a commit says made it."""
        found = self.world.people.get(account_id or "")
        name = found.name if found else "Somebody"
        login = found.login if found else "somebody"
        return {"name": name, "email": f"{login}@example.net"}

    def file(self, repo: Repository, sha: str, one: FileEdit) -> Json:
        """A changed file."""
        found: Json = {
            "sha": f"{hash_of(one.path)}",
            "filename": one.path,
            "status": one.change,
            "additions": one.additions,
            "deletions": one.deletions,
            "changes": one.additions + one.deletions,
            "blob_url": f"{self.page_of(repo)}/blob/{sha}/{one.path}",
            "raw_url": f"{self.page_of(repo)}/raw/{sha}/{one.path}",
            "contents_url": f"{self.api(repo)}/contents/{one.path}?ref={sha}",
        }
        if one.old_path:
            found["previous_filename"] = one.old_path
        return found

    # --- releases, tags, deployments, rules -------------------------------------------------

    def release(self, one: Release) -> Json:
        """A release."""
        repo = self.code.repositories[one.repo_id]
        url = f"{self.api(repo)}/releases/{one.id}"
        return {
            "url": url,
            "html_url": f"{self.page_of(repo)}/releases/tag/{one.tag}",
            "assets_url": f"{url}/assets",
            "upload_url": f"{url}/assets{{?name,label}}",
            "tarball_url": f"{self.api(repo)}/tarball/{one.tag}",
            "zipball_url": f"{self.api(repo)}/zipball/{one.tag}",
            "id": one.id,
            "node_id": node_id("RE", one.id),
            "tag_name": one.tag,
            "target_commitish": repo.default_branch,
            "name": one.name,
            "body": one.body or None,
            "draft": one.draft,
            "prerelease": one.prerelease,
            "created_at": instant(one.created),
            "published_at": instant(one.published),
            "author": self.person(one.author) or self.owner(repo),
            "assets": [],
        }

    def tag(self, one: Tag) -> Json:
        """A tag."""
        repo = self.code.repositories[one.repo_id]
        return {
            "name": one.name,
            "commit": {"sha": one.sha, "url": f"{self.api(repo)}/commits/{one.sha}"},
            "zipball_url": f"{self.api(repo)}/zipball/refs/tags/{one.name}",
            "tarball_url": f"{self.api(repo)}/tarball/refs/tags/{one.name}",
            "node_id": f"REF_{repo.id}_{one.name}",
        }

    def deployment(self, one: Deployment) -> Json:
        """A deployment; what became of it is told apart."""
        repo = self.code.repositories[one.repo_id]
        url = f"{self.api(repo)}/deployments/{one.id}"
        return {
            "url": url,
            "id": one.id,
            "node_id": node_id("DE", one.id),
            "sha": one.sha,
            "ref": one.ref,
            "task": "deploy",
            "payload": {},
            "original_environment": one.environment,
            "environment": one.environment,
            "description": None,
            "creator": self.person(one.actor),
            "created_at": instant(one.created),
            "updated_at": instant(one.updated),
            "statuses_url": f"{url}/statuses",
            "repository_url": self.api(repo),
            "transient_environment": False,
            "production_environment": one.environment == "production",
        }

    def deployment_states(self, one: Deployment) -> list[Json]:
        """What became of a deployment, newest first."""
        repo = self.code.repositories[one.repo_id]
        url = f"{self.api(repo)}/deployments/{one.id}"
        return [
            {
                "url": f"{url}/statuses/{id_}",
                "id": id_,
                "node_id": node_id("DES", id_),
                "state": DEPLOYMENT_STATES.get(state, state),
                "creator": self.person(one.actor),
                "description": "",
                "environment": one.environment,
                "target_url": "",
                "created_at": instant(at),
                "updated_at": instant(at),
                "deployment_url": url,
                "repository_url": self.api(repo),
                "environment_url": "",
                "log_url": "",
            }
            for id_, at, state in reversed(one.states)
        ]

    def rules(self, repo: Repository, branch: str) -> list[Json]:
        """Rules of the rulesets that hold for a branch."""
        names = repo.required.get(branch)
        if not names:
            return []
        return [
            {
                "type": "required_status_checks",
                "ruleset_source_type": "Repository",
                "ruleset_source": repo.path,
                "ruleset_id": repo.id,
                "parameters": {
                    "required_status_checks": [{"context": name} for name in names],
                    "strict_required_status_checks_policy": False,
                },
            }
        ]

    def branch(self, repo: Repository, name: str, sha: str, *, classic: bool) -> Json:
        """A branch; `classic`: what it requires is told here, too."""
        url = f"{self.api(repo)}/branches/{name}"
        return {
            **self.branch_name(repo, name, classic=classic),
            "commit": self.commit(self.code.git.at(repo, sha)),
            "_links": {"self": url, "html": f"{self.page_of(repo)}/tree/{name}"},
            "protection_url": f"{url}/protection",
        }

    def branch_name(self, repo: Repository, name: str, *, classic: bool) -> Json:
        """A branch as listings tell it."""
        sha = self.code.git.tip(repo, name)
        names = list(repo.required.get(name, ())) if classic else []
        return {
            "name": name,
            "commit": {"sha": sha, "url": f"{self.api(repo)}/commits/{sha}"},
            "protected": bool(repo.required.get(name)),
            "protection": {
                "enabled": bool(names),
                "required_status_checks": {
                    "enforcement_level": "non_admins" if names else "off",
                    "contexts": names,
                    "checks": [{"context": one, "app_id": None} for one in names],
                },
            },
        }

    def protection(self, repo: Repository, branch: str) -> Json:
        """The classic protection of a branch."""
        url = f"{self.api(repo)}/branches/{branch}/protection"
        names = repo.required[branch]
        return {
            "url": url,
            "required_status_checks": {
                "url": f"{url}/required_status_checks",
                "strict": False,
                "contexts": list(names),
                "contexts_url": f"{url}/required_status_checks/contexts",
                "checks": [{"context": name, "app_id": None} for name in names],
            },
            "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": False},
        }


def hash_of(path: str) -> str:
    """Forty hexadecimal digits that stand for a file's content."""
    return f"{int.from_bytes(path.encode(), 'big') % 16**40:040x}"
