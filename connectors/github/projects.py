"""Projects: their fields, and all their items with what stands in them, by GraphQL alone.

The vendor lists items by their place in the project and by nothing else, and keeps no history: so
all of them are read each time, a hundred to a request, and one that a listing missed is looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.contract import (
    CannotAuthenticate,
    Capability,
    FeatureOff,
    Gone,
    GoneReason,
    NotAllowed,
    NotFound,
    Page,
    RawRecord,
    ScopeRef,
    SourceError,
    TooManyRequests,
    UnexpectedAnswer,
    Window,
)
from connectors.github import graphql
from connectors.github.documents import document
from connectors.github.graphql import Found, TooMuch, connection, next_cursor
from connectors.github.site import Site, encoded
from connectors.instants import instant

#: Version of what is asked for.
SHAPE = 1
#: Items per page.
PAGE = 100
#: Items looked at in one request.
_LOOK = 50
_BY_REST = "projects are read by GraphQL alone, and this connection reads by REST"


@dataclass(frozen=True, slots=True)
class Project:
    """A configured project: as the server describes it, or why it cannot be read."""

    key: str
    #: its node id; None where it is not known.
    id: str | None
    content: Mapping[str, Any] | None = None
    error: SourceError | None = None


def scopes(site: Site) -> list[ScopeRef]:
    """The configured projects; one that cannot be read tells why when it is read."""
    return [
        ScopeRef(
            "board",
            one.id or one.key.casefold(),
            one.key,
            one.key,
            facts=_facts(one),
        )
        for one in resolve(site)
    ]


def _facts(one: Project) -> dict[str, Any]:
    """An id made of a name gives way to the one it had when it was read before."""
    unresolved = {} if one.id else {"unresolved": True}
    refused = one.error is not None and not isinstance(one.error, FeatureOff)
    return {**unresolved, "refused": True} if refused else unresolved


def resolve(site: Site) -> Sequence[Project]:
    """The configured projects with their fields; each is asked for once in a run."""
    held: Sequence[Project] | None = site.projects
    if held is None:
        held = tuple(_resolve(site, one.project) for one in site.options.projects)
        site.projects = held
    return held


def _resolve(site: Site, key: str) -> Project:
    name = f"project:{key.casefold()}"
    known = site.remembered.get(name)
    before = known if isinstance(known, str) else None
    if not site.uses_graphql:
        return Project(key, before, error=FeatureOff(_BY_REST, where=f"project {key}"))
    try:
        content = _with_fields(site, key)
    except (CannotAuthenticate, TooManyRequests):
        raise
    except SourceError as error:
        if before is not None:
            site.capabilities[name] = Capability(name, before)
        return Project(key, before, error=_explained(error, key))
    site.capabilities[name] = Capability(name, str(content["id"]))
    return Project(key, str(content["id"]), content)


def _explained(error: SourceError, key: str) -> SourceError:
    if isinstance(error, NotAllowed):
        return NotAllowed(
            f"the token may not read project {key}: it needs the scope read:project, or of a "
            "fine-grained token or an App the organization permission Projects: read",
            where=f"project {key}",
            todo="Give it that permission, or take the project out of `projects`.",
        )
    if isinstance(error, NotFound):
        return NotFound(
            f"project {key} is not there, or is out of sight for this token",
            where=f"project {key}",
            todo="Look at its address: OWNER and NUMBER of .../orgs/OWNER/projects/NUMBER.",
        )
    if isinstance(error, UnexpectedAnswer) and "projectv2" in error.what.casefold():
        return FeatureOff(
            f"the server does not know projects (v2): {error.what}",
            where=f"project {key}",
            todo="Take `projects` out of this connection, or upgrade the server.",
        )
    return error


def _with_fields(site: Site, key: str) -> dict[str, Any]:
    """The project and all its fields. Raises SourceErrors."""
    owner, _, number = key.partition("/")
    where = f"project {key}"
    fields: list[Any] = []
    after: str | None = None
    while True:
        variables = {"login": owner, "number": int(number), "after": after}
        found = graphql.ask(site.transport, document("project"), variables, where=where)
        held = found.data.get("repositoryOwner")
        project = held.get("projectV2") if isinstance(held, dict) else None
        if not isinstance(project, dict) or not project.get("id"):
            raise _hole(found, where)
        part = connection(project, "fields", where)
        if any(not isinstance(one, dict) for one in part["nodes"]):
            raise UnexpectedAnswer("a field of the project came without contents", where=where)
        fields.extend(part["nodes"])
        after = next_cursor(part, after)
        if after is None:
            return {**project, "fields": {"nodes": fields}}


def _hole(found: Found, where: str) -> SourceError:
    return graphql.failed(found.holes, where) if found.holes else NotFound("not there", where=where)


def of_scope(site: Site, scope: ScopeRef) -> Project:
    """The project of a scope. Raises its SourceError where it could not be read."""
    key = scope.key.casefold()
    found = next((one for one in resolve(site) if one.key.casefold() == key), None)
    if found is None:
        raise NotFound("the project is not among those that are read", where=scope.key)
    if found.error is not None:
        raise found.error
    return found


def payload(scope: ScopeRef, content: Mapping[str, Any]) -> dict[str, Any]:
    """A payload: what the server sent, and of which project."""
    return {"__api": "graphql", "__project": {"id": scope.source_id, "key": scope.key}, **content}


# --- fields ---------------------------------------------------------------------------------


def fields(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """The project itself, with its fields; one record."""
    found = of_scope(site, scope)
    content = payload(scope, found.content or {})
    record = RawRecord("project_fields", scope.source_id, encoded(content), None, SHAPE, content)
    yield Page((record,), committed=True)


# --- items ----------------------------------------------------------------------------------


def items(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """All items of a project with their values, archived ones too."""
    of_scope(site, scope)
    where = f"items of project {scope.key}"
    after: str | None = None
    while True:
        found = _ask(site, scope, after, where)
        node = found.data.get("node")
        if not isinstance(node, dict) or node.get("id") != scope.source_id:
            raise _hole(found, where)
        held = connection(node, "items", where)
        if any(not isinstance(one, dict) for one in held["nodes"]):
            raise UnexpectedAnswer("an item of the project came without contents", where=where)
        records = tuple(_record(site, scope, one) for one in held["nodes"])
        after = next_cursor(held, after)
        expected = held.get("totalCount")
        yield Page(
            records,
            committed=after is None,
            expected=expected if isinstance(expected, int) else None,
        )
        if after is None:
            return


def _ask(site: Site, scope: ScopeRef, after: str | None, where: str) -> Found:
    most = min(PAGE, site.options.page_size)
    size = site.sizes.get(scope.source_id, "project_items", most)
    while True:
        try:
            found = graphql.ask(
                site.transport,
                document("project_items"),
                {"project": scope.source_id, "first": size, "after": after},
                where=where,
                can_shrink=size > 1,
            )
        except TooMuch:
            size = site.sizes.shrink(scope.source_id, "project_items", size)
            continue
        site.sizes.worked(scope.source_id, "project_items", most)
        return found


def _record(site: Site, scope: ScopeRef, node: dict[str, Any]) -> RawRecord:
    id_ = node.get("id")
    if not isinstance(id_, str):
        raise UnexpectedAnswer("an item came without its id", where=f"project {scope.key}")
    content = payload(scope, {**node, "fieldValues": {"nodes": _values(site, scope, id_, node)}})
    updated = instant(node.get("updatedAt"))
    return RawRecord("project_items", id_, encoded(content), updated, SHAPE, content)


def _values(site: Site, scope: ScopeRef, id_: str, node: Mapping[str, Any]) -> list[Any]:
    """All that stands in an item's fields: those that the vendor has no answer for are left out."""
    where = f"values of an item of project {scope.key}"
    held = connection(node, "fieldValues", where)
    found = list(held["nodes"])
    after = next_cursor(held)
    while after is not None:
        answer = graphql.ask(
            site.transport, document("project_values"), {"item": id_, "after": after}, where=where
        )
        more = answer.data.get("node")
        if not isinstance(more, dict):
            raise _hole(answer, where)
        held = connection(more, "fieldValues", where)
        found.extend(held["nodes"])
        after = next_cursor(held, after)
    # A value whose kind the document does not ask for is nothing but its name.
    return [one for one in found if isinstance(one, dict) and isinstance(one.get("field"), dict)]


