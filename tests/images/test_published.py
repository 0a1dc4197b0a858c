"""A published image set comes image by image, each believed only for its hash; a fetch that broke off goes on."""

from __future__ import annotations

import functools
import hashlib
import http.server
import threading

import pytest

from tests.dataset import honest
from zoodata.images import published, sets
from zoodata.images.published import NotFetched
from zoodata.records.image_set import LabelledImage

CONTENTS = {f"{number:04}.png": f"image {number}".encode() for number in range(4)}


@pytest.fixture
def record():
    images = tuple(
        LabelledImage(file=name, digest=hashlib.sha256(data).hexdigest(), label=number, author="A. Photographer")
        for number, (name, data) in enumerate(CONTENTS.items())
    )
    return honest.image_set(images=images)


@pytest.fixture
def host(tmp_path, record, monkeypatch):
    """A server on this machine that has the set where its repository has it."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    root = tmp_path / "host"
    source = record.published
    folder = root / source.repository / source.commit / source.path
    folder.mkdir(parents=True)
    for name, data in CONTENTS.items():
        (folder / name).write_bytes(data)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("ZOODATA_IMAGES_HOST", f"http://127.0.0.1:{server.server_port}")
    yield folder
    server.shutdown()
    server.server_close()


def test_it_is_fetched_whole_and_is_a_folder_like_any_other(tmp_path, record, host):
    done = []
    assert published.fetch(record, tmp_path / "set", done=done.append) == 4
    assert sorted(done) == sorted(CONTENTS)
    assert published.state(record, tmp_path / "set").is_whole
    found = sets.find(tmp_path / "set")
    assert [(item.name, item.label) for item in found.items] == [(name, n) for n, name in enumerate(CONTENTS)]
    assert published.fetch(record, tmp_path / "set") == 0  # what is here is not fetched again


def test_an_image_that_is_another_is_refused_and_the_rest_stays(tmp_path, record, host):
    (host / "0002.png").write_bytes(b"something else")
    with pytest.raises(NotFetched, match=r"0002\.png.*SHA-256"):
        published.fetch(record, tmp_path / "set")
    state = published.state(record, tmp_path / "set")
    assert (len(state.whole), state.missing, state.other) == (3, ("0002.png",), ())
    (host / "0002.png").write_bytes(CONTENTS["0002.png"])
    assert published.fetch(record, tmp_path / "set") == 1


def test_a_host_that_lacks_an_image_is_told(tmp_path, record, host):
    (host / "0000.png").unlink()
    with pytest.raises(NotFetched, match="404"):
        published.fetch(record, tmp_path / "set")


def test_from_a_folder(tmp_path, record):
    for name, data in CONTENTS.items():
        (tmp_path / name).write_bytes(data)
    assert published.fetch(record, tmp_path / "set", tmp_path) == 4
    (tmp_path / "set" / "images" / "0001.png").write_bytes(b"changed")
    assert published.state(record, tmp_path / "set").other == ("0001.png",)
    with pytest.raises(NotFetched, match="not in the folder"):
        published.fetch(record, tmp_path / "other", tmp_path / "set" / "nowhere")


def test_the_identity_is_that_of_a_measurement_on_its_folder(tmp_path, record):
    for name, data in CONTENTS.items():
        (tmp_path / name).write_bytes(data)
    published.fetch(record, tmp_path / "set", tmp_path)
    from zoodata.records.image_set import identity

    items = sets.find(tmp_path / "set").items
    read = [(item.name, hashlib.sha256(sets.read_bytes(item)).hexdigest(), item.label) for item in items]
    assert identity(read) == record.identity
