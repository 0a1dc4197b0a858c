"""Which claims are about one checkpoint, and whether they were evaluated alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from zoodata.dataset.tables import ClaimRow

Protocol = Literal["same", "differs", "unknown"]
"""Whether crop, resize, interpolation and precision are stated alike; unknown where one side is silent."""

PROTOCOL: tuple[Literal["crop_fraction", "resize", "interpolation", "precision"], ...] = (
    "crop_fraction", "resize", "interpolation", "precision",
)  # fmt: skip

HEXADECIMAL = re.compile(r"(?<![0-9a-z])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{8,64}(?![0-9a-z])")
"""The piece of a checkpoint's name or checksum that is a hash; all digits would be a date."""

SHORTEST_FILE = 12
"""Characters of a file's name that is not everybody's (``model.pth``)."""

FILE = re.compile(
    r"\.(pth|pt|pyth|h5|keras|npz|ckpt|pkl|bin|safetensors|onnx|params|pdparams|tar\.gz|tgz|zip)(\.tar)?$"
)


def hashes(checkpoint: str | None, checksum: str | None) -> set[str]:
    """The first eight digits of each hash in a checkpoint's name and checksum."""
    return {mark[:8] for mark in HEXADECIMAL.findall(f"{checkpoint or ''} {checksum or ''}".lower())}


def marks(claim: ClaimRow) -> set[str]:
    """What tells the checkpoint of a claim: its hashes, its file, what it is a copy of."""
    found = hashes(claim["checkpoint"], claim["checksum"]) | hashes(claim["copy_of"], None)
    for name in (claim["checkpoint"], claim["copy_of"]):
        file = (name or "").rstrip("/").rpartition("/")[2].lower()
        if FILE.search(file) and len(file) >= SHORTEST_FILE:
            found.add(file)
    if claim["copy_of"] is not None:
        found.add(claim["copy_of"])
    return found


def groups(claims: Sequence[ClaimRow]) -> list[list[ClaimRow]]:
    """Claims about one checkpoint each, of those whose checkpoint is told by a mark."""
    found: list[tuple[set[str], list[ClaimRow]]] = []
    for claim in claims:
        own = marks(claim)
        if not own:
            continue
        members = [claim]
        apart = []
        for known, others in found:
            if known & own:
                own, members = known | own, others + members
            else:
                apart.append((known, others))
        found = [*apart, (own, members)]
    return [members for _, members in found]


def protocol(one: ClaimRow, other: ClaimRow) -> Protocol:
    """How two claims were evaluated, by what their sources state."""
    pairs = [(one[name], other[name]) for name in PROTOCOL]
    if any(a is not None and b is not None and a != b for a, b in pairs):
        return "differs"
    return "same" if all(a is not None and b is not None for a, b in pairs) else "unknown"
