"""skinmet: the evidence on skin metastasis of breast cancer, as notebooks that show their work.

Rooms: `evidence` (tables), `references` (bibliography), `synthesis` (statistics), `figures` (plots),
`display` (outputs that stay the same from run to run), `review` (a curator's checks), `book` (the site).
"""

__version__ = "0.1.0"
