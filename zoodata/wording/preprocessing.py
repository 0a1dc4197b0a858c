"""Ways to decode and resize, in words."""

from __future__ import annotations

from zoodata.records.preprocessing import Interpolation, Library

LIBRARIES: dict[Library, str] = {
    "pillow": "Pillow", "opencv": "OpenCV", "tensorflow": "TensorFlow", "torchvision": "torchvision",
}  # fmt: skip
CHOOSES = frozenset({"tensorflow", "torchvision"})
"""Libraries that smooth before they shrink only where they are told to."""


def way(decoder: Library | None, resizer: Library | None, interpolation: Interpolation | None, antialias: bool) -> str:
    """One way to decode and resize; Pillow's where nobody says."""
    decoder, resizer = decoder or "pillow", resizer or "pillow"
    smooth = ", no antialias" if resizer in CHOOSES and not antialias else ""
    decoded = f", decoded by {LIBRARIES[decoder]}" if decoder != resizer else ""
    return f"{LIBRARIES[resizer]} {interpolation or 'bilinear'}{smooth}{decoded}"
