"""How sure the audit is of a finding: a mistake, something to be explained, or a convention of its field.

An *error* leaves its zoo's maintainer nothing to say: both sides were read again where they are cited, and whatever
could explain the difference is stated alike. Every doubt makes a finding one *to be explained*, and says which doubt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from zoodata.discrepancy.evidence import Statement

Grade = Literal["error", "to_explain", "convention"]

Doubt = Literal[
    "not_verified",  # a cited place was not read, or does not state the number
    "size_not_stated",
    "protocol_differs",  # another crop, resize, interpolation or precision
    "protocol_not_stated",
    "checkpoint_not_named",  # one side says of which weights it speaks, the other does not
    "copied",  # the number may be somebody else's
    "form_not_stated",  # trained or deployed, with which head, of which width
    "independent",  # trained by somebody else, whose result may just be another
]
"""What may explain a finding; :mod:`zoodata.wording.audit` words it."""


@dataclass(frozen=True)
class Graded:
    """A grade with the doubts it rests on."""

    grade: Grade
    doubts: tuple[Doubt, ...] = ()

    @classmethod
    def by(cls, doubts: Iterable[Doubt]) -> Graded:
        """An error where nothing may explain it."""
        found = tuple(dict.fromkeys(doubts))
        return cls("to_explain" if found else "error", found)


CONVENTION = Graded("convention")


def of_sources(*statements: Statement) -> list[Doubt]:
    """Doubts about the statements themselves."""
    doubts: list[Doubt] = []
    if not all(s.is_verified for s in statements):
        doubts.append("not_verified")
    if any(s.is_borrowed for s in statements):
        doubts.append("copied")
    return doubts


def of_evaluation(one: Statement, other: Statement) -> list[Doubt]:
    """Doubts whether two accuracies were evaluated alike."""
    doubts: list[Doubt] = []
    sides = one.claim.conditions, other.claim.conditions
    if any(side.input_size is None for side in sides):
        doubts.append("size_not_stated")
    stated = [
        (getattr(sides[0], name), getattr(sides[1], name)) for name in ("crop_fraction", "resize", "interpolation")
    ]
    stated.append((one.precision, other.precision))
    if any(a is not None and b is not None and a != b for a, b in stated):
        doubts.append("protocol_differs")
    elif any(a is None or b is None for a, b in stated):
        doubts.append("protocol_not_stated")
    return doubts
