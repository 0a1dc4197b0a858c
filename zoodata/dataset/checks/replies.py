"""Replies: about something that is in the dataset, and by somebody who does not sign as zoodata."""

from __future__ import annotations

from collections.abc import Iterator

from zoodata.dataset.checks.doubt import BEGUN, Doubt, dated
from zoodata.dataset.checks.world import Read, World
from zoodata.records import Reply


def check(record: Reply, world: World, item: Read) -> Iterator[Doubt]:
    """Everything about a reply that cannot be."""
    for number, answered in enumerate(record.about):
        if answered not in world.ids:
            yield Doubt("E015", f"about[{number}]", f"{answered[:16]}… is not in the dataset")
    if len(set(record.about)) != len(record.about):
        yield Doubt("E017", "about", "names a record twice")
    yield from dated("said_on", record.said_on, BEGUN)
    if "zoodata" in "".join(c for c in record.author.lower() if c.isalnum()):
        yield Doubt("E039", "author", "nobody replies in the name of zoodata")
    if record.outcome != "open" and record.outcome_text is None:
        yield Doubt("E007", "outcome_text", f"the outcome is {record.outcome!r}, and nothing says what was done")
