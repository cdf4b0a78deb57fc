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
from skinmet.review import refresh as module
from skinmet.review.refresh import refresh

SPLIT_PRINTS = "import sys\nprint('one')\nsys.stdout.flush()\nprint('two')"
AROUND_A_FIGURE = "print('before')\ndisplay({'text/plain': 'figure'}, raw=True)\nprint('after')"
WHERE = "import os, sys\nprint(os.path.basename(os.getcwd()), os.environ['SKINMET_ROOT'])\nsys.executable"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "references").mkdir()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data" / "table.csv").write_text("row_id\nr1\n")
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
    assert executed() == ["01_a", "02_b"]
    (root / "references" / "references.bib").write_text("")
    assert executed(names=["02_b"]) == ["02_b"]

    record = root / "_build" / "refresh.json"
    second.unlink()
    assert executed() == ["01_a"]
    assert list(json.loads(record.read_text())) == ["01_a.ipynb"]
    record.write_text("{broken")
    assert executed() == ["01_a"]


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
    monkeypatch.setattr(module, "CELL_TIMEOUT", 1)
    write(root, "01_a", "while True: pass")
    (found,) = messages(root)
    assert found.startswith("notebooks/01_a.ipynb: [code cell 1] runs for more than 1 s: ")


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_ctrl_c_ends_every_kernel_and_writes_nothing(root):
    sleep = "import os, pathlib, time\npathlib.Path(f'{os.getpid()}.pid').touch()\ntime.sleep(600)"
    paths = [write(root, name, sleep) for name in ("01_a", "02_b")]
    before = [path.read_bytes() for path in paths]
    command = "import sys; from skinmet.review.refresh import refresh; refresh(sys.argv[1])"
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
