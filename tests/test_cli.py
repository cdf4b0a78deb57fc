"""The command line: every verb has help, results and messages are apart, no way ends in a traceback."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import skinmet.book
import small_project
from planted import FREQ_FILE
from skinmet import __version__
from skinmet.problems import Problem, SkinmetError
from skinmet.review import check, refresh
from small_project import Project

# Those that need no argument; verbs with one are tested beside what they do.
VERBS = ("check", "fmt", "refresh", "impact", "queue", "agreement", "bundle", "release", "book", "lab")
OTHERS = ("add", "verify", "grade", "export")


@pytest.fixture(scope="session")
def pristine(tmp_path_factory):
    return small_project.make(tmp_path_factory.mktemp("pristine"))


@pytest.fixture
def project(pristine, tmp_path, monkeypatch):
    project = Project(pristine, tmp_path / "project")
    monkeypatch.delenv("SKINMET_ROOT", raising=False)
    monkeypatch.chdir(project.root / "notebooks")  # where a reader stands: the root is found upwards
    return project


@pytest.fixture
def run(command):
    return command


def test_version(run):
    assert run("--version") == (0, f"skinmet {__version__}\n", "")


@pytest.mark.parametrize("verb", VERBS + OTHERS)
def test_each_verb_has_help(run, verb):
    code, out, err = run(verb, "--help")
    assert code == 0 and f"skinmet {verb}" in out and err == ""
    assert "--root" in out or verb == "export"  # which reads what grade wrote


def test_help_lists_the_verbs(run):
    code, out, _ = run("--help")
    listed = out[out.index("Commands:") :].split("\n")[1:]
    assert code == 0
    assert sorted(re.match(r"  (\w*)", line)[1] for line in listed if line.strip()) == sorted(VERBS + OTHERS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Usage"),
        (["chekc"], "chekc"),
        (["check", "--rooot", "x"], "--rooot"),
        (["check", "--root", "no/such/folder"], "no/such/folder"),
        (["check", "--root", __file__], "is a file"),
        (["check", "--format", "xml"], "xml"),
        (["fmt", "everything"], "everything"),
    ],
)
def test_wrong_usage_is_2(run, arguments, words):
    code, out, err = run(*arguments)
    assert code == 2 and words in out + err


@pytest.mark.parametrize("verb", VERBS)
def test_no_project_is_1(run, verb, tmp_path):
    code, out, err = run(verb, "--root", tmp_path)
    assert (code, out) == (1, "")
    assert "no skinmet project here" in err and err.count("\n") == 1


def test_check_without_findings(run, project):
    code, out, err = run("check")
    assert (code, out) == (0, "")
    assert err.startswith(f"checked {len(small_project.ROWS)} tables, ") and err.endswith(": no findings\n")


def test_check_with_a_finding(run, project):
    _, line = project.set("epidemiology/frequency", "F018", {"events": "99999"})
    code, out, err = run("check")
    assert code == 1
    message = "[events] more than total, which is 11418 (99999): compare both with the source"
    assert out == f"{FREQ_FILE}:{line}: {message}\n"
    assert err.endswith(": 1 finding\n")


def test_check_for_programs(run, project):
    _, line = project.set("epidemiology/frequency", "F018", {"events": "99999"})
    code, out, _ = run("check", "--format", "json")
    report = json.loads(out)
    assert code == 1 and report["tables"] == len(small_project.ROWS)
    (problem,) = report["problems"]
    assert (problem["file"], problem["line"], problem["column"], problem["value"]) == (
        FREQ_FILE,
        line,
        "events",
        "99999",
    )


def test_check_names_works_nobody_cites_on_stderr(run, project):
    rows = project.read("epidemiology/survival")
    project.write("epidemiology/survival", [row for row in rows if row[0] != "V001"])
    code, out, err = run("check")
    assert (code, out) == (0, "") and err.startswith("note: no table or notebook cites nashan2009cutaneous\n")


def test_a_cell_cannot_steer_the_terminal(run, project):
    project.set("epidemiology/frequency", "F018", {"notes": "\x1b[2J\x1b[1;31mgone"})
    code, out, _ = run("check")
    assert code == 1 and "\x1b" not in out and "?[2J" in out


def test_fmt(run, project):
    project.replace(FREQ_FILE, "\n", "\r\n")
    assert run("fmt", "--check") == (1, f"{FREQ_FILE}\n", "1 file not in canonical form: run `skinmet fmt`\n")
    assert run("fmt") == (0, f"{FREQ_FILE}\n", "1 file rewritten\n")
    assert run("fmt") == (0, "", "everything is in canonical form\n")
    assert run("fmt", "--check")[0] == 0


def test_fmt_of_what_it_cannot_read(run, project):
    _, line = project.replace(FREQ_FILE, "\nF033,", '\nF033,"')
    code, out, err = run("fmt")
    assert (code, out) == (1, "") and err.startswith(f"{FREQ_FILE}:{line + 1}: this row can't be read")


def test_refresh(run, project, monkeypatch):
    asked = []

    def fake(root, all, names):
        asked.append((root, all, names))
        return [
            refresh.Result("notebooks/01_a.ipynb", 3, True, True, 1.25, ["code cell 1: 5 -> \x1b6"]),
            refresh.Result("notebooks/02_b.ipynb", 3, False, False, 0.0),
        ]

    monkeypatch.setattr(refresh, "refresh", fake)
    code, out, err = run("refresh")
    assert code == 0 and err == "2 notebooks, 1 executed\n"
    assert out == (
        "notebooks/01_a.ipynb: executed in 1.2 s, new outputs\n"
        "  code cell 1: 5 -> ?6\n"
        "notebooks/02_b.ipynb: nothing it reads has changed\n"
    )
    run("refresh", "--all", "01_a", "--root", project.root)
    assert asked == [(project.root, False, None), (project.root, True, ["01_a"])]


def test_refresh_of_an_unknown_notebook(run, project):
    code, out, err = run("refresh", "99_none")
    assert (code, out) == (1, "") and "no such notebook (99_none)" in err and err.count("\n") == 1


def test_book(run, project, monkeypatch):
    monkeypatch.setattr(skinmet.book, "build", lambda root, say: Path("_build/html/index.html"))
    assert run("book") == (0, f"{Path('_build/html/index.html')}\n", "")


def test_a_book_that_cannot_be_built(run, project, monkeypatch):
    def fake(root, say):
        raise SkinmetError(Problem("book/a.md", "one", "mend it", 3), Problem("book/b.md", "two", "mend it"))

    monkeypatch.setattr(skinmet.book, "build", fake)
    assert run("book") == (1, "", "book/a.md:3: one: mend it\nbook/b.md: two: mend it\n")


def spoil(monkeypatch, error):
    def fake(root):
        raise error

    monkeypatch.setattr(check, "examine", fake)


def test_a_file_that_may_not_be_read(run, monkeypatch):
    spoil(monkeypatch, PermissionError(13, "Permission denied", "data/a.csv"))
    code, out, err = run("check")
    assert (code, out) == (
        1,
        "",
    ) and err == "data/a.csv: Permission denied: look at the file and its permissions\n"


def test_an_unexpected_error_asks_for_a_report(run, monkeypatch):
    spoil(monkeypatch, ZeroDivisionError("division by zero"))
    code, out, err = run("check")
    assert (code, out) == (1, "")
    assert "unexpected error, ZeroDivisionError: division by zero" in err and "please report it" in err
    assert "Traceback" not in err


def test_debug_shows_the_traceback(run, monkeypatch):
    spoil(monkeypatch, ZeroDivisionError("division by zero"))
    code, _, err = run("--debug", "check")
    assert code == 1 and "Traceback" in err


def skinmet_process(*arguments, **options):
    command = [sys.executable, "-c", "from skinmet.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


def test_a_terminal_that_knows_no_accents(project, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.setenv("PYTHONUTF8", "0")
    project.set("epidemiology/frequency", "F018", {"seen_as": "résumé"})
    done = skinmet_process("check")
    assert done.returncode == 1 and "(r\\xe9sum\\xe9)" in done.stdout and "Traceback" not in done.stderr


def test_a_reader_that_stops_listening(project):
    done = subprocess.Popen(
        [sys.executable, "-c", "from skinmet.cli import main; main()", "check", "--format", "json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    done.stdout.close()
    assert "Traceback" not in done.stderr.read()
    done.wait(timeout=60)
    done.stderr.close()


def test_checking_loads_nothing_slow(project):
    """What makes `skinmet check` quick: frames, plots, notebooks and Sphinx stay on the shelf."""
    slow = ("pandas", "numpy", "scipy", "plotly", "nbformat", "sphinx", "IPython")
    script = (
        "import sys; import skinmet.cli; from skinmet.review.check import examine; examine();"
        f"print([name for name in {slow} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr
