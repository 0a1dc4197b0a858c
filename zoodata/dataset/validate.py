"""The validator: every file checked with its schema, its hash, its place and the rest of the dataset.

It reads and never writes; whatever it meets becomes an :class:`Issue`, never a traceback. What it does not
refuse, the rest of zoodata must be able to rank, export and show.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from zoodata.dataset import store, strict_json
from zoodata.dataset.issues import Issue, plain
from zoodata.graph import storage
from zoodata.records import (
    FILE_KINDS,
    KINDS,
    AccuracyMeasurement,
    ArchitectureMeasurement,
    ClaimCollection,
    ComparisonMeasurement,
    Environment,
    Family,
    LatencyMeasurement,
    Reply,
    StoredNetwork,
    Verification,
    content_hash,
)
from zoodata.records.base import HashedRecord, StoredRecord, is_personal, without_weights
from zoodata.records.upgrade import CURRENT, upgrade

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

MOST_ISSUES = 20
"""Of one file: a file with more is not read on."""

CLAIMS_SIZE_LIMIT = 20 * strict_json.SIZE_LIMIT
"""Bytes of one claim collection, which holds many claims."""

UNFINISHED = ".writing-"


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

    def __add__(self, other: Report) -> Report:
        """Both reports as one."""
        return Report(self.files + other.files, self.records + other.records, sorted([*self.issues, *other.issues]))


@dataclass(frozen=True)
class _Read:
    """A file's record, as the relations between records need it."""

    name: str
    record: StoredRecord
    private: bool


def validate(roots: Iterable[Path], only: Iterable[Path] = (), private: Iterable[Path] = ()) -> Report:
    """Check datasets as one whole, or only some of their files against the whole.

    Args:
        roots: dataset folders; records of one may refer to another's.
        only: files or folders to report on; all when empty. One that holds no record is an error.
        private: those of the roots that are not published; they may hold records of people's own models
            (``file:``, ``python:``) and of changed code.
    """
    report = Report()
    roots = [root.absolute() for root in roots]
    homes = {root.absolute() for root in private}
    chosen = {path.absolute(): 0 for path in only}
    read: list[_Read] = []
    reported: set[str] = set()

    def take(path: Path, root: Path | None, issues: list[Issue], record: StoredRecord | None) -> None:
        hits = [choice for choice in chosen if choice == path or choice in path.parents]
        for choice in hits:
            chosen[choice] += 1
        if record is not None:
            read.append(_Read(_shown(path), record, root in homes))
        if hits or not chosen:
            reported.add(_shown(path))
            report.files += 1
            report.records += _count(record)
            report.issues += issues

    with store.uncollected():
        for root in roots:
            for path, code in _walk(root):
                if code is not None:
                    take(path, root, [Issue(_shown(path), code, "", _WALK_MESSAGES[code])], None)
                else:
                    take(path, root, *check_file(path, root))
    for path, hits in list(chosen.items()):
        if hits == 0 and path.is_file():  # a record that lies in no dataset is held to the same rules
            take(path, None, *check_file(path, None))
        elif hits == 0:
            report.issues.append(Issue(_shown(path), "E024", "", "holds no record"))
    report.issues += [issue for issue in _relations(read) if issue.file in reported]
    report.issues.sort()
    return report


def check_file(path: Path, root: Path | None) -> tuple[list[Issue], StoredRecord | None]:
    """Check one file by itself; with a root, also that it lies where it belongs."""
    name = _shown(path)

    def refuse(code: str, field: str, message: str) -> tuple[list[Issue], None]:
        return [Issue(name, code, field, message)], None

    if path.is_symlink():
        return refuse("E018", "", "is a symbolic link")
    try:
        size = path.stat().st_size
        limit = CLAIMS_SIZE_LIMIT if path.parent.name == "claims" else strict_json.SIZE_LIMIT
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
        if path != root / expected:
            issues.append(Issue(name, "E012", "", f"belongs at {expected.as_posix()}"))
    return issues, record


