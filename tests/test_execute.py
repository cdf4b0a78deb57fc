"""Submissions run cell by cell: what is shown, what is marked, and what each kind of bad end costs."""

import copy
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import small_room
from skinmet.classroom import outputs as shapes
from skinmet.classroom.assignment import Assignment
from skinmet.classroom.execute import Room
from skinmet.classroom.sandbox import Gone
from small_course import grade
from small_room import ASSIGNMENT, LIMITS, NEEDS_BWRAP, PROJECT, notebook, outputs, run, text, verdicts

pytestmark = NEEDS_BWRAP
GOOD = ["", ""]


def test_the_solution_passes_and_nothing_is_remarked():
    done = small_room.room().run(ASSIGNMENT, ASSIGNMENT.notebook())
    assert verdicts(done) == GOOD and done.remarks == () and done.complete


def test_the_untouched_release_passes_nothing():
    done = run(q1="value = None", q2="def double(x):\n    raise NotImplementedError()")
    assert verdicts(done) == [
        "AssertionError: give value a number",
        "NotImplementedError: a check failed that says no more",
    ]


def test_the_argument_is_left_as_it_is_and_old_outputs_go():
    before = notebook("1")
    before.cells[1].outputs = [nbformat.v4.new_output("stream", text="old")]
    kept = copy.deepcopy(before)
    done = small_room.room().run(ASSIGNMENT, before)
    assert before == kept
    assert [o.output_type for o in outputs(done)] == ["execute_result"]
    assert [c.execution_count for c in done.notebook.cells] == [1, 2, 3, 4, 5, 6]
    nbformat.validate(done.notebook)


def test_markdown_and_empty_cells_are_passed_by():
    book = notebook()
    book.cells.insert(1, new_markdown_cell("words"))
    book.cells.insert(1, new_code_cell("  \n"))
    done = small_room.room().run(ASSIGNMENT, book)
    assert verdicts(done) == GOOD and done.notebook.cells[1].outputs == []


PIXEL = "b'\\x89PNG\\r\\n\\x1a\\n' + bytes(20)"
SHOWN = [
    ("print('a'); print('b')", "stream", lambda o: o.name == "stdout" and o.text == "a\nb\n"),
    ("import sys; print('a', file=sys.stderr)", "stream", lambda o: o.name == "stderr"),
    ("!echo hello", "stream", lambda o: "hello" in o.text),
    ("%%bash\necho hello", "stream", lambda o: "hello" in o.text),
    ("1 + 1", "execute_result", lambda o: o.data == {"text/plain": "2"} and o.execution_count == 2),
    (
        "import pandas; pandas.DataFrame({'a': [1]})",
        "execute_result",
        lambda o: "<td>1</td>" in o.data["text/html"],
    ),
    (
        "from IPython.display import Markdown, display\ndisplay(Markdown('*a*'))",
        "display_data",
        lambda o: o.data["text/markdown"] == "*a*",
    ),
    (
        f"from IPython.display import Image, display\ndisplay(Image({PIXEL}, format='png'))",
        "display_data",
        lambda o: o.data["image/png"].startswith("iVBOR"),
    ),
    (
        "import plotly.express as px; px.scatter(x=[1], y=[2])",
        "display_data",
        lambda o: o.data["application/vnd.plotly.v1+json"]["data"][0]["type"] == "scatter",
    ),
    (
        "import plotly.express as px; px.bar(x=[1], y=[2]).show()",
        "display_data",
        lambda o: "application/vnd.plotly.v1+json" in o.data,
    ),
    ("1 +", "error", lambda o: o.ename == "SyntaxError"),
    ("{}['a']", "error", lambda o: o.ename == "KeyError" and "{}['a']" in "".join(o.traceback)),
]


@pytest.mark.parametrize("code, kind, right", SHOWN, ids=[code[:20] for code, *_ in SHOWN])
def test_a_cell_shows_what_jupyter_shows(code, kind, right):
    done = run(code)
    (output,) = outputs(done)
    assert output.output_type == kind and right(output)
    nbformat.validate(done.notebook)
    assert verdicts(done) == GOOD


