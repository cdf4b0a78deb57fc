"""Sphinx configuration of the book. `skinmet book` gathers the sources and runs Sphinx with it."""

import os
from importlib.util import find_spec
from pathlib import Path

project = "Skin metastasis of breast cancer"
author = "The skinmet contributors"
copyright = "the skinmet contributors. Text, tables and figures: CC BY 4.0; code: MIT"
language = "en"

extensions = ["myst_nb", "skinmet.book.extension"]
templates_path = ["_templates"]

# Stored outputs only: nbval has checked that a fresh run gives the same.
nb_execution_mode = "off"
nb_ipywidgets_js = {}
nb_render_markdown_format = "gfm"
suppress_warnings = ["myst-nb.lexer"]  # a notebook that names no language shows its code without colours
myst_enable_extensions = ["deflist", "attrs_inline", "colon_fence"]
myst_heading_anchors = 3

html_theme = "sphinx_book_theme"
html_title = "Skin metastasis of breast cancer"
html_baseurl = os.environ.get(
    "SKINMET_BASE_URL", ""
)  # where the book is published, for the sitemap and shared links
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "home_page_in_toc": False,
    "show_navbar_depth": 1,
    "max_navbar_depth": 2,
    "show_toc_level": 2,
    "toc_title": "On this page",
    "back_to_top_button": False,
    "navbar_persistent": [],
    "article_header_end": ["header-end.html"],
    "footer_content_items": ["notice.html", "copyright.html"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
# plotly.js comes with the Python package the figures were made with, so the two always fit.
plotly_js = Path(find_spec("plotly").origin).parent / "package_data" / "plotly.min.js"
html_static_path = ["_static", str(plotly_js)]
html_css_files = ["skinmet.css"]
html_js_files = [("skinmet.js", {"defer": "defer"})]
html_favicon = "_static/favicon.svg"
html_copy_source = False
html_use_index = False
html_show_sourcelink = False
html_permalinks_icon = "#"
