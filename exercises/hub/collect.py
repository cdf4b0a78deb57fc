"""Bring what the students submitted to the instructor's course folder: collect.py ASSIGNMENT COURSE_FOLDER.

Each student's inbox holds what that student's server wrote. A submission under another student's name stays
behind and is reported; the rest goes to nbgrader's exchange, and `nbgrader collect` takes it from there.
"""

import os
import subprocess
import sys
from pathlib import Path


def main(assignment: str, course: Path) -> int:
    """Move the submissions of one assignment, then collect; 1 when something stayed behind."""
    state = Path(os.environ["SKINMET_HUB_STATE"])
    inbound = state / "exchange" / "skinmet" / "inbound"
    stayed = 0
    for submission in sorted((state / "inbox").glob("*/*")):
        owner = submission.parent.name
        parts = submission.name.rsplit("+", 3)
        if submission.is_symlink() or len(parts) != 4 or parts[0] != owner:
            print(
                f"{owner}: {submission.name} is not {owner}'s own submission: left where it is",
                file=sys.stderr,
            )
            stayed = 1
        elif parts[1] == assignment:
            submission.rename(inbound / submission.name)
    here = str(Path(__file__).resolve().parent)
    nbgrader = str(Path(sys.prefix) / "bin" / "nbgrader")
    command = [nbgrader, "collect", assignment, "--update", "--ExchangeCollect.check_owner=False"]
    done = subprocess.run(command, cwd=course, env={**os.environ, "JUPYTER_CONFIG_PATH": here})
    return done.returncode or stayed


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: collect.py ASSIGNMENT COURSE_FOLDER")
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
