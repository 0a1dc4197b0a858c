"""What a licence, as a source states it, allows; and whether it was said of the weights or of the code around them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Permission = Literal["permissive", "permissive_code", "own_terms", "non_commercial", "unknown"]
"""From the freest to the least known; ``permissive_code``: said of a repository or package, not of its weights."""

OF_THE_CODE = (" (repo)", " (code)", " (package)", " (repo spdx)")
"""How collections end a licence that a source gives for everything beside the weights."""

PERMISSIVE = {
    "apache-2.0": "Apache-2.0", "bsd-3-clause": "BSD-3-Clause", "mit": "MIT", "cc-by-4.0": "CC-BY-4.0",
    "mit/apache-2.0": "MIT or Apache-2.0", "https://opensource.org/licenses/mit": "MIT",
    "https://www.apache.org/licenses/license-2.0": "Apache-2.0",
}  # fmt: skip
"""As stated, in small letters: the name that is shown."""

RESTRICTED: dict[str, tuple[str, Permission]] = {
    "cc-by-nc-4.0": ("CC-BY-NC-4.0", "non_commercial"),
    "cvnets-license": ("Apple's, of CVNets", "own_terms"),
    "fastvit-license": ("Apple's, of FastViT", "own_terms"),
    "mobileone-license": ("Apple's, of MobileOne", "own_terms"),
    "seer-license": ("Meta's, of SEER", "own_terms"),
    "bsd-3-clause (code); swag weights cc-by-nc-4.0": ("CC-BY-NC-4.0", "non_commercial"),
}


@dataclass(frozen=True)
class Licence:
    """One checkpoint's licence, as far as it is stated."""

    name: str
    permission: Permission


UNKNOWN = Licence("not stated", "unknown")


def read(stated: str) -> Licence:
    """What one stated licence says; a text that is not in the tables is not interpreted."""
    text = stated.strip().lower()
    if text in RESTRICTED:
        return Licence(*RESTRICTED[text])
    if text in PERMISSIVE:
        return Licence(PERMISSIVE[text], "permissive")
    code = next((text.removesuffix(end) for end in OF_THE_CODE if text.endswith(end)), None)
    return Licence(PERMISSIVE[code], "permissive_code") if code in PERMISSIVE else UNKNOWN


def licence(stated: Iterable[str | None]) -> Licence:
    """What several claims about one checkpoint say: what is said of its weights first, the strictest of that."""
    found = [read(each) for each in stated if each]
    order = get_args(Permission)
    weights = [each for each in found if each.permission not in ("permissive_code", "unknown")]
    known = weights or [each for each in found if each.permission != "unknown"]
    return max(known, key=lambda each: (order.index(each.permission), each.name), default=UNKNOWN)
