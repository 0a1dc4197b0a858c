"""What programs read: API, feed, badges, downloads. Checked by schemas and by other people's readers."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import tarfile
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from zoodata_site import views
from zoodata_site.publish import api, badges, documents, downloads, feed, llms, search

from tests.generator import small
from zoodata.dataset import metadata, store
from zoodata.dataset.version import version
from zoodata.records import StoredNetwork

ATOM = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture
def dataset(tmp_path):
    return small.write(tmp_path / "data", small.records())


@pytest.fixture
def site(dataset):
    return views.make(dataset)


def test_every_document_of_the_api_fits_its_schema(site, tmp_path):
    api.write(site, tmp_path)
    schema = documents.schema()
    for address, model in documents.ADDRESSES.items():
        paths = list((tmp_path / api.FOLDER).glob(re.sub(r"{\w+}", "*", address)))
        assert paths, address
        for path in paths:
            jsonschema.validate(json.loads(path.read_bytes()), {**schema, "$ref": f"#/$defs/{model.__name__}"})


def test_the_api_says_what_the_records_say(site):
    made = dict(api.documents(site))
    result = made["architectures/resnet50.json"]
    assert {claim.value for claim in result.claims} == {76.13, 78.5, 74.9}
    entry = next(entry for entry in result.entries if entry.entry == "torchvision:resnet50")
    assert (entry.counts.parameters, entry.counts.macs) == (25_557_032, 4_089_184_256)
    assert result.comparisons[0].verdict == "parametric"
    assert result.replies[0].text == "This number is of the old recipe."
    assert result.measured[0].images == 4
    assert made["entries.json"].entries["timm:resnet50"] == "resnet50"
    # Names of version 1, whatever the pages call them now.
    assert "cost of a pass" in made["zoos/torchvision.json"].documented


def test_the_reference_names_every_field():
    pages = {address: {name for name, _, _ in fields} for address, _, fields in documents.reference()}
    for address, model in documents.ADDRESSES.items():
        assert pages[address] == set(model.model_fields)
    types = {kind for _, _, fields in documents.reference() for _, kind, _ in fields}
    assert "any" not in types


V1 = Path(__file__).parent / "golden" / "api-v1.schema.json"
"""Version 1 of the API as it was frozen. ZOODATA_GOLDEN=write adds to it what was added since."""


def _shape(field):
    """What a program relies on: everything but the words for people."""
    if isinstance(field, dict):
        return {k: _shape(v) for k, v in field.items() if k not in ("title", "description", "deprecated")}
    return [_shape(each) for each in field] if isinstance(field, list) else field


def test_version_1_of_the_api_only_grows():
    now, frozen = documents.schema(), json.loads(V1.read_text(encoding="utf-8"))
    for name, model in frozen["$defs"].items():
        for field, schema in model.get("properties", {}).items():
            assert _shape(now["$defs"][name]["properties"][field]) == _shape(schema), (name, field)
        assert set(model.get("required", [])) <= set(now["$defs"][name].get("required", [])), name
    if os.environ.get("ZOODATA_GOLDEN") == "write":
        V1.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    assert now == json.loads(V1.read_text(encoding="utf-8")), "something was added: ZOODATA_GOLDEN=write freezes it"


def test_a_changed_or_missing_field_of_version_1_is_seen(monkeypatch):
    """The test above can fail: of a field taken away, made optional, or given another type."""
    whole = documents.schema()
    for spoil in (
        lambda model: model["properties"].pop("ratio"),
        lambda model: model["required"].remove("ratio"),
        lambda model: model["properties"].update(ratio={"type": "string"}),
    ):
        spoilt = json.loads(json.dumps(whole))
        spoil(spoilt["$defs"]["MacsDocument"])
        monkeypatch.setattr(documents, "schema", lambda spoilt=spoilt: spoilt)
        with pytest.raises((AssertionError, KeyError)):
            test_version_1_of_the_api_only_grows()


def test_the_feed_is_atom_and_tells_what_differs(site, tmp_path):
    feed.write(site, tmp_path, "https://zoo.example/data/")
    root = ElementTree.parse(tmp_path / "feed.xml").getroot()
    for name in ("title", "id", "updated", "author/a:name"):
        assert root.find(f"a:{name}", ATOM).text
    entries = root.findall("a:entry", ATOM)
    titles = [entry.find("a:title", ATOM).text for entry in entries]
    assert any("torchvision:resnet50 and timm:resnet50 differ (parametric)" in title for title in titles)
    assert any("times as long as" in title for title in titles)
    assert any("answers" in title for title in titles)
    assert len({entry.find("a:id", ATOM).text for entry in entries}) == len(entries)
    for entry in entries:
        assert entry.find("a:link", ATOM).get("href").startswith("https://zoo.example/data/architectures/")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", entry.find("a:updated", ATOM).text)


@pytest.mark.parametrize("day", ["2022", "2022-11", "2022-11-14", ""])
def test_any_date_becomes_a_moment(day):
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", feed._moment(day))


def test_badges_say_it_in_words_too(site, tmp_path):
    badges.write(site, tmp_path)
    drawing = ElementTree.parse(tmp_path / "badges" / "architectures" / "resnet50.svg").getroot()
    assert "networks differ" in drawing.get("aria-label")
    assert {path.stem for path in (tmp_path / "badges" / "zoos").iterdir()} == {zoo.name for zoo in site.zoos}
    long = ElementTree.fromstring(badges.badge("a" * 500, "b" * 500, badges.GREY))
    assert int(long.get("width")) < 1000


def test_downloads_are_whole_and_their_checksums_hold(dataset, site, tmp_path):
    downloads.write(dataset, site, tmp_path, "")
    folder = tmp_path / "download"
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    records = json.loads(gzip.decompress((folder / "zoodata.json.gz").read_bytes()))["records"]
    assert len(records) == sum(not isinstance(record, StoredNetwork) for record in dataset.records)
    assert version(dataset) == "2026.11.23"
    archive = folder / "2026.11.23" / "zoodata.tar.xz"
    with tarfile.open(archive) as opened:
        names = set(opened.getnames())
        opened.extractall(tmp_path / "unpacked", filter="data")
    again = store.Dataset.open(packaged=tmp_path / "unpacked" / "zoodata")
    assert {getattr(r, "id", r) for r in again.records} == {getattr(r, "id", r) for r in dataset.records}
    assert "zoodata/schemas/claims.schema.json" in names
    first = archive.read_bytes()
    downloads.write(dataset, site, tmp_path, "")
    assert archive.read_bytes() == first, "the same records make the same archive"


def test_published_files_are_the_records(dataset, site, tmp_path):
    downloads.write(dataset, site, tmp_path / "site", "")
    for packed in (tmp_path / "site" / "data").glob("*/**/*.gz"):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    published = store.Dataset.open(packaged=tmp_path / "site" / "data")
    assert published.claims == dataset.claims
    assert published.latency_measurements == dataset.latency_measurements
    original = next((tmp_path / "data" / "claims").glob("*.json"))
    assert (tmp_path / "site" / "data" / "claims" / original.name).stat().st_size < original.stat().st_size


def test_croissant_is_read_by_mlcommons_reader(dataset, site, tmp_path):
    mlcroissant = pytest.importorskip("mlcroissant")
    downloads.write(dataset, site, tmp_path, "")
    read = mlcroissant.Dataset(str(tmp_path / "download" / "croissant.json"))
    assert not read.metadata.ctx.issues.errors
    rows = list(read.records("claims"))
    assert len(rows) == 3
    assert {row["claims/value"] for row in rows} == {76.13, 78.5, 74.9}


def test_the_data_package_is_valid_to_frictionless(dataset, site, tmp_path):
    frictionless = pytest.importorskip("frictionless")
    downloads.write(dataset, site, tmp_path, "")
    report = frictionless.validate(str(tmp_path / "download" / "datapackage.json"))
    assert report.valid, report.flatten(["title", "note", "rowNumber", "fieldName"])[:5]


def test_the_search_index_has_every_entry(site, tmp_path):
    search.write(site, tmp_path)
    text = (tmp_path / "assets" / "search-index.js").read_text()
    index = json.loads(text.removeprefix("zoodataSearch.take(").rstrip().removesuffix(")"))
    rows = index["architectures"]
    entries = {f"{zoo}:{name}" for _, _, zoos in rows for zoo, names in zoos.items() for name in names}
    assert entries == {entry.entry for view in site.architectures for entry in view.entries}
    assert {name for name, _ in index["zoos"]} == {zoo.name for zoo in site.zoos}


def test_llms_txt_links_are_there(site, tmp_path):
    llms.write(site, tmp_path, "")
    assert "(api/v1/index.json)" in (tmp_path / "llms.txt").read_text()


def test_the_citation_names_the_version():
    text = metadata.citation("2026.11.24")
    assert "version = {2026.11.24}" in text
    assert "year = {2026}" in text
    assert text.count("{") == text.count("}")
