"""Walk the whole path on this machine: walk.py [ASSIGNMENT] [--state DIR].

Starts the hub on loopback, releases an assignment, lets two students fetch, work and submit it, and lets the
instructor collect and grade. Says what happens at each step; stops with exit code 1 at the first that fails.
"""

import argparse
import contextlib
import csv
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import requests

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
BIN = Path(sys.prefix) / "bin"
PASSWORD = "only-on-loopback"
SPY = """
import os
state = os.environ["SKINMET_HUB_STATE"]
places = [state + "/homes", state + "/inbox", {project!r} + "/exercises/source", state + "/jupyterhub.sqlite"]
seen = [place for place in places if os.path.exists(place) and place != os.path.dirname(os.environ["HOME"])]
with contextlib.suppress(OSError):
    seen += [name for name in os.listdir(state + "/homes") if name != os.environ["JUPYTERHUB_USER"]]
print("seen:", *seen)
"""


class Failed(Exception):
    """A step did not do what it should."""


def main() -> int:
    """Run every step; 0 when all went well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("assignment", nargs="?", default="01_how_common")
    parser.add_argument("--state", type=Path, help="keep what the hub makes here; else a temporary folder")
    chosen = parser.parse_args()
    with contextlib.ExitStack() as stack:
        state = chosen.state or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            walk(chosen.assignment, state.resolve(), stack)
        except (Failed, requests.RequestException) as error:
            print(f"walk: {error}", file=sys.stderr)
            return 1
    return 0


def walk(assignment: str, state: Path, stack: contextlib.ExitStack) -> None:
    """The steps of a class, from release to marks."""
    course = state / "course"
    course.mkdir(parents=True, exist_ok=True)
    port, token = free_ports(3), secrets.token_hex(16)
    environment = {
        **os.environ, "SKINMET_HUB_STATE": str(state), "SKINMET_HUB_PORT": str(port),
        "SKINMET_HUB_PASSWORD": PASSWORD, "SKINMET_HUB_TOKEN": token, "JUPYTER_CONFIG_PATH": str(HERE),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    hub = Hub(f"http://127.0.0.1:{port}", token)
    stack.enter_context(running(environment, state))
    hub.wait()
    say("the hub answers")
    hub.log_in("ada", PASSWORD, succeeds=True)
    hub.log_in("ada", "a wrong password", succeeds=False)
    say("the class's password opens it, another does not")

    run(["skinmet", "release", assignment, "--out", str(state / "student")], environment, PROJECT)
    shutil.copytree(state / "student" / assignment, course / "release" / assignment)
    run(["nbgrader", "release_assignment", assignment], environment, course)
    say(f"the instructor released {assignment}")

    for student, work in (("ada", solved), ("ben", spying)):
        hub.start(student)
        hub.call(student, "fetch", course_id="skinmet", assignment_id=assignment)
        path = f"{assignment}/{assignment}.ipynb"
        notebook = nbformat.from_dict(hub.contents(student, path))
        hub.save(student, path, work(notebook, assignment))
        say(f"{student} fetched the assignment and saved the work")
        if work is spying:
            check_spy(hub.run_first_cell(student, notebook))
            say(f"{student} looked for the answers and for the others' work, and saw nothing")
        hub.call(student, "submit", course_id="skinmet", assignment_id=assignment)
        say(f"{student} submitted")

    forged = state / "inbox" / "ben" / f"ada+{assignment}+2030-01-01 00:00:00 UTC+forged"
    forged.mkdir()
    collected = subprocess.run(
        [sys.executable, HERE / "collect.py", assignment, course],
        env=environment,
        capture_output=True,
        text=True,
    )
    if "not ben's own submission" not in collected.stderr:
        raise Failed(f"the forged submission was not noticed: {collected.stderr}")
    say("the instructor collected; a submission under another's name stayed behind")
    out = state / "marks"
    command = ["skinmet", "grade", str(course / "submitted"), "--assignment", assignment, "--out", str(out)]
    run(command, environment, PROJECT)
    with (out / "marks.csv").open(encoding="utf-8", newline="") as file:
        marks = {row["student"]: row for row in csv.DictReader(file)}
    points = {}
    for student, row in marks.items():
        questions = list(row.items())[list(row).index("max_score") + 1 :]
        points[student] = sum(float(mark) for _, mark in questions if mark.replace(".", "", 1).isdigit())
        say(f"{student}: {row['status']}, {points[student]:g} of {row['max_score']} points so far")
    if list(points) != ["ada", "ben"] or points["ben"] or not points["ada"]:
        raise Failed(f"the marks are not what the work deserves: {marks}")


def solved(notebook, assignment: str):
    """The student's notebook with the answers of the source in it."""
    from skinmet.classroom import assignment as assignments

    answers = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in assignments.load(assignment).notebook().cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
    for cell in notebook.cells:
        known = cell.metadata.get("nbgrader", {})
        if known.get("solution") and not known.get("locked"):
            cell.source = answers[known["grade_id"]]
    return notebook


def spying(notebook, assignment: str):
    """A notebook whose first cell looks for what it should not see; nothing else is worked."""
    notebook.cells.insert(
        0, nbformat.v4.new_code_cell("import contextlib" + SPY.format(project=str(PROJECT)))
    )
    return notebook


def check_spy(printed: str) -> None:
    """Raise when the spy saw anything."""
    if printed.strip() != "seen:":
        raise Failed(f"a student's server can see too much: {printed.strip() or 'nothing was printed'}")


