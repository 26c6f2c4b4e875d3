"""Logins that were refused are not tried again: servers count them and lock the account."""

from collections.abc import Callable

import pytest

from connectors.contract import CannotAuthenticate
from connectors.logins import REFUSALS, Logins


class Server:
    """Lets in while `open`; counts who knocks."""

    def __init__(self) -> None:
        self.open = True
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        if not self.open:
            raise CannotAuthenticate("refused", where="jira", todo="Make a new token.")
        return "in"


def refused(logins: Logins, server: Callable[[], str]) -> CannotAuthenticate:
    with pytest.raises(CannotAuthenticate) as caught:
        logins.ask(server)
    return caught.value


def test_the_first_refusal_ends_it() -> None:
    """B72: a wrong password is sent once, whoever asks for whatever afterwards."""
    logins, server = Logins(), Server()
    server.open = False
    first = refused(logins, server)
    for _ in range(3):
        again = refused(logins, server)
        assert (again.what, again.where, again.todo) == (first.what, first.where, first.todo)
    assert server.asked == 1


def test_a_credential_revoked_in_mid_run_is_tried_less_often_than_locks_an_account() -> None:
    """B72: Jira locks at three refusals in a row."""
    logins, server = Logins(), Server()
    assert logins.ask(server) == "in"
    server.open = False
    for _ in range(5):
        refused(logins, server)
    assert server.asked == 1 + REFUSALS
    assert REFUSALS < 3


def test_one_resource_that_refuses_does_not_end_the_others() -> None:
    logins, server = Logins(), Server()
    for _ in range(4):
        assert logins.ask(server) == "in"
        server.open = False
        refused(logins, server)
        server.open = True
    assert logins.ask(server) == "in"


def test_a_new_credential_is_tried_once() -> None:
    """B66: asked once more after a renewal; a second refusal is final."""
    server = Server()

    def renew() -> bool:
        server.open = True
        return True

    logins = Logins(renew)
    server.open = False
    assert logins.ask(server) == "in"
    assert server.asked == 2
    hopeless, closed = Logins(lambda: True), Server()
    closed.open = False
    refused(hopeless, closed)
    refused(hopeless, closed)
    assert closed.asked == 2
