"""What a transplant shows, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from zoodata.records.comparison import ProofStatus


@dataclass(frozen=True)
class Place:
    """Where: the node's name on either side; None where there is none."""

    a: str | None
    b: str | None


@dataclass(frozen=True)
class Proof:
    """What running both networks with one's weights showed."""

    status: ProofStatus
    max_relative_error: float | None = None
    first_difference: Place | None = None
    """The first node whose values differ."""
    misfits: tuple[str, ...] = ()
    """Layers whose weights do not fit, if any."""
