"""Reading records of every age: kind to model, and the functions that lift old versions to today's.

When a record's schema changes, raise its ``schema_version``, add a function that turns the old JSON
into the new, and put it in ``UPGRADES``. Files are never rewritten; they are lifted when read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from zoodata.records.accuracy import AccuracyMeasurement
from zoodata.records.attribution import AttributionMeasurement
from zoodata.records.base import StoredRecord
from zoodata.records.catalogue import Family
from zoodata.records.claim import Claim, ClaimCollection
from zoodata.records.comparison import ComparisonMeasurement
from zoodata.records.environment import Environment
from zoodata.records.image_set import ImageSetRecord
from zoodata.records.latency import LatencyMeasurement
from zoodata.records.lineage import Lineage
from zoodata.records.measurement import ArchitectureMeasurement
from zoodata.records.network import StoredNetwork
from zoodata.records.release import Release, ReleaseChanges
from zoodata.records.reply import Reply
from zoodata.records.sensitivity import SensitivityMeasurement
from zoodata.records.supersession import Supersession
from zoodata.records.verification import Verification
from zoodata.records.ways import WaysMeasurement

KINDS: dict[str, type[StoredRecord]] = {
    "family": Family,
    "claim": Claim,
    "claims": ClaimCollection,
    "environment": Environment,
    "architecture": ArchitectureMeasurement,
    "latency": LatencyMeasurement,
    "ways": WaysMeasurement,
    "comparison": ComparisonMeasurement,
    "accuracy": AccuracyMeasurement,
    "image_set": ImageSetRecord,
    "attribution": AttributionMeasurement,
    "sensitivity": SensitivityMeasurement,
    "network": StoredNetwork,
    "release": Release,
    "release_changes": ReleaseChanges,
    "reply": Reply,
    "lineage": Lineage,
    "verification": Verification,
    "supersession": Supersession,
}

CURRENT: dict[str, int] = {kind: model.model_fields["schema_version"].default for kind, model in KINDS.items()}
"""The version of each kind's schema today."""

FILE_KINDS = frozenset(KINDS) - {"claim"}
"""Kinds that have files of their own; a claim lies in its collection."""


def _without_digest(content: dict[str, Any]) -> dict[str, Any]:
    """Version 2 of an architecture measurement adds the digest and the check; older ones have neither."""
    result = content.get("result")
    if isinstance(result, dict):
        result = {**result, "digest": None, "relative_error": None, "unchecked": "measured before there was a check"}
    return {**content, "schema_version": 2, "result": result}


def _claim_without_inference(content: dict[str, Any]) -> dict[str, Any]:
    """Version 2 of a claim keeps more conditions, the checkpoint, and apart from them what we infer."""
    return {**content, "schema_version": 2}


def _collection_without_date(content: dict[str, Any]) -> dict[str, Any]:
    """Version 2 of a collection says when it was read and what it left out."""
    claims = content.get("claims")
    if isinstance(claims, list):
        claims = [upgrade(claim) if isinstance(claim, dict) else claim for claim in claims]
    return {**content, "schema_version": 2, "claims": claims}


def _one_sitting(content: dict[str, Any]) -> dict[str, Any]:
    """Version 2 of a latency run has sittings, and each participant its own number of passes."""
    conditions, samples = content.get("conditions"), content.get("samples")
    if not isinstance(conditions, dict) or not isinstance(samples, list):
        return {**content, "schema_version": 2}
    passes = conditions.get("passes_per_turn")
    participants = content.get("participants")
    if isinstance(participants, list):
        participants = [{**p, "passes": passes} if isinstance(p, dict) else p for p in participants]
    kept = {name: value for name, value in conditions.items() if name != "passes_per_turn"}
    sittings = [{"rounds": len(samples), "observed": []}] if samples else []
    return {**content, "schema_version": 2, "conditions": kept, "participants": participants, "sittings": sittings}


