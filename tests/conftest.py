"""What several test modules share."""

import warnings
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def whole_book(tmp_path_factory):
    """The book of the shipped project, built once: some tests need its real chapters."""
    from skinmet import book

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*Sphinx API modifications")
        return book.build(Path(__file__).parents[1], tmp_path_factory.mktemp("whole")).parent
