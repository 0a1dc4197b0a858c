"""What reading a claim's place again showed, in words."""

from __future__ import annotations

from zoodata.records.verification import Outcome

OUTCOMES: dict[Outcome, str] = {
    "verified": "the place states it",
    "other_line": "stated in another line of the same file",
    "restated": "stated in another unit or with other digits",
    "not_there": "the file does not state it",
    "other_model": "the row is of another model",
    "other_metric": "the column is of another metric",
    "other_unit": "the source names another unit",
    "no_such_commit": "there is no such commit",
    "no_such_file": "there is no such file",
    "no_such_line": "there is no such line or symbol",
    "not_pinned": "a page or publication that no commit pins",
    "not_at_hand": "the source was not at hand",
    "not_readable": "not in a form that is read into rows and columns",
}
"""Each outcome, as a clause about the cited place."""

SHOWN: dict[Outcome, str] = OUTCOMES | {
    "verified": "verified",
    "other_line": "verified; line corrected",
    "restated": "verified; form corrected",
}
"""Each outcome beside a claim that is shown with its corrected place and form."""
