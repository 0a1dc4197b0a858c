"""Records: what is refused, what a seal promises, what an entry's name may be."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests import builders
from zoodata.dataset import strict_json
from zoodata.dataset.store import parse
from zoodata.records import Claim, LatencyMeasurement, content_hash, parse_entry
from zoodata.records.latency import Observed, Sitting
from zoodata.records.upgrade import UPGRADES, upgrade


def test_a_sealed_record_survives_its_file():
    for record in (builders.environment(), builders.architecture(), builders.latency()):
        text = strict_json.dumps(record.model_dump(mode="json"))
        content = strict_json.loads(text.encode())
        assert parse(content) == record
        assert content_hash(content) == record.id


def test_the_hash_sees_every_change():
    content = builders.architecture().model_dump(mode="json")
    assert content_hash({**content, "seconds": 0.51}) != content_hash(content)
    assert content_hash({**content, "id": "other"}) == content_hash(content)
    assert content_hash(dict(reversed(content.items()))) == content_hash(content)


@given(st.text(max_size=80))
def test_an_entry_is_refused_or_safe(text):
    try:
        parsed = parse_entry(text)
    except ValueError:
        return
    name = parsed.name + (parsed.weights or "")
    assert ".." not in name
    assert not set(name) & set("/\\ \0\n<>&\"'")
    assert not name.startswith((".", "-"))


@pytest.mark.parametrize(
    "text", ["torchvision:../../etc", "torchvision:a/b", "a:b@../c", "x:y\n", "X:y", ":y", "x:", "x"]
)
def test_names_that_leave_or_are_none(text):
    with pytest.raises(ValueError, match="is not an entry"):
        parse_entry(text)
    with pytest.raises(ValidationError):
        builders.architecture(text)


@pytest.mark.parametrize("text", ["a\u202eb", "a\u200bb", "a\x00b", "a\x1bb"])
def test_hidden_characters_are_refused(text):
    with pytest.raises(ValidationError, match="invisible"):
        builders.claim(note=text)


def test_a_claim_is_kept_in_its_metrics_unit():
    with pytest.raises(ValidationError, match="kept in percent"):
        builders.claim(unit="fraction")
    with pytest.raises(ValidationError, match="110"):
        builders.claim(value=110.0)


def test_a_measurement_has_one_outcome():
    with pytest.raises(ValidationError, match="either a result or the reason"):
        builders.architecture(result=None)
    with pytest.raises(ValidationError, match="does not say why"):
        builders.latency(samples=())


@pytest.mark.parametrize("order", [(0, 1), (1, 0, 2), (2, 0, 1), (0, 2), (0, 0, 2), (0, 1, 2, 2)])
def test_a_latency_run_has_a_reference_another_and_a_null_pair(order):
    record = builders.latency()
    if order == (0, 0, 2):  # the null pair of another entry
        participants = (*record.participants[:2], record.participants[1].model_copy(update={"null": True}))
        order = (0, 1, 2)
    else:
        participants = tuple(record.participants[n] for n in order)
    samples = tuple(tuple(turns[n] for n in order) for turns in record.samples)
    with pytest.raises(ValidationError, match="null pair"):
        builders.latency(samples=samples, participants=participants)


def test_a_latency_run_has_rounds_to_hold_against_each_other():
    with pytest.raises(ValidationError, match="two rounds"):
        builders.latency(samples=builders.latency().samples[:1])


@pytest.mark.parametrize("text", ["\u3164", "\u2800", "\u115f", "\ufe0f", "a\u2028b", ""])
def test_blank_text_is_refused(text):
    with pytest.raises(ValidationError):
        builders.claim(stated=text)


@pytest.mark.parametrize("when", ["２０２２", "2022-13", "2022-99-99", "soon"])
def test_dates_are_dates(when):
    with pytest.raises(ValidationError):
        builders.claim(claimed_on=when)


def test_a_claim_stands_in_its_collection_once():
    with pytest.raises(ValidationError, match="twice"):
        builders.collection(builders.claim(), builders.claim())


def test_samples_fit_the_participants():
    with pytest.raises(ValidationError, match="turns for 3 participants"):
        builders.latency(samples=(((1, 2), (3, 4)),))
    with pytest.raises(ValidationError, match="its passes in each turn"):
        builders.latency(samples=(((1, 2), (3, 4), (5,)),))
    with pytest.raises(ValidationError, match="its passes in each turn"):
        builders.latency(samples=(((1, 2), (3, 4), (5, 6)),), cpu_us=(((1, 2), (3, 4), (5,)),))
    with pytest.raises(ValidationError, match="not that of all rounds"):
        builders.latency(cpu_us=())


def test_the_rounds_of_the_sittings_are_all_rounds():
    record = builders.latency()
    with pytest.raises(ValidationError, match="not all its rounds"):
        builders.latency(sittings=(Sitting(rounds=len(record.samples) - 1, observed=()),))
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        builders.latency(sittings=(Sitting(rounds=0, observed=()), Sitting(rounds=len(record.samples), observed=())))
    seen = Observed(warm_up_seconds=1, steady=True)
    with pytest.raises(ValidationError, match="observe every participant"):
        builders.latency(sittings=(Sitting(rounds=len(record.samples), observed=(seen,)),))


def test_a_run_of_the_first_version_is_one_sitting():
    """As it was written before there were sittings."""
    content = builders.latency().model_dump(mode="json")
    passes = [participant.pop("passes") for participant in content["participants"]]
    for participant in content["participants"]:
        del participant["subject"], participant["digest"], participant["thrown_away"]
    conditions = {k: v for k, v in content["conditions"].items() if k in OLD_CONDITIONS} | {"passes_per_turn": 2}
    old = {k: v for k, v in content.items() if k not in ("sittings", "energy_source")}
    lifted = LatencyMeasurement.model_validate_json(
        json.dumps(upgrade({**old, "schema_version": 1, "conditions": conditions}))
    )
    assert [participant.passes for participant in lifted.participants] == passes
    assert [sitting.rounds for sitting in lifted.sittings] == [len(lifted.samples)]
    assert lifted.conditions.turn_seconds is None
    assert not lifted.conditions.keeps_memory
    assert {participant.thrown_away for participant in lifted.participants} == {1}
    assert (lifted.cpu_us, lifted.conditions.priority, lifted.conditions.layout) == (None, "normal", "chance")
    assert not lifted.conditions.redrawn


OLD_CONDITIONS = {
    "batch", "dtype", "device", "threads", "idle_partners", "target_half_width", "time_limit_seconds", "seed",
}  # fmt: skip


def test_records_do_not_change():
    with pytest.raises(ValidationError):
        builders.architecture().entry = "timm:resnet50"


def test_old_records_are_lifted_and_new_ones_refused(monkeypatch):
    content = builders.claim().model_dump(mode="json")
    with pytest.raises(ValueError, match="update zoodata"):
        upgrade({**content, "schema_version": 99})
    with pytest.raises(ValueError, match="no upgrade leads on"):
        upgrade({**content, "schema_version": 0})
    monkeypatch.setitem(
        UPGRADES, ("claim", 0), lambda old: {**{k: v for k, v in old.items() if k != "was"}, "schema_version": 1}
    )
    assert (
        Claim.model_validate_json(json.dumps(upgrade({**content, "was": 1, "schema_version": 0}))) == builders.claim()
    )
