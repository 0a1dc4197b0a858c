"""What does not hold, as pages show it: audit findings, each with its place to answer, and the answers given."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from zoodata.dataset.store import Dataset
from zoodata.discrepancy.facts import AuditFinding
from zoodata.discrepancy.grades import Grade
from zoodata.discrepancy.replies import Answer, answers
from zoodata.wording.audit import DOUBTS, GRADES, sentence
from zoodata_site.views.figures import claim_anchor, dispute_url, record_href, zoo_title

RULES = {
    "impossible": "Impossible numbers",
    "contradiction": "A zoo contradicts itself",
    "checkpoint": "One checkpoint, several accuracies",
    "outlier": "Far from what the other zoos claim",
    "parameters": "A parameter count of another network",
    "unit": "FLOPs that are multiply-accumulates, or the reverse",
    "compute": "A cost that fits no network counted here",
    "file size": "A file too small for its weights",
}
"""Rule of the audit to a heading."""


@dataclass(frozen=True)
class FindingView:
    """One finding of the audit."""

    anchor: str
    rule: str
    entry: str
    zoo: str
    zoo_title: str
    architecture: str | None
    text: str
    size: float
    claims: tuple[tuple[str | None, str], ...]
    """Address of each claim on its architecture's page (from the top; None off the catalogue), and its source."""
    record: str | None
    """Address of the record it is compared with, from the top."""
    dispute: str
    replies: tuple[Answer, ...]
    grade: Grade
    doubts: tuple[str, ...]
    """What may explain it, in words; none for an error."""
    places: int
    """How many claims show this fact."""


class Replies:
    """The answers there are, by what they are about."""

    def __init__(self, dataset: Dataset) -> None:
        self._by_id: dict[str, list[Answer]] = defaultdict(list)
        for answer in answers(dataset):
            for about in answer.reply.about:
                self._by_id[about].append(answer)

    def to(self, ids: Iterable[str]) -> tuple[Answer, ...]:
        """The replies to any of these records, each once."""
        return tuple({one.reply.id: one for record in ids for one in self._by_id.get(record, ())}.values())


def finding_views(findings: Sequence[AuditFinding], replies: Replies) -> list[FindingView]:
    """The findings as pages show them."""
    return [_view(finding, replies) for finding in findings]


def anchor(finding: AuditFinding) -> str:
    """Stable as long as the finding is about the same claims."""
    digest = hashlib.sha256(" ".join((finding.rule, *finding.claims)).encode()).hexdigest()
    return f"finding-{digest[:10]}"


def _view(finding: AuditFinding, replies: Replies) -> FindingView:
    page = f"architectures/{finding.architecture}.html" if finding.architecture else None
    claims = tuple(
        (f"{page}#{claim_anchor(claim)}" if page else None, source)
        for claim, source in zip(finding.claims, finding.sources, strict=True)
    )
    name, text = anchor(finding), sentence(finding)
    return FindingView(
        anchor=name,
        rule=finding.rule,
        entry=finding.entry,
        zoo=finding.zoo,
        zoo_title=zoo_title(finding.zoo),
        architecture=finding.architecture,
        text=text,
        size=finding.size,
        claims=claims,
        record=record_href(finding.measurement) if finding.measurement else None,
        dispute=dispute_url(f"zoos/{finding.zoo}.html#{name}", f"{finding.entry}: {text}", finding.sources[0]),
        replies=replies.to(finding.claims),
        grade=finding.grade,
        doubts=tuple(DOUBTS[doubt] for doubt in finding.doubts),
        places=finding.places,
    )


def counted(views: Sequence[FindingView]) -> Mapping[str, Mapping[str, int]]:
    """Zoo to grade to number of findings, the zoo with most errors first."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(GRADES, 0))
    for finding in views:
        counts[finding.zoo][finding.grade] += 1
    return dict(sorted(counts.items(), key=lambda item: (*(-count for count in item[1].values()), item[0])))
