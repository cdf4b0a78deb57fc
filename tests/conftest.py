"""What several test modules share."""

import io
import sys
import warnings
from pathlib import Path

import pytest

import book_browser
import small_project


@pytest.fixture(scope="session")
def pristine(tmp_path_factory):
    """The small project, made once; `project` is a copy to break."""
    return small_project.make(tmp_path_factory.mktemp("pristine"))


@pytest.fixture
def project(pristine, tmp_path):
    """A copy of the small project."""
    return small_project.Project(pristine, tmp_path)


@pytest.fixture(scope="module")
def chromium():
    """The browser, one for a module."""
    with book_browser.chromium() as browser:
        yield browser


@pytest.fixture
def open_page(chromium, server):
    """Opens a page of what the module's `server` serves; at the end nothing went wrong."""
    with book_browser.opener(chromium, server) as opened:
        yield opened


@pytest.fixture(scope="session")
def whole_book(tmp_path_factory):
    """The book of the shipped project, built once: some tests need its real chapters."""
    from skinmet import book

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*Sphinx API modifications")
        return book.build(Path(__file__).parents[1], tmp_path_factory.mktemp("whole")).parent


@pytest.fixture
def command(monkeypatch, capsys):
    """The command line, in this process."""
    from skinmet import cli

    def run(*arguments, answers=None):
        """Exit code, stdout and stderr of `skinmet`; `answers` are typed one after the other."""
        monkeypatch.setattr(sys, "argv", ["skinmet", *map(str, arguments)])
        if answers is not None:
            monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{one}\n" for one in answers)))
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        return code, *capsys.readouterr()

    return run