def _giving_memory_back(content: dict[str, Any]) -> dict[str, Any]:
    """Version 3 of a latency run says that processes kept memory, and how many passes of a turn did not count."""
    conditions, participants = content.get("conditions"), content.get("participants")
    if not isinstance(conditions, dict) or not isinstance(participants, list):
        return {**content, "schema_version": 3}
    return {
        **content,
        "schema_version": 3,
        "conditions": {**conditions, "keeps_memory": False},
        "participants": [{**p, "thrown_away": 1} if isinstance(p, dict) else p for p in participants],
    }


def _processor_time_unknown(content: dict[str, Any]) -> dict[str, Any]:
    """Version 4 of a latency run adds the processor time of each pass, and the priority of its processes."""
    return {**content, "schema_version": 4}


def _memory_by_chance(content: dict[str, Any]) -> dict[str, Any]:
    """Version 5 of a latency run says how processes lay in memory, and whether weights were drawn alike."""
    return {**content, "schema_version": 5}


RENAMED: dict[str, dict[str, str]] = {
    "": {"sittings": "sessions"},
    "conditions": {
        "turn_seconds": "repetition_seconds", "idle_partners": "idle_workers", "threads_bound": "cpu_affinity",
        "redrawn": "seeded_weights", "fewest_sittings": "min_sessions",
    },
    "participants": {"null": "repeats_reference", "passes": "iterations", "thrown_away": "warm_up_iterations"},
    "observed": {"energy_passes": "energy_iterations"},
}  # fmt: skip
"""Fields of a latency run that version 6 names as the glossary does, by the object that holds them."""


def _named_by_the_glossary(content: dict[str, Any]) -> dict[str, Any]:
    """Version 6 of a latency run has the glossary's names."""
    renamed = _renamed(content, "")
    if isinstance(conditions := renamed.get("conditions"), dict):
        conditions = _renamed(conditions, "conditions")
        if "layout" in conditions:
            layout = conditions.pop("layout")
            conditions["aslr"] = {"shared": "off", "chance": "on"}.get(layout, layout)
        renamed["conditions"] = conditions
    if isinstance(participants := renamed.get("participants"), list):
        renamed["participants"] = [_renamed(each, "participants") for each in participants]
    if isinstance(sessions := renamed.get("sessions"), list):
        renamed["sessions"] = [_session_named(each) for each in sessions]
    if renamed.get("stopped") == "no_pair":
        renamed["stopped"] = "too_few_participants"
    return {**renamed, "schema_version": 6}


def _session_named(session: Any) -> Any:
    if not isinstance(session, dict) or not isinstance(session.get("observed"), list):
        return session
    return {**session, "observed": [_renamed(each, "observed") for each in session["observed"]]}


def _renamed(content: Any, holder: str) -> Any:
    """An object with its old field names replaced; anything else as it is. Beside a new name an old one is refused."""
    if not isinstance(content, dict):
        return content
    names = {old: new for old, new in RENAMED[holder].items() if new not in content}
    return {names.get(name, name): value for name, value in content.items()}


PARTS = ("inserted", "removed", "replaced", "reordered")
COST = re.compile(r"The layers concerned take ([\d.]+) against ([\d.]+) GMAC")
MISFIT = re.compile(r"(?P<layer>\S+) takes (?P<b>[\dx]+|none) stored numbers instead of (?P<a>[\dx]+|none)\.")
MORE = re.compile(r"(?P<operators>.*) and (?P<more>\d+) more")
REASONS = {
    " The two are close enough not to matter.": "close",
    " A bias before batch norm adds nothing: the stored mean absorbs it.": "absorbed",
    " The stored statistics can absorb it.": "statistics",
    " No window reaches the rows that differ, at this image size.": "unused",
    " The order of the classes is the same; compare scores before it.": "head",
    " A per-channel product and sum can be taken into what comes before it.": "affine",
    " It is the same function, with the batch norm folded into the layer's weights and bias.": "folded",
    " It moves values about another way; a proof tells whether the scores agree.": "moves_values",
    " It moves values about another way: run, both agree.": "moves_values_proven",
}
"""Endings of the sentences that version 1 of a comparison kept, and what they say."""


