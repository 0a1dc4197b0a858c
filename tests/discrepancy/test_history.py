"""What releases changed: a changed digest is no changed function, and nothing is guessed."""

from __future__ import annotations

import pytest

from tests.discrepancy import releases as made
from zoodata.discrepancy.history import Renaming, history
from zoodata.records import Missing
from zoodata.records.release import ReleasedWeights
from zoodata.wording.history import sentences


def steps(tmp_path, *records):
    return history(made.dataset(tmp_path, *records), "timm")


def test_releases_are_in_the_order_of_their_numbers(tmp_path):
    found = steps(tmp_path, *(made.release(v, made.entry("x")) for v in ("1.0.9", "1.0.31", "0.4.12")))
    assert [(step.earlier, step.later) for step in found] == [("0.4.12", "1.0.9"), ("1.0.9", "1.0.31")]


def test_names(tmp_path):
    (step,) = steps(
        tmp_path,
        made.release("1", made.entry("kept"), made.entry("gone", made.B), made.entry("old", made.C)),
        made.release("2", made.entry("kept"), made.entry("new", "d" * 64), made.entry("young", made.C)),
    )
    assert (step.added, step.removed, step.renamed) == (("new",), ("gone",), (Renaming("old", "young"),))


def test_two_that_could_be_the_renamed_one_are_neither(tmp_path):
    (step,) = steps(
        tmp_path,
        made.release("1", made.entry("old", made.C)),
        made.release("2", made.entry("one", made.C), made.entry("two", made.C)),
    )
    assert not step.renamed
    assert step.removed == ("old",)


@pytest.mark.parametrize(
    ("outcome", "real"), [("same_function", 0), ("parted", 1), ("not_transferable", 1), ("not_run", 0)]
)
def test_a_changed_digest_is_no_changed_function(tmp_path, outcome, real):
    (step,) = steps(
        tmp_path,
        made.release("1", made.entry("x")),
        made.release("2", made.entry("x", made.B)),
        made.changes("1", "2", ("x", outcome)),
    )
    assert len(step.networks) == 1
    assert len(step.changed) == real
    assert len(step.undecided) == (outcome == "not_run")


def test_what_nobody_ran_is_undecided(tmp_path):
    (step,) = steps(tmp_path, made.release("1", made.entry("x")), made.release("2", made.entry("x", made.B)))
    assert [each.name for each in step.undecided] == ["x"]


def test_an_entry_that_was_not_read_is_no_change(tmp_path):
    missing = Missing(reason="timed_out", message="too long")
    (step,) = steps(
        tmp_path, made.release("1", made.entry("x")), made.release("2", made.entry("x", None, missing=missing))
    )
    assert not step.networks


def test_the_gravest_along_the_releases_between_counts(tmp_path):
    data = made.dataset(
        tmp_path,
        *(made.release(str(n), made.entry("x", digest)) for n, digest in enumerate((made.A, made.B, made.C), 1)),
        made.changes("1", "2", ("x", "parted")),
        made.changes("2", "3", ("x", "same_function")),
    )
    from zoodata.discrepancy.history import step_between

    one, _, three = data.releases["timm"]
    assert [each.outcome for each in step_between(data, one, three).networks] == ["parted"]


def test_preprocessing_by_field(tmp_path):
    (step,) = steps(
        tmp_path,
        made.release("1", made.entry("x"), made.entry("y")),
        made.release("2", made.entry("x", number=1), made.entry("y"), sides=(224, 240)),
    )
    (change,) = step.preprocessings
    assert (change.name, [(f.field, f.before, f.after) for f in change.fields]) == (
        "x", [("crop", [224, 224], [240, 240])]
    )  # fmt: skip
    assert ("x", "preprocessing: crop 224x224 became 240x240.") in list(sentences(step))


def test_a_file_replaced_in_silence(tmp_path):
    (step,) = steps(
        tmp_path,
        made.release("1", made.entry("x", weights=[made.file("V1", "3dd342df", 77.7)])),
        made.release("2", made.entry("x", weights=[made.file("V1", "7f5810bc", 77.7)])),
    )
    (change,) = step.files
    assert change.is_silent
    assert not step.defaults
    assert "its stated top-1 stayed 77.7" in dict(sentences(step))["x"]


def test_another_address_without_a_hash_is_no_other_file(tmp_path):
    (step,) = steps(
        tmp_path,
        made.release("1", made.entry("x", weights=[ReleasedWeights(name="V1", address="hf-hub:a/x")])),
        made.release("2", made.entry("x", weights=[ReleasedWeights(name="V1", address="hf-hub:b/x")])),
    )
    assert not step.files


def test_another_default(tmp_path):
    first, second = made.file("V1", "3dd342df"), made.file("V2", "7f5810bc")
    (step,) = steps(
        tmp_path,
        made.release("1", made.entry("x", weights=[first])),
        made.release("2", made.entry("x", weights=[second, first])),
    )
    assert [(each.before, each.after) for each in step.defaults] == [("V1", "V2")]
    assert not step.files


def test_a_name_that_the_earlier_release_did_not_give_is_no_other_default(tmp_path):
    (step,) = steps(
        tmp_path,
        made.release("1", made.entry("x", weights=[made.file("default", "3dd342df")])),
        made.release("2", made.entry("x", weights=[made.file("a1_in1k", "7f5810bc")])),
    )
    assert not step.defaults
