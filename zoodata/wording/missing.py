"""Why there is no number, in words."""

from __future__ import annotations

from zoodata.records import ArchitectureResult, MissingReason
from zoodata.records.measurement import Unchecked

REASONS: dict[MissingReason | str, str] = {
    "needs_download": "must be downloaded first",
    "not_installed": "not installed",
    "not_in_package": "not in the zoo's package",
    "cannot_be_read": "the network cannot be read",
    "cannot_be_built": "the model cannot be built",
    "out_of_memory": "not enough memory",
    "timed_out": "took too long",
    "crashed": "the worker process failed",
    "not_believed": "measured, and not believed",
}


def reason(code: str) -> str:
    """A reason's words; an unknown code as it is."""
    return REASONS.get(code, code)


def unchecked(why: Unchecked) -> str:
    """Why a network was not compared with its model by running both."""
    match why.code:
        case "too_large":
            if why.elements is None or why.max_elements is None:
                return "too large to be run"
            return f"{why.elements:,} stored elements; run up to {why.max_elements:,}"
        case "not_run":
            return f"could not be run: {why.detail or 'no message'}"
        case "not_finite":
            return "scores are not finite"
        case "not_asked":
            return "not asked for"
        case "before_checks":
            return "measured before there was a check"


def unfaithful(result: ArchitectureResult) -> str:
    """That our reading of a model does not give its scores, and where they part."""
    at = f", first at {result.parts_at}" if result.parts_at else ""
    return f"our reading of it does not give its scores: they differ by {result.relative_error:.0e} of the largest{at}"
