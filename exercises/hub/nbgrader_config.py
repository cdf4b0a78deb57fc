"""nbgrader's settings on the hub, for a student's server and for the instructor's commands."""

import os
from pathlib import Path

c = get_config()  # noqa: F821, given by nbgrader

c.CourseDirectory.course_id = "skinmet"
c.Exchange.root = str(Path(os.environ["SKINMET_HUB_STATE"]) / "exchange")
# All servers run as one system user here, so a student is who the hub says.
if student := os.environ.get("JUPYTERHUB_USER"):
    c.CourseDirectory.student_id = student