def test_a_cleared_output_is_gone():
    done = run("from IPython.display import clear_output\nprint('a')\nclear_output()\nprint('b')")
    assert text(done) == "b\n"


def test_a_traceback_is_short_and_names_no_folder_of_the_packages():
    done = run("def f(n): return f(n + 1)\nf(0)", "import pandas; pandas.DataFrame({'a': [1]})['b']")
    (deep,), (missing,) = outputs(done), outputs(done, 2)
    assert deep.ename == "RecursionError" and len(deep.traceback) < 50
    assert "File pandas/core/frame.py" in "".join(missing.traceback)


def test_a_cell_that_raises_stops_nothing():
    assert verdicts(run("1 / 0", "raise SystemExit")) == GOOD


# A cell that ends badly: the code, what the remark says, and whether later cells meet the process of before.
BAD = {
    "sys.exit": ("import sys; sys.exit()", "cell 2 tried to end the program", True),
    "exit": ("exit()", "cell 2 tried to end the program", True),
    "os._exit": ("import os; os._exit(0)", "cell 2 ended its own process", False),
    "crash": ("import ctypes; ctypes.string_at(0)", r"cell 2 crashed its process \(SIGSEGV\)", False),
    "abort": ("import os; os.abort()", "cell 2 crashed its process", False),
    "memory": ("x = bytearray(6 * 10**9)", "cell 2 asked for more than 1500 MB of memory", True),
    "output": ("print('x' * 80_000_000)", "cell 2 wrote more output than 64 kB", True),
    "lines of output": (
        "for n in range(20_000): print('x' * 80)",
        "cell 2 wrote more output than 64 kB",
        True,
    ),
    "a large picture": (
        "from IPython.display import HTML, display\ndisplay(HTML('x' * 10**6))",
        "more output than 64 kB",
        True,
    ),
    "loop": ("while True: pass", "cell 2 ran longer than 2 s and was stopped", True),
    "sleep": ("import time; time.sleep(100)", "cell 2 ran longer than 2 s and was stopped", True),
    "stubborn": (
        "import time\nwhile True:\n  try:\n    while True: time.sleep(0.01)\n  except BaseException: pass",
        "cell 2 ran longer than 2 s, ignored the interrupt, and was killed",
        False,
    ),
    "deaf": (
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(100)",
        "cell 2 ran longer than 2 s, ignored the interrupt, and was killed",
        False,
    ),
    "deep in C": (
        "import sys; sys.setrecursionlimit(10**8)\nclass A: pass\nA.__repr__ = lambda s: repr(s)\nrepr(A())",
        "cell 2 (crashed its process|ran longer)",
        False,
    ),
    "thread": (
        "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()",
        "cell 2 left a thread running",
        True,
    ),
    "process": (
        "import subprocess; p = subprocess.Popen(['sleep', '60'])",
        "cell 2 left a process running",
        True,
    ),
    "fork": ("import os; os.fork()", "cell 2 left a process running", True),
    "fork bomb": (
        "import os, time\nwhile True:\n    try: os.fork()\n    except OSError: time.sleep(1)",
        "cell 2 (took more than|ran longer)",
        False,
    ),
    "no output": ("import os\nfor n in (0, 1, 2): os.close(n)", "", True),
    "all files closed": (
        "import os; os.closerange(0, 1000)",
        "cell 2 (closed the connection|ended its own)",
        False,
    ),
    "garbage": (
        "import os\nfor n in range(3, 99):\n    try: os.write(n, b'x' * 99)\n    except OSError: pass",
        "cell 2 said too much to the grader",
        False,
    ),
    "broken JSON": (
        "import json; json.dumps = lambda *a, **k: 'x'",
        "cell 2 wrote into the grader's connection",
        False,
    ),
    "no stdout": ("import sys; sys.stdout = print = None", "", True),
}


