"""Replies, and whether it can be known who answers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from zoodata.dataset.store import Dataset
from zoodata.records import Claim, Reply, entry_zoo

HOST = "github.com"
STATEMENTS = frozenset({"issues", "pull", "discussions", "commit"})
"""Parts of a repository in which somebody says something."""


@dataclass(frozen=True)
class Answer:
    """A reply as it is shown."""

    reply: Reply
    is_verified: bool
    """Whether it was said in the repository of a zoo that it is about. Else its author's role is only a word."""


def answers(dataset: Dataset) -> list[Answer]:
    """Every reply of the dataset."""
    if not dataset.replies:
        return []
    own, zoos = _repositories(dataset.claims), _zoos(dataset)
    found = []
    for reply in dataset.replies:
        concerned = set[str]().union(*(zoos.get(about, set()) for about in reply.about))
        place = _repository(reply.source)
        found.append(Answer(reply, place is not None and place in {own.get(zoo) for zoo in concerned}))
    return found


def _repositories(claims: Iterable[Claim]) -> dict[str, str]:
    """Zoo to the repository in which most of its claims are: one claim of a stranger does not change it."""
    cited: dict[str, Counter[str]] = defaultdict(Counter)
    for claim in claims:
        if claim.source.type == "repository":
            cited[entry_zoo(claim.entry)][claim.source.repository.lower()] += 1
    return {zoo: counts.most_common(1)[0][0] for zoo, counts in cited.items()}


def _repository(address: str | None) -> str | None:
    """``owner/name`` of an address in a public repository."""
    parts = urlsplit(address or "")
    names = parts.path.strip("/").split("/")
    said = parts.hostname == HOST and len(names) > 3 and names[2] in STATEMENTS
    return "/".join(names[:2]).lower() if said else None


def _zoos(dataset: Dataset) -> dict[str, set[str]]:
    """Id of a claim or a measurement to the zoos whose entries it is of."""
    zoos = {claim.id: {entry_zoo(claim.entry)} for claim in dataset.claims}
    return zoos | {run.id: set(map(entry_zoo, run.entries)) for run in dataset.entries_history()}
