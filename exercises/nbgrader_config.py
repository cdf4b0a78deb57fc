"""nbgrader's settings: its commands run in this folder, as `nbgrader generate_assignment 01_how_common`.

Everything else is nbgrader's default. The tests prove that `skinmet release` makes the same cells.
"""

c = get_config()  # noqa: F821  (nbgrader provides it)

c.CourseDirectory.course_id = "skinmet"
c.ExecutePreprocessor.timeout = 20  # seconds a cell may take, as in `skinmet grade`
