"""Logins of one connection: renewed where that helps, never tried again where it does not."""

import threading
from collections.abc import Callable
from typing import TypeVar

from connectors.contract import CannotAuthenticate

#: Refused logins in a row that end a connection's requests; Jira locks an account at three.
REFUSALS = 2

T = TypeVar("T")


class Logins:
    """What is known of one credential; may be used by several threads at once."""

    def __init__(self, renew: Callable[[], bool] = lambda: False) -> None:
        """`renew` takes a new credential after one was refused and says whether there is one."""
        self._renew = renew
        self._lock = threading.Lock()
        self._let_in = False
        self._in_a_row = 0
        self._refused: CannotAuthenticate | None = None

    def ask(self, send: Callable[[], T]) -> T:
        """What `send` gives; after a refusal it is asked once more if there is a new credential.

        Raises CannotAuthenticate, without sending, once the credential is known to be refused:
        servers count refused logins and lock the account.
        """
        with self._lock:
            refused = self._refused
        if refused is not None:
            raise CannotAuthenticate(
                refused.what, where=refused.where, todo=refused.todo, counts=refused.counts
            )
        try:
            answer = send()
        except CannotAuthenticate as error:
            if not self._renew():
                self._note(error)
                raise
            answer = self._again(send)
        with self._lock:
            self._let_in, self._in_a_row = True, 0
        return answer

    def _again(self, send: Callable[[], T]) -> T:
        try:
            return send()
        except CannotAuthenticate as error:
            self._note(error)
            raise

    def _note(self, error: CannotAuthenticate) -> None:
        """The first refusal ends it; after a login that worked, one may be about one resource."""
        with self._lock:
            self._in_a_row += 1
            if not self._let_in or self._in_a_row >= REFUSALS:
                self._refused = error
