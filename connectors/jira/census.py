"""Which issues there are, by id alone, and a look at the ones that a census missed."""

from collections.abc import Iterator, Sequence
from typing import Any

from connectors.contract import Gone, GoneReason, NotAllowed, Page, RawRecord, ScopeRef, Window
from connectors.jira import paging
from connectors.jira.issues import horizon, shape_of, updated_at, wanted_fields
from connectors.jira.jql import conjunction, in_projects
from connectors.jira.paging import Question
from connectors.jira.site import Site
from connectors.jsonbytes import encode
from connectors.rows import table

#: Ids per page: the vendor's cap when only ids are asked for.
CLOUD_PAGE, DC_PAGE = 5000, 1000
#: Ids per bulk request (vendor's limit).
_BULK = 100
#: Ids absent from a bulk answer that are looked at alone before the bulk answer is believed.
_SAMPLE = 10


def read(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """All ids of a project (within the horizon, if one is given).

    Its last page comes only if the project is still visible afterwards: raises NotAllowed else.
    """
    question = Question(
        jql=conjunction(
            (
                in_projects({scope.source_id: scope.key}, by_id=site.cloud),
                horizon(site, window.since),
            )
        ),
        fields=("id",),
        page_size=CLOUD_PAGE if site.cloud else DC_PAGE,
        where=f"census of project {scope.key}",
        project_id=scope.source_id,
    )
    if site.cloud:
        pages = paging.by_token(site, question)
    elif site.can("id_clause"):
        pages = paging.by_id(site, question)
    else:
        pages = paging.by_offset(site, question)
    for found in pages:
        yield Page(
            tuple(RawRecord("census", str(one["id"]), b"{}") for one in found.issues),
            expected=found.total,
        )
    if not site.project_visible(scope.source_id):
        raise NotAllowed(
            f"project {scope.key} went out of sight during the census", where=scope.key
        )
    yield Page((), committed=True)


def look(site: Site, scope: ScopeRef, ids: Sequence[str]) -> list[Gone]:
    """What became of each id: alive, moved, or not to be seen: deleted, or of a hidden level.

    Raises NotAllowed where the project itself is out of sight.
    """
    fields = wanted_fields(site)
    shape = shape_of(fields)
    found = _find(site, list(dict.fromkeys(ids)), fields)
    visible = False
    out: list[Gone] = []
    for id_ in ids:
        issue = found.get(id_)
        if issue is None:
            if not visible and not site.project_visible(scope.source_id):
                raise NotAllowed(
                    f"project {scope.key} is out of sight: what became of its issues is not known",
                    where=scope.key,
                )
            visible = True
            out.append(Gone(id_, GoneReason.DELETED_OR_HIDDEN))
            continue
        project = table(paging.fields_of(issue).get("project"))
        moved_to = str(project.get("id") or scope.source_id)
        if moved_to != scope.source_id:
            key = str(issue.get("key") or "") or None
            out.append(Gone(id_, GoneReason.MOVED, to_scope_id=moved_to, to_key=key))
            continue
        record = RawRecord("issues", id_, encode(issue), updated_at(issue), shape)
        out.append(Gone(id_, None, record=record))
    return out


def _find(site: Site, ids: Sequence[str], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The issues that can be read, by id."""
    found: dict[str, dict[str, Any]] = {}
    single = list(ids)
    if site.cloud and len(ids) > 1:
        answered = True
        for start in range(0, len(ids), _BULK):
            part = _many(site, ids[start : start + _BULK], fields)
            if part is None:
                answered = False
                break
            found.update(part)
        absent = [id_ for id_ in ids if id_ not in found]
        sample = absent[:_SAMPLE] if answered else absent
        alone = _singly(site, sample, fields)
        found.update(alone)
        # The bulk answer is believed only if not one of the sample turned out alive.
        single = absent[len(sample) :] if alone else []
    found.update(_singly(site, single, fields))
    return found


def _singly(site: Site, ids: Sequence[str], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
    answers = ((id_, _one(site, id_, fields)) for id_ in ids)
    return {id_: issue for id_, issue in answers if issue is not None}


def _many(
    site: Site, ids: Sequence[str], fields: Sequence[str]
) -> dict[str, dict[str, Any]] | None:
    """Issues by id; None where the server has no such endpoint."""
    answer = site.transport.post(
        f"{site.api}/issue/bulkfetch",
        {"issueIdsOrKeys": list(ids), "fields": list(fields)},
        allow=frozenset({400, 404, 405, 410}),
    )
    if answer.status >= 400:
        return None
    return {str(one["id"]): one for one in paging.issues_of(answer.object())}


def _one(site: Site, id_: str, fields: Sequence[str]) -> dict[str, Any] | None:
    answer = site.transport.get(
        f"{site.api}/issue/{id_}",
        {"fields": ",".join(fields)},
        allow=frozenset({403, 404, 410}),
    )
    return answer.object() if answer.status < 400 else None
