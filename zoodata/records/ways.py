"""Ways to run one model: as its zoo builds it, compiled, or exported to another runtime, timed in one run."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal, get_args

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from zoodata.records.base import EntryName, entry_path
from zoodata.records.latency import Amount, MissingParticipant, Participant, TimedRun

Way = Literal[
    "as_built",  # the model as its zoo builds it, in its own framework: the reference
    "compiled",  # behind torch.compile, or by XLA in TensorFlow
    "channels_last",  # torch, with images and kernels stored channels last
    "onnxruntime",  # its network with its weights as an ONNX file, in ONNX Runtime
    "openvino",  # the same file in OpenVINO
    "tflite",  # converted by TensorFlow's own converter, in LiteRT
]

OTHER_WAYS: tuple[Way, ...] = tuple(way for way in get_args(Way) if way != "as_built")
"""All but the reference."""


class WayParticipant(Participant):
    """One way to run the model of the run."""

    way: Way
    relative_error: Amount | None = None
    """Largest difference of its scores from those of the model as it is built, over the largest score, with the same
    weights on one random image. None for the model as it is built."""
    ready_seconds: Amount
    """From the built model, or its exported file, to the first answer: compiling and loading included."""


class MissingWay(MissingParticipant):
    """A way in which the model could not be run."""

    way: Way


class WaysMeasurement(TimedRun):
    """One entry in several ways, against itself as its zoo builds it."""

    kind: Literal["ways"] = "ways"
    entry: EntryName
    participants: tuple[WayParticipant, ...]
    missing: tuple[MissingWay, ...] = ()

    @property
    def path(self) -> PurePosixPath:
        """See :class:`zoodata.records.base.StoredRecord`."""
        return entry_path("ways", self.entry, self.id)

    def _rivals(self) -> list[Participant]:
        return [each for each in self.participants if not each.repeats_reference]

    @model_validator(mode="after")
    def _is_of_one_entry(self) -> WaysMeasurement:
        if {*(each.entry for each in self.participants), *(each.entry for each in self.missing)} - {self.entry}:
            raise PydanticCustomError("ways", "has participants of another entry")
        ways = [each.way for each in self._own_ways()]
        if len(set(ways)) != len(ways):
            raise PydanticCustomError("ways", "runs one way twice")
        if ways[:1] not in ([], ["as_built"]):
            raise PydanticCustomError("ways", "has another reference than the model as it is built")
        built = [each.way == "as_built" for each in self.participants]
        checked = [each.relative_error is not None for each in self.participants]
        if any(one == other for one, other in zip(built, checked, strict=True)):
            raise PydanticCustomError("ways", "states an error for the reference, or none for another way")
        return self

    def _own_ways(self) -> list[WayParticipant]:
        return [each for each in self.participants if not each.repeats_reference]
