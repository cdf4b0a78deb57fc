"""The release: nothing of the solutions leaves, and what leaves works in a plain JupyterLab."""

import ast
import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import small_course
import small_project
from skinmet import cli
from skinmet.classroom import assignment, release
from skinmet.problems import SkinmetError
from small_course import NAME

SHIPPED = Path(__file__).resolve().parents[1]
KEY = "Tuesday's class 4711"


@pytest.fixture(scope="session")
def pristine(tmp_path_factory):
    root = small_project.make(tmp_path_factory.mktemp("course"))
    small_course.write(root)
    return root


@pytest.fixture(scope="session")
def released(pristine, tmp_path_factory):
    """Folder and zip of a class's release of the small course; only to be looked at."""
    return release.release([], pristine, KEY, tmp_path_factory.mktemp("out") / "release")


@pytest.fixture(scope="session")
def shipped(tmp_path_factory):
    """Folder and zip of the standard release of all shipped exercises; only to be looked at."""
    return release.release([], SHIPPED, None, tmp_path_factory.mktemp("shipped") / "release")


def everything(folder, archive):
    """Every file of a release, from the folder and from the zip: name to bytes."""
    files = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with zipfile.ZipFile(archive) as opened:
        files |= {f"zip:{name}": opened.read(name) for name in opened.namelist()}
    return files


def as_stored(text):
    """A text as it stands in a notebook."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


# What must not leave


def test_no_secret_leaves(released):
    for name, content in everything(*released).items():
        text = content.decode()
        for secret in small_course.SECRETS:
            assert secret not in text and as_stored(secret) not in text, (name, secret)


def test_the_key_stands_nowhere(released):
    digests = [hashlib.new(kind, KEY.encode()).hexdigest() for kind in ("md5", "sha1", "sha256")]
    for name, content in everything(*released).items():
        for secret in (KEY, *digests):
            assert secret.encode() not in content and secret not in name
    assert KEY.encode() not in released[1].read_bytes()


def lines(name):
    """Lines of a source notebook: those that students may read, and those that they must not."""
    open_to_all, secret = set(), set()
    for cell in assignment.load(name, SHIPPED).notebook().cells:
        inside = cell.cell_type == "markdown" and cell.metadata.get("nbgrader", {}).get("solution", False)
        for line in cell.source.split("\n"):
            if "### BEGIN" in line or "### END" in line:
                inside = "### BEGIN" in line or cell.cell_type == "markdown"
            else:
                (secret if inside else open_to_all).add(line.strip())
    return open_to_all, secret


def test_no_line_of_a_shipped_solution_leaves(shipped):
    files = everything(*shipped)
    notebooks = [content.decode() for name, content in files.items() if name.endswith(".ipynb")]
    names = assignment.names(SHIPPED)
    assert len(notebooks) == 2 * len(names)
    read = {name: lines(name) for name in names}
    told = "\n".join(sorted(line for open_to_all, _ in read.values() for line in open_to_all))
    for _, hidden in read.values():
        secrets = [as_stored(line) for line in hidden if len(line) > 12 and line not in told]
        assert len(secrets) > 20
        for text in notebooks:
            assert not [secret for secret in secrets if secret in text]
    for name, content in files.items():
        for mark in (b"BEGIN SOLUTION", b"HIDDEN TESTS", b"MARK SCHEME", b"classroom/"):
            assert mark not in content, name


def test_nothing_about_marking_goes_along(shipped):
    parts = {part.removesuffix(".py") for name in everything(*shipped) for part in Path(name).parts}
    assert not parts & {"classroom", "review", "book", "cli", "wrong_answers", "exercises", "source"}
    assert {"checks", "evidence", "START.md", "LICENSE", "LICENSE-CONTENT", "requirements.txt"} <= parts


# What leaves works

RUN = """
import importlib.abc, json, sys
site, blocked, cells = sys.argv[1], set(json.loads(sys.argv[2])), json.loads(sys.argv[3])
sys.path.append(site)  # without its .pth files: skinmet is not installed here