def check_content(content: Any, name: str) -> tuple[list[Issue], StoredRecord | None]:
    """Check parsed JSON against its schema, its own hash and its canonical form."""
    if not isinstance(content, dict):
        return [Issue(name, "E008", "", f"is a JSON {type(content).__name__}, not an object")], None
    kind = content.get("kind")
    if not isinstance(kind, str) or kind not in FILE_KINDS:
        known = ", ".join(sorted(FILE_KINDS))
        return [Issue(name, "E013", "kind", f"is {_brief(kind)}; it is one of {known}")], None
    issues = list(_hash_issues(content, name))
    try:
        record = KINDS[kind].model_validate_json(json.dumps(upgrade(content)))
    except ValidationError as error:
        problems = [_from_pydantic(detail, name) for detail in error.errors(include_url=False)]
        return (issues + problems)[:MOST_ISSUES], None
    except ValueError as error:
        return [Issue(name, "E013", "schema_version", str(error))], None
    is_current = content.get("schema_version") == CURRENT[kind]
    if not issues and (is_current or "schema_version" not in content):
        written = record.model_dump(mode="json")
        if content_hash(written) != content_hash(content) or written.get("id") != content.get("id"):
            issues.append(Issue(name, "E023", "", "leaves out a field or writes a number in another form"))
    if isinstance(record, StoredNetwork) and not issues:
        try:
            storage.unpack(record)
        except storage.Damaged as error:
            issues.append(Issue(name, "E011", "digest", str(error)))
    return issues, (None if issues else record)


def _hash_issues(content: dict[str, Any], name: str) -> Iterator[Issue]:
    """Whether each hashed record in the content still is what its id says."""
    hashed = [("id", content)] if content["kind"] not in {"family", "claims", "network", "lineage"} else []
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
    if detail["type"] == "string_pattern_mismatch" and _leaves_folder(detail.get("input")):
        code = "E005"
    shown = "" if detail["type"] in {"missing", "hidden_text"} else f" (got {_brief(detail.get('input'))})"
    return Issue(name, code, place, detail["msg"] + shown)


def _leaves_folder(value: Any) -> bool:
    return isinstance(value, str) and ("/" in value or "\\" in value or ".." in value)


def _brief(value: Any) -> str:
    """A value as a message may show it: short, on one line, printable ASCII."""
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _relations(read: list[_Read]) -> Iterator[Issue]:
    """Issues between records: unknown entries, missing environments, other people's models."""
    families = [item.record for item in read if isinstance(item.record, Family)]
    mapped = {entry.entry: a.id for family in families for a in family.architectures for entry in a.entries}
    environments = {item.record.id: item.record for item in read if isinstance(item.record, Environment)}
    seen: dict[tuple[str, str], str] = {}
    known = set(_ids(read))
    collections = {item.record.id: item.record for item in read if isinstance(item.record, ClaimCollection)}
    for item in read:
        match item.record:
            case Family():
                yield from _repeated(item, item.record, seen)
            case ClaimCollection():
                entries = [(f"claims[{n}].entry", claim.entry) for n, claim in enumerate(item.record.claims)]
                yield from _entry_issues(item, entries, mapped)
            case ArchitectureMeasurement():
                yield from _entry_issues(item, [("entry", item.record.entry)], mapped)
                yield from _run_issues(item, item.record, environments)
            case ComparisonMeasurement():
                yield from _entry_issues(item, [("a", item.record.a), ("b", item.record.b)], mapped)
                yield from _run_issues(item, item.record, environments)
                if item.record.architecture != store.OTHER:
                    for place, entry in (("a", item.record.a), ("b", item.record.b)):
                        if mapped.get(without_weights(entry)) != item.record.architecture:
                            yield Issue(
                                item.name, "E021", place, f"{entry} is not an entry of {item.record.architecture}"
                            )
            case AccuracyMeasurement():
                yield from _entry_issues(item, [("entry", item.record.entry)], mapped)
                yield from _run_issues(item, item.record, environments)
            case LatencyMeasurement():
                yield from _entry_issues(item, _participants(item.record), mapped)
                yield from _run_issues(item, item.record, environments)
                yield from _latency_issues(item, item.record, mapped)
            case Verification():
                yield from _verification_issues(item, item.record, collections)
            case Reply():
                for number, answered in enumerate(item.record.about):
                    if answered not in known:
                        yield Issue(item.name, "E015", f"about[{number}]", f"{answered[:16]}… is not in the dataset")


def _ids(read: list[_Read]) -> Iterator[str]:
    """Every id that a reply can be about."""
    for item in read:
        if isinstance(item.record, ClaimCollection):
            yield from (claim.id for claim in item.record.claims)
        elif isinstance(record := item.record, HashedRecord):
            yield record.id


def _verification_issues(item: _Read, record: Verification, collections: dict[str, ClaimCollection]) -> Iterator[Issue]:
    collection = collections.get(record.collection)
    if collection is None:
        yield Issue(item.name, "E015", "collection", f"{record.collection} is not in the dataset")
    elif collection.claims_hash != record.claims_hash or len(collection.claims) != record.claims:
        yield Issue(item.name, "E011", "claims_hash", f"is not of the claims of {record.collection}")
    elif record.read_on > (datetime.now(UTC) + timedelta(days=1)).isoformat():
        yield Issue(item.name, "E022", "read_on", f"is {record.read_on}")
    else:
        claims = {claim.id for claim in collection.claims}
        for number, check in enumerate(record.checks):
            if check.claim not in claims:
                yield Issue(item.name, "E015", f"checks[{number}].claim", f"{check.claim[:16]}… is not in it")


