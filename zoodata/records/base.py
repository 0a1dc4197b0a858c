"""What every record shares: strictness, safe text, entry names and the content hash.

Records come from strangers. A record therefore holds only what its schema names, text without control
or direction-changing characters, finite numbers, and names that cannot leave a folder.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, NamedTuple, NoReturn, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, StringConstraints
from pydantic_core import PydanticCustomError

PERSONAL_ZOOS = frozenset({"file", "python"})
"""Not zoos: models of the user's own, measured at home and never published."""

ENTRY_PATTERN = re.compile(
    r"(?P<zoo>[a-z][a-z0-9_]{0,63}):(?P<name>[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127})"
    r"(@(?P<weights>[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}))?"
)


class ParsedEntry(NamedTuple):
    """An entry's name in its parts: ``torchvision:resnet50@IMAGENET1K_V2``."""

    zoo: str
    name: str
    weights: str | None


def parse_entry(text: str) -> ParsedEntry:
    """Split ``zoo:name[@weights]``.

    Raises:
        ValueError: when the text is not an entry's name; the message says what one looks like.
    """
    match = ENTRY_PATTERN.fullmatch(text)
    if not match or ".." in text:
        raise ValueError(f"{text!r} is not an entry: write ZOO:NAME or ZOO:NAME@WEIGHTS, as torchvision:resnet50")
    return ParsedEntry(match["zoo"], match["name"], match["weights"])


RELEASE_PATTERN = re.compile(
    r"(?P<zoo>[a-z][a-z0-9_]{0,63})==(?P<release>[0-9A-Za-z][0-9A-Za-z.+!-]{0,39}):(?P<rest>.*)"
)


def split_release(entry: str) -> tuple[str | None, str]:
    """The release that an entry's name asks for, and the name without it: ``timm==0.9.16:resnet50``.

    None where it asks for the installed release.
    """
    match = RELEASE_PATTERN.fullmatch(entry)
    return (match["release"], f"{match['zoo']}:{match['rest']}") if match else (None, entry)


def entry_zoo(entry: str) -> str:
    """The zoo of an entry."""
    return entry.partition(":")[0]


def is_personal(entry: str) -> bool:
    """Whether an entry is a model of the user's own."""
    return entry_zoo(entry) in PERSONAL_ZOOS


def foreign_files(entries: Iterable[str], weights: Iterable[Path | str | None] = ()) -> tuple[Path, ...]:
    """The files of models and checkpoints that are opened and are not a zoo's own. None where the user's own code is
    run too: it may do what it likes, and the file with it."""
    named = [entry.partition(":") for entry in entries]
    if any(zoo == "python" for zoo, _, _ in named):
        return ()
    return (
        *(Path(name) for zoo, _, name in named if zoo == "file"),
        *(Path(path) for path in weights if path is not None),
    )


def without_weights(entry: str) -> str:
    """The entry without its ``@WEIGHTS``."""
    return entry.partition("@")[0]


# Cc control, Cf format (bidi overrides, zero width), Cs/Co/Cn no meaning to a reader, Zl/Zp hidden line ends.
HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

# Letters and marks that are drawn as nothing.
BLANKS = {
    0x034F,
    0x115F,
    0x1160,
    0x17B4,
    0x17B5,
    0x2800,
    0x3164,
    0xFFA0,
    *range(0x180B, 0x1810),
    *range(0xFE00, 0xFE10),
}


def is_hidden(character: str) -> bool:
    """Whether a character is invisible or changes how its neighbours are shown."""
    return unicodedata.category(character) in HIDDEN_CATEGORIES or ord(character) in BLANKS


def visible(text: object) -> str:
    """A text as a record may keep it: what cannot be seen is a question mark, and it has an end."""
    shown = "".join(c if (c.isprintable() and not is_hidden(c)) or c == "\n" else "?" for c in str(text))
    return shown[:1500] or "no message"


def visible_line(text: object) -> str:
    """A text as one line that a record may keep."""
    return " ".join(visible(text).split())[:300]


