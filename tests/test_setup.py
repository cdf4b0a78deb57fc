"""The set-up: one lock, one list of names for pip and conda, commands that say what is missing."""

import importlib.metadata
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import rattler
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import skinmet

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
DEPENDENCIES = {canonicalize_name(r.name): r for r in map(Requirement, PROJECT["dependencies"])}
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PIN = re.compile(
    r"^([a-z0-9][^\s;]*==[^\s;]+)(?: ; (.+?))? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M
)


def pins() -> list[Requirement]:
    return [Requirement(f"{pin} ; {marker}" if marker else pin) for pin, marker, _ in PIN.findall(LOCK)]


def conda_specs() -> tuple[dict[str, rattler.VersionSpec], dict[str, Requirement]]:
    """What environment.yml asks of the conda channel (by name), and what of pip."""
    listed = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    (pip,) = [entry["pip"] for entry in listed if isinstance(entry, dict)]
    specs = [rattler.MatchSpec(entry, strict=True) for entry in listed if isinstance(entry, str)]
    requirements = [Requirement(entry) for entry in pip if entry != "-e ."]
    assert pip[-1] == "-e ."
    by_name = {
        canonicalize_name(spec.name.normalized): rattler.VersionSpec(spec.version or "*") for spec in specs
    }
    assert len(by_name) == len(specs)
    return by_name, {canonicalize_name(r.name): r for r in requirements}


# The lock


def test_the_lock_pins_every_package_with_hashes_and_names_no_host():
    packages = re.findall(r"^[a-z0-9]\S*==", LOCK, re.M)
    assert len(packages) > 100
    assert len(pins()) == len(packages)  # every entry has at least one hash
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", LOCK)
    assert "rfc3987-syntax" not in {pin.name for pin in pins()}


def test_the_lock_serves_what_pyproject_asks_for():
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    for wish in map(Requirement, wanted):
        versions = [next(iter(p.specifier)).version for p in pins() if p.name == canonicalize_name(wish.name)]
        assert versions, f"{wish.name} is not in requirements.lock: run make lock"
        assert all(wish.specifier.contains(version) for version in versions), f"{wish}: run make lock"


def test_what_is_installed_is_what_the_lock_says():
    for pin in pins():
        if pin.marker is None or pin.marker.evaluate():
            assert pin.specifier.contains(importlib.metadata.version(pin.name), prereleases=True), pin


def test_the_npm_lock_has_hashes_and_names_no_host():
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    wanted = json.loads((ROOT / "package.json").read_text("utf-8"))["devDependencies"]
    packages = {path: entry for path, entry in lock["packages"].items() if path}
    assert len(packages) > 20
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert not any("resolved" in entry for entry in packages.values())
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted


# conda and Binder


def test_conda_gets_the_same_names():
    conda, pip = conda_specs()
    assert set(conda) - {"python", "pip"} | set(pip) == set(DEPENDENCIES)
    assert not set(conda) & set(pip)


def edges(*specs: str) -> list[str]:
    """Versions at, just below and just above every bound: where two specs that differ must disagree."""
    found = set()
    for bound in re.findall(r"\d+(?:\.\d+)*", " ".join(specs)):
        *head, last = map(int, bound.split("."))
        found |= {bound, f"{bound}.0.1", ".".join(map(str, [*head, last + 1]))}
        if last:
            found.add(".".join(map(str, [*head, last - 1, 999])))
    return sorted(found)


def disagreements(conda: rattler.VersionSpec, pip: SpecifierSet) -> list[str]:
    """Versions that conda would take and pip would not."""
    versions = edges(str(conda), str(pip))
    return [v for v in versions if conda.matches(rattler.Version(v)) and not pip.contains(v)]


def test_binder_takes_a_python_that_will_do():
    """Binder's builder (repo2docker) reads `python = 3.11`; from any other spelling it takes its default."""
    listed = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    python = next(entry for entry in listed if isinstance(entry, str) and entry.startswith("python"))
    version = re.fullmatch(r"python\s*=+\s*([\d.]+)", python)[1]
    assert SpecifierSet(PROJECT["requires-python"]).contains(version)


