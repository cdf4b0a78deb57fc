"""JupyterHub for a class on one machine: each student's server sees its own home and nothing of the others.

Start it from the project's folder, with a password that you give to the class:

    SKINMET_HUB_PASSWORD=... .venv/bin/jupyterhub --config exercises/hub/jupyterhub_config.py

One shared password is enough to try it on one machine, and for nothing else: README.md says what to put in
its place for a real class. What the hub keeps goes to $SKINMET_HUB_STATE (by default _build/hub).
"""

import os
import secrets
import shutil
import sys
from pathlib import Path

c = get_config()  # noqa: F821, given by JupyterHub

here = Path(__file__).resolve().parent
project = here.parents[1]
state = Path(os.environ.get("SKINMET_HUB_STATE", project / "_build" / "hub")).resolve()
port = int(os.environ.get("SKINMET_HUB_PORT", "8000"))
password = os.environ.get("SKINMET_HUB_PASSWORD", "")
if len(password) < 8:
    sys.exit("Set SKINMET_HUB_PASSWORD to the class's password, 8 characters or more.")
proxy = project / "node_modules" / "configurable-http-proxy" / "bin" / "configurable-http-proxy"
if not proxy.is_file():
    sys.exit("The hub's proxy is missing: run make node_modules/.ready (it needs npm).")
if not shutil.which("bwrap"):
    sys.exit("The hub keeps students apart with bubblewrap. Debian, Ubuntu: apt-get install bubblewrap")

for folder in (
    "homes",
    "inbox",
    "exchange/skinmet/outbound",
    "exchange/skinmet/inbound",
    "exchange/skinmet/feedback",
):
    (state / folder).mkdir(parents=True, exist_ok=True)

# The hub, its proxy and its database: loopback only.
c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{port + 1}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port + 2}"
c.ConfigurableHTTPProxy.command = ["node", str(proxy)]
c.ConfigurableHTTPProxy.auth_token = secrets.token_hex(32)
c.ConfigurableHTTPProxy.pid_file = str(state / "proxy.pid")
c.JupyterHub.db_url = f"sqlite:///{state / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(state / "cookie_secret")
c.JupyterHub.cleanup_servers = True

# Who may come in.
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = password
c.Authenticator.allow_all = True
# A name becomes a folder and the first part of a submission's name: letters, digits, dot, dash, underscore.
c.Authenticator.username_pattern = r"[a-z0-9][a-z0-9._-]{0,63}"

# A student's server runs in a sandbox (see student_server.py), with limits.
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(state / "homes" / "{username}")
c.Spawner.cmd = [sys.executable, str(here / "student_server.py")]
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = 90
c.Spawner.http_timeout = 90
c.Spawner.environment = {"SKINMET_HUB_STATE": str(state)}

# A program that drives the hub (walk.py) brings a token of its own.
if token := os.environ.get("SKINMET_HUB_TOKEN"):
    c.JupyterHub.services = [{"name": "walk", "api_token": token}]
    c.JupyterHub.load_roles = [
        {"name": "walk", "services": ["walk"], "scopes": ["admin:users", "admin:servers", "access:servers"]}
    ]
