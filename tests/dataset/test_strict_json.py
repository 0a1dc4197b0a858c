"""Strict JSON: whatever comes in, either a value or a coded refusal comes out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoodata.dataset import strict_json

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_what_we_write_we_read(value):
    assert strict_json.loads(strict_json.dumps(value).encode("utf-8", "surrogatepass")) == value


@given(st.binary(max_size=200))
def test_bytes_are_read_or_refused(data):
    try:
        strict_json.loads(data)
    except strict_json.RefusedJson as error:
        assert error.code in {"not-json", "duplicate-key", "not-finite"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{", "not-json"),
        (b"\xff", "not-json"),
        (b"[" * 100_000, "not-json"),
        (b"1" * 5000, "not-json"),
        (b'{"a": 1, "a": 1}', "duplicate-key"),
        (b'{"a": {"b": 1, "b": 2}}', "duplicate-key"),
        (b"[1e400]", "not-finite"),
        (b"[-1e999]", "not-finite"),
        (b"[" * 60 + b"]" * 60, "not-json"),
        (b"[NaN]", "not-finite"),
        (b"[-Infinity]", "not-finite"),
    ],
)
def test_refusals_have_their_code(data, code):
    with pytest.raises(strict_json.RefusedJson) as caught:
        strict_json.loads(data)
    assert caught.value.code == code


def test_many_keys_take_no_longer_than_they_should():
    many = json.dumps({f"k{n}": n for n in range(200_000)}).encode()
    assert len(strict_json.loads(many)) == 200_000


def test_numbers_stay_on_one_line():
    assert strict_json.dumps({"samples": [1, 2, 3]}) == '{\n "samples": [1, 2, 3]\n}\n'
    assert json.loads(strict_json.dumps({"a": [], "b": {}, "c": [{}]})) == {"a": [], "b": {}, "c": [{}]}