class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
names, failures = {"__name__": "__main__"}, {}
for number, source in cells:
    try:
        exec(compile(source, f"cell {number}", "exec"), names)
    except NotImplementedError:
        failures[number] = "not implemented"
    except Exception as error:
        failures[number] = f"{type(error).__name__}: {error}"
print(json.dumps([failures, getattr(sys.modules.get("skinmet"), "__file__", "")]))
"""


def not_asked_for(requirements):
    """Modules of installed packages that requirements.txt does not name and what it names does not need."""
    waiting = [Requirement(line).name for line in requirements.splitlines()]
    found = set()
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        try:
            needs = map(Requirement, importlib.metadata.requires(name) or [])
        except importlib.metadata.PackageNotFoundError:
            continue  # for another system, or left out of the lock
        found.add(name)
        waiting += [need.name for need in needs if not need.marker or need.marker.evaluate({"extra": ""})]
    by_module = importlib.metadata.packages_distributions()
    wanted = {module for module, names in by_module.items() if found & set(map(canonicalize_name, names))}
    return set(by_module) - wanted - {"skinmet"}


def run(folder, name, cells):
    """Run code cells as a student does, with only the release's folder and its requirements at hand."""
    blocked = not_asked_for((folder / "requirements.txt").read_text("utf-8"))
    assert {"nbgrader", "bibtexparser", "citeproc", "lxml", "statsmodels"} <= blocked
    code = [(number, cell.source) for number, cell in enumerate(cells, 1) if cell.cell_type == "code"]
    site = str(Path(nbformat.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", RUN, site, json.dumps(sorted(blocked)), json.dumps(code)],
        cwd=folder / name, capture_output=True, text=True,
        env={key: value for key, value in os.environ.items() if key != "SKINMET_ROOT"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    failures, package = json.loads(done.stdout.splitlines()[-1])
    assert package, failures
    assert Path(package).resolve().is_relative_to(folder.resolve())
    return failures


def kinds(cells):
    """Numbers of answer cells, and of test cells, as run() names them."""
    marks = {
        str(n): cell.metadata.get("nbgrader", {})
        for n, cell in enumerate(cells, 1)
        if cell.cell_type == "code"
    }
    answers = {n for n, mark in marks.items() if mark.get("solution")}
    return answers, {n for n, mark in marks.items() if mark.get("grade") and not mark.get("solution")}


@pytest.mark.parametrize("name", assignment.names(SHIPPED))
def test_shipped_exercises_run_with_their_folder_alone(shipped, name):
    folder, _ = shipped
    untouched = nbformat.read(folder / name / f"{name}.ipynb", as_version=4)
    answers, tests = kinds(untouched.cells)
    failures = run(folder, name, untouched.cells)
    # a function that is not written yet raises when its test calls it
    assert tests <= set(failures) <= answers | tests
    assert not [words for words in failures.values() if not words.startswith(("not", "Assertion"))], failures
    worked = small_course.solved(untouched, assignment.load(name, SHIPPED).notebook())
    assert run(folder, name, worked.cells) == {}


def test_a_class_release_takes_that_class_s_answers_only(pristine, released):
    folder, _ = released
    untouched = nbformat.read(folder / NAME / f"{NAME}.ipynb", as_version=4)
    assert (
        run(
            folder,
            NAME,
            small_course.solved(untouched, assignment.load(NAME, pristine, KEY).notebook()).cells,
        )
        == {}
    )
    other = assignment.load(NAME, pristine).notebook()
    mine = assignment.load(NAME, pristine, KEY).notebook()
    copied = run(folder, NAME, small_course.solved(mine, other).cells)  # with the hidden tests
    assert [words.split(":")[0] for words in copied.values()] == ["AssertionError", "AssertionError"]


def test_the_way_to_open_it_is_told(released):
    words = (released[0] / "START.md").read_text("utf-8")
    assert (
        "Not medical advice" in words
        and "jupyter lab" in words
        and f"`{NAME}/{NAME}.ipynb`, 8 points" in words
    )


def test_requirements_have_the_bounds_of_the_package(shipped):
    stated = {r.name: r for r in map(Requirement, importlib.metadata.requires("skinmet"))}
    listed = [Requirement(line) for line in (shipped[0] / "requirements.txt").read_text("utf-8").splitlines()]
    assert {"jupyterlab", "pandas", "plotly", "numpy", "scipy"} <= {r.name for r in listed}
    assert all(r.specifier and r.specifier == stated[r.name].specifier for r in listed)


def test_every_import_of_the_release_is_in_the_release(shipped):
    folder, _ = shipped
    for path in folder.rglob("skinmet/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("skinmet"):
                place = folder.joinpath(*node.module.split("."))
                for name in node.names:
                    holder = (
                        place.with_suffix(".py")
                        if place.with_suffix(".py").is_file()
                        else place / "__init__.py"
                    )
                    own = (place / f"{name.name}.py").is_file() or (
                        place / name.name / "__init__.py"
                    ).is_file()
                    assert own or name.name in holder.read_text("utf-8"), (path, node.module, name.name)


@pytest.mark.parametrize(
    "code, expected",
    [
        ("import pandas", []),
        ("from skinmet import wording", ["__init__.py", "wording.py"]),
        ("import skinmet.wording", ["__init__.py", "wording.py"]),
        ("from skinmet.wording import percent", ["__init__.py", "wording.py"]),
        ("def f():\n    from skinmet import project", ["__init__.py", "problems.py", "project.py"]),
        ("import skinmetrics", []),
    ],
)
def test_modules_are_found_by_their_imports(code, expected):
    assert [
        path.relative_to(release.PACKAGE).as_posix() for path in release.needed_modules([code])
    ] == expected


# The same again, and never over something else


def test_the_same_key_gives_the_same_bytes(pristine, released, tmp_path):
    _, archive = release.release([NAME, NAME], pristine, KEY, tmp_path / "another name")
    assert archive.read_bytes() == released[1].read_bytes() and archive.name == "another name.zip"
    _, standard = release.release([], pristine, None, tmp_path / "standard")
    assert standard.read_bytes() != archive.read_bytes()


def test_folder_and_zip_hold_the_same(released):
    folder, archive = released
    with zipfile.ZipFile(archive) as opened:
        infos = opened.infolist()
        inside = {i.filename.removeprefix(f"{release.TOP}/"): opened.read(i) for i in infos}
    outside = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert outside.pop(release.MANIFEST) and inside == outside
    assert [i.filename for i in infos] == sorted(i.filename for i in infos)
    assert {i.date_time for i in infos} == {(1980, 1, 1, 0, 0, 0)} and {
        i.external_attr >> 16 for i in infos
    } == {0o100644}


def test_a_release_takes_the_place_of_the_one_before(pristine, tmp_path):
    out = tmp_path / "release"
    small_course.write(pristine, name="02_gone")
    try:
        release.release([], pristine, None, out)
    finally:
        (pristine / "exercises/source/02_gone/02_gone.ipynb").unlink()
        (pristine / "exercises/source/02_gone").rmdir()
    assert (out / "02_gone").is_dir()
    release.release([], pristine, KEY, out)
    assert not (out / "02_gone").exists() and sorted(p.name for p in tmp_path.iterdir()) == [
        "release",
        "release.zip",
    ]


def foreign(out):
    (out / NAME / "my notes.txt").write_text("do not lose")


def edited(out):
    (out / "START.md").write_text("own words")


def link(out):
    (out / "link").symlink_to(out.parent)


def damaged(out):
    (out / release.MANIFEST).write_text("{")


@pytest.mark.parametrize("spoil", [foreign, edited, link, damaged])
def test_foreign_files_are_not_destroyed(pristine, tmp_path, spoil):
    out = tmp_path / "release"
    release.release([], pristine, None, out)
    spoil(out)
    before = everything(out, tmp_path / "release.zip")
    with pytest.raises(SkinmetError, match="holds a file that no release wrote"):
        release.release([], pristine, KEY, out)
    assert everything(out, tmp_path / "release.zip") == before


def test_a_folder_with_other_things_is_not_touched(pristine, tmp_path):
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(SkinmetError, match=r"holds a file that no release wrote \(thesis.docx\)"):
        release.release([], pristine, None, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_file_or_a_link_in_the_way(pristine, tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        with pytest.raises(SkinmetError, match="is in the way"):
            release.release([], pristine, None, tmp_path / name)


def test_what_python_leaves_behind_is_not_foreign(pristine, tmp_path):
    out = tmp_path / "release"
    release.release([], pristine, None, out)
    (out / "skinmet/__pycache__").mkdir()
    (out / "skinmet/__pycache__/evidence.cpython-311.pyc").write_bytes(b"x")
    release.release([], pristine, KEY, out)
    assert not (out / "skinmet/__pycache__").exists()


def test_another_zip_in_the_way_is_not_destroyed(pristine, tmp_path):
    with zipfile.ZipFile(tmp_path / "release.zip", "w") as photos:
        photos.writestr("a.jpg", b"x")
    (tmp_path / "other.zip").write_text("no zip at all")
    for name in ("release", "other"):
        with pytest.raises(SkinmetError, match=rf"{name}.zip: is in the way of the release"):
            release.release([], pristine, None, tmp_path / name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other.zip", "release.zip"]


def test_an_empty_folder_is_taken(pristine, tmp_path):
    folder, _ = release.release([], pristine, None, tmp_path)
    assert (folder / "START.md").is_file()


def test_a_release_that_breaks_off_leaves_the_old_one(pristine, tmp_path, monkeypatch):
    out = tmp_path / "release"
    release.release([], pristine, None, out)
    before = everything(out, tmp_path / "release.zip")
    rename = Path.rename

    def fail(self, target):
        if self.name.endswith(".part"):
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="No space"):
        release.release([], pristine, KEY, out)
    assert everything(out, tmp_path / "release.zip") == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["release", "release.zip"]


# Wrong input


def test_faults_of_all_assignments_are_told_at_once(tmp_path):
    root = small_course.bare_project(tmp_path / "project")
    for name in ("01_small", "02_small"):
        nb = small_course.notebook()
        small_course.cell(nb, "q4_why").metadata["nbgrader"]["points"] = 0
        small_course.write(root, nb, name)
    with pytest.raises(SkinmetError) as raised:
        release.release([], root, None, tmp_path / "out")
    assert [p.file for p in raised.value.problems] == [
        f"exercises/source/{name}/{name}.ipynb" for name in ("01_small", "02_small")
    ]
    assert not (tmp_path / "out").exists()


def test_nothing_to_release(tmp_path):
    root = small_course.bare_project(tmp_path / "project")
    with pytest.raises(SkinmetError, match="there is nothing to release"):
        release.release([], root, None, tmp_path / "out")


def test_the_verb(pristine, tmp_path, monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(
            sys, "argv", ["skinmet", "release", *map(str, arguments), "--root", str(pristine)]
        )
        try:
            cli.main()
        except SystemExit as end:
            return end.code or 0, *capsys.readouterr()

    out = tmp_path / "out"
    assert run(NAME, "--class-key", KEY, "--out", out) == (0, f"{out}\n{out}.zip\n", "")
    code, text, words = run("03_none", "--out", out)
    assert (code, text) == (1, "") and "no such assignment (03_none)" in words
    code, _, words = run("--class-key", "", "--out", out)
    assert code == 1 and "--class-key: the key is empty" in words
    assert run("--format", "x")[0] == 2
