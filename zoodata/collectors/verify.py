"""Whether the place that a claim cites states it: its row names the model, its column the metric, its cell the number.

A number counts as stated where row and column say so. A number that stands elsewhere in the same file, in
another unit or with other digits is the source's all the same, and the outcome says which of these it is.
"""

from __future__ import annotations

import functools
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from zoodata.collectors.places import Library, Place, Unread
from zoodata.collectors.rows import Cell, Row, addresses, plain, rows
from zoodata.records.base import parse_entry
from zoodata.records.claim import Claim, Metric
from zoodata.records.verification import Check, Outcome

NUMBER = re.compile(
    r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d\d?(?!\w))?(?P<scale>\s*(?:[KMGBT](?![a-zA-Z])|m(?![a-zA-Z])))?"
)
SCALES = {"k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12}

TOP1, TOP5 = (
    re.compile(r"top[\s_-]*1(?!\d)|@\s*1(?!\d)|(acc|err|prec)\w*\s*1(?!\d)"),
    re.compile(r"top[\s_-]*5|@\s*5|(acc|err|prec)\w*\s*5(?!\d)"),
)
ANY_ACCURACY = re.compile(r"acc|accuracy|error|result|metric|imagenet|精度|reach")
WORDS: dict[Metric, re.Pattern[str]] = {
    "parameters": re.compile(r"param|net_weights|weights_count|#\s*p\b|参数|\bp\.?\s*\(m\)|^size$"),
    "macs": re.compile(r"flop|macs?\b|gmac|mmac|madd|mult|(?<![a-z])_?ops\b|operations|计算量"),
    "file_size": re.compile(r"size|bytes|\bmb\b"),
    "input_size": re.compile(r"size|resol|input"),
}
ELSEWHERE = re.compile(r"reference|reported|paper|original|teacher")
"""A column of numbers that are not the zoo's own."""

ERROR, ACCURACY = re.compile(r"err"), re.compile(r"acc")
OPERATIONS, MACS = re.compile(r"flop"), re.compile(r"mac|madd|mult")

TEN_DIGITS = Decimal("1e-9")
"""Relative difference allowed for a number that was once stored with ten digits."""

MOST_CELLS = 500
"""Of a row; a mapping of more is a list of models."""

FULL_SIZE = r"(?:[._-]1\.0)?(?:[._-]\d{3})?"
"""A width of one and an image size behind a name are of the same model."""

LARGEST = 10**18
"""Beyond any count here."""

SHORTEST_NAME = 4
"""Letters and digits of a name that may be looked for inside a text."""


def metrics(label: str) -> list[Metric]:
    """The metrics that a header or key speaks of, in its order; none for numbers of somebody else."""
    text = plain(label).lower()
    if ELSEWHERE.search(text):
        return []
    first, fifth = TOP1.search(text), TOP5.search(text)
    accuracies: list[tuple[int, Metric]] = []
    if first:
        accuracies.append((first.start(), "top1"))
    if fifth:
        accuracies.append((fifth.start(), "top5"))
    if not accuracies and ANY_ACCURACY.search(text):
        accuracies.append((0, "top1"))
    others: list[Metric] = [metric for metric, words in WORDS.items() if words.search(text)]
    return [metric for _, metric in sorted(accuracies)] + others


@dataclass(frozen=True)
class Number:
    """One number of a cell."""

    text: str
    value: Decimal
    scale: int | None
    """The power of ten of the letter behind it; None without one."""


def numbers(text: str) -> list[Number]:
    """The numbers of a cell as a reader sees it."""
    values = []
    for match in NUMBER.finditer(plain(text)):
        letter = (match["scale"] or "").strip()
        digits = match[0].removesuffix(match["scale"] or "").replace(",", "")
        if (value := Decimal(digits)) < LARGEST:
            values.append(Number(digits, value, SCALES.get(letter.lower()) if letter else None))
    return values


def _norm(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", text.lower())


class Names:
    """What a source may call the model of a claim."""

    def __init__(self, claim: Claim) -> None:
        parsed = parse_entry(claim.entry)
        own = claim.architecture_in_source or parsed.name
        names = [own, own.rpartition(":")[2], own.rpartition("/")[2], parsed.name]
        if parsed.weights:
            names += [f"{parsed.name}.{parsed.weights}", f"{parsed.name}_Weights.{parsed.weights}"]
            names += [f"{parsed.name.removeprefix('quantized_')}_QuantizedWeights.{parsed.weights}"]
        files = [part.rstrip("/").rpartition("/")[2] for part in (claim.checkpoint, parsed.weights) if part]
        self.full = {_norm(name) for name in names}
        words = {_norm(word) for name in names for word in name.split()}
        self.exact = self.full | {_norm(file) for file in files} | {w for w in words if len(w) >= SHORTEST_NAME}
        self.inside = [_pattern(name) for name in dict.fromkeys(names) if len(_norm(name)) >= SHORTEST_NAME]

    def match(self, row: _Row) -> bool:
        """Whether a row is about the model."""
        if not self.exact.isdisjoint(row.keys):
            return True
        return any(pattern.search(text) for pattern in self.inside for text in row.texts)

    def in_path(self, path: str) -> bool:
        """Whether a file or one of its folders is called after the model."""
        parts = [part for piece in path.split("/") for part in (piece, piece.rpartition(".")[0])]
        return bool(self.full & {_norm(part) for part in parts if part})


def _pattern(name: str) -> re.Pattern[str]:
    chunks = [re.escape(chunk) for chunk in re.findall(r"[a-z0-9]+", name.lower())]
    return re.compile(
        r"(?<![a-z0-9])(?<![a-z0-9][._-])" + r"[^a-z0-9]*".join(chunks) + FULL_SIZE + r"(?![a-z0-9]|[._-][a-z0-9])"
    )


@dataclass(frozen=True)
class Reading:
    """How one number of a document fits a claim."""

    outcome: Outcome
    line: int
    stated: str
    stated_unit: str | None = None


def check(claim: Claim, library: Library) -> Check | None:
    """Read the place of a claim again; None when it states the claim as the claim says."""
    try:
        places = library.places(claim)
    except Unread as error:
        return Check(claim=claim.id, outcome=error.outcome)
    readings = [_at(claim, place) for place in places]
    best = min(readings, key=lambda reading: ORDER[reading.outcome])
    if best.outcome == "verified":
        return None
    restated = best.outcome == "restated"
    moved = best.outcome in ("other_line", "restated")
    return Check(
        claim=claim.id, outcome=best.outcome, line=best.line if moved and best.line else None,
        stated=best.stated if restated else None, stated_unit=best.stated_unit if restated else None,
    )  # fmt: skip


ORDER: dict[Outcome, int] = {
    "verified": 0, "other_line": 1, "restated": 2, "other_unit": 3, "other_metric": 4, "other_model": 5,
    "no_such_line": 6, "not_there": 7,
}  # fmt: skip
"""The best of several readings decides: the first in this order, by how much of the claim the source says."""


def _at(claim: Claim, place: Place) -> Reading:
    lines = place.text.count("\n") + 1
    if place.line is not None and place.line > lines:
        return Reading("no_such_line", 0, "")
    readings = list(_readings(claim, place))
    return min(readings, key=lambda reading: ORDER[reading.outcome], default=Reading("not_there", 0, ""))


def _readings(claim: Claim, place: Place) -> Iterator[Reading]:
    """Every number of the document that could be the claim's."""
    names, page = Names(claim), _document(place.path, place.text)
    for row, named, cited in page.about(names, place):
        for cell in row.cells:
            for number, own in _of_metric(cell, claim.metric):
                fits = _fit(claim, number, cell)
                if fits is None:
                    continue
                if not named:
                    yield Reading("other_model", cell.line, number.text)
                elif not own:
                    yield Reading("other_metric", cell.line, number.text)
                elif fits.outcome != "verified" or (cited and place.line in (None, cell.line)):
                    yield fits
                else:
                    yield Reading("other_line", cell.line, number.text)


@dataclass(frozen=True)
class _Row:
    """A row with the names in it, as they are compared."""

    row: Row
    keys: frozenset[str]
    texts: tuple[str, ...]

    @classmethod
    def of(cls, row: Row) -> _Row:
        texts = [*row.title.split("\n"), *(plain(cell.text) for cell in row.cells)]
        files = [name for cell in row.cells for name in addresses(cell.text)]
        stems = [re.sub(r"\.\w{1,9}$", "", name) for name in files]
        sizeless = [re.sub(f"{FULL_SIZE}$", "", text.strip()) for text in texts]
        keys = frozenset(map(_norm, (*texts, *sizeless, *files, *stems))) - {""}
        return cls(row, keys, tuple(text.lower() for text in texts if not text.isdigit()))


class _Document:
    """The rows of a file, by line and by the names in them."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._rows = [_Row.of(row) for row in rows(path, text) if len(row.cells) <= MOST_CELLS]
        self._by_key: dict[str, list[_Row]] = defaultdict(list)
        for row in self._rows:
            for key in row.keys:
                self._by_key[key].append(row)

    def about(self, names: Names, place: Place) -> Iterator[tuple[Row, bool, bool]]:
        """The rows that a claim may be read from; whether each names its model, and whether it is the cited one.

        Those at the cited line or symbol; where none of them names the model, those of the file that do.
        """
        here = names.in_path(self._path)
        if place.symbol is not None:
            wanted = _norm(place.symbol)
            for each in self._rows:
                titles = {_norm(part) for part in each.row.title.split("\n")}
                if wanted in titles:
                    yield each.row, here or not names.exact.isdisjoint(titles), True
                elif here:
                    yield each.row, True, False
            return
        cited = [] if place.line is None else [r for r in self._rows if r.row.first <= place.line <= r.row.last]
        named = [row for row in cited if here or names.match(row)]
        if not named or here:
            named += [row for key in names.exact for row in self._by_key.get(key, ())]
            named += self._rows if here else []
        if not named:
            named = [row for row in self._rows if names.match(row)]
        for row in _unique(named) if here else _innermost(named):
            yield row.row, True, row in cited
        if not named:
            for row in cited:
                yield row.row, False, True


def _unique(found: list[_Row]) -> list[_Row]:
    return list({id(each): each for each in found}.values())


def _innermost(found: list[_Row]) -> list[_Row]:
    """Without the rows around another: a file around its models is about all of them."""
    kept: list[_Row] = []
    for row in sorted(_unique(found), key=lambda each: each.row.last - each.row.first):
        inside = any(row.row.first <= k.row.first and k.row.last <= row.row.last and row.row is not k.row
                     and (k.row.first, k.row.last) != (row.row.first, row.row.last) for k in kept)  # fmt: skip
        if not inside:
            kept.append(row)
    return kept


@functools.lru_cache(maxsize=64)
def _document(path: str, text: str) -> _Document:
    return _Document(path, text)


def _of_metric(cell: Cell, metric: Metric) -> Iterable[tuple[Number, bool]]:
    """The numbers of a cell, and whether each is of the metric."""
    found, spoken = numbers(cell.text), metrics(cell.label)
    accuracies = [each for each in spoken if each in ("top1", "top5")]
    if len(accuracies) > 1 and len(found) == len(accuracies):
        return [(number, own == metric) for number, own in zip(found, accuracies, strict=True)]
    return [(number, metric in spoken) for number in found]


def _fit(claim: Claim, number: Number, cell: Cell) -> Reading | None:
    """How a number is the claim's; None when it is another number."""
    label = f"{plain(cell.label)} {plain(cell.text)}".lower()
    try:
        stated = Decimal(claim.stated.replace(",", ""))
    except InvalidOperation:
        same = number.text in claim.stated
        return Reading("verified", cell.line, number.text) if same else None
    if claim.unit == "percent":
        return _fit_percent(claim, number, cell, stated, label)
    scale = Decimal(claim.value) / stated if stated else Decimal(1)
    if number.value == stated and (number.scale is None or abs(number.scale / scale - 1) < Decimal("0.001")):
        other = (OPERATIONS, MACS) if MACS.search(claim.stated_unit.lower()) else (MACS, OPERATIONS)
        if claim.metric == "macs" and other[0].search(label) and not other[1].search(label):
            return Reading("other_unit", cell.line, number.text)
        return Reading("verified", cell.line, number.text)
    value = number.value * (number.scale or 1)
    for power in (0, 3, 6, 9, -3, -6, -9):
        ours = value * Decimal(10) ** power / scale
        cut = stated and abs(ours / stated - 1) < TEN_DIGITS
        if ours == stated or cut or _rounds(ours, stated, number.value):
            return Reading("restated", cell.line, number.text, _unit(claim, number))
    return None


def _fit_percent(claim: Claim, number: Number, cell: Cell, stated: Decimal, label: str) -> Reading | None:
    says_error = "error" in claim.stated_unit
    errors, accuracies = ERROR.search(label), ACCURACY.search(label)
    right = not (accuracies and not errors) if says_error else not errors  # headers like "Top-1" say neither
    if number.value == stated:
        return Reading("verified" if right else "other_unit", cell.line, number.text)
    forms = {
        "fraction": number.value * 100,
        "percent error": 100 - number.value,
        "fraction of errors": 100 - 100 * number.value,
        "hundredths of a percent error": 100 - number.value / 100,
    }
    ours = 100 - stated if says_error else stated
    for unit, value in forms.items():
        if value == ours or _rounds(value, ours, number.value):
            return Reading("restated", cell.line, number.text, unit)
    if _rounds(number.value, stated, number.value) and right:
        return Reading("restated", cell.line, number.text, claim.stated_unit)
    return None


def _rounds(value: Decimal, stated: Decimal, written: Decimal) -> bool:
    """Whether a source's number, of more digits, rounds to what is stated."""
    digits = -int(stated.as_tuple().exponent)
    if len(written.as_tuple().digits) < len(stated.as_tuple().digits):
        return False
    step = Decimal(10) ** -digits
    return abs(value) < LARGEST and value.quantize(step, ROUND_HALF_UP) == stated.quantize(step)


PREFIXES = {0: "", 3: "K", 6: "M", 9: "G", 12: "T"}


def _unit(claim: Claim, number: Number) -> str:
    """The unit in which a source's number, as written, is the claim's value."""
    power = 3 * round(math.log10(float(claim.value) / float(number.value)) / 3) if claim.value and number.value else 0
    if claim.metric == "macs":
        family = re.search(r"flops?|macs?|ops?|operations", claim.stated_unit, re.IGNORECASE)
        return f"{PREFIXES.get(power, '')}{family[0] if family else 'operations'}"
    if claim.metric == "file_size":
        return f"{PREFIXES.get(power, '')}B" if power else "bytes"
    return {0: "count", 3: "thousand", 6: "million", 9: "billion"}.get(power, claim.stated_unit)
