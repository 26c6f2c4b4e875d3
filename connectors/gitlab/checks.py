"""What this token may do, what it should, and what stays unchecked without it."""

from connectors.contract import CheckItem
from connectors.gitlab.site import Site, is_off

#: A clock that is further off than this makes stamps hard to compare, seconds.
CLOCK_TOLERANCE = 60.0
#: Token lifetimes below this are worth a word, days.
EXPIRES_SOON = 14
#: GitLab's number for the role that sees confidential issues and the results of jobs.
REPORTER = 20
_ENOUGH = ("api", "read_api")
_PARTS = (
    ("issues", "Issues: scope and dates of this project are not checked."),
    ("merge_requests", "Merge requests: nothing merged here is checked."),
    ("builds", "Pipelines: nobody can say whether what was merged was tested."),
)


def check(site: Site) -> list[CheckItem]:
    """One line per thing looked at; the site must be connected."""
    items = [_account(site), _clock(site), _token(site), _scope(site), _graphql(site)]
    for id_, project in site.project_list().items():
        items.append(_project(str(project.get("path_with_namespace") or id_), project))
    items.extend(
        CheckItem(
            f"project {name}",
            False,
            error,
            remedy=f"Check `projects`, or ask to become a Reporter of {name}; until then nothing "
            "in it is checked.",
            permission="read_api",
        )
        for name, error in site.unknown.items()
    )
    return items


def _account(site: Site) -> CheckItem:
    who = site.identity
    version = f" {who.version}" if who and who.version else ""
    return CheckItem("sign-in", True, f"{who.account_name if who else '?'} at GitLab{version}")


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
    if ends is None:
        held = site.capabilities.get("token_expires")
        if held is not None and held.value == "never":
            return CheckItem("token expiry", True, "the token does not expire")
        return CheckItem(
            "token expiry",
            None,
            "the server does not tell it",
            remedy="Look it up where the token was made; note it in your calendar.",
        )
    days = (ends - site.runtime.now()).days
    return CheckItem(
        "token expiry",
        days > EXPIRES_SOON,
        f"the token expires in {days} days",
        remedy="" if days > EXPIRES_SOON else "Make a new token before that.",
    )


def _scope(site: Site) -> CheckItem:
    scopes = site.scopes_of_token
    if scopes is None:
        return CheckItem("token scope", None, "not told", permission="read_api")
    held = ", ".join(scopes) or "none"
    if any(one in _ENOUGH for one in scopes):
        return CheckItem("token scope", True, held, permission="read_api")
    return CheckItem(
        "token scope",
        False,
        held,
        remedy="Make a token with the scope read_api; with this one nothing can be read.",
        permission="read_api",
    )


def _graphql(site: Site) -> CheckItem:
    if site.bulk:
        limit = site.capabilities.get("graphql_limit")
        points = f", {limit.value} points per question" if limit is not None else ""
        return CheckItem("GraphQL", True, f"on{points}")
    return CheckItem(
        "GraphQL",
        None,
        f"not used: {site.no_graphql}",
        remedy="Everything is read by REST: complete, with more requests.",
    )


def _level(project: dict[str, object]) -> int | None:
    """The account's level of access; None where the server does not tell.

    It tells nothing of a membership that comes from further up, or of an administrator.
    """
    held = project.get("permissions")
    if not isinstance(held, dict):
        return None
    levels = [
        one["access_level"]
        for one in (held.get("project_access"), held.get("group_access"))
        if isinstance(one, dict) and isinstance(one.get("access_level"), int)
    ]
    return max(levels, default=None)


def _project(path: str, project: dict[str, object]) -> CheckItem:
    scope = f"project {path}"
    level = _level(project)
    if level is not None and level < REPORTER:
        return CheckItem(
            scope,
            None,
            "may be read, by an account that is no Reporter there: confidential issues are not "
            "seen, nor what the project shows to members alone",
            remedy="Ask its owner for the role Reporter.",
            permission="read_api",
        )
    off = [lost for feature, lost in _PARTS if is_off(project, feature)]
    if off:
        return CheckItem(scope, None, "may be read; switched off there: " + " ".join(off))
    return CheckItem(scope, True, "may be read", permission="read_api")
