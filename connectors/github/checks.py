"""What this token may do, what it should, and what stays unchecked without it."""

from collections.abc import Iterator

from connectors.contract import CheckItem, FeatureOff, ScopeRef, SourceError
from connectors.github import projects
from connectors.github.site import Site

#: A clock that is further off than this makes stamps hard to compare, seconds.
CLOCK_TOLERANCE = 60.0
#: Token lifetimes below this are worth a word, days.
EXPIRES_SOON = 14

#: what is read -> (path below the repository, permission, what is lost without it).
_READS = (
    ("issues", "issues?per_page=1", "Issues: read", "no issue of it is checked"),
    ("pull requests", "pulls?per_page=1", "Pull requests: read", "no change of it is checked"),
    ("commits", "commits?per_page=1", "Contents: read", "no change of it is checked"),
    (
        "check runs",
        "commits/{branch}/check-runs?per_page=1",
        "Checks: read",
        "whether changes were tested is not checked",
    ),
    (
        "statuses",
        "commits/{branch}/statuses?per_page=1",
        "Commit statuses: read",
        "tests that report as statuses are not seen",
    ),
    (
        "workflow runs",
        "actions/runs?per_page=1",
        "Actions: read",
        "repeated attempts and scheduled runs are not seen",
    ),
    (
        "deployments",
        "deployments?per_page=1",
        "Deployments: read",
        "where commits run is not seen",
    ),
)
#: The scope with which a classic token reads private repositories.
_REPO = "repo"


def check(site: Site) -> list[CheckItem]:
    """One line per thing looked at; the site must be connected."""
    items = [_account(site), _clock(site), _token(site), _api(site), _limits(site)]
    items.extend(_scopes(site))
    for scope in site.scopes():
        if scope.kind != "repository":
            continue
        if not scope.source_id:
            items.append(
                CheckItem(
                    f"repository {scope.key}",
                    False,
                    str(scope.facts.get("error")),
                    remedy="Check the name in `repositories`, or ask for access; until then "
                    "nothing in it is checked.",
                    permission="Metadata: read",
                )
            )
            continue
        items.extend(_reads(site, scope))
    items.extend(_project(one) for one in projects.resolve(site))
    items.extend(
        CheckItem(
            f"repository {name}",
            "another repository" not in note,
            note,
            remedy=f"Write its present name in place of {name} in `repositories`.",
        )
        for name, note in sorted(site.notes.items())
    )
    return items


def _account(site: Site) -> CheckItem:
    who = site.identity
    name = who.account_name if who else "?"
    what = who.server_name if who else "GitHub"
    version = f" {who.version}" if who and who.version else ""
    return CheckItem("sign-in", True, f"{name} at {what}{version}")


def _clock(site: Site) -> CheckItem:
    offset = site.identity.clock_offset_seconds if site.identity else None
    if offset is None:
        return CheckItem("clock", None, "the server does not tell its time")
    seconds = abs(round(offset))
    if seconds <= CLOCK_TOLERANCE:
        return CheckItem("clock", True, f"within {seconds} s of the server's")
    side = "behind" if offset > 0 else "ahead of"
    return CheckItem(
        "clock",
        False,
        f"this machine's clock is {seconds} s {side} the server's",
        remedy="Set the clock (NTP). Reading is safe: cursors use the server's time.",
    )


def _token(site: Site) -> CheckItem:
    ends = site.identity.token_expires_at if site.identity else None
    if site.options.app_id is not None:
        return CheckItem("token expiry", True, "an App's tokens renew themselves")
    if ends is None:
        return CheckItem("token expiry", None, "the token has no end, or the server tells none")
    days = (ends - site.runtime.now()).days
    return CheckItem(
        "token expiry",
        days > EXPIRES_SOON,
        f"the token expires in {days} days",
        remedy="" if days > EXPIRES_SOON else "Make a new token before that.",
    )


def _scopes(site: Site) -> Iterator[CheckItem]:
    """What a classic token may do; GitHub tells it of no other kind."""
    told = site.greeting.get("X-OAuth-Scopes")
    if told is None or site.options.app_id is not None:
        return
    held = {one.strip() for one in told.split(",")} - {""}
    shown = ", ".join(sorted(held)) or "none"
    if _REPO in held:
        # It can write, too: no classic scope reads private repositories alone.
        yield CheckItem("token scope", True, shown, permission=_REPO)
        return
    yield CheckItem(
        "token scope",
        None,
        f"{shown}: private repositories cannot be seen",
        remedy=f"Where any is to be read, make a fine-grained token, or give this one {_REPO}.",
        permission=_REPO,
    )


def _api(site: Site) -> CheckItem:
    if site.uses_graphql:
        return CheckItem("GraphQL", True, "answers; bulk reads go through it")
    if site.options.api == "rest":
        return CheckItem("GraphQL", None, 'not asked: api = "rest"')
    found = site.capabilities.get("graphql")
    return CheckItem(
        "GraphQL",
        None,
        f"not used: {found.detail if found else 'unknown'}",
        remedy="Everything but links that GitHub itself declares, and deployments, is read by "
        "REST, at about thirty times the requests.",
    )


def _limits(site: Site) -> CheckItem:
    limit = site.greeting.get("X-RateLimit-Limit")
    left = site.greeting.get("X-RateLimit-Remaining")
    if not limit or limit == "0":
        return CheckItem("request limit", None, "the server has none, or tells none")
    return CheckItem("request limit", True, f"{left or '?'} of {limit} requests left this hour")


def _project(one: projects.Project) -> CheckItem:
    name = f"project {one.key}"
    if one.error is not None:
        return CheckItem(
            name,
            None if isinstance(one.error, FeatureOff) else False,
            one.error.what,
            remedy=f"{one.error.todo} Until it is read, what rests on its fields is not checked."
            "".strip(),
            permission="read:project",
        )
    held = one.content or {}
    count = len(held["fields"]["nodes"])
    return CheckItem(name, True, f"may be read: {held.get('title')}, {count} fields")


def _reads(site: Site, scope: ScopeRef) -> Iterator[CheckItem]:
    branch = str(scope.facts.get("branch") or "HEAD")
    refused = False
    for what, path, permission, lost in _READS:
        if what == "issues" and scope.facts.get("issues") is False:
            continue
        try:
            answer = site.transport.get(
                f"repositories/{scope.source_id}/{path.format(branch=branch)}",
                allow=frozenset({404, 409, 410, 422}),
            )
        except SourceError as error:
            refused = True
            yield CheckItem(
                f"repository {scope.key}",
                False,
                f"{what} cannot be read: {error.what}",
                remedy=f"{error.todo} Without it {lost}.".strip(),
                permission=permission,
            )
            continue
        # 409 and 422: an empty repository, in which there is nothing to read yet.
        if answer.status in (404, 410):
            refused = True
            yield CheckItem(
                f"repository {scope.key}",
                False,
                f"{what} are switched off, or may not be read (HTTP {answer.status})",
                remedy=f"Give the token this permission. Without it {lost}.",
                permission=permission,
            )
    if not refused:
        yield CheckItem(f"repository {scope.key}", True, "may be read")
