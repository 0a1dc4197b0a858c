"""The validator: every file held against its schema, its hash, its place and the rest of the dataset.

It reads and never writes; whatever it meets becomes an :class:`Issue`, never a traceback.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from zoodata.dataset import store, strict_json
from zoodata.dataset.issues import Issue
from zoodata.records import (
    KINDS,
    ArchitectureMeasurement,
    Claim,
    ClaimCollection,
    Environment,
    Family,
    LatencyMeasurement,
    content_hash,
)
from zoodata.records.base import StoredRecord, entry_zoo, without_weights
from zoodata.records.upgrade import upgrade

JSON_CODES = {"not-json": "E001", "duplicate-key": "E002", "not-finite": "E003"}

PYDANTIC_CODES = {
    "extra_forbidden": "E006",
    "missing": "E007",
    "wrong_unit": "E009",
    "greater_than": "E010",
    "greater_than_equal": "E010",
    "finite_number": "E003",
    "hidden_text": "E014",
    "bad_name": "E005",
    "repeated_name": "E017",
}

PERSONAL_ZOOS = {"file", "python"}


@dataclass
class Report:
    """What one validation saw."""

    files: int = 0
    records: int = 0
    issues: list[Issue] = field(default_factory=list)

    @property
    def errors(self) -> list[Issue]:
        """The issues that refuse a record."""
        return [issue for issue in self.issues if issue.is_error]

    @property
    def warnings(self) -> list[Issue]:
        """The issues that ask for a look."""
        return [issue for issue in self.issues if not issue.is_error]


def validate(roots: Iterable[Path], only: Iterable[Path] = (), private: Iterable[Path] = ()) -> Report:
    """Check datasets as one whole, or only some of their files against the whole.

    Args:
        roots: dataset folders; records of one may refer to another's.
        only: files or folders to report on; all when empty.
        private: those of the roots that are not published; they may hold records of people's own models
            (``file:``, ``python:``) and of changed code.
    """
    report = Report()
    roots = [root.resolve() for root in roots]
    personal = {root.resolve() for root in private}
    known_private: set[str] = set()
    chosen = [path.absolute() for path in only]
    known: list[tuple[str, StoredRecord]] = []
    reported: set[str] = set()
    for root in roots:
        for path in _everything(root):
            name = _shown(path)
            if root in personal:
                known_private.add(name)
            wanted = not chosen or any(path == c or c in path.parents or c.resolve() in path.parents for c in chosen)
            issues, record = check_file(path, root)
            if record is not None:
                known.append((name, record))
            if wanted:
                reported.add(name)
                report.files += 1
                report.records += _count(record)
                report.issues += issues
    # Files named on the command line that lie in no dataset are held to the same rules.
    for path in chosen:
        if path.is_file() and not any(root in path.resolve().parents for root in roots):
            issues, record = check_file(path, None)
            report.files += 1
            report.records += _count(record)
            report.issues += issues
            if record is not None:
                known.append((_shown(path), record))
                reported.add(_shown(path))
    report.issues += [issue for issue in _relations(known, known_private) if issue.file in reported]
    report.issues.sort()
    return report


def check_file(path: Path, root: Path | None) -> tuple[list[Issue], StoredRecord | None]:
    """Check one file by itself; with a root, also that it lies where it belongs."""
    name = _shown(path)

    def refuse(code: str, field: str, message: str) -> tuple[list[Issue], None]:
        return [Issue(name, code, field, message)], None

    if path.is_symlink():
        return refuse("E018", "", "is a symbolic link")
    if root is not None and root not in path.resolve().parents:
        return refuse("E005", "", "lies outside the dataset's folder")
    if path.suffix != ".json":
        return refuse("W104", "", f"is not a .json file ({path.name[:60]})")
    try:
        size = path.stat().st_size
        limit = strict_json.SIZE_LIMIT * (20 if root is not None and path.parent.name == "claims" else 1)
        if size > limit:
            return refuse("E004", "", f"has {size:,} bytes; {limit:,} are allowed")
        content = strict_json.loads(path.read_bytes())
    except strict_json.RefusedJson as error:
        return refuse(JSON_CODES[error.code], error.field, error.message)
    except OSError as error:
        return refuse("E016", "", f"cannot be read: {error.strerror}")
    issues, record = check_content(content, name)
    if record is not None and root is not None:
        expected = store.path_of(record)
        if path.resolve() != (root / expected):
            issues.append(Issue(name, "E012", "", f"belongs at {expected.as_posix()}"))
    return issues, record


def check_content(content: Any, name: str) -> tuple[list[Issue], StoredRecord | None]:
    """Check parsed JSON against its schema and its own hash."""
    if not isinstance(content, dict):
        return [Issue(name, "E008", "", f"is a JSON {type(content).__name__}, not an object")], None
    kind = content.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        known = ", ".join(sorted(KINDS))
        return [Issue(name, "E013", "kind", f"is {str(kind)[:60]!r}; it is one of {known}")], None
    issues = list(_hash_issues(content, name))
    try:
        record = KINDS[kind].model_validate_json(json.dumps(upgrade(content)))
    except ValidationError as error:
        return issues + [_from_pydantic(detail, name) for detail in error.errors(include_url=False)][:20], None
    except ValueError as error:
        return [Issue(name, "E013", "schema_version", str(error))], None
    return issues, (None if issues else record)


def _hash_issues(content: dict[str, Any], name: str) -> Iterator[Issue]:
    """Whether each hashed record in the content still is what its id says."""
    hashed = [("id", content)] if content["kind"] not in {"family", "claims"} else []
    claims = content.get("claims")
    if content["kind"] == "claims" and isinstance(claims, list):
        hashed += [(f"claims[{n}].id", claim) for n, claim in enumerate(claims) if isinstance(claim, dict)]
    for place, record in hashed:
        stated = record.get("id")
        if isinstance(stated, str) and stated != (actual := content_hash(record)):
            yield Issue(name, "E011", place, f"is {stated[:16]}…, but the content hashes to {actual[:16]}…")


def _from_pydantic(detail: ErrorDetails, name: str) -> Issue:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"]).lstrip(".")
    code = PYDANTIC_CODES.get(detail["type"], "E008")
    if place.split(".")[-1] == "unit" and detail["type"] in {"literal_error", "string_type"}:
        code = "E009"
    shown = "" if detail["type"] in {"missing", "hidden_text"} else f" (got {_brief(detail.get('input'))})"
    if detail["type"] == "string_pattern_mismatch" and _leaves_folder(detail.get("input")):
        code = "E005"
    return Issue(name, code, place[:200], detail["msg"] + shown)


def _leaves_folder(value: Any) -> bool:
    return isinstance(value, str) and ("/" in value or "\\" in value or ".." in value)


def _brief(value: Any) -> str:
    """A value as a message may show it: short, on one line, printable ASCII."""
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _relations(known: list[tuple[str, StoredRecord]], private: set[str]) -> Iterator[Issue]:
    """Issues between records: unknown entries, missing environments, other people's models."""
    families = [record for _, record in known if isinstance(record, Family)]
    catalogue = {item.entry for family in families for a in family.architectures for item in a.entries}
    environments = {record.id for _, record in known if isinstance(record, Environment)}
    dirty = {r.id for _, r in known if isinstance(r, Environment) and (r.zoodata_commit or "").endswith("+dirty")}
    seen: dict[tuple[str, str], str] = {}
    for name, record in known:
        if isinstance(record, Family):
            for entry in (item.entry for a in record.architectures for item in a.entries):
                if (first := seen.setdefault(("entry", entry), name)) != name:
                    yield Issue(name, "E017", "architectures", f"{entry} is mapped in {first} already")
            for identifier in (a.id for a in record.architectures):
                if (first := seen.setdefault(("architecture", identifier), name)) != name:
                    yield Issue(name, "E017", "architectures", f"{identifier} is described in {first} already")
        unknown: dict[str, str] = {}
        for place, entry in _entries(record):
            if entry_zoo(entry) in PERSONAL_ZOOS:
                if name not in private:
                    yield Issue(name, "E019", place, f"{entry} is not an entry of a zoo")
            elif without_weights(entry) not in catalogue:
                unknown.setdefault(without_weights(entry), place)
        if unknown:
            entry, place = next(iter(unknown.items()))
            others = f" (nor are {len(unknown) - 1} others of this file)" if len(unknown) > 1 else ""
            yield Issue(name, "W101", place, f"{entry} is not in the catalogue{others}")
        if isinstance(record, ArchitectureMeasurement | LatencyMeasurement):
            if record.environment not in environments:
                yield Issue(name, "E015", "environment", f"{record.environment[:16]}… is not in the dataset")
            elif name not in private and record.environment in dirty:
                yield Issue(name, "W102", "environment", "zoodata's code had uncommitted changes")
        if isinstance(record, LatencyMeasurement) and record.stopped == "time":
            target = record.conditions.target_half_width
            yield Issue(name, "W103", "stopped", f"time was up before every interval was within ±{target:.1%}")


def _entries(record: StoredRecord) -> Iterator[tuple[str, str]]:
    match record:
        case ArchitectureMeasurement():
            yield "entry", record.entry
        case LatencyMeasurement():
            yield from ((f"participants[{n}].entry", p.entry) for n, p in enumerate(record.participants))
        case Claim():
            yield "entry", record.entry
        case ClaimCollection():
            yield from ((f"claims[{n}].entry", claim.entry) for n, claim in enumerate(record.claims))


def _everything(root: Path) -> Iterator[Path]:
    """Every file that claims to be data, hidden temporaries of our own apart."""
    for folder in store.FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if (path.is_file() or path.is_symlink()) and not path.name.startswith(".writing-"):
                yield path


def _count(record: StoredRecord | None) -> int:
    if record is None:
        return 0
    return len(record.claims) if isinstance(record, ClaimCollection) else 1


def _shown(path: Path) -> str:
    """The path as messages show it: from the working folder where possible, printable on one line."""
    try:
        shown = path.relative_to(Path.cwd())
    except ValueError:
        shown = path
    return shown.as_posix().encode("ascii", "backslashreplace").decode()