def _findings_typed(content: dict[str, Any]) -> dict[str, Any]:
    """Version 2 of a comparison has fields where version 1 had a sentence: parts, reason, MACs, misfit."""
    result = content.get("result")
    if isinstance(result, dict) and isinstance(result.get("findings"), list):
        result = {**result, "findings": [_finding_typed(each) for each in result["findings"]]}
    return {**content, "schema_version": 2, "result": result}


def _finding_typed(finding: Any) -> Any:
    if not isinstance(finding, dict) or not isinstance(text := finding.get("text"), str):
        return finding
    typed = {name: value for name, value in finding.items() if name != "text"}
    if finding.get("kind") in PARTS:
        typed |= {"a": None, "part_a": _part(finding.get("a"))}
        if finding["kind"] != "reordered":  # there b says in which direction
            typed |= {"b": None, "part_b": _part(finding.get("b"))}
    elif finding.get("kind") == "rewired" and finding.get("attribute") == "inputs":
        typed |= {side: finding[side].split(", ") if finding.get(side) else [] for side in ("a", "b")}
    typed["reason"] = next((code for words, code in REASONS.items() if text.endswith(words)), None)
    if cost := COST.search(text):
        typed["macs"] = [round(float(each) * 1e9) for each in cost.groups()]
    if misfit := MISFIT.search(text):
        typed["misfit"] = {"layer": misfit["layer"], "shape_a": _shape(misfit["a"]), "shape_b": _shape(misfit["b"])}
    return typed


def _part(text: Any) -> Any:
    if not isinstance(text, str):
        return None
    more = MORE.fullmatch(text)
    return {"operators": (more["operators"] if more else text).split(", "), "more": int(more["more"]) if more else 0}


def _shape(text: str) -> list[int]:
    return [] if text == "none" else [int(size) for size in text.split("x")]