@pytest.mark.parametrize("code, remark, lives", BAD.values(), ids=BAD.keys())
def test_a_cell_that_ends_badly_costs_only_itself(code, remark, lives):
    done = run("kept = 1", f"alive = 1\n{code}", "'alive' in dir(), kept")
    assert done.complete and verdicts(done) == GOOD
    assert len(done.remarks) == bool(remark)
    assert re.search(remark.replace("cell 2", "cell 3"), "".join(done.remarks)), done.remarks
    assert outputs(done, 3)[0].data["text/plain"] == f"({lives}, 1)"


def test_a_cell_that_was_killed_says_so_in_its_place():
    done = run("import os; os._exit(0)")
    assert [(o.ename, o.evalue) for o in outputs(done)] == [("NotRun", "this cell ended its own process")]


def test_a_process_that_ends_too_often_is_given_up_but_earlier_marks_stand():
    bad = "import os; os._exit(0)"
    book = notebook()
    book.cells[3:3] = [new_code_cell(bad) for _ in range(5)]  # after the first test
    done = small_room.room().run(ASSIGNMENT, book)
    first, second = verdicts(done)
    assert first == "" and second.startswith(
        "NotChecked: the answers could not be read: the process was not run"
    )
    assert sum("ended its own process" in r for r in done.remarks) == 4
    assert any("cell 8 was not run: the process had ended 4 times" in r for r in done.remarks)


def test_good_cells_are_run_again_in_order_and_their_outputs_stand():
    done = run(
        "import random; kept = random.random(); print(kept)",
        "import os; os._exit(0)",
        "order = [1]",
        "order.append(2)",
        "import os; os._exit(0)",
        "order",
    )
    assert text(done, 1) and outputs(done, 6)[0].data["text/plain"] == "[1, 2]"


def test_a_forged_reply_costs_only_the_cell_that_sent_it():
    forge = """import json, os, struct
said = json.dumps({"ended": "ok", "outputs": [], "answers": {"value": {"is": "plain", "data": 42}}}).encode()
for number in range(3, 99):
    try:
        os.write(number, struct.pack(">Q", len(said)) + said)
    except OSError:
        pass"""
    done = run(forge, q1="value = 41")
    assert verdicts(done) == ["AssertionError: value is not the answer", ""]
    assert any("wrote into the grader's connection" in r for r in done.remarks)


def test_the_time_of_a_submission_is_bounded_and_what_is_there_is_marked():
    room = small_room.room()
    room.limits = replace(LIMITS, cell_seconds=1, submission_seconds=1.5)
    started = time.monotonic()
    done = room.run(ASSIGNMENT, notebook("def double(x): return 2 * x", *["while True: pass"] * 5))
    assert time.monotonic() - started < 10
    assert verdicts(done) == [
        "NameError: `value` is not defined: the cell `q1` was not run: the time of the submission"
        " was used up",
        "",
    ]
    assert any(r == "cell 5 was not run: the time of the submission was used up" for r in done.remarks)


def test_the_memory_of_all_processes_together_is_bounded():
    room = small_room.room()
    room.limits = replace(LIMITS, memory_mb=500, cell_seconds=10)
    many = "import os, time\nfor n in range(8):\n    if not os.fork(): break\ntime.sleep(60)"
    done = room.run(ASSIGNMENT, notebook(many))
    assert done.remarks == ("cell 2 took more than 500 MB with its processes, and was killed",)
    assert verdicts(done) == GOOD


def test_cpu_time_is_bounded():
    room = small_room.room()
    room.limits = replace(LIMITS, cpu_seconds=1, cell_seconds=20)
    done = room.run(ASSIGNMENT, notebook("while True: pass"))
    assert done.remarks == ("cell 2 used up the 1 s of CPU time, and was killed",) and verdicts(done) == GOOD


