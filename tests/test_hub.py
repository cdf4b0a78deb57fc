"""The hub on loopback: the whole path from release to marks, and what stops it from starting."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HUB = ROOT / "exercises" / "hub"


def test_two_students_and_an_instructor_walk_the_whole_path(tmp_path):
    done = subprocess.run(
        [sys.executable, HUB / "walk.py", "01_how_common", "--state", tmp_path],
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    steps = done.stdout.splitlines()
    assert "the class's password opens it, another does not" in steps
    assert "ben looked for the answers and for the others' work, and saw nothing" in steps
    assert "the instructor collected; a submission under another's name stayed behind" in steps
    assert [line.split(":")[0] for line in steps[-2:]] == ["ada", "ben"]
    # nothing that the hub started is still there
    assert str(tmp_path) not in subprocess.run(["ps", "axeww"], capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "Set SKINMET_HUB_PASSWORD to the class's password, 8 characters or more."),
        ({"SKINMET_HUB_PASSWORD": "short"}, "Set SKINMET_HUB_PASSWORD to the class's password, 8 characters"),
        (
            {"SKINMET_HUB_PASSWORD": "long enough", "PATH": "/nowhere"},
            "The hub keeps students apart with bubblewrap. Debian, Ubuntu: apt-get install bubblewrap",
        ),
    ],
)
def test_what_is_missing_is_named(tmp_path, settings, message):
    without = {name: value for name, value in os.environ.items() if not name.startswith("SKINMET_")}
    done = subprocess.run(
        [Path(sys.executable).with_name("jupyterhub"), "--config", HUB / "jupyterhub_config.py"],
        cwd=tmp_path, env={**without, "SKINMET_HUB_STATE": str(tmp_path), **settings},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode
    assert message in done.stderr
    assert not (tmp_path / "homes").exists()
