"""What a transplant shows, as plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Proof:
    """What running both networks with one's weights showed."""

    status: str
    """equivalent, parted or not_transferable"""
    max_relative_error: float | None = None
    first_difference: dict[str, str] | None = None
    """Names on either side of the first node whose values part."""
    misfits: tuple[str, ...] = ()
    """Layers whose weights do not fit, if any."""
