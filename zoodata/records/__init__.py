"""The records of the dataset, as pydantic models. Nothing here knows a file, a frame or a framework."""

from zoodata.records.accuracy import AccuracyMeasurement
from zoodata.records.attribution import AttributionMeasurement
from zoodata.records.base import EntryName, Record, content_hash, entry_zoo, is_personal, parse_entry
from zoodata.records.catalogue import Architecture, CatalogueEntry, Family, Paper
from zoodata.records.claim import Claim, ClaimCollection, NotStated
from zoodata.records.comparison import ComparisonMeasurement, ComparisonResult
from zoodata.records.environment import Environment
from zoodata.records.image_set import ImageSetRecord
from zoodata.records.latency import LatencyMeasurement, MissingParticipant, Participant
from zoodata.records.lineage import Lineage
from zoodata.records.measurement import (
    ArchitectureMeasurement,
    ArchitectureResult,
    Missing,
    MissingReason,
)
from zoodata.records.network import StoredNetwork
from zoodata.records.preprocessing import Preprocessing
from zoodata.records.release import Release, ReleaseChanges
from zoodata.records.reply import Reply
from zoodata.records.sensitivity import SensitivityMeasurement
from zoodata.records.supersession import Supersession
from zoodata.records.upgrade import FILE_KINDS, KINDS, upgrade
from zoodata.records.verification import Verification
from zoodata.records.ways import WaysMeasurement

__all__ = [
    "FILE_KINDS",
    "KINDS",
    "AccuracyMeasurement",
    "Architecture",
    "ArchitectureMeasurement",
    "ArchitectureResult",
    "AttributionMeasurement",
    "CatalogueEntry",
    "Claim",
    "ClaimCollection",
    "ComparisonMeasurement",
    "ComparisonResult",
    "EntryName",
    "Environment",
    "Family",
    "ImageSetRecord",
    "LatencyMeasurement",
    "Lineage",
    "Missing",
    "MissingParticipant",
    "MissingReason",
    "NotStated",
    "Paper",
    "Participant",
    "Preprocessing",
    "Record",
    "Release",
    "ReleaseChanges",
    "Reply",
    "SensitivityMeasurement",
    "StoredNetwork",
    "Supersession",
    "Verification",
    "WaysMeasurement",
    "content_hash",
    "entry_zoo",
    "is_personal",
    "parse_entry",
    "upgrade",
]
