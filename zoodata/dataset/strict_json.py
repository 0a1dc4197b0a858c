"""JSON as strangers send it, read without trust: no duplicate keys, no NaN, no endless nesting or size."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

import numpy as np

SIZE_LIMIT = 2 * 1024 * 1024
"""Bytes of one contributed file. The largest honest record here is below a tenth of it."""


DEPTH_LIMIT = 50
"""Containers inside each other; an honest record has fewer than ten."""


class RefusedJson(ValueError):
    """The bytes are not JSON we read; ``code`` is one of the validator's."""

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.field = code, message, field


def loads(data: bytes) -> Any:
    """Parse bytes as strict JSON.

    Raises:
        RefusedJson: with code ``not-json``, ``duplicate-key`` or ``not-finite``.
    """
    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite)
    except UnicodeDecodeError as error:
        raise RefusedJson("not-json", f"is not UTF-8: {error.reason} at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise RefusedJson("not-json", f"is not JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise RefusedJson("not-json", "is nested too deeply") from None
    except RefusedJson:
        raise
    except ValueError as error:  # Python refuses integers of more than 4,300 digits
        raise RefusedJson("not-json", f"holds a number that cannot be read: {error}") from None
    if _depth(text) > DEPTH_LIMIT:
        raise RefusedJson("not-json", f"is nested more than {DEPTH_LIMIT} deep")
    return value


def dumps(content: Any) -> str:
    """JSON as the dataset stores it: indented, but lists of numbers on one line, with a final newline."""
    return _indent(content, "") + "\n"


def _indent(value: Any, margin: str) -> str:
    inner = margin + " "
    if isinstance(value, dict) and value:
        rows = [f"{inner}{json.dumps(k, ensure_ascii=False)}: {_indent(v, inner)}" for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + f"\n{margin}}}"
    if isinstance(value, list) and value and any(isinstance(item, dict | list | str) for item in value):
        rows = [inner + _indent(item, inner) for item in value]
        return "[\n" + ",\n".join(rows) + f"\n{margin}]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            raise RefusedJson("duplicate-key", f"has the key {key[:60]!a} twice", key[:60])
        members[key] = value
    return members


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise RefusedJson("not-finite", f"holds {text[:20]}, which is too large to be a number one can compare")
    return number


STRINGS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
BRACKETS = re.compile(r"[^\[\]{}]+")
OPENING = np.zeros(128, np.int8)
OPENING[[ord("["), ord("{")]] = 1
OPENING[[ord("]"), ord("}")]] = -1


def _depth(text: str) -> int:
    """How many containers of a JSON text lie inside each other."""
    brackets = BRACKETS.sub("", STRINGS.sub("", text)).encode("ascii")
    steps = OPENING[np.frombuffer(brackets, np.uint8)]
    return int(np.cumsum(steps, dtype=np.int64).max(initial=0))


def _refuse_constant(name: str) -> NoReturn:
    raise RefusedJson("not-finite", f"holds {name}, which is not a number one can compare")
