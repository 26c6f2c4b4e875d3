"""Trouble of one server, drawn from dice: what a run survives, and what ends a stream."""

import random
from collections.abc import Callable, Mapping
from datetime import timedelta

from support.schedules.systems import Company

from connectors.simulator.faults import Fault, login_page, redirect, too_many, wrong_type
from connectors.simulator.luck import kinds

_Make = Callable[[Company, random.Random, str], Fault]


def _status(status: int) -> _Make:
    def make(_: Company, rng: random.Random, __: str) -> Fault:
        return Fault(".", status, times=rng.choice((1, 2, 8)))

    return make


def _limited(there: Company, rng: random.Random, _: str) -> Fault:
    until = there.clock.now() + timedelta(seconds=40)
    return too_many(".", rng.choice((7, until, None)), times=rng.choice((1, 2)))


def _errors(_: Company, __: random.Random, ___: str) -> Fault:
    body = b'{"data":null,"errors":[{"message":"Something went wrong","type":"INTERNAL"}]}'
    return Fault("graphql", 200, body, times=1)


TROUBLE: Mapping[str, _Make] = {
    "500": _status(500),
    "502": _status(502),
    "503": _status(503),
    "504": _status(504),
    "429": _limited,
    "dropped": lambda *_: Fault(".", manner="drop", times=2),
    "dropped for long": lambda *_: Fault(".", manner="drop", times=12),
    "cut": lambda *_: Fault(".", manner="cut", times=1),
    "cut for long": lambda *_: Fault(".", manner="cut", times=12),
    "login page": lambda *_: login_page("."),
    "wrong type": lambda *_: wrong_type("."),
    "redirect elsewhere": lambda _, __, other: redirect(".", f"{other}/api"),
    "short pages": lambda *_: Fault("search", manner="short", times=None),
    "errors in GraphQL": _errors,
    "repeated token": lambda *_: Fault("search|graphql|page", manner="repeat", times=1),
}


def trouble(there: Company, rng: random.Random, other: str, reach: int) -> tuple[str, Fault]:
    """(its kind, a fault) somewhere in the next `reach` requests; `other`: another origin.

    Half of it is of the passing kind, the other half may end a stream.
    """
    if rng.random() < 0.5:
        passing = kinds(there.system.prefix)
        kind = rng.choice(sorted(passing))
        fault = passing[kind](".")
        fault.times = rng.choice((1, 1, 2))
    else:
        kind = rng.choice(list(TROUBLE))
        fault = TROUBLE[kind](there, rng, other)
    fault.skip = rng.randrange(reach)
    return kind, fault