def _repeated(item: _Read, family: Family, seen: dict[tuple[str, str], str]) -> Iterator[Issue]:
    named = [("entry", entry.entry, "mapped") for a in family.architectures for entry in a.entries]
    named += [("architecture", a.id, "described") for a in family.architectures]
    for kind, name, done in named:
        if (first := seen.setdefault((kind, name), item.name)) != item.name:
            yield Issue(item.name, "E017", "architectures", f"{name} is {done} in {first} already")


def _entry_issues(item: _Read, entries: Iterable[tuple[str, str]], mapped: dict[str, str]) -> Iterator[Issue]:
    unknown: dict[str, str] = {}
    for place, entry in entries:
        if is_personal(entry):
            if not item.private:
                yield Issue(item.name, "E019", place, f"{entry} is not an entry of a zoo")
        elif without_weights(entry) not in mapped:
            unknown.setdefault(without_weights(entry), place)
    if unknown:
        entry, place = next(iter(unknown.items()))
        others = f" (nor are {len(unknown) - 1} others of this file)" if len(unknown) > 1 else ""
        yield Issue(item.name, "W101", place, f"{entry} is not in the catalogue{others}")


def _run_issues(
    item: _Read,
    record: AccuracyMeasurement | ArchitectureMeasurement | LatencyMeasurement | ComparisonMeasurement,
    environments: dict[str, Environment],
) -> Iterator[Issue]:
    if record.started_at > datetime.now(UTC) + timedelta(days=1):
        yield Issue(item.name, "E022", "started_at", f"is {record.started_at.isoformat()}")
    environment = environments.get(record.environment)
    if environment is None:
        yield Issue(item.name, "E015", "environment", f"{record.environment[:16]}… is not in the dataset")
    elif not item.private and (environment.zoodata_commit or "").endswith("+dirty"):
        yield Issue(item.name, "W102", "environment", "zoodata's code had uncommitted changes")


def _latency_issues(item: _Read, record: LatencyMeasurement, mapped: dict[str, str]) -> Iterator[Issue]:
    if record.architecture != store.OTHER:
        for place, entry in _participants(record):
            if mapped.get(without_weights(entry)) != record.architecture:
                yield Issue(item.name, "E021", place, f"{entry} is not an entry of {record.architecture}")
                break
    if record.stopped == "time":
        target = record.conditions.target_half_width
        yield Issue(item.name, "W103", "stopped", f"time was up before every interval was within ±{target:.1%}")


def _participants(record: LatencyMeasurement) -> list[tuple[str, str]]:
    """Everyone who was asked to take part, with the field that names them."""
    taken = [(f"participants[{n}].entry", p.entry) for n, p in enumerate(record.participants)]
    return taken + [(f"missing[{n}].entry", m.entry) for n, m in enumerate(record.missing)]


_WALK_MESSAGES = {
    "E018": "is a symbolic link",
    "E020": "is not a record's file",
    "W104": "is an unfinished file",
}

# Beside the records, in a dataset that is published.
COMPANIONS = {"schemas", "LICENSE"}


def _walk(root: Path) -> Iterator[tuple[Path, str | None]]:
    """Everything below a root: each path with the code that refuses it, or None for a record to be read."""
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        is_top = here == root
        for name in sorted([*folders, *names]):
            path = here / name
            is_folder = name in folders and not path.is_symlink()
            if is_top and name in COMPANIONS and not path.is_symlink():
                continue
            if path.is_symlink():
                yield path, "E018"
            elif is_top and (name not in store.FOLDERS or not is_folder) and not name.startswith(UNFINISHED):
                yield path, "E020"
            elif is_folder:
                continue
            elif name.startswith(UNFINISHED):
                yield path, "W104"
            else:
                yield path, (None if store.is_record_file(path) else "E020")
        wanted = (name for name in folders if not (here / name).is_symlink())
        folders[:] = sorted(name for name in wanted if not is_top or name in store.FOLDERS)


def _count(record: StoredRecord | None) -> int:
    if record is None:
        return 0
    return len(record.claims) if isinstance(record, ClaimCollection) else 1


def _shown(path: Path) -> str:
    """The path as messages show it: from the working folder where possible."""
    try:
        shown = path.relative_to(Path.cwd())
    except ValueError:
        shown = path
    return plain(shown.as_posix(), 300)
