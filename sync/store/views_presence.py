"""Views of what was out of reach when, and why."""

from sync.store.view import CONNECTION, View

PRESENCE_VIEWS: tuple[View, ...] = (
    View(
        "v_absence",
        "One row for each time that a work item or change request was gone.",
        {
            **CONNECTION,
            "entity_kind": "work_item or change_request",
            "entity_id": "immutable id at the source",
            "key": "key a person knows it by",
            "gone_at": "when we saw that it was gone (UTC)",
            "back_at": "when we saw it again (UTC); empty while it is gone",
            "reason": "deleted, moved, transferred, hidden, converted, left_scope, "
            "deleted_or_hidden",
            "to_key": "key it has elsewhere, after a move or transfer",
            "detail": "what the source said, or which setting moved",
        },
        """
        SELECT c.name AS connection, a.entity_kind, a.entity_id,
               COALESCE(w.key, r.key) AS key, a.known_from AS gone_at, a.known_to AS back_at,
               a.reason, a.to_key, a.detail
          FROM absence a
          JOIN connection c ON c.id = a.connection_id
          LEFT JOIN work_item w ON a.entity_kind = 'work_item'
                               AND w.connection_id = a.connection_id
                               AND w.source_id = a.entity_id
          LEFT JOIN change_request r ON a.entity_kind = 'change_request'
                                    AND r.connection_id = a.connection_id
                                    AND r.source_id = a.entity_id
        """,
    ),
    View(
        "v_scope_hold",
        "One row for each time that a project, repository or board was to be read.",
        {
            **CONNECTION,
            "kind": "project, repository or board",
            "scope_id": "immutable id at the source",
            "key": "key a person knows it by",
            "since": "since when it is read (UTC)",
            "until": "until when it was (UTC); empty while it is",
            "reason": "why it is read no more: configuration, archived or unlisted, and the words",
        },
        """
        SELECT c.name AS connection, h.scope_kind AS kind, h.scope_id, h.scope_key AS key,
               h.known_from AS since, h.known_to AS until, h.reason
          FROM scope_hold h JOIN connection c ON c.id = h.connection_id
        """,
    ),
)
