"""The suite as a pytest class: subclass it and give it a world.

class TestAcme(ContractSuite):
@pytest.fixture
def world(self):
with serving_acme() as world:
yield world
"""

import sys
from collections.abc import Iterator

import pytest

# Without this, pytest shows a bare AssertionError for a module outside the test files.
if "connectors.testing.checks" not in sys.modules:
    pytest.register_assert_rewrite("connectors.testing.checks")

from connectors.testing.checks import CHECKS
from connectors.testing.world import World


class ContractSuite:
    """One test per promise of `connectors/contract.py`."""

    @pytest.fixture
    def world(self) -> Iterator[World]:
        """The served world; a new one for each test."""
        raise NotImplementedError("give the suite a fixture `world`")

    @pytest.mark.parametrize("check", sorted(CHECKS))
    def test_contract(self, check: str, world: World) -> None:
        """The connector keeps this promise."""
        reason = world.cannot.get(check)
        if reason is not None:
            # The author of the connector says why its server cannot show this.
            pytest.skip(reason)
        CHECKS[check].run(world)
