"""What was checked before an accuracy was believed, and what was left out, in words."""

from __future__ import annotations

from collections.abc import Mapping

from zoodata.records.accuracy import AssumedSize, Check, LeftOutReason

LEFT_OUT: dict[LeftOutReason, str] = {
    "unlabelled": "without a label",
    "listed_but_absent": "listed, but not in the folder",
    "outside_class_folders": "outside the class folders",
    "unreadable": "cannot be read",
    "undecodable": "cannot be decoded",
    "not_preprocessable": "cannot be preprocessed",
}


def left_out(counts: Mapping[LeftOutReason, int]) -> str:
    """How many files were left out and why; empty where none was."""
    return ", ".join(f"{count} {LEFT_OUT[reason]}" for reason, count in counts.items())


def assumed(size: AssumedSize) -> str:
    """What was assumed where the zoo declares no size."""
    height, width = size.crop
    crop = f"centre crop {height}x{width}"
    return f"resize and crop are not declared; assumed: short side {size.short_side}, bicubic, {crop}"


def check(checked: Check) -> str:
    """What a check showed: that it passed, or why the result cannot be believed."""
    return _passed(checked) if checked.passed else _failed(checked)


def _passed(checked: Check) -> str:
    match checked.code:
        case "declared_preprocessing":
            return "preprocessed as declared, pixel by pixel, on generated images"
        case "label_range":
            if checked.labels is None:
                return "the labels are among the model's classes"
            return f"labels up to {checked.labels - 1} for {checked.classes} classes"
        case "other_preprocessing":
            if checked.ways is None:
                return "no usual mistake in preprocessing suits the model better"
            return f"none of {checked.ways} other ways to preprocess {checked.images} images suits the model better"
        case "other_network":
            return f"none of {checked.ways} other ways to run its network suits the weights better"
        case "class_shift":
            return "no shift of the class numbers fits better"
        case "class_order":
            return "class numbers in order, and no shift of them fits better"


def _failed(checked: Check) -> str:
    mistakes = " and ".join(checked.mistakes) if checked.mistakes else "a mistake that is none of the usual ones"
    match checked.code:
        case "declared_preprocessing":
            return f"the preprocessing is not what the zoo declares, as was asked for: {mistakes}"
        case "label_range":
            if checked.labels is None:
                return "the labels go beyond the model's classes"
            background = f", of which the first {checked.offset} is the background" if checked.offset else ""
            return f"the labels go up to {checked.labels - 1} and the model has {checked.classes} classes{background}"
        case "other_preprocessing":
            return (
                "the preprocessing is probably wrong (unless labels or weights are): with "
                f"{mistakes}, the model is surer of the right class on {checked.right_otherwise} of "
                f"{checked.images} images"
            )
        case "other_network":
            return (
                f"the weights are probably of another network: with {mistakes}, {checked.right_otherwise} of "
                f"{checked.images} images are right, and {checked.right} as it is"
            )
        case "class_shift":
            return (
                f"the class numbers are off by one: {checked.right_otherwise} of {checked.images} images are right "
                f"with label offset {checked.offset_otherwise}, {checked.right} with {checked.offset}"
            )
        case "class_order":
            return (
                f"no better than chance: {checked.right} of {checked.images} images are right; the weights, the "
                "order of the classes or the preprocessing is wrong"
            )
