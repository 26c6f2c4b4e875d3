"""What this token may do, what it should, and what stays unchecked without it."""

from connectors.contract import CheckItem, NotAllowed, NotFound, SourceError
from connectors.jira.site import Site

#: Permission -> (what it is for, what becomes *not checked* without it).
NEEDED = {
    "BROWSE_PROJECTS": ("reading issues, versions and their history", "everything in the project"),
}
#: A clock that is further off than this makes stamps hard to compare, seconds.
CLOCK_TOLERANCE = 60.0


def check(site: Site) -> list[CheckItem]:
    """One line per thing looked at; the site must be connected."""
    items = [_browse(site, str(one["id"]), str(one.get("key"))) for one in site.project_list()]
    for wanted in site.options.projects:
        error = next(
            (s.facts["error"] for s in site.scopes() if s.key == wanted and s.facts.get("error")),
            None,
        )
        if error:
            items.append(
                CheckItem(
                    f"project {wanted}",
                    False,
                    str(error),
                    remedy=f"Check `projects`, or ask for Browse projects on {wanted}.",
                    permission="Browse projects",
                )
            )
    items.append(_boards(site))
    return items


def _browse(site: Site, project_id: str, key: str) -> CheckItem:
    name = f"project {key}"
    try:
        answer = site.transport.get(
            f"{site.api}/mypermissions",
            {"projectId": project_id, "permissions": ",".join(NEEDED)},
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
        remedy="Ask for the permission Browse projects; until then everything in it is not checked.",
        permission="Browse projects",
    )


def _boards(site: Site) -> CheckItem:
    try:
        boards = site.board_list()
    except (NotAllowed, NotFound) as error:
        return CheckItem("boards", False, error.what, remedy="Sprints are not checked.")
    except SourceError as error:
        return CheckItem("boards", None, error.what, remedy="Sprints are not checked.")
    return CheckItem("boards", True, f"{len(boards)} boards found")
