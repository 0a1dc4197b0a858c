"""Charts as SVG, drawn when the site is built: no script, readable in light and dark and on paper.

What a colour says is always said in words too, and every drawing has a text alternative.
"""

from zoodata_site.charts.blocks import Block, Side, Step, blocks
from zoodata_site.charts.dots import Line, Point, dots
from zoodata_site.charts.factors import Factored, factors
from zoodata_site.charts.matrix import matrix
from zoodata_site.charts.scatter import Dot, scatter
from zoodata_site.charts.svg import standalone
from zoodata_site.charts.waterfall import waterfall

__all__ = [
    "Block",
    "Dot",
    "Factored",
    "Line",
    "Point",
    "Side",
    "Step",
    "blocks",
    "dots",
    "factors",
    "matrix",
    "scatter",
    "standalone",
    "waterfall",
]
