"""Why a zoo's version is near to the authors' own, in words."""

from __future__ import annotations

from zoodata.discrepancy.authors import Basis, ClaimBasis, CountBasis, CountBeside, NetworkBasis
from zoodata.wording.findings import sentence

METRICS = {"parameters": "parameters", "macs": "multiply-accumulates"}


def basis(reason: Basis) -> str:
    """What a nearness rests on."""
    match reason:
        case NetworkBasis(finding):
            return "nothing differs" if finding is None else sentence(finding.finding, (finding.a, finding.b))
        case CountBasis(counts):
            return "; ".join(map(_beside, counts))
        case ClaimBasis():
            return "known by its claims only"


def _beside(count: CountBeside) -> str:
    stated = "" if count.stated is None else f", the authors state {count.stated / 1e6:,.2f} M"
    return f"{count.counted / 1e6:,.2f} M {METRICS[count.metric]} counted{stated}"
