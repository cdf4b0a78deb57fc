"""The whole review as one zip that others can use without this package: a frozen release with checksums.

Tables and their description, the bibliography in three formats, the ledger, the licence and how to cite. The
same evidence gives the same bytes: no time, no compression that differs between versions of a library.
"""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path

import skinmet
from skinmet import project
from skinmet.problems import Problem, SkinmetError
from skinmet.references import exports, files, load
from skinmet.review import state, tables

LICENCE, CITATION = "LICENSE-CONTENT", "CITATION.cff"
SUMS = "SHA256SUMS"
CSL, RIS = "references/references.csl.json", "references/references.ris"

README = """# skinmet {version}: the evidence on skin metastasis of breast cancer

{rows:,} rows of evidence in {tables} tables, resting on {works:,} works.
A curated evidence map, not a systematic review. Education, not medical advice.

| File | What it is |
| --- | --- |
| `data/datapackage.json` | what every table and column means: a Data Package with Table Schema |
| `data/<domain>/<table>.csv` | the rows: UTF-8, commas, one header line; an empty cell is missing |
| `data/corrections.csv` | errors of the sources themselves: what is printed, what is used, why |
| `data/second_reader.csv` | rows that a second person read, without sight of the first reading |
| `references/references.bib` | the works, for BibTeX |
| `references/references.csl.json` | the works, for Zotero and Pandoc |
| `references/references.ris` | the works, for EndNote and Mendeley |
| `references/ledger.csv` | of each work: what of it was read, where, how complete the reference is |
| `LICENSE-CONTENT` | the licence, CC BY 4.0 |
| `CITATION.cff` | how to cite; cite also the works whose figures you use |
| `SHA256SUMS` | checksums: `sha256sum --check SHA256SUMS` |

Every row names the work it was read in (`citekey`), what was read (`seen_as`) and what is counted (`unit`).
Rows of one `pool_group` ask the same question with the same unit; never add patients to lesions.
A reference whose status is `incomplete` waits for completion: what is known is given.
"""


def bundle(root: Path | str | None = None, out: Path | str | None = None) -> Path:
    """Write the zip to `out` (else `_build/skinmet-VERSION.zip`) and return its path.

    Raises SkinmetError when `skinmet check` has findings in data/ or references/, when a file that belongs
    to it is missing, or when the version is not the same wherever it stands.
    """
    folder = project.root(root)
    here = state.sound(folder)
    version = skinmet.__version__
    _same_version(folder, version)
    domains = list(here.domains())
    readme = README.format(
        version=version, works=len(here.works), tables=len(domains), rows=sum(len(t.rows) for t in domains)
    )
    works = load(folder).values()
    content = {
        "README.md": readme.encode(),
        **{
            name: _read(folder, name) for name in (LICENCE, CITATION, tables.PACKAGE, files.BIB, files.LEDGER)
        },
        **{table.file: _read(folder, table.file) for table in here.tables.values()},
        CSL: exports.csl_json(works).encode(),
        RIS: exports.ris(works).encode(),
    }
    sums = (f"{sha256(content[name]).hexdigest()}  {name}\n" for name in sorted(content))
    content[SUMS] = "".join(sums).encode()

    path = Path(out) if out else folder / "_build" / f"skinmet-{version}.zip"
    project.replace(
        path,
        project.zipped({f"skinmet-{version}/{name}": data for name, data in content.items()}, compress=False),
    )
    return path


def _same_version(folder: Path, version: str) -> None:
    """The version stands in the package, in datapackage.json and in CITATION.cff."""
    cited = re.search(r"^version:\s*[\"']?([^\"'\s]+)", _read(folder, CITATION).decode(), re.MULTILINE)
    described = json.loads(_read(folder, tables.PACKAGE)).get("version")
    remedy = f"write {version}, or change it in pyproject.toml and src/skinmet/__init__.py too"
    problems = [
        Problem(file, "names another version than the package", remedy, value=found)
        for file, found in ((CITATION, cited[1] if cited else "none"), (tables.PACKAGE, described))
        if found != version
    ]
    if problems:
        raise SkinmetError(*problems)


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        remedy = f"restore it, for instance with `git restore {name}`"
        raise SkinmetError(Problem(name, "the file is missing", remedy)) from None
