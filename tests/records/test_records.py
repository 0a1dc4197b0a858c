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
from zoodata.records.latency import Observed, Session
from zoodata.records.upgrade import UPGRADES, upgrade


def test_an_old_comparison_tells_another_head_from_another_design():
    """Version 2 called both structural."""
    head = {"kind": "changed", "severity": "structural", "operator": "linear", "attribute": "outputs", "a": 1000,
            "b": 1001, "places": [{"a": "fc", "b": "dense"}]}  # fmt: skip
    padding = head | {"severity": "parametric", "operator": "convolution", "attribute": "padding"}
    wider = head | {"places": head["places"] * 2}

    def lifted(*findings, misfits=("fc | dense: 1000x8 against 1001x8",)):
        result = {"verdict": "structural", "findings": list(findings), "proof": {"misfits": list(misfits)}}
        return upgrade({"kind": "comparison", "schema_version": 2, "result": result})["result"]

    assert lifted(head)["verdict"] == "other_head"
    assert lifted(head)["findings"][0]["severity"] == "other_head"
    assert lifted(head, padding)["verdict"] == "parametric"
    assert lifted(wider)["verdict"] == "structural"
    assert lifted(head, misfits=("one", "two"))["verdict"] == "structural"


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
def test_a_latency_run_has_a_reference_another_and_an_a_a_pair(order):
    record = builders.latency()
    if order == (0, 0, 2):  # the A/A pair of another entry
        participants = (*record.participants[:2], record.participants[1].model_copy(update={"repeats_reference": True}))
        order = (0, 1, 2)
    else:
        participants = tuple(record.participants[n] for n in order)
    samples = tuple(tuple(one[n] for n in order) for one in record.samples)
    with pytest.raises(ValidationError, match="A/A pair"):
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
    with pytest.raises(ValidationError, match="2 repetitions for 3 participants"):
        builders.latency(samples=(((1, 2), (3, 4)),))
    with pytest.raises(ValidationError, match="a repetition without all its iterations"):
        builders.latency(samples=(((1, 2), (3, 4), (5,)),))
    with pytest.raises(ValidationError, match="a repetition without all its iterations"):
        builders.latency(samples=(((1, 2), (3, 4), (5, 6)),), cpu_us=(((1, 2), (3, 4), (5,)),))
    with pytest.raises(ValidationError, match="not that of all rounds"):
        builders.latency(cpu_us=())


def test_the_rounds_of_the_sessions_are_all_rounds():
    record = builders.latency()
    with pytest.raises(ValidationError, match="not all its rounds"):
        builders.latency(sessions=(Session(rounds=len(record.samples) - 1, observed=()),))
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        builders.latency(sessions=(Session(rounds=0, observed=()), Session(rounds=len(record.samples), observed=())))
    seen = Observed(warm_up_seconds=1, steady=True)
    with pytest.raises(ValidationError, match="observe every participant"):
        builders.latency(sessions=(Session(rounds=len(record.samples), observed=(seen,)),))


OLD_NAMES = {"idle_workers": "idle_partners"}
OLD_CONDITIONS = (
    "batch",
    "dtype",
    "device",
    "threads",
    "idle_workers",
    "target_half_width",
    "time_limit_seconds",
    "seed",
)


def test_a_run_of_the_first_version_is_one_session():
    """As it was written before there were sessions."""
    record = builders.latency()
    content = record.model_dump(mode="json")
    kept = ("entry", "runtime", "input")
    old = {k: v for k, v in content.items() if k not in ("sessions", "energy_source", "cpu_us")} | {
        "schema_version": 1,
        "conditions": {OLD_NAMES.get(k, k): content["conditions"][k] for k in OLD_CONDITIONS} | {"passes_per_turn": 2},
        "participants": [
            {name: each[name] for name in kept} | {"null": each["repeats_reference"]}
            for each in content["participants"]
        ],
    }
    lifted = LatencyMeasurement.model_validate_json(json.dumps(upgrade(old)))
    assert [participant.iterations for participant in lifted.participants] == [2, 2, 2]
    assert [participant.repeats_reference for participant in lifted.participants] == [False, False, True]
    assert [session.rounds for session in lifted.sessions] == [len(lifted.samples)]
    assert lifted.conditions.repetition_seconds is None
    assert not lifted.conditions.keeps_memory
    assert {participant.warm_up_iterations for participant in lifted.participants} == {1}
    assert (lifted.cpu_us, lifted.conditions.priority, lifted.conditions.aslr) == (None, "normal", "on")
    assert not lifted.conditions.seeded_weights


def test_a_run_of_the_fifth_version_keeps_everything_under_its_new_names():
    seen = Observed(warm_up_seconds=1, steady=True, joules=2.0, energy_iterations=30)
    record = builders.latency(
        conditions=builders.latency_conditions(aslr="off", cpu_affinity=True, seeded_weights=True, min_sessions=2),
        sessions=(Session(rounds=20, observed=(seen, seen, seen)),),
    )
    content = record.model_dump(mode="json")
    conditions = content["conditions"]
    old = {k: v for k, v in content.items() if k != "sessions"} | {
        "schema_version": 5,
        "conditions": {
            k: v
            for k, v in conditions.items()
            if k not in ("repetition_seconds", "idle_workers", "aslr", "cpu_affinity", "seeded_weights", "min_sessions")
        } | {
            "turn_seconds": 0.2, "idle_partners": "stopped", "layout": "shared", "threads_bound": True, "redrawn": True,
            "fewest_sittings": 2,
        },
        "participants": [
            {k: v for k, v in each.items() if k not in ("repeats_reference", "iterations", "warm_up_iterations")}
            | {"null": each["repeats_reference"], "passes": 2, "thrown_away": 0}
            for each in content["participants"]
        ],
        "sittings": [
            each | {"observed": [
                {k: v for k, v in one.items() if k != "energy_iterations"} | {"energy_passes": 30}
                for one in each["observed"]
            ]}
            for each in content["sessions"]
        ],
    }  # fmt: skip
    lifted = LatencyMeasurement.model_validate_json(json.dumps(upgrade(old)))
    assert lifted.model_copy(update={"id": record.id}) == record


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("broken", [{"participants": None}, {"conditions": 3}, {"sittings": [None]}, {"sittings": "x"}])
def test_a_broken_old_run_is_lifted_without_a_traceback_and_refused(version, broken):
    content = builders.latency().model_dump(mode="json") | broken | {"schema_version": version}
    with pytest.raises(ValidationError):
        LatencyMeasurement.model_validate_json(json.dumps(upgrade(content)))


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
