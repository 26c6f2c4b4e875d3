"""Views of what people agreed to."""

from sync.store.view import CONNECTION, View

_MILESTONE = {
    "milestone_kind": "kind of the milestone",
    "milestone_id": "immutable id of the milestone",
    "milestone": "name of the milestone",
}
_JOIN = """
          JOIN connection c ON c.id = a.connection_id
          LEFT JOIN milestone m ON m.connection_id = a.connection_id AND m.kind = a.milestone_kind
                               AND m.source_id = a.milestone_id
"""

AGREED_VIEWS: tuple[View, ...] = (
    View(
        "v_scope_agreement",
        "One row per agreement to growth of a milestone's scope, withdrawn ones too.",
        {
            **CONNECTION,
            **_MILESTONE,
            "subject_kind": "work_item, or label: all items from when they got it",
            "subject": "immutable id of the item, or the label",
            "key": "key of the item; empty for a label",
            "agreed_at": "since when it holds (UTC); a label holds from when an item got it",
            "recorded_at": "when it was recorded (UTC)",
            "agreed_by": "who agreed",
            "reason": "why",
            "link": "where the agreement can be read",
            "withdrawn_at": "since when it no longer stands (UTC); empty while it does",
            "withdrawn_by": "who withdrew it",
            "withdrawn_reason": "why",
        },
        f"""
        SELECT c.name AS connection, a.milestone_kind, a.milestone_id, m.name AS milestone,
               a.subject_kind, a.subject, w.key, a.agreed_at, a.recorded_at,
               a.agreed_by, a.reason, a.link, a.withdrawn_at, a.withdrawn_by, a.withdrawn_reason
          FROM scope_agreement a
          {_JOIN}
          LEFT JOIN work_item w ON w.connection_id = a.connection_id AND w.source_id = a.subject
                               AND a.subject_kind = 'work_item'
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_mass_edit_confirmation",
        "One row per change of many items at once that somebody confirmed.",
        {
            **CONNECTION,
            **_MILESTONE,
            "field": "the field that changed; presence: the items themselves, which went away",
            "first_at": "its first change (UTC)",
            "last_at": "its last change (UTC)",
            "items": "how many items it changed",
            "confirmed_at": "when (UTC)",
            "confirmed_by": "who",
            "reason": "why",
        },
        f"""
        SELECT c.name AS connection, a.milestone_kind, a.milestone_id, m.name AS milestone,
               a.field AS field, a.first_at, a.last_at, a.items, a.confirmed_at, a.confirmed_by,
               a.reason
          FROM mass_edit_confirmation a
          {_JOIN}
        """,  # noqa: S608  # texts of our own
    ),
)
