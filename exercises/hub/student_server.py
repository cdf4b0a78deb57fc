"""One student's Jupyter server in a sandbox: it sees the system, the package, its own home and inbox.

JupyterHub starts this program in place of `jupyterhub-singleuser`. Out of reach: the other students' homes
and submissions, the sources of the exercises (they hold the answers), the gradebook and the hub's database.
"""

import os
import sys
from pathlib import Path

import skinmet
from skinmet import project

user = os.environ["JUPYTERHUB_USER"]
home = Path(os.environ["HOME"])
state = Path(os.environ["SKINMET_HUB_STATE"])
root = project.root()
here = Path(__file__).resolve().parent
course = state / "exchange" / "skinmet"
inbox = state / "inbox" / user
inbox.mkdir(parents=True, exist_ok=True)

readable = {
    *("/usr", "/bin", "/lib", "/lib64", "/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache", "/etc/passwd"),
    *("/etc/nsswitch.conf", "/etc/hosts", "/etc/mime.types"),
    *(sys.prefix, sys.base_prefix, *Path(skinmet.__file__).parents[:2], root / "data", root / "references"),
    here / "nbgrader_config.py",
}
arguments = ["bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--new-session"]
arguments += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
for path in sorted(map(str, readable)):
    arguments += ["--ro-bind-try", path, path]
arguments += ["--ro-bind", str(course / "outbound"), str(course / "outbound")]
arguments += ["--ro-bind", str(course / "feedback"), str(course / "feedback")]
# What a student submits lands in a folder of the student's own; collect.py brings the folders together.
arguments += ["--bind", str(inbox), str(course / "inbound")]
arguments += ["--bind", str(home), str(home), "--chdir", str(home)]
arguments += ["--setenv", "SKINMET_ROOT", str(root), "--setenv", "JUPYTER_CONFIG_PATH", str(here)]
arguments += [str(Path(sys.prefix) / "bin" / "jupyterhub-singleuser"), *sys.argv[1:]]
if os.geteuid() == 0:
    arguments.append("--allow-root")
os.execvp("bwrap", arguments)