# Functions that don't come back, or not with plain data: the definition, and what the test says.
FUNCTIONS = {
    "loop": ("\n  while True: pass", r"Stopped: double\(\) ran longer than"),
    "stubborn": (
        "\n  import time\n  while True:\n    try: time.sleep(0.1)\n    except BaseException: pass",
        r"Stopped: double\(\) ran longer than 2 s, ignored the interrupt",
    ),
    "os._exit": ("import os; os._exit(0)", r"Stopped: double\(\) ended its own process"),
    "sys.exit": ("exit()", "RuntimeError: SystemExit: exit"),
    "StopIteration": ("raise StopIteration", "RuntimeError: StopIteration: "),
    "GeneratorExit": ("raise GeneratorExit", "RuntimeError: GeneratorExit: "),
    "own exception": ("\n  class Mine(Exception): pass\n  raise Mine('words')", "RuntimeError: Mine: words"),
    "ValueError": ("raise ValueError('words')", "ValueError: words"),
    "no data": ("return double", r"Unfit: what double\(\) returned can't be checked: it is of type function"),
    "itself": ("\n  x = []; x.append(x); return x", "Unfit: .*contains itself"),
    "much": ("return [0] * 9_000_000", "Unfit: .*too large"),
    "nothing": ("pass", "AssertionError: double doubles"),
    "equal to everything": (
        "\n  class E:\n    def __eq__(self, o): return True\n  return E()",
        "Unfit: .*type E",
    ),
}


