"""Diagnosis: whether a checkpoint is run in the network, and fed in the way, that it was trained with.

Every usual slip is tried on a few images; what looks better there is tried on others, held apart, and only what is
better there too, by McNemar's exact test corrected for the number tried, is named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from zoodata.images import sets
from zoodata.images.sets import Item
from zoodata.measure.trial import Answers, Change
from zoodata.stats import holm, sign_test
from zoodata.wording.diagnosis import changed

SUGGESTING = 96
"""Images on which everything is tried."""
CONFIRMING = 2000
"""At most so many others on which the suspects are."""
SURE = 0.05
BEST, SUSPECTS = 3, 5
"""Of all that make the model surer in sum, so many of the best are tried again, and the best of each other kind up to
so many: the fewer, the less they need to be corrected for."""
CHUNK = 96
"""Images a question."""


class Tries(Protocol):
    """Answers to images with some changes, by number; number 0 is as it is."""

    def __call__(self, items: Sequence[Item], which: Sequence[int]) -> list[Answers]:
        """See :meth:`zoodata.measure.trial.Trial.answers`."""


@dataclass(frozen=True)
class Named:
    """A change that makes the weights better."""

    change: Change
    gained: int
    lost: int
    """Images held apart that become right, and wrong."""
    corrected: float
    """McNemar's exact p-value, corrected for the number tried there (Holm)."""

    @property
    def words(self) -> str:
        """The change, as part of a sentence."""
        return changed(self.change.code, self.change.was, self.change.becomes)


@dataclass(frozen=True)
class Diagnosis:
    """What was tried, and what of it is better."""

    tried: int
    suspects: int
    images: int
    """Held apart."""
    right: int
    """Of them, as it is."""
    named: tuple[Named, ...]
    """The one that gains most first."""


def diagnose(
    changes: Sequence[Change],
    tries: Tries,
    items: Sequence[Item],
    progress: Callable[[int], None] = lambda images: None,
    most: int = CONFIRMING,
) -> Diagnosis:
    """Try everything, and name what is better.

    Args:
        changes: what can be tried; the first is as it is.
        tries: does it.
        items: the images, of which some suggest and others confirm.
        progress: called with the number of images done.
        most: images that confirm.
    """
    sample = sets.sample(items, SUGGESTING)
    first = _asked(tries, sample, range(len(changes)), progress)
    suspects = _suspects(changes, [sum(each.log_probabilities) for each in first])
    apart = sets.held_apart(items, sample, most)
    if not suspects or not apart:
        return Diagnosis(len(changes) - 1, len(suspects), 0, 0, ())
    own, *others = _asked(tries, apart, [0, *suspects], progress)
    gains = [
        (
            sum(x and not y for x, y in zip(other.right, own.right, strict=True)),
            sum(y and not x for x, y in zip(other.right, own.right, strict=True)),
        )
        for other in others
    ]
    corrected = holm([sign_test(*gain) for gain in gains])
    named = [
        Named(changes[number], gained, lost, value)
        for number, (gained, lost), value in zip(suspects, gains, corrected, strict=True)
        if gained > lost and value < SURE
    ]
    return Diagnosis(
        tried=len(changes) - 1,
        suspects=len(suspects),
        images=len(own.right),
        right=sum(own.right),
        named=tuple(sorted(named, key=lambda each: each.lost - each.gained)),
    )


def _asked(tries: Tries, items: Sequence[Item], which: Sequence[int], progress: Callable[[int], None]) -> list[Answers]:
    logs: list[list[float]] = [[] for _ in which]
    right: list[list[bool]] = [[] for _ in which]
    for start in range(0, len(items), CHUNK):
        chunk = items[start : start + CHUNK]
        for answers, kept, correct in zip(tries(chunk, list(which)), logs, right, strict=True):
            kept += answers.log_probabilities
            correct += answers.right
        progress(len(chunk))
    return [Answers(tuple(kept), tuple(correct)) for kept, correct in zip(logs, right, strict=True)]


def _suspects(changes: Sequence[Change], sureness: Sequence[float]) -> list[int]:
    """The changes that make the model surest, of more than one kind."""
    better = sorted(
        (number for number in range(1, len(changes)) if sureness[number] > sureness[0]),
        key=lambda number: -sureness[number],
    )
    chosen = better[:BEST]
    for number in better[BEST:]:
        if len(chosen) < SUSPECTS and changes[number].code not in {changes[each].code for each in chosen}:
            chosen.append(number)
    return chosen
