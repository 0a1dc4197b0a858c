"""What the validator can say: one code, one meaning, one next step each."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from zoodata.records.base import is_hidden

CODES: dict[str, str] = {
    "E001": "The file is not JSON in UTF-8. Open it with `python -m json.tool FILE`.",
    "E002": "A key stands twice in one object. Keep one.",
    "E003": "NaN and infinity are not measurements. Leave the record out or record why it is missing.",
    "E004": "The file is larger than a record may be. Split it, or ask in an issue.",
    "E005": "The path or a name in it leaves the dataset's folder. Use the file name zoodata gave.",
    "E006": "The field is not in the schema. Remove it, or propose it in an issue.",
    "E007": "A field is missing. See the schema of the record's kind in zoodata/data/schemas.",
    "E008": "The value does not fit its field. See the schema of the record's kind.",
    "E009": "The unit is not the one this value is kept in. Convert the value, not the unit's name.",
    "E010": "A time or count is negative or zero where it cannot be. Measure again.",
    "E011": "The content does not match the record's hash: it was changed after the run. Measure again.",
    "E012": "The file does not lie where its content says. Use the path zoodata gave.",
    "E013": "The record's kind or schema version is unknown. Update zoodata, or check the kind.",
    "E014": "A text holds invisible or direction-changing characters. Remove them.",
    "E015": "The record names another one that is not in the dataset. Contribute both files.",
    "E016": "The file could not be read. Check its permissions.",
    "E017": "The same name stands twice in the catalogue.",
    "E018": "A link is not a record. Put the file itself there.",
    "E019": "The measurement is of somebody's own model. Only entries of zoos are published.",
    "E020": "Only records lie in the dataset's folders. Remove it.",
    "E021": "A run's participants are one architecture's entries. Measure them as that, or without an architecture.",
    "E022": "The time lies in the future. Set the machine's clock and measure again.",
    "E023": "The record is not written as zoodata writes it, so its published form has another hash. Measure again.",
    "E024": "Nothing there is a record of a dataset. Name a dataset, a folder in one, or a record's file.",
    "E025": "Nothing that was measured or stated can be so. Measure again, or write what the source states.",
    "E026": "The date is no day of the calendar, or before anything that it can date. Correct it.",
    "E027": "The value does not follow from what the source states. Write its number and unit as they stand there.",
    "E028": "Two statements contradict each other. If another record is wrong, say so with `zoodata supersede`.",
    "E029": "The counts are not those of the network that the record names. Measure again.",
    "E030": "The network is none: its shapes do not follow from its image, or parts of it lead nowhere. Measure again.",
    "E031": "The comparison is not what comparing the two networks gives. Compare again.",
    "E032": "The network that is named is not in the dataset. Contribute its file, too.",
    "E033": "The environment does not hold the package that the zoo comes in. Measure where it is installed.",
    "E034": "One place of a source states one number: another claim has it. Supersede that one, or leave this out.",
    "E035": "A source is a page on the web, a file of a public repository, a package or a publication.",
    "E036": "The zoo is not known. Add its reader or its claims first: CONTRIBUTING.md says how.",
    "E037": "The text names a person's machine, folder or address. Take it out.",
    "E038": "Nothing is compared with itself, and nobody takes part twice.",
    "E039": "Replies are by people. Sign with the name of who says it.",
    "E040": "Records stay as they are. Add a record, and say with `zoodata supersede` which one it replaces, and why.",
    "E041": "A contribution of data touches records only. Put everything else into a pull request of its own.",
    "E042": "The contribution is too large to be read. Split it.",
    "W101": "The entry is not in the catalogue. Add it there, or check its spelling.",
    "W102": "The measurement was taken with uncommitted changes to zoodata's code.",
    "W103": "The run ended before its interval was as narrow as asked. Give it more time.",
    "W104": "A run was interrupted here. The next run removes the file.",
    "W105": "The number is far from what others measured. A maintainer decides.",
    "W106": "A release that is new to the dataset. A maintainer looks whether there is such a one.",
    "W107": "Nothing in the dataset names these weights. A maintainer looks whether the zoo publishes them.",
    "W108": "Parameters that no forward pass reads cannot be counted again. A maintainer compares them with the zoo.",
    "W109": "A value's shape cannot be followed without the framework. A maintainer reads the network.",
    "W110": "Nothing can be counted again. Measure with a current zoodata, which keeps the network.",
    "W111": "Records that stood no longer do. A maintainer reads why.",
    "W115": "Claims enter no ranking before their source was read again: `zoodata claims verify`.",
    "W114": "A file that people edit. A maintainer reads the change.",
    "W116": "An image set. A maintainer looks whose images they are, and what they may be used for.",
    "W112": "It contradicts the published record. To contribute it, say why with `zoodata supersede --contradicted`.",
}

APPROVAL = frozenset({"W101", "W105", "W106", "W107", "W108", "W109", "W110", "W111", "W114", "W116"})
"""Warnings that a maintainer must wave through before a contribution is merged."""


def plain(text: str, limit: int) -> str:
    """Text on one line, printable, bounded: what is not is written as its escape."""
    is_plain = text.isascii() and text.isprintable()
    shown = text if is_plain else "".join(c if c.isprintable() and not is_hidden(c) else ascii(c)[1:-1] for c in text)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


@dataclass(frozen=True, order=True)
class Issue:
    """One thing the validator found."""

    file: str
    code: str
    field: str
    message: str

    def __post_init__(self) -> None:
        # Records are strangers' text: on a terminal or in a workflow's log it must stay one printable line.
        for name, limit in (("file", 300), ("field", 200), ("message", 600)):
            object.__setattr__(self, name, plain(getattr(self, name), limit))

    @property
    def is_error(self) -> bool:
        """Errors refuse a record; warnings ask for a look."""
        return self.code.startswith("E")

    @property
    def severity(self) -> str:
        """``error`` or ``warning``."""
        return "error" if self.is_error else "warning"

    @property
    def next_step(self) -> str:
        """What to do about it."""
        return CODES[self.code]

    def as_dict(self) -> dict[str, Any]:
        """The issue as JSON output shows it."""
        return {"severity": self.severity, **asdict(self), "next_step": self.next_step}
