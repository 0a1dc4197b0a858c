"""Replies: what somebody answers to a number or a finding, and what came of it. The right of reply, as data."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from zoodata.records.base import Hash, HashedRecord, Line, Text
from zoodata.records.claim import PartialDate

Address = Annotated[
    str, StringConstraints(pattern=r"^https://[A-Za-z0-9.-]+(/[A-Za-z0-9._~/?#@!$&*+,;=%-]*)?$", max_length=500)
]
"""A public address."""


class Reply(HashedRecord):
    """One answer, shown beside everything it is about."""

    kind: Literal["reply"] = "reply"
    about: Annotated[tuple[Hash, ...], Field(min_length=1, max_length=100)]
    """Ids of the claims or measurements that it answers."""
    author: Line
    role: Literal["user", "maintainer", "paper author"]
    said_on: PartialDate
    text: Text
    source: Address | None = None
    """Where it was said in public."""
    outcome: Literal["open", "corrected", "not accepted"] = "open"
    outcome_text: Text | None = None
    """What was changed, or why nothing was."""

    @property
    def path(self) -> PurePosixPath:
        """See :class:`zoodata.records.base.StoredRecord`."""
        return PurePosixPath("replies", f"{self.id[:16]}.json")
