"""The validator: every file checked with its schema, its hash, its place and the rest of the dataset.

It reads and never writes; whatever it meets becomes an :class:`Issue`, never a traceback. What it does not
refuse, the rest of zoodata must be able to rank, export and show.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from zoodata import cores
from zoodata.dataset import checks, lock, store, strict_json, version
from zoodata.dataset.checks import recomputed
from zoodata.dataset.issues import Issue, plain
from zoodata.graph import storage
from zoodata.records import FILE_KINDS, KINDS, ClaimCollection, StoredNetwork, content_hash
from zoodata.records.base import StoredRecord
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

FEW_FILES = 400
"""Fewer are checked sooner than processes are started."""

CLAIMS_SIZE_LIMIT = 20 * strict_json.SIZE_LIMIT
"""Bytes of one claim collection, which holds many claims."""

UNFINISHED = ".writing-"


_Read = checks.Read


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


def validate(
    roots: Iterable[Path],
    only: Iterable[Path] = (),
    private: Iterable[Path] = (),
    deep: bool = False,
    progress: recomputed.Progress | None = None,
) -> Report:
    """Check datasets as one whole, or only some of their files against the whole.

    Args:
        roots: dataset folders; records of one may refer to another's.
        only: files or folders to report on; all when empty. One that holds no record is an error.
        private: those of the roots that are not published; they may hold records of people's own models
            (``file:``, ``python:``) and of changed code.
        deep: also compute shapes, counts and comparisons again from the stored networks.
        progress: shows how far that is.
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
            walked = list(_walk(root))
            checked = _checked([path for path, code in walked if code is None], root, deep)
            for path, code in walked:
                if code is not None:
                    take(path, root, [Issue(_shown(path), code, "", _WALK_MESSAGES[code])], None)
                else:
                    take(path, root, *next(checked))
    for path, hits in list(chosen.items()):
        if hits == 0 and path.is_file():  # a record that lies in no dataset is held to the same rules
            take(path, None, *check_file(path, None))
        elif hits == 0:
            report.issues.append(Issue(_shown(path), "E024", "", "holds no record"))
    world = checks.World(read)
    with store.uncollected():
        report.issues += [issue for issue in _relations(read, world) if issue.file in reported]
    if deep:
        again = recomputed.recompute(read, world, reported.__contains__, progress)
        report.issues += [Issue(name, *doubt) for name, doubts in again.doubts.items() for doubt in doubts]
    for root in roots:
        report.issues += [Issue(_shown(root / version.FILE), *doubt) for doubt in version.doubts(root)]
    report.issues.sort()
    return report


def _checked(paths: Sequence[Path], root: Path, deep: bool) -> Iterator[tuple[list[Issue], StoredRecord | None]]:
    """Each file checked by itself, in its order; many of them in as many processes as there are cores."""
    check = check_file if deep else _check_briefly
    return cores.spread(functools.partial(check, root=root), paths, FEW_FILES, chunk=64)


def _check_briefly(path: Path, root: Path | None) -> tuple[list[Issue], StoredRecord | None]:
    """The same, with the name alone of a network that holds: to carry two million nodes from one process to another
    takes as long as to check them, and only a deep check looks at them again."""
    issues, record = check_file(path, root)
    if isinstance(record, StoredNetwork):
        record = record.model_copy(update={"operators": (), "shapes": (), "views": (), "roles": (), "nodes": ()})
    return issues, record


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
        data = path.read_bytes()
        content = strict_json.loads(data)
    except strict_json.RefusedJson as error:
        return refuse(JSON_CODES[error.code], error.field, error.message)
    except OSError as error:
        return refuse("E016", "", f"cannot be read: {error.strerror}")
    issues, record = check_content(content, name, data)
    if record is not None and root is not None:
        expected = store.path_of(record)
        if path != root / expected:
            issues.append(Issue(name, "E012", "", f"belongs at {expected.as_posix()}"))
    return issues, record


def check_content(content: Any, name: str, data: bytes | None = None) -> tuple[list[Issue], StoredRecord | None]:
    """Check parsed JSON against its schema, its own hash and its canonical form.

    ``data``: the same as it was read, which spares writing it again.
    """
    if not isinstance(content, dict):
        return [Issue(name, "E008", "", f"is a JSON {type(content).__name__}, not an object")], None
    kind = content.get("kind")
    if not isinstance(kind, str) or kind not in FILE_KINDS:
        known = ", ".join(sorted(FILE_KINDS))
        return [Issue(name, "E013", "kind", f"is {_brief(kind)}; it is one of {known}")], None
    issues = list(_hash_issues(content, name))
    try:
        lifted = upgrade(content)
        text = data if data is not None and lifted is content else json.dumps(lifted)
        record = KINDS[kind].model_validate_json(text)
    except ValidationError as error:
        problems = [_from_pydantic(detail, name) for detail in error.errors(include_url=False)]
        return (issues + problems)[:MOST_ISSUES], None
    except ValueError as error:
        return [Issue(name, "E013", "schema_version", str(error))], None
    is_current = content.get("schema_version") == CURRENT[kind]
    if not issues and (is_current or "schema_version" not in content) and not isinstance(record, StoredNetwork):
        written = record.model_dump(mode="json")
        # What has an id of its own was hashed just now.
        stated = content_hash(content) if kind in UNHASHED else content.get("id")
        if content_hash(written) != stated or written.get("id") != content.get("id"):
            issues.append(Issue(name, "E023", "", "leaves out a field or writes a number in another form"))
    if isinstance(record, StoredNetwork) and not issues:
        try:
            storage.check(record)
        except storage.Damaged as error:
            issues.append(Issue(name, "E011", "digest", str(error)))
    return issues, (None if issues else record)


UNHASHED = frozenset({"family", "claims", "network", "lineage"})
"""Kinds of records whose id, if any, is not the hash of their content."""


def _hash_issues(content: dict[str, Any], name: str) -> Iterator[Issue]:
    """Whether each hashed record in the content still is what its id says."""
    hashed = [("id", content)] if content["kind"] not in UNHASHED else []
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


def _relations(read: Sequence[_Read], world: checks.World | None = None) -> Iterator[Issue]:
    """Issues of records that the rest of the dataset contradicts, or that cannot be."""
    world = world or checks.World(read)
    for item in read:
        yield from (Issue(item.name, *doubt) for doubt in islice(checks.check(item, world), MOST_ISSUES))


_WALK_MESSAGES = {
    "E018": "is a symbolic link",
    "E020": "is not a record's file",
    "W104": "is an unfinished file",
}

# Beside the records, in a dataset that is published.
COMPANIONS = {"schemas", "LICENSE", version.FILE, lock.NAME}


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


@functools.lru_cache(maxsize=4096)
def _shown(path: Path) -> str:
    """The path as messages show it: from the working folder where possible."""
    try:
        shown = path.relative_to(Path.cwd())
    except ValueError:
        shown = path
    return plain(shown.as_posix(), 300)