def look(site: Site, scope: ScopeRef, ids: Sequence[str]) -> list[Gone]:
    """What became of items that a listing did not name: in the project after all, or left it."""
    of_scope(site, scope)
    found: list[Gone] = []
    for start in range(0, len(ids), _LOOK):
        part = list(ids[start : start + _LOOK])
        where = f"items of project {scope.key}"
        answer = graphql.ask(site.transport, document("project_look"), {"items": part}, where=where)
        held = answer.data.get("nodes")
        if not isinstance(held, list) or len(held) != len(part):
            raise UnexpectedAnswer("not every item was answered", where=where)
        for place, (id_, node) in enumerate(zip(part, held, strict=True)):
            found.append(_looked(site, scope, id_, node, answer, place))
    return found


def _looked(site: Site, scope: ScopeRef, id_: str, node: Any, answer: Found, place: int) -> Gone:
    if isinstance(node, dict) and node.get("id") == id_:
        home = node.pop("project", None)
        if not isinstance(home, dict) or home.get("id") != scope.source_id:
            return Gone(id_, GoneReason.LEFT_SCOPE)
        return Gone(id_, None, record=_record(site, scope, node))
    holes = answer.holes_below("nodes", place)
    if {one.kind for one in holes} == {"NOT_FOUND"}:
        return Gone(id_, GoneReason.LEFT_SCOPE)
    raise graphql.failed(holes, f"an item of project {scope.key}")
