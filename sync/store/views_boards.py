"""The views of boards that say more of an issue than the issue does."""

from sync.store.view import CONNECTION, PRESENCE, View

_BOARD = {"board": "key of the board: owner/number"}
_BOARD_JOIN = (
    "LEFT JOIN scope s ON s.connection_id = {0}.connection_id AND s.source_id = {0}.board_id "
    "AND s.kind = 'board'"
)
_ITEM_JOIN = (
    "LEFT JOIN work_item w ON w.connection_id = {0}.connection_id AND w.source_id = {0}.{1}"
)

BOARD_VIEWS: tuple[View, ...] = (
    View(
        "v_board_item",
        "One row per line of a board whose fields are read.",
        {
            **CONNECTION,
            **_BOARD,
            "board_item_id": "immutable id of the line",
            "content": "work_item, change_request, draft, hidden",
            "content_id": "immutable id of what it stands for; empty for a draft",
            "key": "key of the work item, where that is read",
            "archived": "out of the board's views, and still on it",
            **PRESENCE,
        },
        f"""
        SELECT c.name AS connection, s.key AS board, b.source_id AS board_item_id, b.content,
               b.content_id, w.key AS key, b.archived, b.first_seen_at, b.gone_at, b.gone_reason
          FROM board_item b
          JOIN connection c ON c.id = b.connection_id
          {_BOARD_JOIN.format("b")}
          {_ITEM_JOIN.format("b", "content_id")} AND b.content = 'work_item'
        """,  # noqa: S608  # joins of our own
    ),
    View(
        "v_board_value",
        "One row per value that a board said of a work item, from the run that saw it first to the "
        "one that no longer did.",
        {
            **CONNECTION,
            **_BOARD,
            "work_item_id": "immutable id of the item",
            "key": "key of the item, where it is read",
            "field": "what it is the source of: status, due_date, points, milestone, iteration",
            "field_id": "id of the board's field",
            "value": "as people read it",
            "value_id": "id of the status or milestone",
            "valid_from": "the run that saw it first (UTC)",
            "valid_to": "the run that no longer saw it (UTC); empty while it stands",
            "from_exact": "false: it stood there at valid_from, and since when is not known",
        },
        f"""
        SELECT c.name AS connection, s.key AS board, v.work_item_id, w.key AS key, v.field,
               v.field_id, v.text AS value, v.value_id, v.valid_from, v.valid_to, v.from_exact
          FROM board_value v
          JOIN connection c ON c.id = v.connection_id
          {_BOARD_JOIN.format("v")}
          {_ITEM_JOIN.format("v", "work_item_id")}
         WHERE v.known_to IS NULL
        """,  # noqa: S608  # joins of our own
    ),
    View(
        "v_board_overlay",
        "One row per value of a board that is laid over a work item, with what the item says.",
        {
            **CONNECTION,
            **_BOARD,
            "work_item_id": "immutable id of the item",
            "key": "key of the item",
            "field": "status, due_date, points, milestone, iteration",
            "value": "as people read it",
            "since": "the run that saw it first (UTC)",
            "in_force": "false: the item is done or cancelled by itself, and that counts",
            "original": "what the item says itself, in the source's words",
        },
        f"""
        SELECT c.name AS connection, s.key AS board, o.work_item_id, w.key AS key, o.field,
               o.text AS value, o.since, o.in_force, o.original
          FROM board_overlay o
          JOIN connection c ON c.id = o.connection_id
          {_BOARD_JOIN.format("o")}
          {_ITEM_JOIN.format("o", "work_item_id")}
         WHERE o.known_to IS NULL
        """,  # noqa: S608  # joins of our own
    ),
)
