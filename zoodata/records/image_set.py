"""Image sets: which labelled images accuracies are measured on, whose they are, and what they may be used for.

The images themselves are never in the dataset: each is named by its hash, and fetched from where it is published.
"""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from zoodata.records.base import Hash, HashedRecord, Identifier, Line, Record, Text
from zoodata.records.claim import RepositorySource
from zoodata.records.reply import Address

FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}\.(jpg|jpeg|png|webp|JPEG)$")]
"""A plain file name: it cannot leave a folder."""

Comparable = Literal[
    "among_itself",  # accuracies on it are compared with each other only
    "with_claims",  # it is the set that claims are stated for
]
"""What an accuracy on the set may be compared with."""


class LabelledImage(Record):
    """One image: its name, the hash of its bytes, what it shows, and whose it is."""

    file: FileName
    digest: Hash
    """SHA-256 of the file."""
    label: Annotated[int, Field(ge=0, le=999_999)]
    """Class number from 0, in the order of the WordNet ids."""
    author: Line
    page: Address | None = None
    """Where its author shows it."""


class ImageSetRecord(HashedRecord):
    """A published set of labelled images."""

    kind: Literal["image_set"] = "image_set"
    name: Identifier
    title: Line
    text: Text
    """What it is, and how it was made."""
    caution: Text
    """What an accuracy on it does not say."""
    use: Text
    """What it may be used for."""
    licence: Address
    """Of every image."""
    comparable: Comparable
    published: RepositorySource
    """The folder of the images, in a repository at a commit."""
    class_names: Annotated[tuple[Line, ...], Field(max_length=100_000)] = ()
    """What the classes are called, in the order of their numbers."""
    images: Annotated[tuple[LabelledImage, ...], Field(min_length=1, max_length=50_000)]

    @property
    def path(self) -> PurePosixPath:
        """See :class:`zoodata.records.base.StoredRecord`."""
        return PurePosixPath("image_sets", f"{self.name}.json")

    @property
    def identity(self) -> str:
        """The hash by which a measurement names the set: see :func:`identity`."""
        return identity([(image.file, image.digest, image.label) for image in self.images])

    @property
    def classes(self) -> int:
        """One more than the largest label."""
        return max(image.label for image in self.images) + 1

    @model_validator(mode="after")
    def _names_each_once(self) -> ImageSetRecord:
        if len({image.file for image in self.images}) != len(self.images):
            raise PydanticCustomError("repeated_name", "names an image twice")
        return self


def identity(images: list[tuple[str, str, int]]) -> str:
    """SHA-256 over (name, SHA-256 of the bytes, label) of every image, in the order of the names."""
    whole = hashlib.sha256()
    for name, digest, label in sorted(images):
        whole.update(f"{name}\0{digest}\0{label}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()
