"""What a stated licence allows, in words."""

from __future__ import annotations

from zoodata.discrepancy.licences import Permission

PERMISSIONS: dict[Permission, str] = {
    "permissive": "permissive, of the weights",
    "permissive_code": "permissive, of the code alone",
    "own_terms": "terms of its own",
    "non_commercial": "not for commerce",
    "unknown": "not stated",
}
