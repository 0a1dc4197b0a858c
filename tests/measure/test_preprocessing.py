"""Preparations compared: what zoos document, what they leave open, and the quirks that are on record."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from zoodata.images.diagnose import probes
from zoodata.measure.preprocessing import Preprocessor

ZOODATA = [sys.executable, "-W", "ignore", "-c", "from zoodata.cli.main import main; main()"]
pytestmark = [pytest.mark.zoos]


def fields(result):
    return {each.field: (each.a, each.b) for each in result.fields}


@pytest.mark.xdist_group("torch")
def test_two_recipes_of_one_graph_are_evaluated_at_other_sizes():
    """pytorch/vision#7570: IMAGENET1K_V1 and V2 differ in the resize before the crop."""
    comparison = Preprocessor().compare("torchvision:resnet50@IMAGENET1K_V1", "torchvision:resnet50@IMAGENET1K_V2", [])
    assert fields(comparison) == {"resize": (256, 232)}
    assert comparison.pixels.mean > 1
    assert (comparison.undocumented_a, comparison.undocumented_b) == ((), ())


@pytest.mark.xdist_group("torch")
def test_the_same_recipe_in_two_zoos_is_the_same_to_the_pixel():
    comparison = Preprocessor().compare("torchvision:resnet50@IMAGENET1K_V1", "timm:resnet50@tv_in1k", [])
    assert comparison.fields == ()
    assert comparison.pixels.largest < 1e-3


@pytest.mark.xdist_group("tensorflow")
def test_keras_leaves_the_size_to_its_user():
    """keras#8672: what the published numbers were resized with stands nowhere in the package."""
    comparison = Preprocessor().compare("keras_applications:ResNet50", "keras_applications:VGG16", [])
    assert comparison.undocumented_a == ("resize", "crop", "interpolation")
    assert comparison.pixels is None


@pytest.mark.xdist_group("tensorflow")
def test_keras_has_three_modes():
    """keras-applications#21: caffe (BGR less a mean), tf (-1 to 1) and torch (mean and deviation)."""
    caffe_tf = fields(Preprocessor().compare("keras_applications:ResNet50", "keras_applications:MobileNetV2", []))
    assert caffe_tf["channel_order"] == ("BGR", "RGB")
    assert caffe_tf["scale"][0] == 1.0
    tf_torch = fields(Preprocessor().compare("keras_applications:MobileNetV2", "keras_applications:DenseNet121", []))
    assert tf_torch["mean"][1] == pytest.approx([0.485, 0.456, 0.406], abs=1e-3)
    assert tf_torch["std"][1] == pytest.approx([0.229, 0.224, 0.225], abs=1e-3)


@pytest.mark.xdist_group("tensorflow")
def test_a_network_that_rescales_by_itself_is_marked():
    """tensorflow#46105: MobileNetV3's preprocess_input does nothing, since its network does."""
    comparison = Preprocessor().compare("keras_applications:MobileNetV3Large", "keras_applications:MobileNetV2", [])
    assert fields(comparison)["embedded"] == (True, False)


@pytest.mark.xdist_group("torch")
def test_onnx_models_document_nothing():
    """onnx/models#622: nobody can know how their images were preprocessed."""
    comparison = Preprocessor().compare("onnx_model_zoo:bvlc_alexnet", "torchvision:alexnet", [])
    assert (comparison.a, comparison.declares_nothing) == (None, ("a",))


@pytest.mark.xdist_group("torch")
def test_the_command_says_it_and_draws_where(tmp_path):
    for number, image in enumerate(probes()):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    done = subprocess.run(
        [*ZOODATA, "diff", "torchvision:resnet50@IMAGENET1K_V1", "torchvision:resnet50@IMAGENET1K_V2",
         "--preprocessing", "--images", str(tmp_path), "--picture", str(tmp_path / "where.png")],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "On 3 images" in done.stdout
    assert np.asarray(Image.open(tmp_path / "where.png")).shape == (224, 224)
    wrong = subprocess.run(
        [*ZOODATA, "diff", "torchvision:resnet50", "torchvision:resnet18", "--picture", "x.png"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (wrong.returncode, "go with --preprocessing" in wrong.stderr) == (2, True)
    as_json = subprocess.run(
        [*ZOODATA, "diff", "torchvision:alexnet", "torchvision:resnet18", "--preprocessing", "--format", "json"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert json.loads(as_json.stdout)["fields"] == []


@pytest.mark.xdist_group("torch")
def test_efficientnets_have_a_size_and_a_filter_of_their_own():
    """pytorch/vision#5958: evaluated at 224 and bilinear they lose up to ten points."""
    comparison = fields(Preprocessor().compare("torchvision:efficientnet_b0", "torchvision:efficientnet_b7", []))
    assert comparison["crop"] == ([224, 224], [600, 600])
    bicubic = Preprocessor().compare("torchvision:efficientnet_b7", "torchvision:resnet50", [])
    assert fields(bicubic)["interpolation"] == ("bicubic", "bilinear")


@pytest.mark.xdist_group("tensorflow")
def test_some_of_tf_slims_nets_count_a_background_class():
    """tensorflow#5228: Inception, MobileNet and ResNet V2 have 1001 classes; VGG and ResNet V1 have 1000."""
    comparison = fields(Preprocessor().compare("tf_slim:inception_v1", "tf_slim:vgg_16", []))
    assert comparison["label_offset"] == (1, 0)
    assert "label_offset" not in fields(Preprocessor().compare("tf_slim:resnet_v1_50", "tf_slim:vgg_16", []))
    assert "label_offset" not in fields(Preprocessor().compare("tf_slim:resnet_v2_50", "tf_slim:inception_v1", []))


@pytest.mark.xdist_group("torch")
@pytest.mark.parametrize("entry", ["torchvision:inception_v3", "torchvision:googlenet"])
def test_networks_that_transform_their_input_are_seen_to(entry):
    """pytorch/vision#5376: forced by the published weights, not by default."""
    from zoodata.graph import embedded
    from zoodata.zoos import registry

    zoo, name, _ = registry.find(entry)
    assert embedded.preprocessing(zoo.build(name, meta_device=True).network())


@pytest.mark.xdist_group("tensorflow")
def test_kerass_efficientnets_preprocess_inside_the_network():
    """tensorflow#49930: with a second rescaling that only the published weights' network has."""
    from zoodata.graph import embedded
    from zoodata.zoos import registry

    zoo, name, _ = registry.find("keras_applications:EfficientNetB0")
    assert len(embedded.preprocessing(zoo.build(name, meta_device=True).network())) >= 2
    assert zoo.preprocessing(name).embedded
