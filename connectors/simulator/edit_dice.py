"""What a random edit is drawn with: a world, dice, and who does it in which system."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from connectors.simulator.code import CodeWorld
from connectors.simulator.world import Credential, World

System = Literal["jira", "github", "gitlab"]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Dice:
    """One draw; under the world's lock."""

    world: World
    rng: random.Random
    system: System
    #: the login whose permissions drastic edits take.
    who: Credential

    @property
    def code(self) -> CodeWorld:
        """The code hosts."""
        return self.world.code

    @property
    def now(self) -> datetime:
        """The present."""
        return self.world.now

    @property
    def somebody(self) -> str:
        """A person who works there."""
        return self.rng.choice(self.world.humans())

    def one(self, among: Sequence[_T]) -> _T | None:
        """Any of some; None of none."""
        return self.rng.choice(among) if among else None

    def words(self, noun: str) -> str:
        """A text that nobody used before."""
        return f"{noun} {self.rng.randrange(16**8):08x}"


#: Does one kind of edit and says what was done; None where the world offers nothing for it.
Draw = Callable[[Dice], str | None]
