"""A name of a milestone or an account, pasted into a shell or a file, stays a name."""

import shlex
import subprocess
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.pasted import shell, toml
from sync.report.clean import clean

NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30
) | st.lists(st.sampled_from("x\"'$`\\!;&|()<>{}[]*?~# -\n"), max_size=8).map("".join)


@given(NAMES)
def test_a_shell_takes_it_for_one_argument(name: str) -> None:
    assert shlex.split(f"driftline baseline accept {shell(name)}") == [
        "driftline",
        "baseline",
        "accept",
        name,
    ]


@given(NAMES)
def test_a_report_that_shows_it_in_one_line_opens_no_hole(name: str) -> None:
    words = shlex.split(clean(f"driftline baseline accept {shell(name)}"))
    assert words[:3] == ["driftline", "baseline", "accept"]
    assert len(words) == 4


@pytest.mark.parametrize(
    "name",
    [
        'x"; touch owned; "',
        "$(touch owned)",
        "`touch owned`",
        "a\\",
        "it's",
        "!!",
        "x\ntouch owned",
    ],
)
def test_a_real_shell_runs_nothing_of_it(name: str, tmp_path: object) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"printf %s {shell(name)}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=str(tmp_path),
    )
    assert done.stdout == name


def test_what_needs_no_care_reads_as_people_write_it() -> None:
    assert shell("APO:Release 3.2") == '"APO:Release 3.2"'
    assert toml("APO:Release 3.2") == '"APO:Release 3.2"'


@given(NAMES)
def test_a_file_takes_it_for_one_value(name: str) -> None:
    assert tomllib.loads(f"judge = [{toml(name)}]") == {"judge": [name]}
    assert tomllib.loads(f"{toml(name)} = 1") == {name: 1}
