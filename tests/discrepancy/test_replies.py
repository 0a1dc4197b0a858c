"""Whether a reply's author can be known."""

from __future__ import annotations

import pytest

from tests import builders
from zoodata.dataset import store
from zoodata.dataset.store import Dataset
from zoodata.discrepancy.replies import answers
from zoodata.records.claim import RepositorySource


def source(repository):
    return RepositorySource(repository=repository, commit="a" * 40, path="README.md", line=1)


@pytest.mark.parametrize(
    ("address", "is_verified"),
    [
        ("https://github.com/pytorch/vision/issues/7#issuecomment-1", True),
        ("https://github.com/PyTorch/Vision/pull/8", True),
        ("https://github.com/pytorch/vision", False),  # says nothing
        ("https://github.com/pytorch/vision/tree/main", False),
        ("https://github.com/someone/vision/issues/7", False),
        ("https://github.com/stranger/claims/issues/1", False),  # the source of one claim, not of most
        ("https://github.com/huggingface/pytorch-image-models/issues/7", False),  # another zoo's
        ("https://github.com.example.org/pytorch/vision/issues/7", False),
        ("https://example.org/pytorch/vision/issues/7", False),
        (None, False),
    ],
)
def test_a_reply_is_verified_by_where_it_was_said(tmp_path, address, is_verified):
    claims = [
        builders.claim("torchvision:resnet50", value=76.1, source=source("pytorch/vision")),
        builders.claim("torchvision:resnet18", value=69.7, source=source("pytorch/vision")),
        builders.claim("torchvision:resnet34", value=73.3, source=source("stranger/claims")),
        builders.claim("timm:resnet50", value=80.1, source=source("huggingface/pytorch-image-models")),
    ]
    for record in (builders.collection(*claims), builders.reply(claims[0].id, source=address)):
        store.write(record, tmp_path)
    (answer,) = answers(Dataset((tmp_path,)))
    assert answer.is_verified is is_verified


def test_a_reply_to_a_measurement_is_verified_by_the_zoos_it_timed(tmp_path):
    claim = builders.claim("timm:resnet50", value=80.1, source=source("huggingface/pytorch-image-models"))
    run = builders.latency()
    said = builders.reply(run.id, source="https://github.com/huggingface/pytorch-image-models/discussions/9")
    for record in (builders.collection(claim), builders.environment(), run, said):
        store.write(record, tmp_path)
    (answer,) = answers(Dataset((tmp_path,)))
    assert answer.is_verified
