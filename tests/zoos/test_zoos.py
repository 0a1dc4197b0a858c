"""The zoos that are installed: entries, names, preprocessing, and what each says when asked for something it lacks."""

from __future__ import annotations

import re

import pytest

from zoodata.dataset.store import Dataset
from zoodata.environments.folders import lock_of
from zoodata.zoos import registry
from zoodata.zoos.base import CannotBuild, NeedsDownload, NotInstalled, UnknownEntry, Zoo, downloading, known, require

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("tensorflow")]

SIZES = {
    "torchvision": lambda n: n == 80,
    "timm": lambda n: n > 1300,
    "keras_applications": lambda n: n >= 38,
    "tf_model_garden": lambda n: n >= 30,
    "tf_slim": lambda n: n == 16,
    "onnx_model_zoo": lambda n: n > 100,
    "torchvision_quantization": lambda n: n == 12,
    "coral": lambda n: n == 5,
    "pytorch_ios": lambda n: n == 1,
    "retinaface": lambda n: n == 1,
    "stm32": lambda n: n == 1,
}
INSTALLED = [name for name in registry.OWN if lock_of(name, None) is None]
"""The others have environments of their own: test_environments.py."""


@pytest.mark.parametrize("name", INSTALLED)
def test_a_zoo_lists_its_entries(name):
    zoo = registry.get(name)
    assert isinstance(zoo, Zoo)
    require(zoo)
    entries = zoo.entries()
    assert SIZES[name](len(entries))
    assert len(set(entries)) == len(entries)


@pytest.mark.parametrize("name", INSTALLED)
def test_every_catalogue_entry_exists_in_its_zoo_or_says_why_not(name):
    entries = set(registry.get(name).entries())
    for entry, (_, item) in Dataset.open().catalogue_entries.items():
        zoo, _, own = entry.partition(":")
        if zoo == name:
            absent = item.unavailable is not None and item.unavailable.reason == "not_in_package"
            assert (own in entries) != absent, entry


@pytest.mark.parametrize("name", INSTALLED)
def test_an_unknown_entry_gets_the_nearest_name(name):
    zoo = registry.get(name)
    first = zoo.entries()[0]
    for ask in (zoo.weights, zoo.build, zoo.preprocessing):
        with pytest.raises(UnknownEntry, match=f"{name} has no entry {first}x"):
            ask(f"{first}x")


def test_the_default_weights_of_timm_come_first():
    """A list by name is no order of preference: a release that adds a name would seem to change the default."""
    import timm

    zoo = registry.get("timm")
    for entry in ("convnext_large", "vit_large_patch14_clip_224", "beit_base_patch16_224", "resnet50"):
        assert zoo.weights(entry)[0] == timm.get_pretrained_cfg(entry).tag


def test_unknown_weights_are_named():
    with pytest.raises(UnknownEntry, match="it has IMAGENET1K_V1, IMAGENET1K_V2"):
        registry.get("torchvision").build("resnet50", weights="V3")
    with pytest.raises(UnknownEntry, match="has no weights nope"):
        registry.get("timm").build("resnet50", weights="nope")
    with pytest.raises(UnknownEntry, match="it has imagenet"):
        registry.get("keras_applications").build("ResNet50", weights="v2")


def test_a_zoo_that_is_not_installed_says_so_in_one_line():
    class Absent:
        name = "absent"
        title, extra, modules = "Absent Zoo", "absent", ("surely_not_installed",)

    with pytest.raises(NotInstalled) as caught:
        require(Absent())  # type: ignore[arg-type]
    assert str(caught.value) == "Absent Zoo needs surely_not_installed: pip install 'zoodata[absent]'"


def test_what_must_be_downloaded_says_how():
    with pytest.raises(NeedsDownload, match="@pretrained to download it"):
        registry.get("onnx_model_zoo").build("resnet50-v1-7")
    with pytest.raises(NeedsDownload, match="download the checkpoint"):
        registry.get("tf_slim").build("vgg_16", weights="vgg_16_2016_08_28")


