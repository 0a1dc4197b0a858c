"""The kinds of measurement that a sweep makes, a file each: its task, and its part of a plan.

A new kind is a file here and its name in ``Part``; its record is a file in ``zoodata/records``.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zoodata.sweep.kinds.accuracy import AccuracyPart, AccuracyTask
from zoodata.sweep.kinds.architecture import ArchitecturePart, ArchitectureTask
from zoodata.sweep.kinds.comparison import ComparisonPart, ComparisonTask
from zoodata.sweep.kinds.latency import LatencyPart, LatencyTask
from zoodata.sweep.kinds.ways import WaysPart, WaysTask

__all__ = ["AccuracyTask", "ArchitectureTask", "ComparisonTask", "LatencyTask", "Part", "WaysTask"]

Part = Annotated[
    AccuracyPart | ArchitecturePart | ComparisonPart | LatencyPart | WaysPart, Field(discriminator="measure")
]
"""A part of a plan, of any kind."""
