"""The command `skinmet`: verbs only, each calls the package.

Results go to stdout, messages to stderr. Exit code 0: fine; 1: findings, or something is in the way; 2: wrong
usage. A verb loads what it needs when it runs, so that `skinmet check` need not wait for the rest.
"""

from __future__ import annotations

import errno
import sys
import traceback
from typing import Annotated

import typer

from skinmet import __version__

# The modules register their verbs; `skinmet --help` lists them in this order.
# isort: off
from skinmet.cli import reviewer, works, educator, site  # noqa: F401

# isort: on
from skinmet.cli.common import app, say, show
from skinmet.problems import SkinmetError


def _version(wanted: bool) -> None:
    if wanted:
        print(f"skinmet {__version__}")
        raise typer.Exit


@app.callback()
def skinmet(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")
    ] = False,
) -> None:
    """The evidence on skin metastasis of breast cancer: check it, teach it, build the book."""


def main() -> None:
    """Run the command; what goes wrong becomes a line on stderr and an exit code, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except SkinmetError as error:
        show(error.problems, sys.stderr)
        sys.exit(1)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        remedy = "make room on the disk" if full else "look at the file and its permissions"
        say(f"{error.filename or 'skinmet'}: {error.strerror or error}: {remedy}")
        sys.exit(1)
    except Exception as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        else:
            say(f"skinmet: an unexpected error, {type(error).__name__}: {error}")
            say("please report it, with what `skinmet --debug …` shows for the same command")
        sys.exit(1)
