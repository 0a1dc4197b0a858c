"""Each zoo's colour: none missing, none that is nearly another's."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path

from zoodata_site.views.figures import ZOO_TITLES

SHEET = Path(__file__, "../../../docs/assets/zoodata.css").resolve()
RULE = re.compile(
    r"^\.zoo-(\w+) \{ --zoo: oklch\((?:calc\()?var\(--zoo-light\)(?: ([+-]) ([\d.]+)\))? ([\d.]+) (\d+)\); \}$", re.M
)
APART = 0.05
"""Least distance of two colours in OKLab; 0.02 is the least that eyes tell apart side by side."""


def colours():
    """Name to lightness (beside the scheme's own), and the two axes of colour."""
    found = {}
    for name, sign, offset, chroma, hue in RULE.findall(SHEET.read_text(encoding="utf-8")):
        lightness = float(f"{sign}{offset or 0}")
        turn = math.radians(float(hue))
        found[name] = (lightness, float(chroma) * math.cos(turn), float(chroma) * math.sin(turn))
    return found


def test_no_colour_is_nearly_another():
    near = [
        (one, other) for (one, p), (other, q) in itertools.combinations(colours().items(), 2) if math.dist(p, q) < APART
    ]
    assert near == []


def test_every_zoo_has_a_colour():
    sheet = SHEET.read_text(encoding="utf-8")
    assert [name for name in ZOO_TITLES if f".zoo-{name} {{ --zoo:" not in sheet] == []
