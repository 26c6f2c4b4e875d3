"""Bad luck of the passing kind, drawn from dice: a client has to get over any of it."""

import random
from collections.abc import Callable
from datetime import timedelta

from connectors.simulator.faults import (
    Fault,
    secondary_limit,
    server_trouble,
    too_many,
)

#: Kind of a fault -> how it is made for requests that match. Each passes by itself: the client
#: reads on in the same run, and all that it stores is as if nothing had been.
TRANSIENT: dict[str, Callable[[str], Fault]] = {
    "status 500": lambda matching: server_trouble(matching, 500),
    "status 502": lambda matching: server_trouble(matching, 502),
    "status 503": lambda matching: server_trouble(matching, 503),
    "status 504": lambda matching: server_trouble(matching, 504),
    "429 with seconds": lambda matching: too_many(matching, 7),
    "429 with decimals": lambda matching: too_many(matching, 2.5),
    "429 with a date": lambda matching: too_many(matching, timedelta(seconds=20)),
    "429 and no word": lambda matching: too_many(matching, None),
    "503 with seconds": lambda matching: server_trouble(
        matching, 503, headers={"Retry-After": "11"}
    ),
    "cut": lambda matching: Fault(matching, manner="cut"),
    "chopped": lambda matching: Fault(matching, manner="chop"),
    "no answer": lambda matching: Fault(matching, manner="drop"),
    "reset": lambda matching: Fault(matching, manner="reset"),
    "slow drip": lambda matching: Fault(matching, manner="drip"),
    "short page": lambda matching: Fault(matching, manner="short"),
}
#: What only one vendor does.
_OF_VENDOR: dict[str, dict[str, Callable[[str], Fault]]] = {
    "github": {
        "foreign link": lambda matching: Fault(matching, manner="foreign"),
        "secondary limit": lambda matching: secondary_limit(matching, 60),
        "secondary limit and no word": lambda matching: secondary_limit(matching),
    },
    "gitlab": {"foreign link": lambda matching: Fault(matching, manner="foreign")},
}


def kinds(dialect: str) -> dict[str, Callable[[str], Fault]]:
    """Every kind of passing trouble that a dialect (`jira-cloud`, `github`, …) can show."""
    more = next((made for vendor, made in _OF_VENDOR.items() if dialect.startswith(vendor)), {})
    return {**TRANSIENT, **more}


def random_fault(
    rng: random.Random, dialect: str, *, matching: str = "", within: int = 30
) -> Fault:
    """Any passing trouble for one of the next `within` requests that match; sometimes twice."""
    made = kinds(dialect)
    fault = made[rng.choice(sorted(made))](matching)
    fault.skip = rng.randrange(within)
    fault.times = rng.choice((1, 1, 2))
    return fault