@pytest.mark.parametrize("body, verdict", FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_a_function_is_called_over_there(body, verdict):
    done = run(q2=f"def double(x): {body}")
    first, second = verdicts(done)
    assert first == "" and re.match(verdict, second), second


# Answers: the cell, and what the test says.
ANSWERS = {
    "wrong": ("value = 41", "AssertionError: value is not the answer"),
    "missing": ("valu = 42", "NameError: `value` is not defined: give it in the cell `q1`"),
    "raised": (
        "value = 1 / 0",
        "NameError: `value` is not defined: the cell `q1` ended with ZeroDivisionError",
    ),
    "too long": ("while True: pass", "NameError: `value` is not defined: the cell `q1` ran too long"),
    "stub": ("value = ...", "Unfit: `value` can't be checked: it is of type ellipsis; give a number"),
    "nan": ("value = float('nan')", "AssertionError: value is not the answer"),
    "function": ("def value(): return 42", "AssertionError: value is not the answer"),
    "module": ("import json as value", "Unfit: `value` can't be checked: it is of type module"),
    "contains itself": ("value = []; value.append(value)", "Unfit: .* contains itself"),
    "large": ("value = 'x' * 50_000_000", "Unfit: .* too large"),
    "subclass": (
        "class F(float):\n  def __eq__(self, o): return True\nvalue = F(3)",
        "AssertionError: value is not",
    ),
    "equal to everything": ("class E:\n  def __eq__(self, o): return True\nvalue = E()", "Unfit: .* type E"),
    "hostile encoding": (
        "class D(dict):\n  def __class__(self): 1/0\nvalue = D()",
        "AssertionError: value is not",
    ),
    "raises when read": (
        "import pandas\nclass S(pandas.Series):\n  index = property(lambda self: 1/0)\nvalue = S([1])",
        "Unfit: `value` can't be checked: reading it raised ZeroDivisionError",
    ),
    "patched encoder": (
        "from skinmet.classroom import plain\nplain.encode = lambda v: {'$': 'array'}\nvalue = 1",
        "Unfit: `value` can't be checked: it can't be read",
    ),
    "patched kernel": (
        "from skinmet.classroom.kernel import Kernel\nKernel._take = lambda *a: {'answers': {'value': 42}}",
        "Unfit: `value` can't be checked",
    ),
    "no answers": (
        "from skinmet.classroom.kernel import Kernel\nKernel._take = lambda *a: {}",
        "NotChecked: ",
    ),
}


@pytest.mark.parametrize("code, verdict", ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_is_taken_as_plain_data_or_refused_in_words(code, verdict):
    first = verdicts(run(q1=code))[0]
    assert re.match(verdict, first), first


def test_an_answer_does_not_reach_later_tests_or_given_cells():
    source = new_notebook(
        cells=[
            new_code_cell("limit = 1", metadata=grade("a")),
            new_code_cell("limit, extra = 2, 1", metadata=grade("b", solution=True, locked=False)),
            new_code_cell("assert limit == 2 and extra", metadata=grade("b_test", graded=True, points=1)),
            new_code_cell("half = 1 / limit", metadata=grade("c")),
            new_code_cell("x = 1", metadata=grade("d", solution=True, locked=False)),
            new_code_cell(
                "assert (x, half) == (1, 1) and 'extra' not in dir()",
                metadata=grade("d_test", graded=True, points=1),
            ),
        ]
    )
    assignment = Assignment("other", json.dumps(source))
    book = assignment.notebook()
    book.cells[1].source = "limit, extra = 0, 1"
    assert verdicts(small_room.room().run(assignment, book)) == [
        "AssertionError: a check failed that says no more",
        "",
    ]


def test_an_exercise_that_fails_by_itself_gives_no_marks():
    source = new_notebook(
        cells=[
            new_code_cell("import no_such_module", metadata=grade("setup")),
            *small_room.SOURCE.cells[1:3],
        ]
    )
    assignment = Assignment("broken", json.dumps(source))
    done = small_room.room().run(assignment, assignment.notebook())
    assert not done.complete
    assert done.remarks == (
        "the exercise broken can't be checked: the cells it begins with fail by "
        "themselves (ModuleNotFoundError: No module named 'no_such_module')",
    )


def test_a_check_that_does_not_end_is_stopped():
    source = new_notebook(
        cells=[
            *small_room.SOURCE.cells[:2],
            new_code_cell("while value: pass\nassert True", metadata=grade("q1_test", graded=True, points=1)),
            *small_room.SOURCE.cells[3:],
        ]
    )
    assignment = Assignment("endless", json.dumps(source))
    done = small_room.room().run(assignment, assignment.notebook())
    assert verdicts(done) == ["TimeoutError: the check did not end within 2 s on this answer", ""]


def test_a_check_that_ends_its_process_marks_nothing():
    source = new_notebook(
        cells=[
            *small_room.SOURCE.cells[:2],
            new_code_cell(
                "import os\nos._exit(value)\nassert 1", metadata=grade("q1_test", graded=True, points=1)
            ),
            *small_room.SOURCE.cells[3:],
        ]
    )
    assignment = Assignment("ending", json.dumps(source))
    done = small_room.room().run(assignment, assignment.notebook())
    first, second = verdicts(done)
    assert first.startswith("RuntimeError: this answer can't be checked") and second == ""


def test_a_server_that_was_killed_is_started_again():
    assert verdicts(run()) == GOOD
    small_room.room()._servers["examiner"]._process.kill()
    assert verdicts(run()) == GOOD


def test_a_room_outlives_the_thread_that_first_used_it():
    room = Room(PROJECT, LIMITS)
    with ThreadPoolExecutor(1) as pool:
        assert verdicts(pool.submit(room.run, ASSIGNMENT, notebook()).result()) == GOOD
    with room:
        assert verdicts(room.run(ASSIGNMENT, notebook())) == GOOD


class Dying:
    """A server that starts and is gone when it is asked for anything."""

    def __init__(self, role, root, sandbox):
        self.role = role

    def wait(self):
        pass

    def warm(self, codes):
        raise Gone(self.role)

    def close(self):
        pass


def test_servers_that_keep_dying_leave_a_reason(monkeypatch):
    monkeypatch.setattr("skinmet.classroom.execute.Server", Dying)
    done = Room(PROJECT).run(ASSIGNMENT, notebook())
    assert not done.complete and done.remarks == ("nothing could be run: the kernel ended twice",)


CLAIMS = {
    "no list": None,
    "no object": ["text"],
    "unknown type": [{"output_type": "script"}],
    "a third stream": [{"output_type": "stream", "name": "stdlog", "text": "a"}],
    "text is a list": [{"output_type": "stream", "name": "stdout", "text": ["a"]}],
    "text in pieces": [{"output_type": "display_data", "data": {"text/html": ["a"]}}],
    "nested": [
        {"output_type": "display_data", "data": {"application/json": json.loads("[" * 300 + "]" * 300)}}
    ],
    "traceback of numbers": [{"output_type": "error", "ename": "a", "evalue": "b", "traceback": [1]}],
    "too much": [{"output_type": "stream", "name": "stdout", "text": "a" * 2000}] * 2,
    "too much in a traceback": [
        {"output_type": "error", "ename": "a", "evalue": "b", "traceback": ["a" * 5000]}
    ],
}


@pytest.mark.parametrize("claims", CLAIMS.values(), ids=CLAIMS.keys())
def test_claimed_outputs_are_checked_and_bounded(claims):
    good = {"output_type": "stream", "name": "stdout", "text": "good\ud800\n"}
    shown, cut = shapes.checked([good, *claims] if isinstance(claims, list) else claims, 1000, 3)
    assert cut and len(json.dumps(shown).encode()) < 1500
    if claims:
        assert shown[0]["text"].startswith("good?\n")
    nbformat.validate(new_notebook(cells=[new_code_cell("1", outputs=shown)]))


def test_a_script_is_not_kept():
    data = {"application/javascript": "alert(1)", "text/plain": "a"}
    shown, cut = shapes.checked([{"output_type": "display_data", "data": data}], 1000, 3)
    assert shown[0]["data"] == {"text/plain": "a"} and not cut


def test_nan_in_an_output_becomes_null():
    done = run(
        "from IPython.display import display\ndisplay({'application/json': {'a': float('nan')}}, raw=True)"
    )
    assert outputs(done)[0].data == {"application/json": {"a": None}}


def test_a_cell_before_the_given_ones_does_not_see_what_they_define():
    book = notebook("BASE")
    book.cells.insert(0, new_code_cell("'BASE' in dir()"))
    done = small_room.room().run(ASSIGNMENT, book)
    assert (
        outputs(done, 0)[0].data["text/plain"] == "False" and outputs(done, 2)[0].data["text/plain"] == "10"
    )
    assert verdicts(done) == GOOD


def test_a_cell_between_the_given_ones_sees_only_those_above():
    source = new_notebook(cells=[
        new_code_cell("one = 1; print(one)", metadata=grade("a")),
        new_code_cell("two = 2", metadata=grade("b")),
        *small_room.SOURCE.cells[1:],
    ])  # fmt: skip
    assignment = Assignment("two given", json.dumps(source).replace("BASE", "two"))
    book = assignment.notebook()
    book.cells.insert(1, new_code_cell("one, 'two' in dir()"))
    done = small_room.room().run(assignment, book)
    assert text(done, 0) == "1\n" and outputs(done)[0].data["text/plain"] == "(1, False)"
    assert verdicts(done) == ["", "AssertionError: double doubles other numbers, too"]


def test_a_traceback_has_the_number_of_its_cell():
    done = run(q2="1 / 0")
    (error,) = outputs(done, 3)
    assert done.notebook.cells[3].execution_count == 4 and "Cell In[4], line 1" in "".join(error.traceback)


def test_calls_of_a_function_share_the_time_of_the_check():
    source = copy.deepcopy(small_room.SOURCE)
    source.cells[4].source = "assert [double(1) for n in range(99)]"
    assignment = Assignment("many calls", json.dumps(source))
    book = assignment.notebook()
    book.cells[3].source = "import time\ndef double(x): time.sleep(0.3); return 2"
    started = time.monotonic()
    done = small_room.room().run(assignment, book)
    assert verdicts(done)[1].startswith("Stopped: ") and time.monotonic() - started < 6


def test_without_a_sandbox_the_same_is_run_and_marked():
    done = run(
        "import os; os._exit(0)",
        "while True: pass",
        "import subprocess; p = subprocess.Popen(['sleep', '60'])",
        "print(p.pid, flush=True)",
        sandbox=False,
        q1="value = 41",
    )
    assert verdicts(done) == ["AssertionError: value is not the answer", ""]
    assert [r.split(" (")[0] for r in done.remarks] == [
        "cell 2 ended its own process",
        "cell 3 ran longer than 2 s and was stopped",
    ]
    assert not Path("/proc", text(done, 4).strip()).exists(), "the process left behind was not ended"
