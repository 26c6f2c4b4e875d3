"""The simulated servers behind TLS: links of their answers lead where the client came in."""

from pathlib import Path

import requests
from support.jira_site import NOW
from support.mail_server import certificates

from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.code_build import build_code
from connectors.simulator.server import Simulator


def test_behind_tls_every_link_is_https(tmp_path: Path) -> None:
    made = certificates(tmp_path, "127.0.0.1")
    world = build(1, now=NOW)
    build_code(world, 1)
    token = world.credentials["owner"].token
    with Simulator(world, Clock(NOW), tls=made.server) as simulator:
        assert simulator.url("github").startswith("https://127.0.0.1:")
        path = next(one.path for one in world.code.repositories.values() if one.host == "github")
        asked = (("github", f"repos/{path}/pulls"), ("gitlab", "api/v4/projects"))
        for dialect, path in asked:
            answer = requests.get(
                f"{simulator.url(dialect)}/{path}",
                params={"per_page": "1", "state": "all"},
                headers={"Authorization": f"Bearer {token}"},
                verify=str(made.bundle),
                timeout=10,
            )
            assert answer.status_code == 200, answer.text
            assert answer.links["next"]["url"].startswith(simulator.url(dialect)), dialect


def test_who_does_not_trust_it_stops_nobody_else(tmp_path: Path) -> None:
    made = certificates(tmp_path, "127.0.0.1")
    with Simulator(build(1, now=NOW), Clock(NOW), tls=made.server) as simulator:
        address = f"{simulator.url('jira-cloud')}/rest/api/3/serverInfo"
        try:
            requests.get(address, timeout=10)
        except requests.exceptions.SSLError:
            assert requests.get(address, verify=str(made.bundle), timeout=10).status_code == 200
        else:
            raise AssertionError("a certificate of an unknown authority was taken")
