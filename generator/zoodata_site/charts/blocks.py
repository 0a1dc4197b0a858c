"""Where two networks differ: the blocks concerned side by side, what differs coloured by how grave it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from zoodata_site.charts import svg

BOX, GAP, ROW, HEAD, LONGEST = 290, 40, 44, 26, 42


@dataclass(frozen=True)
class Side:
    """One layer as one of the two networks has it."""

    name: str
    """Where the network has it."""
    says: str
    """What it is, and what is different about it."""


@dataclass(frozen=True)
class Step:
    """A layer of the one beside its partner in the other; None where a side has none."""

    a: Side | None
    b: Side | None
    severity: str


@dataclass(frozen=True)
class Block:
    """Neighbouring layers that differ."""

    title: str
    steps: tuple[Step, ...]
    more: int = 0
    """How many other blocks differ alike."""


def blocks(drawn_blocks: Sequence[Block], a: str, b: str) -> Markup:
    """Blocks under each other, the one network left and the other right."""
    if not drawn_blocks:
        return Markup("")
    width = 2 * BOX + GAP
    height = HEAD + sum(HEAD + ROW * len(block.steps) for block in drawn_blocks) + 4
    said = "; ".join(
        f"{step.a.name + ' ' + step.a.says if step.a else 'nothing'} against "
        f"{step.b.name + ' ' + step.b.says if step.b else 'nothing'}"
        for block in drawn_blocks
        for step in block.steps
    )
    parts = [svg.opened(width, height, "The differing blocks, side by side", f"{a} against {b}: {said}")]
    for left, name in ((0, a), (BOX + GAP, b)):
        parts.append(svg.text("zd-label", left + BOX / 2, 16, svg.shorten(name, LONGEST), "middle"))
    top = HEAD
    for block in drawn_blocks:
        again = f", and {block.more} more like it" if block.more else ""
        parts.append(svg.text("zd-note", 0, top + 17, svg.shorten(f"{block.title}{again}", 88)))
        top += HEAD
        for step in block.steps:
            parts.append(_step(step, top))
            top += ROW
    return Markup("").join([*parts, svg.CLOSED])


def _step(step: Step, top: float) -> Markup:
    parts = []
    for left, side in ((0.0, step.a), (float(BOX + GAP), step.b)):
        if side is None:
            parts.append(svg.box("zd-block zd-block-none", left + 1, top + 1, BOX - 2, ROW - 8))
            parts.append(svg.text("zd-note", left + BOX / 2, top + 22, "nothing here", "middle"))
            continue
        parts.append(svg.box(f"zd-block zd-block-{step.severity}", left + 1, top + 1, BOX - 2, ROW - 8))
        parts.append(svg.text("zd-note", left + 8, top + 15, svg.shorten(side.name, 46)))
        parts.append(svg.text("zd-label", left + 8, top + 30, svg.shorten(side.says, 40)))
    parts.append(svg.line(f"zd-link zd-block-{step.severity}", BOX, top + 18, BOX + GAP, top + 18))
    return Markup("").join(parts)
