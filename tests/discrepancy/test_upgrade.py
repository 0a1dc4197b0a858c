"""Whether an upgrade changes what a user names: requirements files, and five kinds of change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.discrepancy import releases as made
from zoodata.discrepancy.upgrade import NotPinned, judge, pinned, release_in


@pytest.fixture
def data(tmp_path):
    return made.dataset(
        tmp_path,
        made.release("1", *(made.entry(name) for name in ("same", "resized", "rewritten", "parted", "gone", "unrun"))),
        made.release(
            "2", made.entry("same"), made.entry("resized", number=1), made.entry("rewritten", made.B),
            made.entry("parted", made.B), made.entry("unrun", made.B), made.entry("new"), sides=(224, 240),
        ),
        made.changes("1", "2", ("rewritten", "same_function"), ("parted", "parted"), ("unrun", "not_run")),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "codes", "harmless"),
    [
        ("same", ("same",), True),
        ("resized", ("preprocessing",), False),
        ("rewritten", ("same",), True),
        ("parted", ("network",), False),
        ("gone", ("gone",), False),
        ("unrun", ("undecided",), False),
        ("new", ("not_there",), False),
    ],
)
def test_kinds_of_change(data, name, codes, harmless):
    verdict = judge(data, f"timm:{name}", "1", "2")
    assert (verdict.codes, verdict.is_harmless) == (codes, harmless)


def test_a_release_that_was_not_read_is_not_called_harmless(data):
    assert not judge(data, "timm:same", "1", "3").is_harmless


def test_the_same_release_changes_nothing(data):
    assert judge(data, "timm:same", "3", "3").is_harmless


def test_requirements():
    lines = [
        "# a comment", "-r other.txt", "", "Timm==1.0.15  # pinned", "torch>=2",
        "scikit_image == 0.26.0 ; python_version > '3'",
        "torchvision==0.20.1 --hash=sha256:00 \\", "    --hash=sha256:11", "x==1.*",
    ]  # fmt: skip
    assert pinned(lines) == {"timm": "1.0.15", "scikit-image": "0.26.0", "torchvision": "0.20.1"}
    assert release_in(pinned(["keras==3.15.1"]), "keras_applications") == "3.15.1"
    assert release_in({}, "timm") is None
    assert release_in({}, "no_such_zoo") is None


@given(st.lists(st.text(max_size=40), max_size=5))
def test_any_text_is_pins_or_one_error(lines):
    try:
        assert all(isinstance(version, str) for version in pinned(lines).values())
    except NotPinned as error:
        assert "is no requirement" in str(error)