# Documented facts: see the sources named in the records.
def test_preprocessing_belongs_to_the_weights():
    torchvision = registry.get("torchvision")
    assert torchvision.preprocessing("resnet50", "IMAGENET1K_V1").resize == 256
    assert torchvision.preprocessing("resnet50", "IMAGENET1K_V2").resize == 232
    timm = registry.get("timm")
    assert timm.preprocessing("resnet50", "tv_in1k").interpolation == "bilinear"
    assert timm.preprocessing("resnet50", "a1_in1k").interpolation == "bicubic"


def test_keras_preprocessing_is_read_off_the_running_function():
    keras = registry.get("keras_applications")
    caffe, tf, torch, none = (
        keras.preprocessing(n) for n in ("ResNet50", "MobileNetV2", "DenseNet121", "EfficientNetB0")
    )
    assert (caffe.channel_order, caffe.scale) == ("BGR", 1.0)
    assert caffe.mean == pytest.approx((103.939, 116.779, 123.68), abs=1e-3)
    assert (tf.channel_order, tf.mean, tf.std) == ("RGB", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert torch.mean == pytest.approx((0.485, 0.456, 0.406), abs=1e-3)
    assert torch.std == pytest.approx((0.229, 0.224, 0.225), abs=1e-3)
    assert none.embedded
    assert caffe.resize is None  # the package does not say how an image comes to its size


def test_background_classes():
    slim = registry.get("tf_slim")
    assert slim.preprocessing("inception_v3").label_offset == 1
    assert slim.preprocessing("resnet_v1_50").label_offset == 0
    assert registry.get("tf_model_garden").preprocessing("resnet_50").label_offset == 1


def test_undocumented_preprocessing_is_none():
    onnx = registry.get("onnx_model_zoo")
    assert onnx.preprocessing("bvlc_alexnet") is None
    assert onnx.preprocessing("vgg19-caffe2-9") is None
    assert onnx.preprocessing("resnet50-v1-7").mean == (0.485, 0.456, 0.406)


def test_claims_name_their_place_and_gaps_are_recorded():
    claims, not_stated = registry.get("torchvision").claims()
    result = {(c.entry, c.metric): c for c in claims}
    top1 = result["torchvision:resnet50@IMAGENET1K_V2", "top1"]
    assert (top1.value, top1.source.package) == (80.858, "torchvision")
    macs = result["torchvision:resnet50@IMAGENET1K_V2", "macs"]
    assert (macs.stated, macs.stated_unit, macs.value) == ("4.089", "GFLOPS", 4_089_000_000)
    assert {item.entry for item in not_stated} == {"torchvision:vgg16@IMAGENET1K_FEATURES"}
    keras, _ = registry.get("keras_applications").claims()
    assert {(c.entry, c.metric, c.value) for c in keras} >= {
        ("keras_applications:MobileNetV3Large", "top1", 75.6),
        ("keras_applications:MobileNetV3Small", "macs", 66e6),
    }


def test_claims_in_the_dataset_are_what_the_installed_packages_state():
    from zoodata.dataset.tables import source_text

    known = {claim.id for claim in Dataset.open().claims}
    for name in ("torchvision", "keras_applications", "onnx_model_zoo"):
        for claim in registry.get(name).claims().claims:
            assert claim.id in known, source_text(claim)


def test_a_fault_of_code_is_no_download_though_its_words_hold_an_address():
    def fails():
        raise AttributeError("numpy has no attribute int; see https://numpy.org")

    with pytest.raises(CannotBuild):
        downloading("tf2cv:regnetx002", fails)


def test_an_entry_that_is_written_as_its_zoo_writes_it_is_understood():
    """timm's MODEL.TAG, other letters, other dashes: the answer names the entry that is meant."""
    names = ["resnet50", "resnet50_gn", "EfficientNetB0", "mobilenet-v2"]
    for written, meant in (
        ("resnet50.a1_in1k", "timm:resnet50@a1_in1k"),
        ("efficientnetb0", "timm:EfficientNetB0"),
        ("mobilenet_v2", "timm:mobilenet-v2"),
        ("resnet5O", "timm:resnet50"),
    ):
        with pytest.raises(UnknownEntry, match=re.escape(f"did you mean {meant}?")):
            known(written, names, "timm")
