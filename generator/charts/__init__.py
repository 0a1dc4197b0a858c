"""Charts as SVG, drawn when the site is built: no script, readable in light and dark and on paper.

What a colour says is always said in words too, and every drawing has a text alternative.
"""

from generator.charts.blocks import Block, Side, Step, blocks
from generator.charts.dots import Line, Point, dots
from generator.charts.matrix import matrix
from generator.charts.scatter import Dot, scatter
from generator.charts.svg import standalone
from generator.charts.waterfall import waterfall

__all__ = [
    "Block",
    "Dot",
    "Line",
    "Point",
    "Side",
    "Step",
    "blocks",
    "dots",
    "matrix",
    "scatter",
    "standalone",
    "waterfall",
]
