"""Whether two checkpoints hold the same values: the same tensors, the same after a conversion, or others.

A conversion from one framework to another transposes tensors and renames them; it does not change which
values a tensor holds. So each tensor has three fingerprints: its bytes, its sorted values, and its sorted values
in half precision.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MIN_ELEMENTS = 16
"""Tensors with fewer elements say nothing: they may agree by coincidence."""
PLAIN = 2
"""Different values below which a tensor is a constant (all zero, all one), which says nothing either."""


@dataclass(frozen=True)
class Fingerprint:
    """One tensor's fingerprint."""

    name: str
    shape: tuple[int, ...]
    exact: str
    sorted: str
    half: str


def fingerprints(tensors: Mapping[str, Any]) -> list[Fingerprint]:
    """Fingerprints of the tensors that say something."""
    taken = []
    for name, tensor in sorted(tensors.items()):
        array = np.asarray(tensor)
        if array.size < MIN_ELEMENTS or array.dtype.kind != "f":
            continue
        flat = np.sort(array.astype(np.float32), axis=None)
        if len(np.unique(flat[:: max(1, flat.size // 1000)])) <= PLAIN:
            continue
        exact = _hash(np.ascontiguousarray(array.astype(np.float32)), str(array.shape))
        with np.errstate(over="ignore"):
            half = flat.astype(np.float16)
        says_something = np.isfinite(half).all() and len(np.unique(half[:: max(1, half.size // 1000)])) > PLAIN
        rounded = _hash(half) if says_something else exact  # too small or too large for half precision
        taken.append(Fingerprint(name, array.shape, exact, _hash(flat), rounded))
    return taken


def _hash(array: Any, more: str = "") -> str:
    return hashlib.sha256(array.tobytes() + more.encode()).hexdigest()


@dataclass(frozen=True)
class Identity:
    """How two checkpoints are related."""

    verdict: str
    """identical, converted, converted in half precision, partly the same, or independent."""
    tensors_a: int
    tensors_b: int
    exact: int
    sorted: int
    half: int
    """Tensors of b that a has too: by bytes, by values, by values in half precision; each includes the former."""
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]


def related(a: Sequence[Fingerprint], b: Sequence[Fingerprint]) -> Identity:
    """Compare two lists of fingerprints."""
    shared = {kind: _shared(a, b, kind) for kind in ("exact", "sorted", "half")}
    every = max(len(a), len(b))
    if not every:
        verdict = "nothing to compare"
    elif shared["exact"] == every:
        verdict = "identical"
    elif shared["sorted"] == every:
        verdict = "converted"
    elif shared["half"] == every:
        verdict = "converted in half precision"
    else:
        verdict = "partly the same" if shared["half"] else "independent"
    left_a, left_b = _left(a, b), _left(b, a)
    return Identity(verdict, len(a), len(b), shared["exact"], shared["sorted"], shared["half"], left_a, left_b)


def _shared(a: Sequence[Fingerprint], b: Sequence[Fingerprint], kind: str) -> int:
    ours, theirs = (Counter(getattr(mark, kind) for mark in each) for each in (a, b))
    return sum((ours & theirs).values())


def _left(a: Sequence[Fingerprint], b: Sequence[Fingerprint]) -> tuple[str, ...]:
    theirs = {mark.half for mark in b}
    return tuple(mark.name for mark in a if mark.half not in theirs)
