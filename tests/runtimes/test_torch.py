"""Torch models: the numbers that they hold where nobody trained them."""

from __future__ import annotations

import numpy as np
import pytest

from zoodata.zoos import registry


def scores(entry, image):
    zoo, name, _ = registry.find(entry)
    model = zoo.build(name)
    model.draw(seed=3)
    return model.forward(image, {})


@pytest.mark.zoos
@pytest.mark.xdist_group("torch")
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("torchvision:resnet18", "timm:resnet18"),
        ("torchvision:mobilenet_v2", "timm:mobilenetv2_100"),
        ("torchvision:vgg16", "timm:vgg16"),
    ],
)
def test_one_network_of_two_zoos_holds_the_same_numbers_and_none_that_vanish(ours, theirs):
    image = np.random.default_rng(1).random((3, 224, 224), dtype=np.float32)
    expected = scores(ours, image)
    np.testing.assert_allclose(scores(theirs, image), expected, rtol=1e-3, atol=1e-3)
    assert np.abs(expected).max() > 0.1


@pytest.mark.zoos
@pytest.mark.xdist_group("torch")
@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_a_checkpoint_keeps_the_versions_that_a_module_asks_for(ending, tmp_path):
    """MNASNet refuses tensors that do not say of which version they are."""
    import torch

    zoo, name, _ = registry.find("torchvision:mnasnet0_5")
    model = zoo.build(name)
    path = tmp_path / f"m{ending}"
    model.save(model.stored(), path)
    again = zoo.build(name, path=path)
    image = np.random.default_rng(1).random((3, 224, 224), dtype=np.float32)
    np.testing.assert_array_equal(again.forward(image, {}), model.forward(image, {}))
    if ending == ".pth":  # as a user loads it
        from torchvision.models import mnasnet0_5

        mnasnet0_5().load_state_dict(torch.load(path, weights_only=True))
