"""When something outside is done that a milestone waits for, run by run; pure.

A blocker is one item among the open ones of its own milestone, and nobody knows which turn it
has: in every run it takes one at random, with the same draws whenever it is asked. The run itself
is that of its milestone, so milestones that share their draws move together, and for independent
ones the later of two ends has the product of their distributions.
"""

from datetime import date
from hashlib import sha256

import numpy as np

from sync.forecast.model import Forecast, Ints


def item_ends(forecast: Forecast, open_items: int, key: str, as_of: date) -> Ints | None:
    """Day after `as_of` on which one of `open_items` of a forecast milestone ends, in each run.

    `key` names the item. None where there is no forecast. What does not end within the cap stays
    beyond it: when its milestone would end there is not known, and so neither when the item would.
    """
    if forecast.abstained is not None:
        return None
    ends = forecast.ends
    number = max(open_items, 1)
    text = f"{key}|{as_of.isoformat()}"
    seed = int.from_bytes(sha256(text.encode()).digest()[:8], "big")
    turn = np.random.Generator(np.random.PCG64(seed)).integers(1, number + 1, len(ends))
    # Work goes on evenly up to the end; the last turn ends with its milestone.
    days = -(-ends * turn // number)
    found: Ints = np.where(ends >= forecast.cap, forecast.cap, days)
    return found
