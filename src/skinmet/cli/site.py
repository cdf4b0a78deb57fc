"""The verbs that make the site: book, lab."""

from __future__ import annotations

from typing import Annotated

import typer

from skinmet.cli.common import Root, app, say


@app.command()
def book(root: Root = None) -> None:
    """Build the site, and say where its front page is.

    From the stored outputs of the notebooks and the tables: nothing is executed.
    """
    from skinmet.book import build

    print(build(root, say=say))


@app.command()
def lab(
    root: Root = None,
    self_hosted: Annotated[
        bool, typer.Option("--self-hosted", help="Carry Python too: 106 MB are fetched once, 34 MB added.")
    ] = False,
) -> None:
    """Add the lab to the site: the notebooks and exercises, run in the reader's browser.

    Python comes from Pyodide's public address, or with --self-hosted from the site itself.
    """
    from skinmet.book import lab as laboratory

    print(laboratory.build(root, self_hosted=self_hosted))
