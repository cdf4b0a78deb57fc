"""The cited works: what each is, how sure we are of it, how it is cited, listed and checked.

Two files make the room: `references/references.bib` says what a work is, `references/ledger.csv` what of it
was seen, where, and by whom it was checked. A change in them takes effect at the next call.

works     load, cite, cited: the works in plain text, and how a page cites them
listing   bibliography: the list of references at the end of a page
checks    check: every fault in the two files, with its line
files     format_files: both files read as one, and their canonical form
bibtex    BibTeX itself
"""

from skinmet.references.checks import check
from skinmet.references.files import format_files
from skinmet.references.listing import bibliography
from skinmet.references.works import Reference, cite, cited, load

__all__ = ["Reference", "bibliography", "check", "cite", "cited", "format_files", "load"]