class Hub:
    """The hub and the students' servers behind it, over HTTP."""

    def __init__(self, url: str, token: str):
        self.url = url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"token {token}"

    def wait(self, seconds: float = 60) -> None:
        """Until the hub answers."""
        self._until("the hub does not answer", seconds, lambda: self.session.get(f"{self.url}/hub/api/").ok)

    def log_in(self, user: str, password: str, succeeds: bool) -> None:
        """As a browser does: the form, its token, the password."""
        browser = requests.Session()
        page = browser.get(f"{self.url}/hub/login", timeout=30)
        xsrf = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
        data = {"username": user, "password": password, "_xsrf": xsrf.group(1) if xsrf else ""}
        answer = browser.post(
            f"{self.url}/hub/login?_xsrf={data['_xsrf']}", data=data, allow_redirects=False, timeout=30
        )
        if (answer.status_code == 302) is not succeeds:
            raise Failed(f"logging in as {user}: HTTP {answer.status_code}")

    def start(self, student: str) -> None:
        """The student's server, until it is ready."""
        self._ok(self.session.post(f"{self.url}/hub/api/users/{student}", timeout=30), allowed=(409,))
        self._ok(self.session.post(f"{self.url}/hub/api/users/{student}/server", timeout=120), allowed=(400,))
        user = f"{self.url}/hub/api/users/{student}"
        self._until(
            f"{student}'s server does not start",
            90,
            lambda: self.session.get(user, timeout=30).json()["servers"][""]["ready"],
        )

    def call(self, student: str, action: str, **data: str) -> None:
        """nbgrader's own list of assignments: fetch or submit."""
        url = f"{self.url}/user/{student}/assignments/{action}"
        answer = self._ok(self.session.post(url, data=data, timeout=60)).json()
        if not answer.get("success", True):
            raise Failed(f"{action} as {student}: {answer.get('value')}")

    def contents(self, student: str, path: str) -> dict:
        """A notebook as the student's server gives it."""
        return self._ok(
            self.session.get(f"{self.url}/user/{student}/api/contents/{path}", timeout=30)
        ).json()["content"]

    def save(self, student: str, path: str, notebook) -> None:
        """Save a notebook as JupyterLab does."""
        body = {"type": "notebook", "content": notebook}
        self._ok(self.session.put(f"{self.url}/user/{student}/api/contents/{path}", json=body, timeout=30))

    def run_first_cell(self, student: str, notebook) -> str:
        """What the first cell prints in a kernel of the student's server."""
        from tornado.ioloop import IOLoop

        kernels = f"{self.url}/user/{student}/api/kernels"
        kernel = self._ok(self.session.post(kernels, json={"name": "python3"}, timeout=60)).json()["id"]
        socket_url = f"{kernels.replace('http', 'ws', 1)}/{kernel}/channels"
        return IOLoop().run_sync(
            lambda: printed_by(socket_url, self.session.headers, notebook.cells[0].source), timeout=60
        )

    def _until(self, failure: str, seconds: float, ready) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(requests.ConnectionError, KeyError):
                if ready():
                    return
            time.sleep(0.3)
        raise Failed(failure)

    @staticmethod
    def _ok(answer: requests.Response, allowed: tuple[int, ...] = ()) -> requests.Response:
        if not answer.ok and answer.status_code not in allowed:
            raise Failed(
                f"{answer.request.method} {answer.url}: HTTP {answer.status_code} {answer.text[:300]}"
            )
        return answer


async def printed_by(url: str, headers, source: str) -> str:
    """Run a piece of code over a kernel's web socket; give back what it printed."""
    import json

    from tornado.httpclient import HTTPRequest
    from tornado.websocket import websocket_connect

    connection = await websocket_connect(
        HTTPRequest(url, headers={"Authorization": headers["Authorization"]})
    )
    message_id = secrets.token_hex(8)
    header = {
        "msg_id": message_id,
        "msg_type": "execute_request",
        "username": "",
        "session": message_id,
        "version": "5.4",
    }
    content = {"code": source, "silent": False, "store_history": False, "allow_stdin": False}
    request = {
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "channel": "shell",
        "buffers": [],
    }
    await connection.write_message(json.dumps(request))
    printed = ""
    while True:
        message = json.loads(await connection.read_message())
        if message["parent_header"].get("msg_id") != message_id:
            continue
        if message["msg_type"] == "stream":
            printed += message["content"]["text"]
        elif message["msg_type"] == "error":
            raise Failed(f"the student's cell failed: {message['content']['evalue']}")
        elif message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            connection.close()
            return printed


@contextlib.contextmanager
def running(environment: dict, state: Path):
    """The hub as a process of its own; everything it started ends with it."""
    with (state / "hub.log").open("wb") as log:
        process = subprocess.Popen(
            [BIN / "jupyterhub", "--config", HERE / "jupyterhub_config.py"],
            cwd=state, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            yield
        except (Failed, requests.RequestException) as error:
            lines = (state / "hub.log").read_text("utf-8", "replace").splitlines()[-15:]
            raise Failed("\n".join([str(error), "The hub's last words:", *lines])) from error
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def run(command: list[str], environment: dict, folder: Path) -> None:
    """One of the instructor's commands; raises when it fails."""
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise Failed(f"{' '.join(command)}: {done.stderr.strip()[-800:] or done.stdout.strip()[-800:]}")


def free_ports(count: int) -> int:
    """The first of `count` neighbouring ports on loopback that nobody uses."""
    for first in range(20000, 60000, 7):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(first, first + count):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise Failed("no free ports on loopback")


def say(step: str) -> None:
    """One line for each step that went well."""
    print(step, flush=True)


if __name__ == "__main__":
    sys.exit(main())
