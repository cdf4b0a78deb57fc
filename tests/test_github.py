"""Templates and workflows: well-formed, with the least rights, and true to the project."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
GITHUB = ROOT / ".github"
FORMS = [path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml"]
OURS = ("check", "impact", "impact_comment")  # those of the reviewer's desk
WORKFLOWS = {name: yaml.safe_load((GITHUB / f"workflows/{name}.yml").read_text("utf-8")) for name in OURS}
STEPS = [
    (name, step) for name, flow in WORKFLOWS.items() for job in flow["jobs"].values() for step in job["steps"]
]


def test_the_templates_are_there():
    assert {path.stem for path in FORMS} == {"wrong_number", "new_study", "exercise_problem"}
    assert (GITHUB / "PULL_REQUEST_TEMPLATE.md").is_file()


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_is_complete(path):
    form = yaml.safe_load(path.read_text("utf-8"))
    assert form["name"] and form["description"] and form["title"]
    fields = [part for part in form["body"] if part["type"] != "markdown"]
    assert len({part["id"] for part in fields}) == len(fields) >= 3
    for part in fields:
        assert part["type"] in ("input", "textarea", "dropdown", "checkboxes") and part["attributes"]["label"]
        if part["type"] in ("dropdown", "checkboxes"):
            options = [o["label"] if isinstance(o, dict) else o for o in part["attributes"]["options"]]
            assert len(set(options)) == len(options) > 1
    assert any(part.get("validations", {}).get("required") for part in fields)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_has_the_least_rights(name):
    """No right is left to the default, none to write where code of a pull request runs."""
    flow = WORKFLOWS[name]
    events = flow[True]  # YAML 1.1 reads `on` as true
    rights = flow["permissions"]
    assert "pull_request_target" not in events and rights
    assert all("permissions" not in job for job in flow["jobs"].values())
    if "workflow_run" in events:
        assert set(events) == {"workflow_run"} and rights == {"actions": "read", "pull-requests": "write"}
        assert not any(
            "checkout" in step.get("uses", "") for job in flow["jobs"].values() for step in job["steps"]
        )
    else:
        assert rights == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 60 for job in flow["jobs"].values())


def test_the_second_workflow_follows_the_first():
    assert WORKFLOWS["impact_comment"][True]["workflow_run"]["workflows"] == [WORKFLOWS["impact"]["name"]]
    names = [step["with"]["name"] for _, step in STEPS if "artifact" in step.get("uses", "")]
    assert names == ["impact", "impact"]


@pytest.mark.parametrize(("name", "step"), [pair for pair in STEPS if "run" in pair[1]])
def test_a_step_is_a_script_that_takes_nothing_from_outside_as_code(name, step):
    assert "${{" not in step["run"], "values reach a script through env only"
    checked = subprocess.run(["bash", "-n"], input=step["run"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(("name", "step"), [pair for pair in STEPS if "uses" in pair[1]])
def test_actions_are_githubs_own_by_major_version(name, step):
    assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])
    if step["uses"].startswith("actions/checkout"):
        assert step["with"]["persist-credentials"] is False


def test_what_the_workflows_run_is_there():
    scripts = "\n".join(step["run"] for _, step in STEPS if "run" in step)
    assert ".ci/run" in scripts and (ROOT / ".ci/run").is_file()
    assert "make .venv/.ready" in scripts and "READY := .venv/.ready" in (ROOT / "Makefile").read_text(
        "utf-8"
    )
    assert "skinmet impact --base" in scripts
