"""The cited works: what each is, how sure we are of it, how it is cited, listed and checked.

Two files make the room: `references/references.bib` says what a work is, `references/ledger.csv` what of it
was seen, where, and by whom it was checked. A change in them takes effect at the next call.

works     load, cite, cited: the works in plain text, and how a page cites them
listing   bibliography: the list of references at the end of a page
checks    check: every fault in the two files, with its line
exports   csl_json, ris: the works for other programs
imports   works from the exports of reference managers; tagged: RIS and PubMed's nbib
identity  the key of a new work, and the work it may repeat
crossref  the one door to Crossref; compare: its record beside a reference
files     both files read as one, and their canonical form
bibtex    BibTeX itself
"""

from skinmet.references.checks import check
from skinmet.references.listing import bibliography
from skinmet.references.works import Reference, cite, cited, load

__all__ = ["Reference", "bibliography", "check", "cite", "cited", "load"]
