"""The rankings' names, as a review of a contribution shows them."""

from __future__ import annotations

from zoodata.discrepancy.changes import Ranking

RANKINGS: dict[Ranking, str] = {
    "top1": "claimed top-1",
    "top5": "claimed top-5",
    "macs": "MACs ratio",
    "parameters": "difference of parameters",
    "latency": "ratio of times",
    "verdict": "comparison of networks",
    "measured": "measured accuracy",
    "audit": "audit",
    "counts": "MACs of an entry",
}
