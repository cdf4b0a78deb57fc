"""Notebooks executed afresh: same bytes every time, nothing written when anything is wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from skinmet.problems import SkinmetError
from skinmet.references.files import LEDGER_COLUMNS
from skinmet.review import execute, inputs, recorder
from skinmet.review import refresh as module
from skinmet.review.check import check
from skinmet.review.refresh import refresh

SPLIT_PRINTS = "import sys\nprint('one')\nsys.stdout.flush()\nprint('two')"
AROUND_A_FIGURE = "print('before')\ndisplay({'text/plain': 'figure'}, raw=True)\nprint('after')"
WHERE = "import os, sys\nprint(os.path.basename(os.getcwd()), os.environ['SKINMET_ROOT'])\nsys.executable"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "references").mkdir()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data" / "datapackage.json").write_text('{"resources": []}')
    (tmp_path / "data" / "table.csv").write_text("row_id\nr1\n")
    (tmp_path / "references" / "references.bib").write_text("")
    (tmp_path / "references" / "ledger.csv").write_text(",".join(LEDGER_COLUMNS) + "\n")
    return tmp_path


def write(root: Path, name: str, *sources: str, **changes) -> Path:
    """A notebook of code cells, as another program might leave it: old format, no ids, foreign metadata."""
    cells = [
        {
            "cell_type": "code",
            "source": source,
            "metadata": {"execution": {"iopub.status.idle": "2020-01-01"}, "tags": ["keep"]},
            "outputs": [],
            "execution_count": None,
        }
        for source in sources
    ]
    cells.insert(0, {"cell_type": "markdown", "source": "# Über uns", "metadata": {}})
    metadata = {"kernelspec": {"name": "ir", "display_name": "R"}, "language_info": {"name": "R"}}
    notebook = {"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": cells} | changes
    path = root / "notebooks" / f"{name}.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def cells(path: Path) -> list[dict]:
    return [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]


def messages(root: Path, **options) -> list[str]:
    with pytest.raises(SkinmetError) as caught:
        refresh(root, **options)
    return str(caught.value).splitlines()


def test_the_same_inputs_give_the_same_bytes(root, capfd):
    first = write(root, "01_a", SPLIT_PRINTS, AROUND_A_FIGURE)
    second = write(root, "02_b", WHERE)

    results = refresh(root)
    assert [(r.notebook, r.cells, r.executed, r.changed) for r in results] == [
        ("notebooks/01_a.ipynb", 2, True, True),
        ("notebooks/02_b.ipynb", 1, True, True),
    ]
    before = first.read_bytes(), second.read_bytes()
    assert [(r.executed, r.changed) for r in refresh(root, all=True)] == [(True, False)] * 2
    assert (first.read_bytes(), second.read_bytes()) == before
    assert capfd.readouterr() == ("", "")  # no terminal, no progress bar; no chatter of kernels

    split, around = cells(first)
    assert [output["text"] for output in split["outputs"]] == [["one\n", "two\n"]]
    kinds = [output.get("text", output["output_type"]) for output in around["outputs"]]
    assert kinds == [["before\n"], "display_data", ["after\n"]]
    assert [cell["execution_count"] for cell in (split, around)] == [1, 2]


def test_written_notebooks_hold_no_trace_of_machine_or_moment(root):
    path = write(root, "01_a", "1 + 1")
    refresh(root)
    text = path.read_text("utf-8")
    notebook = json.loads(text)
    assert text == json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    assert "Über" in text
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    assert cells(path)[0]["metadata"] == {"tags": ["keep"]}


def test_a_notebook_runs_in_its_folder_with_this_python_and_this_project(root, monkeypatch):
    monkeypatch.setenv("SKINMET_ROOT", "/elsewhere")
    # a kernel of the same name that another program installed for this user
    spec = root / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        json.dumps({"argv": ["false"], "display_name": "", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(root / "jupyter"))
    path = write(root, "01_a", WHERE)
    refresh(root)
    printed, value = cells(path)[0]["outputs"]
    assert printed["text"] == [f"notebooks {root}\n"]
    assert value["data"]["text/plain"] == [repr(sys.executable)]


def test_ids_are_kept_and_missing_ones_made_from_kind_and_position(root):
    path = write(root, "01_a", "1", "2", "3")
    notebook = json.loads(path.read_text("utf-8"))
    notebook["cells"][1]["id"] = "code-03"
    path.write_text(json.dumps(notebook))
    refresh(root)
    ids = [cell["id"] for cell in json.loads(path.read_text("utf-8"))["cells"]]
    assert ids == ["markdown-01", "code-03", "code-03x", "code-04"]


def test_only_what_changed_is_executed(root):
    first, second = write(root, "01_a", "1"), write(root, "02_b", "2")

    def executed(**options) -> list[str]:
        return [Path(r.notebook).stem for r in refresh(root, **options) if r.executed]

    assert executed(names=["notebooks/01_a.ipynb"]) == ["01_a"]
    assert executed() == ["02_b"]
    assert executed() == []

    second.write_text(second.read_text("utf-8").replace('"2"', '"3"'), "utf-8")  # source and stored output
    assert executed() == ["02_b"]
    honest = first.read_bytes()
    edited = json.loads(honest)
    edited["cells"][1]["outputs"][0]["data"]["text/plain"] = ["9"]  # a stored output, by hand
    first.write_text(json.dumps(edited))
    assert executed() == ["01_a"]
    assert first.read_bytes() == honest

    (root / "data" / ".~lock.table.csv#").write_text("open in a spreadsheet")
    assert executed() == []
    (root / "data" / "table.csv").write_text("row_id\nr2\n")
    assert executed() == []  # neither of the two reads it
    (root / "requirements.lock").write_text("numpy==0\n")
    assert executed() == ["01_a", "02_b"]

    record = root / "_build" / "refresh.json"
    second.unlink()
    assert executed() == []
    record.write_text("{broken")
    assert executed() == ["01_a"]
    assert list(json.loads(record.read_text())) == ["notebooks/01_a.ipynb"]
    for nonsense in ("[]", '{"notebooks/01_a.ipynb": 1}', '{"notebooks/01_a.ipynb": {"made_from": 3}}'):
        record.write_text(nonsense)
        assert executed() == ["01_a"]


READS = "open('../data/table.csv').read()"
CITES = "from pathlib import Path\nPath('../references/references.bib').read_text()"
IMPORTS = "def words():\n    from skinmet import wording\n    return wording.percent(0.5)\n\nwords()"


def made_from(path: Path) -> set[str]:
    return set(json.loads(path.read_text("utf-8"))["metadata"]["skinmet"]["made_from"])


def recorded(root: Path, name: str) -> set[str]:
    return set(json.loads((root / "_build" / "refresh.json").read_text())[name]["made_from"])


def test_what_a_notebook_reads_is_found_when_it_runs(root):
    """Files by whatever way they are opened, modules imported anywhere; nothing that was not read."""
    write(root, "00_none", "open('../data/new.csv', 'w').write('x')")
    reads, cites = write(root, "01_reads", READS), write(root, "02_cites", CITES)
    write(root, "03_imports", IMPORTS)
    refresh(root)
    assert made_from(reads) == {"data/table.csv"} and made_from(cites) == {"references/references.bib"}
    always = {"requirements.lock", "skinmet/__init__.py"}
    assert recorded(root, "notebooks/00_none.ipynb") == always
    assert recorded(root, "notebooks/01_reads.ipynb") == always | {"data/table.csv"}
    assert recorded(root, "notebooks/03_imports.ipynb") == always | {"skinmet/wording.py"}


def test_a_change_executes_only_the_notebooks_that_read_it(root, monkeypatch):
    for name, source in (("01_reads", READS), ("02_cites", CITES), ("03_imports", IMPORTS), ("04_none", "1")):
        write(root, name, source)

    def executed() -> list[str]:
        return [Path(r.notebook).stem for r in refresh(root) if r.executed]

    assert len(executed()) == 4 and executed() == []
    (root / "data" / "table.csv").write_text("row_id\nr2\n")
    assert executed() == ["01_reads"]
    (root / "references" / "references.bib").write_text("\n\n")
    with pytest.raises(SkinmetError, match="not in canonical form"):
        executed()
    (root / "references" / "references.bib").write_text("")
    assert executed() == []
    (root / "data" / "table.csv").unlink()
    assert messages(root)[0].startswith("notebooks/01_reads.ipynb: [code cell 1, line 1] FileNotFoundError")
    (root / "data" / "table.csv").write_text("row_id\nr2\n")
    assert executed() == []

    honest = inputs.digests
    monkeypatch.setattr(  # a module of the package that was edited
        inputs, "digests",
        lambda *given, **more: honest(*given, **more) | dict.fromkeys(
            {"skinmet/wording.py"} & set(given[1]), "edited"
        ),
    )  # fmt: skip
    assert executed() == ["03_imports"]


def test_a_table_saved_while_a_notebook_reads_it_counts_as_changed(root):
    save = "import pathlib\npathlib.Path('../data/table.csv').write_text('later')"
    path = write(root, "01_a", READS, save)
    refresh(root)
    assert json.loads(path.read_text())["metadata"]["skinmet"]["made_from"] == {"data/table.csv": ""}
    assert [r.executed for r in refresh(root)] == [True]


def test_a_notebook_saved_while_it_is_executed_keeps_what_was_saved(root):
    path = write(root, "01_a", "import pathlib\npathlib.Path('01_a.ipynb').write_text('{}')")
    assert messages(root) == [
        "notebooks/01_a.ipynb: was saved by somebody while it was executed:"
        " close it in JupyterLab and run `skinmet refresh` again"
    ]
    assert path.read_text() == "{}"


def test_nothing_is_executed_over_faulty_tables(root):
    path = write(root, "01_a", READS)
    before = path.read_bytes()
    (root / "references" / "ledger.csv").write_text("citekey\n")
    (root / "data" / "datapackage.json").write_text("{")
    found = messages(root)
    assert [line.split(":")[0] for line in found] == ["data/datapackage.json", "references/ledger.csv"]
    assert path.read_bytes() == before


def test_outputs_older_than_the_evidence_are_a_finding(root):
    path = write(root, "01_a", READS)
    write(root, "02_b", "1")
    refresh(root)
    assert check(root) == []
    (root / "data" / "table.csv").write_text("row_id\nr2\n")
    (root / "_build" / "refresh.json").unlink()  # as in a clone, where nothing was executed yet
    assert [str(problem) for problem in check(root)] == [
        "notebooks/01_a.ipynb: its outputs are older than the evidence they show (data/table.csv):"
        " run `skinmet refresh`"
    ]
    refresh(root)
    assert check(root) == []
    content = json.loads(path.read_text())
    for nonsense in (
        {"made_from": []},
        [],
        None,
        {"made_from": {"data/../../../../dev/zero": "1", "x": "2"}},
    ):
        content["metadata"]["skinmet"] = nonsense
        path.write_text(json.dumps(content))
        assert check(root) == []
    content["metadata"]["skinmet"] = {"made_from": {"data/gone.csv": "1"}}
    path.write_text(json.dumps(content))
    assert "(data/gone.csv)" in str(check(root)[0])


def test_what_changed_is_told(root):
    page = "print('Rows:', open('../data/table.csv').read().split())\nprint('The same.')"
    write(root, "01_a", page, "1")
    old, new = "“Rows: ['row_id', 'r1']”", "“Rows: ['row_id', 'r2']”"
    assert refresh(root)[0].differences == [
        f"code cell 1: nothing -> {old}",
        "code cell 1: nothing -> “The same.”",
        "code cell 2: nothing -> “1”",
    ]
    (root / "data" / "table.csv").write_text("row_id\nr2\n")
    assert refresh(root)[0].differences == [f"code cell 1: {old} -> {new}"]
    assert refresh(root, all=True)[0].differences == []


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
@pytest.mark.parametrize("after", [0.6, 1.2, 1.8, 2.4, 3.0])
def test_killed_at_any_moment_each_notebook_is_old_or_new_and_no_kernel_lives_on(root, after):
    tell = "import os, pathlib\npathlib.Path(f'{os.getpid()}.pid').touch()\nprint('new')"
    paths = [write(root, f"0{n}_a", tell, "1 + 1") for n in range(3)]
    before = {path: path.read_bytes() for path in paths}
    command = "import sys; from skinmet.review.refresh import refresh; refresh(sys.argv[1])"
    running = subprocess.Popen([sys.executable, "-c", command, str(root)], start_new_session=True)
    time.sleep(after)
    running.kill()
    running.wait()
    for path in paths:
        if path.read_bytes() != before[path]:
            assert [cell["execution_count"] for cell in cells(path)] == [1, 2]
    kernels = [int(path.stem) for path in (root / "notebooks").glob("*.pid")]
    deadline = time.monotonic() + 20
    while any(map(alive, kernels)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(alive, kernels))
    assert all(result.cells == 2 for result in refresh(root))  # what was broken off can be taken up
    assert [cell["outputs"][0]["text"] for path in paths for cell in cells(path)[:1]] == [["new\n"]] * 3


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_the_recorder_tells_only_what_was_read(root, monkeypatch):
    monkeypatch.setattr(recorder, "_opened", set())
    for path in ("data/table.csv", "_build/x", ".git/config", "notebooks/~x", "__pycache__/a.pyc"):
        (root / path).parent.mkdir(exist_ok=True, parents=True)
        (root / path).touch()
        recorder._note("open", (root / path, "r", 0))
    recorder._note("open", (str(root / "data/table.csv"), None, os.O_RDONLY))
    recorder._note("open", (bytes(root / "references/references.bib"), None, os.O_RDONLY))
    recorder._note("open", (str(root / "data/written.csv"), "w", 0))
    recorder._note("open", (str(root / "references/ledger.csv"), None, os.O_WRONLY))
    recorder._note("open", (3, "r", 0))
    recorder._note("import", ("json",))
    found = {name for name in json.loads(recorder.read(str(root))) if not name.startswith("skinmet/")}
    assert found == {"data/table.csv", "references/references.bib"}


def test_exercises_are_executed_too_in_their_own_folder(root):
    write(root, "01_a", "1")
    source = root / "exercises" / "source" / "01_a" / "01_a.ipynb"
    source.parent.mkdir(parents=True)
    source.write_bytes(write(root, "02_b", "import os\nprint(os.path.basename(os.getcwd()))").read_bytes())

    def executed(*names: str) -> list[str]:
        return [r.notebook for r in refresh(root, all=True, names=names)]

    exercise = "exercises/source/01_a/01_a.ipynb"
    assert executed("01_a") == [exercise, "notebooks/01_a.ipynb"]
    assert executed("notebooks/01_a") == ["notebooks/01_a.ipynb"]
    assert executed(exercise) == executed("01_a/01_a.ipynb") == executed(str(source)) == [exercise]
    assert cells(source)[0]["outputs"][0]["text"] == ["01_a\n"]
    assert [r.executed for r in refresh(root, names=["01_a"])] == [False, False]  # each remembered by itself


def test_every_failure_is_named_and_no_failed_notebook_is_written(root):
    bad = [
        write(root, "b_error", "x = 1", "def divide():\n    return x / 0\n\ndivide()"),
        write(root, "c_syntax", "x = = 1"),
        write(root, "d_stderr", "import warnings\nwarnings.warn('deprecated')", ""),
        write(root, "e_dead", "import os\nos._exit(1)"),
        write(root, "f_many_lines", "raise ValueError('short\\nlong story')"),
    ]
    before = [path.read_bytes() for path in bad]
    good = write(root, "a_good", "2 + 2")

    found = messages(root)
    mend = "open the notebook in JupyterLab, mend this cell and run `skinmet refresh` again"
    assert found[0] == (
        "notebooks/b_error.ipynb: [code cell 2, line 2] ZeroDivisionError: division by zero"
        f" (return x / 0): {mend}"
    )
    assert (
        found[1]
        == f"notebooks/c_syntax.ipynb: [code cell 1, line 1] SyntaxError: invalid syntax (x = = 1): {mend}"
    )
    assert found[2].startswith("notebooks/d_stderr.ipynb: [code cell 1] writes to stderr (")
    assert "deprecated" in found[2]
    assert found[3].startswith("notebooks/d_stderr.ipynb: [code cell 2] was not executed: delete it")
    assert found[4].startswith("notebooks/e_dead.ipynb: [code cell 1] its kernel died: ")
    assert "[code cell 1, line 1] ValueError: short (raise ValueError(" in found[5]
    assert len(found) == 6

    assert [path.read_bytes() for path in bad] == before
    assert cells(good)[0]["execution_count"] == 1
    assert not list((root / "notebooks").glob(".*"))  # no half-written copy is left


def test_a_cell_that_takes_too_long_is_a_problem(root, monkeypatch):
    monkeypatch.setattr(execute, "CELL_TIMEOUT", 1)
    write(root, "01_a", "while True: pass")
    (found,) = messages(root)
    assert found.startswith("notebooks/01_a.ipynb: [code cell 1] runs for more than 1 s: ")


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_ctrl_c_ends_every_kernel_and_writes_nothing(root):
    sleep = "import os, pathlib, time\npathlib.Path(f'{os.getpid()}.pid').touch()\ntime.sleep(600)"
    paths = [write(root, name, sleep) for name in ("01_a", "02_b")]
    before = [path.read_bytes() for path in paths]
    # a shell's background job ignores ctrl-c from the start, and so would everything it starts
    command = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from skinmet.review.refresh import refresh; refresh(sys.argv[1])"
    )
    running = subprocess.Popen([sys.executable, "-c", command, str(root)], stderr=subprocess.PIPE, text=True)
    expected = min(len(paths), module.KERNELS_AT_ONCE)
    while len(kernels := list((root / "notebooks").glob("*.pid"))) < expected and running.poll() is None:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=30)
    assert errors.endswith("KeyboardInterrupt\n")
    for kernel in kernels:
        with pytest.raises(ProcessLookupError):
            os.kill(int(kernel.stem), 0)
    assert [path.read_bytes() for path in paths] == before


def test_a_kernel_that_does_not_start_is_a_problem(root, monkeypatch, capfd):
    (root / "ipykernel_launcher.py").write_text("raise SystemExit('broken installation')")
    monkeypatch.setenv("PYTHONPATH", str(root))
    write(root, "01_a", "1")
    assert messages(root) == [
        "notebooks/01_a.ipynb: its kernel did not start:"
        " what Python printed above says why; `make` mends a broken .venv"
    ]
    assert "broken installation" in capfd.readouterr().err


def test_files_that_are_no_notebooks(root):
    for name, content in {
        "a": b'{\n"cells": [\n<<<<<<< HEAD\n',
        "b": b'{"cells": "\xff"}',
        "c": b'{"nbformat": 3, "worksheets": []}',
        "d": b"[]",
    }.items():
        (root / "notebooks" / f"{name}.ipynb").write_bytes(content)
    write(root, "e", cells=[{"cell_type": "code", "source": "1", "metadata": {}}])
    cell = {"cell_type": "markdown", "source": "", "metadata": {}, "id": "twin"}
    write(root, "f", cells=[cell, cell])

    found = messages(root)
    assert found[0].startswith("notebooks/a.ipynb:3: is not JSON (Expecting value): restore it")
    assert found[1].startswith("notebooks/b.ipynb: is not UTF-8 text (invalid start byte): ")
    assert found[2].startswith("notebooks/c.ipynb: is not a notebook of format 4: ")
    assert found[3].startswith("notebooks/d.ipynb: is not a notebook of format 4: ")
    assert found[4].startswith("notebooks/e.ipynb: is not a valid notebook (")
    assert found[5].startswith("notebooks/f.ipynb: two cells have one id (twin): ")
    assert len(found) == 6


def test_names_that_match_nothing(root):
    assert messages(root)[0].startswith("notebooks: no notebook here: ")
    write(root, "01_a", "1")
    assert messages(root, names=["02_b"]) == ["notebooks: no such notebook (02_b): name one of 01_a"]