def _numbered(version: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A version that only adds fields, which older records leave at their defaults."""
    return lambda content: {**content, "schema_version": version}


GRAVEST = ("structural", "parametric", "other_head", "benign")


def _head_apart(content: dict[str, Any]) -> dict[str, Any]:
    """Version 3 of a comparison has a verdict of its own for networks that differ in their number of classes only."""
    result = content.get("result")
    if isinstance(result, dict) and isinstance(result.get("findings"), list) and result.get("verdict") == "structural":
        proof = result.get("proof")
        misfits = proof.get("misfits") if isinstance(proof, dict) else None
        alone = isinstance(misfits, list) and len(misfits) == 1
        findings = [
            {**each, "severity": "other_head"} if alone and _is_head(each) else each for each in result["findings"]
        ]
        findings.sort(key=_place)
        verdict = findings[0].get("severity") if findings and isinstance(findings[0], dict) else "structural"
        result = {**result, "findings": findings, "verdict": verdict}
    return {**content, "schema_version": 3, "result": result}


def _place(finding: Any) -> int:
    """Gravest first; what has no known severity is left for the schema to refuse, at the end."""
    severity = finding.get("severity") if isinstance(finding, dict) else None
    return GRAVEST.index(severity) if severity in GRAVEST else len(GRAVEST)


def _is_head(finding: Any) -> bool:
    """Whether a finding is of one layer's outputs alone: any layer but the last would move the one after it, too."""
    if not isinstance(finding, dict) or finding.get("severity") != "structural":
        return False
    places = finding.get("places")
    changed = (finding.get("kind"), finding.get("attribute")) == ("changed", "outputs")
    return changed and isinstance(places, list) and len(places) == 1 and finding.get("misfit") is None


LEFT_OUT = {
    "without a label": "unlabelled",
    "listed, but not there": "listed_but_absent",
    "outside the class folders": "outside_class_folders",
    "cannot be decoded": "undecodable",
    "cannot be prepared": "not_preprocessable",
}
CHECKS = (
    ("prepared as declared", "declared_preprocessing", True),
    ("departs from what the zoo declares", "declared_preprocessing", False),
    ("labels up to", "label_range", True),
    ("none of ", "other_preprocessing", True),
    ("class numbers in order", "class_order", True),
    ("believed regardless: the images are probably", "other_preprocessing", False),
    ("believed regardless: the class numbers", "class_shift", False),
    ("believed regardless: no better than chance", "class_order", False),
    ("believed regardless: the labels", "label_range", False),
)
"""How the sentences began that version 1 of an accuracy measurement kept of its checks."""
ASSUMED = re.compile(r"resize and crop are not declared: short side (\d+), bicubic, centre crop (\d+)x(\d+)")


def _checks_typed(content: dict[str, Any]) -> dict[str, Any]:
    """Version 2 of an accuracy measurement has codes where version 1 had sentences."""
    typed = {**content, "schema_version": 2}
    if isinstance(images := content.get("images"), dict) and isinstance(left_out := images.get("left_out"), dict):
        typed["images"] = {**images, "left_out": {LEFT_OUT.get(why, "unreadable"): n for why, n in left_out.items()}}
    if isinstance(result := content.get("result"), dict) and isinstance(checks := result.get("checks"), list):
        typed["result"] = {**result, "checks": [_check_typed(each) for each in checks]}
    if isinstance(conditions := content.get("conditions"), dict) and isinstance(conditions.get("assumed"), str):
        assumed = ASSUMED.fullmatch(conditions["assumed"])
        size = None if assumed is None else {
            "short_side": int(assumed[1]), "crop": [int(assumed[2]), int(assumed[3])]
        }  # fmt: skip
        typed["conditions"] = {**conditions, "assumed": size}
    return typed


def _check_typed(check: Any) -> Any:
    if not isinstance(check, str):
        return check
    known = ((code, passed) for words, code, passed in CHECKS if check.startswith(words))
    code, passed = next(known, (None, True))
    return {"code": code, "passed": passed}


TOO_LARGE = re.compile(r"([\d,]+) stored numbers; checked up to ([\d,]+)")
UNCHECKED = (
    ("could not be run: ", "not_run"),
    ("scores are not finite", "not_finite"),
    ("not asked for", "not_asked"),
    ("measured before there was a check", "before_checks"),
)


def _why_unchecked(text: str) -> dict[str, Any]:
    if large := TOO_LARGE.fullmatch(text):
        elements, most = (int(each.replace(",", "")) for each in large.groups())
        return {"code": "too_large", "elements": elements, "max_elements": most}
    code, words = next(((code, words) for words, code in UNCHECKED if text.startswith(words)), ("not_run", ""))
    return {"code": code, "detail": text.removeprefix(words) or None}


def _unchecked_typed(content: dict[str, Any]) -> dict[str, Any]:
    """Version 3 of an architecture measurement has a code for why there is no relative error."""
    result = content.get("result")
    if isinstance(result, dict) and isinstance(text := result.get("unchecked"), str):
        result = {**result, "unchecked": _why_unchecked(text)}
    return {**content, "schema_version": 3, "result": result}


UPGRADES: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {
    ("accuracy", 1): _checks_typed,
    ("architecture", 1): _without_digest,
    ("architecture", 2): _unchecked_typed,
    ("claim", 1): _claim_without_inference,
    ("claims", 1): _collection_without_date,
    ("comparison", 1): _findings_typed,
    ("comparison", 2): _head_apart,
    ("comparison", 3): _numbered(4),
    ("architecture", 3): _numbered(4),
    ("latency", 1): _one_sitting,
    ("latency", 2): _giving_memory_back,
    ("latency", 3): _processor_time_unknown,
    ("latency", 4): _memory_by_chance,
    ("latency", 5): _named_by_the_glossary,
}
"""(kind, version) to the function that makes it version + 1."""


def upgrade(content: dict[str, Any]) -> dict[str, Any]:
    """Lift a record's JSON to today's schema; content that is current already comes back as it is.

    Raises:
        ValueError: when the version is newer than this zoodata, or no function leads on from it.
    """
    kind, version = str(content.get("kind")), content.get("schema_version", 1)
    current = CURRENT.get(kind, 1)
    if type(version) is not int or version > current:
        shown = ascii(version)[:40]
        raise ValueError(f"schema_version {shown} is newer than this zoodata reads ({current}): update zoodata")
    while version < current:
        step = UPGRADES.get((kind, version))
        if step is None:
            raise ValueError(f"no upgrade leads on from {kind} version {version}")
        content = step(content)
        version += 1
    return content
