"""What a transplant shows, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zoodata.records.comparison import ProofStatus, Side


@dataclass(frozen=True)
class Place:
    """Where: the node's name on either side; None where there is none."""

    a: str | None
    b: str | None


@dataclass(frozen=True)
class Obstacle:
    """Why nothing was proved; see :class:`zoodata.records.comparison.ProofObstacle`."""

    code: Literal["cannot_run", "model_fails", "unfaithful"]
    side: Side
    operator: str | None = None
    place: str | None = None
    error: float | None = None
    detail: str | None = None


@dataclass(frozen=True)
class Proof:
    """What running both networks with one's weights showed."""

    status: ProofStatus
    max_relative_error: float | None = None
    first_difference: Place | None = None
    """The first node whose values differ."""
    misfits: tuple[str, ...] = ()
    """Layers whose weights do not fit, if any."""
    native_error: float | None = None
    """Largest error between an executed network and its model, of both; None where the models were not run."""
    one_way: bool = False
    """Whether b has tensors that a has none for."""
    obstacle: Obstacle | None = None
    """Of what is not proven."""