def test_conda_admits_nothing_that_pip_would_not():
    conda, pip = conda_specs()
    for name, wish in DEPENDENCIES.items():
        if name in conda:
            assert not disagreements(conda[name], wish.specifier), name
        else:
            assert pip[name].specifier == wish.specifier
    assert not disagreements(conda["python"], SpecifierSet(PROJECT["requires-python"]))


def test_conda_admits_the_versions_that_are_installed_and_tested():
    conda, _ = conda_specs()
    for name in set(conda) & set(DEPENDENCIES):
        assert conda[name].matches(rattler.Version(importlib.metadata.version(name))), name


@pytest.mark.parametrize(
    ("conda", "pip", "wider"),
    [
        (">=3.0,<4", ">=3.0,<4", False),
        (">=3.1,<4", ">=3.0,<4", False),
        (">=3.0", ">=3.0,<4", True),
        (">=3.0,<4.1", ">=3.0,<4", True),
        (">=2.9,<4", ">=3.0,<4", True),
        (">=0.14.4", ">=0.14.5", True),
        ("<=4,>=3.0", ">=3.0,<4", True),
    ],
)
def test_a_wider_bound_is_seen(conda, pip, wider):
    assert bool(disagreements(rattler.VersionSpec(conda), SpecifierSet(pip))) == wider


# Names and versions agree everywhere


def test_one_version_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {PROJECT["version"], citation["version"], importlib.metadata.version("skinmet")} == {
        skinmet.__version__
    }


def test_the_citation_file_has_what_its_format_requires():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["message"] and citation["title"]
    assert all(author.get("name") or author.get("family-names") for author in citation["authors"])
    assert citation["type"] in ("dataset", "software")
    assert citation["license"] in PROJECT["license"]


def test_both_licences_are_whole():
    assert "MIT License" in (ROOT / "LICENSE").read_text("utf-8")
    content = (ROOT / "LICENSE-CONTENT").read_text("utf-8")
    assert [f"Section {n} -- " in content for n in range(1, 9)] == [True] * 8


# Commands


def targets() -> list[str]:
    return re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text("utf-8"), re.M)


def test_help_lists_every_target():
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert {line.split()[1] for line in shown.splitlines()} == set(targets())
    assert {"all", "test", "lab", "book", "bench"} <= set(targets())
    assert all(len(line.split()) > 3 for line in shown.splitlines())


def test_ci_runs_make_test_and_nothing_weaker():
    script = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert "make test </dev/null" in script and script[-1] == "exec make test-lab </dev/null"
    recipe = subprocess.run(
        ["make", "--no-print-directory", "-n", "test"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    runs = [line for line in recipe.splitlines() if "pytest" in line]
    assert runs[0].endswith("pytest tests")
    assert "--nbval " in runs[1] and "notebooks" in runs[1]
    assert not re.search(r"nbval-lax|--ignore|--deselect|sanitize| -k ", "\n".join(runs))


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (
            "exit 1",
            "skinmet needs Python 3.11 or newer; './old' is not. Name another: make PYTHON=python3.12",
        ),
        (
            'case "$2" in *ensurepip*) exit 1;; esac',
            "./old can't make environments. Debian, Ubuntu: apt-get install python3-venv",
        ),
    ],
)
def test_an_unfit_python_is_named_in_one_line(tmp_path, answers, message):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).touch()
    (tmp_path / "old").write_text(f"#!/bin/sh\n{answers}\n")
    (tmp_path / "old").chmod(0o755)
    done = subprocess.run(
        ["make", "--no-print-directory", "test", "PYTHON=./old"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode
    assert [line for line in done.stderr.splitlines() if not line.startswith("make")] == [message]
    assert not (tmp_path / ".venv").exists()


def test_a_missing_npm_is_named_in_one_line(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "package-lock.json").touch()
    done = subprocess.run(
        [shutil.which("make"), "--no-print-directory", "node_modules/.ready"],
        cwd=tmp_path, capture_output=True, text=True, env={"PATH": str(tmp_path), "SHELL": "/bin/sh"},
    )  # fmt: skip
    assert done.returncode
    assert "The tests need npm. Debian, Ubuntu: apt-get install npm" in done.stderr.splitlines()
