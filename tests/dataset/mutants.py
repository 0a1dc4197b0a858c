"""Honest records with one thing changed at random, and which of those changes make another honest record."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.dataset import honest
from tests.dataset.impossible import Content, sealed

WORDS = (
    "", "x", "-1", "=1+1", "<script>", "{{7*7}}", "../../x", "javascript:x", "/home/somebody", "1.2.3.4", "a\u202eb",
    "a\nb", "2999-01-01", "2026-02-31", "1999", "0" * 64, "f" * 64, "timm:resnet50", "evilzoo:x",
    "file:x", "count", "percent",
    "top5", "macs", "cuda", "structural", "identical", "equivalent", "parted", "x" * 3000, "null", "ß", "2026-11-25",
)  # fmt: skip
FACTORS = (0, -1, 0.5, 2, 3, 10, 1e-9, 1e3, 1e9, 1e30)


@dataclass(frozen=True)
class Mutant:
    """A record with one change: where, from what, to what."""

    content: Content
    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.content.get('kind')} {self.path}: {self.before!r:.60} -> {self.after!r:.60}"


def mutants(seed: int, count: int) -> Iterator[Mutant]:
    """So many, always the same of one seed."""
    draw = random.Random(seed)
    bases = [record.model_dump(mode="json") for record in honest.records()]
    for _ in range(count):
        content = copy.deepcopy(draw.choice(bases))
        holder, key, path = _place(content, draw)
        before = copy.deepcopy(holder[key])
        after = _other(before, draw)
        if after == before and type(after) is type(before):
            continue
        holder[key] = after
        kind = bases[0]["kind"] if not isinstance(content.get("kind"), str) else content["kind"]
        try:
            yield Mutant(sealed(content) if kind in KINDS else content, path, before, after)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            yield Mutant(content, path, before, after)  # so broken that it has no hash


KINDS = frozenset(record.model_dump(mode="json")["kind"] for record in honest.records())


def _place(content: Any, draw: random.Random) -> tuple[Any, Any, str]:
    """A place inside a record, drawn by going down from the top."""
    holder, key, path = content, draw.choice([name for name in content if name not in ("id", "kind")]), ""
    while True:
        path += f".{key}" if isinstance(key, str) else "[*]"
        inner = holder[key]
        if not isinstance(inner, dict | list) or not inner or draw.random() < 0.1:
            return holder, key, path.lstrip(".")
        holder, key = inner, draw.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))


def _other(value: Any, draw: random.Random) -> Any:
    if isinstance(value, bool):
        return draw.choice([not value, None, 1])
    if isinstance(value, int):
        return draw.choice([int(value * draw.choice(FACTORS)), value + 1, value - 1, 10**18, None, f"{value}"])
    if isinstance(value, float):
        return draw.choice([value * draw.choice(FACTORS), value + 1, 1e308, None])
    if isinstance(value, str):
        return draw.choice([*WORDS, value.upper(), value[::-1], value + "x", value[:-1], None, 5])
    if isinstance(value, list):
        return draw.choice([[], value + value, value[:-1], value[::-1], None, "x", [*value, draw.choice(WORDS)]])
    if isinstance(value, dict):
        kept = dict(value)
        if kept and draw.random() < 0.7:
            kept.pop(draw.choice(list(kept)))
            return kept
        return draw.choice([{}, None, [], kept | {"surprise": 1}])
    return draw.choice([0, 1, 1.5, "x", "2026-11-25", [], {}, True])


RUN = r"schema_version|started_at|seconds|conditions|conditions\.(batch|device|threads|\w+_seconds|torch|networks|seed)"
PIPELINE = r"(\.(\w+|(mean|std|crop)(\[\*\])?))?"
POSSIBLE = {
    "family": r"schema_version|id|title|architectures(\[\*\](\..*)?)?",
    "lineage": r"schema_version|statements.*|trainings.*",
    "environment": r"memory_mib|operating_system|python|packages(\.\w+)?|zoodata_\w+|accelerators|processor(\.\w+)?",
    "network": r"schema_version",
    "architecture": rf"{RUN}|result|missing|result\.(digest|input\.\w+|relative_error|unchecked|parts_at)"
                    rf"|result\.preprocessing{PIPELINE}",
    "comparison": rf"{RUN}|result|missing"
                  r"|result\.proof(\.(max_relative_error|native_error|first_difference|misfits|one_way))?"
                  r"|result\.findings(\[\*\](\.(a|b|places|reason|macs|misfit|part_a|part_b).*)?)?",
    "accuracy": rf"{RUN}|weights_file|images\.(hash|classes|layout|left_out|images)"
                r"|result\.(images_per_second|checks.*)"
                rf"|images|missing|result|conditions\.(pipeline|assumed|preprocessing{PIPELINE})",
    "image_set": r"schema_version|name|title|text|caution|use|licence|comparable|published(\.\w+)?|class_names(\[\*\])?"
                 r"|images(\[\*\](\.\w+)?)?",
    "attribution": rf"{RUN}|images(\.\w+)?|hits_[ab]|notes|steps(\[\*\](\.\w+)?)?|preprocessing_on_a(\.\w+)?"
                   rf"|preprocessing_[ab]{PIPELINE}",
    "sensitivity": rf"{RUN}|images(\.\w+)?|hits|others(\[\*\](\.\w+)?)?|preprocessing{PIPELINE}",
    "latency": rf"{RUN}|conditions\.\w+|samples(\[\*\]){{0,3}}|cpu_us(\[\*\]){{0,3}}|energy_source|stopped|missing"
               r"|participants\[\*\](\.(runtime|digest|warm_up_iterations|input.*))?"
               r"|sessions(\[\*\](\..*)?)?",
    "ways": rf"{RUN}|conditions\.\w+|samples(\[\*\]){{0,3}}|cpu_us(\[\*\]){{0,3}}|energy_source|stopped|missing"
            r"|participants\[\*\](\.(runtime|digest|warm_up_iterations|input.*|way|relative_error|ready_seconds|subject))?"
            r"|sessions(\[\*\](\..*)?)?",
    "claims": r"schema_version|id|title|licence|collected_on|not_stated|left_out|claims\[\*\](\.(id|schema_version))?",
    "verification": r"schema_version|read_on|reader|read(\[\*\])?",
    "reply": r"schema_version|author|role|said_on|text|source|outcome|outcome_text|about(\[\*\])?",
    "supersession": r"schema_version|text|reason|said_on|by|superseded(\[\*\])?",
}  # fmt: skip
"""Kind to the places where another value makes another honest record: nobody can tell which of the two is so."""


def is_possible(mutant: Mutant) -> bool:
    """Whether what became of the record can be, for all that a dataset knows."""
    pattern = POSSIBLE.get(str(mutant.content.get("kind")))
    return pattern is not None and re.fullmatch(pattern, mutant.path) is not None
