"""The classroom: exercises released to students, their submissions taken in, graded and exported."""
