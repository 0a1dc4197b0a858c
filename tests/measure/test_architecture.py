"""The architecture measurement: counts, reasons, and nothing personal in a record."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoodata.isolation import Worker
from zoodata.measure import architecture
from zoodata.measure.environment import capture
from zoodata.measure.host import Host, worker_environment
from zoodata.records import parse_entry
from zoodata.records.measurement import FAITHFUL


@pytest.mark.zoos
@pytest.mark.xdist_group("torch")
def test_counts_and_reasons_from_one_worker():
    environment = capture(["torch", "torchvision"])
    with Worker(Host, worker_environment("cpu", 1)) as worker:
        good, network = architecture.measure(worker, "torchvision:googlenet", environment, 1)
        unknown, nothing = architecture.measure(worker, "torchvision:googlenet5", environment, 1)
        absent, _ = architecture.measure(worker, "python:no.such:thing", environment, 1)
        again, same = architecture.measure(worker, "torchvision:googlenet", environment, 1)
    # As its weights need it: no auxiliary heads, which the builder without weights would add.
    assert good.result is not None
    assert good.result.parameters == 6_624_904
    assert again.result == good.result
    assert unknown.missing is not None
    assert (unknown.missing.reason, unknown.result) == ("not_in_package", None)
    assert "did you mean torchvision:googlenet" in unknown.missing.message
    assert absent.entry == "python:such.thing"
    assert good.environment == environment.id
    # The network is stored under its digest, and was checked against the model it was read from.
    assert network == same
    assert nothing is None
    assert network.digest == good.result.digest
    assert good.result.relative_error < FAITHFUL


def test_an_environment_names_versions_and_no_person():
    environment = capture(["pydantic", "surely-not-installed"])
    assert set(environment.packages) == {"pydantic", "numpy"}
    text = environment.model_dump_json()
    import getpass
    import socket

    assert socket.gethostname() not in text
    assert getpass.getuser() not in text or getpass.getuser() == "root"
    assert capture(["pydantic", "surely-not-installed"]) == environment


@given(st.text(max_size=60))
def test_a_personal_model_keeps_no_path(text):
    name = architecture.public_name(f"file:/home/someone/{text}")
    assert "someone" not in name or "someone" in text
    parse_entry(name)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("cannot open /home/someone/secret/model.onnx", "cannot open .../model.onnx"),
        ("bad\x1b[31m\x00byte", "bad?[31m?byte"),
        ("see https://example.org/a/b", "see https://example.org/a/b"),
        ("cannot open path:/home/bob/a b/m.onnx", "cannot open path:.../m.onnx"),
        ("cannot open C:\\Users\\bob\\m.onnx", "cannot open .../m.onnx"),
        ("", "no message"),
        ("x" * 5000, "x" * 1500),
    ],
)
def test_messages_are_printable_and_without_paths(message, shown):
    assert architecture.printable(message) == shown
