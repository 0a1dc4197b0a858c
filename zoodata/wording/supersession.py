"""Why a record no longer counts, in a few words."""

from __future__ import annotations

from zoodata.records.supersession import SupersessionReason

REASONS: dict[SupersessionReason, str] = {
    "reading_corrected": "zoodata read or counted otherwise",
    "method_changed": "measured by an earlier method",
    "source_corrected": "written down wrongly from its source",
    "read_again": "its source was read again",
    "invalid": "it should not have been accepted",
}
