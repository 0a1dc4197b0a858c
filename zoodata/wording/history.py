"""What a release changed, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from zoodata.discrepancy.history import FieldChange, FileChange, NetworkStep, Step
from zoodata.wording.findings import Names, difference, sentence

FIELDS = {
    "central_fraction": "central crop", "central_shape": "shape of the central crop", "resize": "resize",
    "resize_side": "resized side", "crop": "crop", "interpolation": "interpolation", "antialias": "antialiasing",
    "decoder": "decoder", "resizer": "resizer", "scale": "scale", "mean": "mean", "std": "standard deviation",
    "channel_order": "channel order", "layout": "layout", "label_offset": "label offset",
    "embedded": "normalisation inside",
}  # fmt: skip


def value(given: JsonValue) -> str:
    """A value of preprocessing as text: sizes as HxW, numbers short."""
    if given is None:
        return "not stated"
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, list):
        if all(isinstance(each, int) for each in given):
            return "x".join(map(str, given))
        return ", ".join(f"{each:.4g}" if isinstance(each, float) else str(each) for each in given)
    return f"{given:.4g}" if isinstance(given, float) else str(given)


def field(change: FieldChange) -> str:
    """One field of preprocessing."""
    return f"{FIELDS.get(change.field, change.field)} {value(change.before)} became {value(change.after)}"


def network(step: NetworkStep, releases: Names) -> str:
    """One network with another digest in two releases: what running both showed, and the gravest difference."""
    change = step.change
    before, after = step.parameters
    size = _grown(before, after) if before and after and before != after else ""
    findings = change.result.findings if change and change.result and step.outcome != "same_function" else ()
    is_run = step.outcome in ("parted", "not_transferable")
    cause = (difference if is_run else sentence)(findings[0], releases) if findings else ""
    match step.outcome:
        case "same_function":
            said = "is written otherwise and gives the same scores for the same weights"
        case "parted":
            error = change.error if change else None
            share = f", by {error:.0%} of the largest" if error and error >= 0.005 else ""
            said = f"gives other scores for the same weights{share}"
        case "not_transferable":
            said = "does not take the weights of the earlier release"
        case _:
            said = "has another digest; both were not run here"
    return "; ".join(part for part in (said, size) if part) + (f". {cause}" if cause else ".")


def _grown(before: int, after: int) -> str:
    one, other = (f"{count / 1e6:.1f} M" for count in (before, after))
    if one == other:
        one, other = f"{before:,}", f"{after:,}"
    return f"{one} parameters became {other}"


def file(change: FileChange) -> str:
    """One checkpoint whose file was replaced."""
    stated = f", and its stated top-1 stayed {change.stated_after:g}" if change.is_silent else ""
    return f"the file of {change.weights} was replaced ({change.before.rpartition('/')[2]} became " \
           f"{change.after.rpartition('/')[2]}){stated}"  # fmt: skip


def sentences(step: Step, names: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """Everything that a step changed, an entry and a sentence each; of what is new only the ``names`` asked for.

    Networks come first, then preprocessing, weights and names.
    """
    for each in (*step.changed, *step.undecided):
        yield each.name, network(each, (step.earlier, step.later))
    for change in step.preprocessings:
        yield change.name, f"preprocessing: {'; '.join(map(field, change.fields))}."
    for default in step.defaults:
        yield default.name, f"default weights {default.before} became {default.after}."
    for replaced in step.files:
        yield replaced.name, f"{file(replaced)}."
    for renamed in step.renamed:
        yield renamed.before, f"is called {renamed.after} now."
    for gone in step.removed:
        yield gone, "is no longer there."
    for name in names:
        if name in step.added:
            yield name, "is new."
