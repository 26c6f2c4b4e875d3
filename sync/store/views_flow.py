"""Views of how work flows, for measures of one's own."""

from sync.store.view import CONNECTION, View

_MOVES = """
                SELECT e.connection_id, e.work_item_id, e.old_ids, e.new_ids, e.at,
                       LEAD(e.at) OVER (PARTITION BY e.connection_id, e.work_item_id
                                        ORDER BY e.at, e.source_event_id) AS until,
                       ROW_NUMBER() OVER (PARTITION BY e.connection_id, e.work_item_id
                                          ORDER BY e.at, e.source_event_id) AS place
                  FROM field_event e
                 WHERE e.field = 'status' AND e.known_to IS NULL
"""

FLOW_VIEWS: tuple[View, ...] = (
    View(
        "v_item_stage",
        "One row per time that a work item spent in a status, as its history tells.",
        {
            **CONNECTION,
            "item_id": "immutable id of the item",
            "key": "its present key",
            "restricted": "whether only some may see the item",
            "status_id": "immutable id of the status",
            "status": "status in the source's words",
            "category": "todo, in_progress, in_review, done, cancelled, unknown",
            "waits_for": "review, qa, release, customer, other, or empty",
            "entered_at": "since when it was in it (UTC): its creation for the first one",
            "left_at": "until when (UTC); empty: it still is",
            "history_state": "complete: all of the item's history was read",
        },
        f"""
        SELECT c.name AS connection, w.source_id AS item_id, w.key, w.restricted,
               t.status_id, s.raw_name AS status, s.category, s.waits_for,
               COALESCE(t.since, w.created_at) AS entered_at, t.until AS left_at, w.history_state
          FROM (
                SELECT m.connection_id, m.work_item_id, m.new_ids AS status_id, m.at AS since,
                       m.until
                  FROM ({_MOVES}) m
                UNION ALL
                SELECT m.connection_id, m.work_item_id, m.old_ids, NULL, m.at
                  FROM ({_MOVES}) m
                 WHERE m.place = 1
                UNION ALL
                SELECT i.connection_id, i.source_id, i.raw_status_id, NULL, NULL
                  FROM work_item i
                 WHERE NOT EXISTS (SELECT 1 FROM field_event e
                                    WHERE e.connection_id = i.connection_id
                                      AND e.work_item_id = i.source_id
                                      AND e.field = 'status' AND e.known_to IS NULL)
               ) t
          JOIN work_item w ON w.connection_id = t.connection_id AND w.source_id = t.work_item_id
          JOIN connection c ON c.id = t.connection_id
          LEFT JOIN status s ON s.connection_id = t.connection_id AND s.source_id = t.status_id
         WHERE w.gone_at IS NULL
        """,  # noqa: S608  # texts of our own
    ),
)
