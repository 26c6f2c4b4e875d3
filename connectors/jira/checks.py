"""What this token may do, what it should, and what stays unchecked without it."""

from datetime import UTC, datetime
from typing import Any

from connectors.contract import CheckItem, FeatureOff, SourceError
from connectors.jira.site import Site

#: A clock that is further off than this makes stamps hard to compare, seconds.
CLOCK_TOLERANCE = 60.0
#: Token lifetimes below this are worth a word, days.
EXPIRES_SOON = 14


def check(site: Site) -> list[CheckItem]:
    """One line per thing looked at; the site must be connected."""
    items = [_account(site), _clock(site), _token(site)]
    items.extend(_browse(site, str(p["id"]), str(p.get("key"))) for p in site.project_list())
    items.extend(
        CheckItem(
            f"project {name}",
            False,
            error,
            remedy=f"Check `projects`, or ask for Browse projects on {name}; until then "
            "nothing in it is checked.",
            permission="Browse projects",
        )
        for name, error in site.unknown.items()
    )
    items.append(_boards(site))
    return items


def _account(site: Site) -> CheckItem:
    who = site.identity
    name = who.account_name if who else "?"
    what = "Jira Cloud" if site.cloud else "Jira Data Center"
    version = f" {who.version}" if who and who.version else ""
    zone = who.account_time_zone if who else "UTC"
    return CheckItem("sign-in", True, f"{name} at {what}{version}, time zone {zone}")


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
    """Data Center lists one's own tokens; Cloud tells no expiry to an API token."""
    unknown = CheckItem(
        "token expiry",
        None,
        "Jira Cloud does not tell it" if site.cloud else "the server does not tell it",
        remedy="Look it up where the token was made; note it in your calendar.",
    )
    if site.cloud:
        return unknown
    try:
        answer = site.transport.get(
            "rest/pat/latest/tokens", allow=frozenset({400, 403, 404, 405}), attempts=1
        )
    except SourceError:
        return unknown
    held = answer.parsed if answer.status < 400 else None
    tokens = held if isinstance(held, list) else []
    ends = [_moment(one.get("expiringAt")) for one in tokens if isinstance(one, dict)]
    known = sorted(moment for moment in ends if moment is not None)
    if not known:
        return unknown
    days = (known[0] - site.runtime.now()).days
    # Which of several tokens is ours is not told: the earliest is the safe one to name.
    which = "the token expires" if len(ends) == 1 else "the first of the account's tokens expires"
    return CheckItem(
        "token expiry",
        days > EXPIRES_SOON,
        f"{which} in {days} days",
        remedy="" if days > EXPIRES_SOON else "Make a new token before that.",
    )


def _moment(value: Any) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if parsed is None:
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _browse(site: Site, project_id: str, key: str) -> CheckItem:
    name = f"project {key}"
    try:
        answer = site.transport.get(
            f"{site.api}/mypermissions",
            {"projectId": project_id, "permissions": "BROWSE_PROJECTS"},
        ).object()
    except SourceError as error:
        return CheckItem(name, None, f"permissions cannot be asked for: {error.what}")
    held = answer.get("permissions")
    browse = held.get("BROWSE_PROJECTS") if isinstance(held, dict) else None
    if isinstance(browse, dict) and browse.get("havePermission") is True:
        return CheckItem(name, True, "may be read", permission="Browse projects")
    return CheckItem(
        name,
        False,
        "may not be read",
        remedy="Ask for Browse projects; until then nothing in it is checked.",
        permission="Browse projects",
    )


def _boards(site: Site) -> CheckItem:
    lost = "Sprints are then known from the items alone: their dates and goals are not checked."
    try:
        boards = site.board_list()
    except FeatureOff as error:
        return CheckItem("boards", False, error.what, remedy=lost, permission="Browse projects")
    except SourceError as error:
        return CheckItem("boards", None, error.what, remedy=lost)
    if site.lost_boards:
        return CheckItem("boards", False, "; ".join(site.lost_boards.values()), remedy=lost)
    count = "one board" if len(boards) == 1 else f"{len(boards)} boards"
    return CheckItem("boards", True, f"{count} found")