def _check_text(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    for character in text:
        if is_hidden(character) and character != "\n":
            raise PydanticCustomError(
                "hidden_text", "holds the invisible character U+{code}", {"code": f"{ord(character):04X}"}
            )
    return text


def _check_identifier(text: str) -> str:
    if text in {"index"}:
        raise PydanticCustomError("bad_name", "is a name of the site's own")
    return text


def _check_entry(text: str) -> str:
    if not ENTRY_PATTERN.fullmatch(text) or ".." in text:
        raise PydanticCustomError("bad_name", "is not an entry's name (ZOO:NAME or ZOO:NAME@WEIGHTS)")
    return text


Text = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(_check_text)]
"""Free text, shown as text wherever it appears."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\n]*$"), AfterValidator(_check_text)]
"""Text of one line."""

Identifier = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,79}$"), AfterValidator(_check_identifier)
]
"""A name of ours that is used in file names and addresses."""

EntryName = Annotated[str, StringConstraints(max_length=330), AfterValidator(_check_entry)]
"""``zoo:name`` or ``zoo:name@weights``."""

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hexadecimal."""

Count = Annotated[int, Field(ge=0, le=10**18)]
"""A number of things."""


def _check_plain(value: Any) -> Any:
    """JSON from elsewhere: every text in it is held to the rules of a Text."""
    if isinstance(value, str):
        return _check_text(value) if len(value) <= 2000 else _too_long()
    if isinstance(value, dict):
        return {_check_plain(key): _check_plain(item) for key, item in value.items()}
    return [_check_plain(item) for item in value] if isinstance(value, list) else value


def _too_long() -> NoReturn:
    raise PydanticCustomError("too_long", "is a text of more than 2000 characters")


Plain = Annotated[JsonValue, AfterValidator(_check_plain)]
"""A value of an operator's attribute: numbers, words, lists of them."""


class Record(BaseModel):
    """A frozen, strict model that refuses what it does not know."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class StoredRecord(Record):
    """A record with a file of its own."""

    schema_version: Literal[1] = 1

    @property
    def path(self) -> PurePosixPath:
        """The one place inside a dataset where this record belongs. Every part comes from checked names."""
        raise TypeError(f"a {type(self).__name__} has no file of its own")


class HashedRecord(StoredRecord):
    """A record that is named by the hash of what it holds, and so never changes."""

    id: Hash

    @classmethod
    def seal(cls, **values: Any) -> Self:
        """Build the record and give it its id.

        Raises:
            pydantic.ValidationError: when the values do not fit the schema.
        """
        unsealed = cls(id="0" * 64, **values)
        content = unsealed.model_dump(mode="json")
        return unsealed.model_copy(update={"id": content_hash(content)})


Row = dict[str, str | int | float | bool | None]
"""A row of a flat table, column to value."""


class Measurement(HashedRecord):
    """What a run of ours observed: immutable, one file a run."""

    started_at: AwareDatetime
    environment: Hash

    @property
    def entries(self) -> tuple[str, ...]:
        """Every entry that it is about, those that are missing included."""
        raise NotImplementedError

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why numbers are missing, a code each; none in a kind that is not written without its numbers."""
        return ()

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing to others: a misspelt entry, or a run in which nothing was timed."""
        return False

    def table_rows(self, architecture_of: Callable[[str], str | None]) -> list[Row]:
        """Its rows in the flat table of its kind; none where there is no such table.

        Args:
            architecture_of: an entry to the architecture it is mapped to.
        """
        return []

    def _provenance(self) -> Row:
        """The last columns of every table."""
        return {
            "started_at": self.started_at.isoformat(), "environment": self.environment, "record": self.path.as_posix()
        }  # fmt: skip


def entry_path(kind: str, entry: str, id: str) -> PurePosixPath:
    """Where a measurement of one entry belongs."""
    zoo, name, weights = parse_entry(entry)
    label = f"{name}@{weights}" if weights else name
    return PurePosixPath("measurements", kind, zoo, f"{label}.{id[:16]}.json")


def content_hash(content: dict[str, Any]) -> str:
    """SHA-256 of a record's canonical JSON, its own ``id`` left out."""
    body = {key: value for key, value in content.items() if key != "id"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
