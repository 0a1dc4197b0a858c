"""What the releases of a zoo changed, as its page and those of its architectures show it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zoodata.dataset.store import Dataset, path_of
from zoodata.discrepancy.history import Step, history
from zoodata.wording.history import sentences


@dataclass(frozen=True)
class ReleaseLine:
    """One thing that a release changed."""

    entry: str
    architecture: str | None
    text: str


@dataclass(frozen=True)
class ReleaseStep:
    """From one release to the next that was read."""

    zoo: str
    earlier: str
    later: str
    entries: int
    added: int
    removed: int
    renamed: int
    rewritten: int
    """Networks with another digest that are the same function."""
    changed: int
    """Networks that are another function."""
    undecided: int
    preprocessing: int
    defaults: int
    files: int
    lines: tuple[ReleaseLine, ...]
    """Networks first; what was only added is not among them."""
    record: str
    """Of the later release."""
    day: str

    @property
    def anchor(self) -> str:
        """Where its page shows it."""
        return f"release-{self.later}"


def release_steps(dataset: Dataset) -> Mapping[str, Sequence[ReleaseStep]]:
    """Zoo to the steps between its releases that were read, the newest first."""
    return {
        zoo: tuple(_step(dataset, step) for step in reversed(history(dataset, zoo)))
        for zoo, releases in dataset.releases.items()
        if len(releases) > 1
    }


def lines_of_architectures(
    steps: Mapping[str, Sequence[ReleaseStep]],
) -> Mapping[str, Sequence[tuple[ReleaseStep, str]]]:
    """Architecture to what releases changed of its entries: the step, and the sentence with the entry before it."""
    found: dict[str, list[tuple[ReleaseStep, str]]] = defaultdict(list)
    for of_zoo in steps.values():
        for step in of_zoo:
            for line in step.lines:
                if line.architecture is not None:
                    found[line.architecture].append((step, f"{line.entry} {line.text}"))
    return found


def _step(dataset: Dataset, step: Step) -> ReleaseStep:
    later = next(record for record in dataset.releases[step.zoo] if record.release == step.later)
    return ReleaseStep(
        zoo=step.zoo,
        earlier=step.earlier,
        later=step.later,
        entries=step.entries,
        added=len(step.added),
        removed=len(step.removed),
        renamed=len(step.renamed),
        rewritten=sum(each.outcome == "same_function" for each in step.networks),
        changed=len(step.changed),
        undecided=len(step.undecided),
        preprocessing=len(step.preprocessings),
        defaults=len(step.defaults),
        files=len(step.files),
        lines=tuple(_line(dataset, step.zoo, name, text) for name, text in sentences(step)),
        record=path_of(later).as_posix(),
        day=later.started_at.date().isoformat(),
    )


def _line(dataset: Dataset, zoo: str, name: str, text: str) -> ReleaseLine:
    mapped = dataset.architecture_of(f"{zoo}:{name}")
    return ReleaseLine(f"{zoo}:{name}", mapped.id if mapped else None, text)
