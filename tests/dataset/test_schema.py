"""The committed JSON Schemas say what the models say, and accept what the models accept."""

from __future__ import annotations

import json

import jsonschema
import pytest

from tests import builders
from zoodata.dataset import schema, store


def test_committed_schemas_are_current():
    assert schema.stale(store.PACKAGED / "schemas") == [], "run: python -m zoodata.dataset.schema"


@pytest.mark.parametrize("name", sorted(schema.schemas()))
def test_schemas_are_schemas(name):
    jsonschema.Draft202012Validator.check_schema(schema.schemas()[name])


def test_real_records_fit_their_schema_and_broken_ones_do_not():
    made = schema.schemas()
    for record in (
        builders.architecture(),
        builders.latency(),
        builders.environment(),
        builders.claim(),
        builders.family(),
    ):
        content = json.loads(json.dumps(record.model_dump(mode="json")))
        checker = jsonschema.Draft202012Validator(made[f"{content['kind']}.schema.json"])
        checker.validate(content)
        with pytest.raises(jsonschema.ValidationError):
            checker.validate({**content, "surprise": 1})


def test_a_stale_schema_is_named(tmp_path):
    schema.write_schemas(tmp_path)
    assert schema.stale(tmp_path) == []
    (tmp_path / "claim.schema.json").write_text("{}")
    assert schema.stale(tmp_path) == ["claim.schema.json"]
