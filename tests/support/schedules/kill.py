"""A process that dies at a statement or at the border of a transaction, without leaving this one.

From the fatal instant on no statement of the store is carried out any more, whatever is cleaned up
on the way out: what the database holds is what a killed process would have left.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from sync.store.open import Store


class Killed(BaseException):
    """The process is dead; nothing that catches exceptions may go on."""


@contextmanager
def killed_at(store: Store, step: int, matching: str = "") -> Iterator[list[str]]:
    """Let everything die at the store's statement or commit of this number (from 1).

    Only those with `matching` in their text are counted. Yields what was going on at that instant;
    empty as long as nothing died.
    """
    left, lock = [step], threading.Lock()
    dying: list[str] = []

    def count(what: str) -> None:
        with lock:
            left[0] -= matching in what
            if left[0] == 0 and not dying:
                dying.append(what[:60])
        if dying:
            raise Killed(dying[0])

    def statement(*said: Any) -> None:
        count(" ".join(str(said[2]).split()))

    def commit(_: sa.Connection) -> None:
        count("COMMIT")

    engine = store.engine
    sa.event.listen(engine, "before_cursor_execute", statement)
    sa.event.listen(engine, "commit", commit)
    try:
        yield dying
    finally:
        sa.event.remove(engine, "before_cursor_execute", statement)
        sa.event.remove(engine, "commit", commit)
