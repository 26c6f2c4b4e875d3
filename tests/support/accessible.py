"""What axe-core has against a page that is open in a browser."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

#: Levels that no page of ours may have.
_GRAVE = {"serious", "critical"}


def grave_violations(page: Page) -> list[str]:
    """Violations that are serious or critical, with where they are; axe runs beside the page's
    policy, which holds for what the page itself brings."""
    response = Axe().run(page).response
    assert response["testEngine"]["name"] == "axe-core"
    assert response.get("passes") is not None
    return [
        f"{one['id']} ({one['impact']}): {[node['target'] for node in one['nodes']][:3]}"
        for one in response["violations"]
        if one["impact"] in _GRAVE
    ]
