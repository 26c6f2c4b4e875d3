"""From the configuration to plans, policies and mail servers."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from sync.cli import wiring
from sync.config.settings import Settings, load
from sync.errors import ConfigError, UsageError
from sync.reconcile.contract import Channel

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
FILE = """\
name = "Apollo"
time_zone = "Europe/Berlin"
[sync]
since_days = 30
time_box_minutes = 2
workers = 3
max_wait_minutes = 1
reserve = 0.2
[connections.main]
kind = "jira"
url = "https://jira.example.com"
time_zone = "America/New_York"
ca_bundle = "company.pem"
proxy = "http://proxy.example.com:3128"
estimate_fields = ["Size"]
mapping = ["mine.toml"]
[connections.other]
kind = "jira"
url = "https://other.example.com"
[mapping]
organisation = "all.toml"
[milestones]
judge = ["APO:Release 3.2"]
[calendar]
work_days = ["sun", "mon"]
holidays = [2026-12-25]
[detectors."scope.net"]
channel = "off"
net_ratio = 0.5
[mail]
from = "a@example.com"
to = ["b@example.com"]
host = "smtp.example.com"
user = "me"
password_env = "SMTP_PASSWORD"
"""


class Clock:
    def now(self) -> datetime:
        return NOW


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "driftline.toml").write_text(FILE, encoding="utf-8")
    (tmp_path / "all.toml").write_text('[status]\n"A" = "done"\n"B" = "done"\n', encoding="utf-8")
    (tmp_path / "mine.toml").write_text('[status]\n"B" = "cancelled"\n', encoding="utf-8")
    return load(tmp_path / "driftline.toml", {})


def test_plan(settings: Settings) -> None:
    plan = wiring.plan(settings, Clock())
    assert [one.name for one in plan.connections] == ["main", "other"]
    assert plan.since == NOW - timedelta(days=30)
    assert plan.since_label == "30d"
    assert (plan.time_box_seconds, plan.workers) == (120, 3)
    assert (plan.max_wait_seconds, plan.reserve) == (60, 0.2)
    main, other = plan.connections
    assert (main.time_zone, other.time_zone) == ("America/New_York", "Europe/Berlin")
    assert main.ca_bundle == str(settings.base / "company.pem")
    assert main.proxy == "http://proxy.example.com:3128"
    assert main.mapping.points[0] == "Size"
    assert other.mapping.points[0] != "Size"
    assert main.mapping.version != other.mapping.version


def test_plan_of_one_connection(settings: Settings) -> None:
    plan = wiring.plan(settings, Clock(), "other")
    assert [one.name for one in plan.connections] == ["other"]
    with pytest.raises(UsageError, match="there is no connection 'x'"):
        wiring.plan(settings, Clock(), "x")


def test_no_connection(tmp_path: Path) -> None:
    (tmp_path / "driftline.toml").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="no connection is configured"):
        wiring.plan(load(tmp_path / "driftline.toml", {}), Clock())


def test_everything_has_no_horizon(tmp_path: Path) -> None:
    text = FILE.replace("since_days = 30", "everything = true")
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    for name in ("all.toml", "mine.toml"):
        (tmp_path / name).write_text("", encoding="utf-8")
    plan = wiring.plan(load(tmp_path / "x.toml", {}), Clock())
    assert (plan.since, plan.since_label) == (None, "all")


def test_policy(settings: Settings) -> None:
    policy = wiring.policy(settings)
    assert (policy.program, policy.time_zone) == ("Apollo", "Europe/Berlin")
    assert policy.work_days == frozenset({7, 1})
    assert policy.holidays == frozenset({date(2026, 12, 25)})
    assert policy.judge == ("APO:Release 3.2",)
    assert policy.channels == {"scope.net": Channel.OFF}
    assert policy.thresholds["scope.net"] == {"net_ratio": 0.5}
    assert policy.config_hash == settings.hash


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('net_ratio = "much"', "must be a number"),
        ("net_ratio = true", "must be a number"),
        ("net_rato = 1", 'unknown threshold; did you mean "net_ratio"?'),
    ],
)
def test_wrong_threshold_has_its_line(tmp_path: Path, line: str, told: str) -> None:
    (tmp_path / "x.toml").write_text(f'[detectors."scope.net"]\n{line}\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        wiring.policy(load(tmp_path / "x.toml", {}))
    name = line.split(" = ", maxsplit=1)[0]
    assert str(caught.value).endswith(f'x.toml:2: detectors."scope.net".{name}: {told}')


def test_mail_server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    server = wiring.smtp(settings)
    assert server is not None
    assert (server.host, server.port, server.security) == ("smtp.example.com", 587, "starttls")
    assert callable(server.password)
    monkeypatch.delenv("SMTP_PASSWORD", raising=False)
    with pytest.raises(ConfigError, match="SMTP_PASSWORD is not set"):
        server.password()
    monkeypatch.setenv("SMTP_PASSWORD", "word-of-nobody")
    assert server.password() == "word-of-nobody"
    assert "word-of-nobody" not in repr(server)
