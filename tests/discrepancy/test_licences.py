"""What a stated licence allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoodata.dataset.store import Dataset
from zoodata.discrepancy.licences import PERMISSIVE, RESTRICTED, UNKNOWN, licence, read


@pytest.mark.parametrize(
    ("stated", "name", "permission"),
    [
        ("apache-2.0", "Apache-2.0", "permissive"),
        ("Apache-2.0 (repo)", "Apache-2.0", "permissive_code"),
        ("BSD-3-Clause (code)", "BSD-3-Clause", "permissive_code"),
        ("cc-by-nc-4.0", "CC-BY-NC-4.0", "non_commercial"),
        ("BSD-3-Clause (code); SWAG weights CC-BY-NC-4.0", "CC-BY-NC-4.0", "non_commercial"),
        ("fastvit-license", "Apple's, of FastViT", "own_terms"),
        ("unknown", "not stated", "unknown"),
        ("see repo", "not stated", "unknown"),
    ],
)
def test_a_licence_is_read_from_a_table(stated, name, permission):
    assert (read(stated).name, read(stated).permission) == (name, permission)


@given(st.text(max_size=60))
def test_a_text_that_is_not_in_the_tables_allows_nothing(text):
    plain = text.strip().lower().partition(" (")[0]
    if plain not in PERMISSIVE and text.strip().lower() not in RESTRICTED:
        assert read(text) == UNKNOWN


def test_what_is_said_of_the_weights_comes_before_what_is_said_of_the_code():
    assert licence(["Apache-2.0 (repo)", "cc-by-nc-4.0", None]).name == "CC-BY-NC-4.0"
    assert licence(["apache-2.0", "MIT (repo)"]).permission == "permissive"
    assert licence(["apache-2.0", "cc-by-nc-4.0"]).permission == "non_commercial"
    assert licence(["", None]) == UNKNOWN


def test_the_dataset_s_licences_are_known_to_the_tables():
    """A licence that is given as an identifier and not in the tables would be shown as not stated."""
    stated = {claim.licence for claim in Dataset.open().claims if claim.licence}
    unread = {text for text in stated if read(text) == UNKNOWN and len(text) < 24 and "://" not in text}
    assert unread <= {"unknown", "see repo"}
