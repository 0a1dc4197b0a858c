"""A specification gives the pixels that the zoo's own code gives, for every entry whose zoo has such code."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from zoodata.dataset.store import Dataset
from zoodata.images import pixels
from zoodata.images.diagnose import departures, mistakes, probes
from zoodata.records import Preprocessing
from zoodata.zoos import registry

SPEC = Preprocessing(
    resize=256, crop=(224, 224), interpolation="bilinear", antialias=True, scale=1 / 255, mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225), channel_order="RGB", layout="NCHW", source="tests",
)  # fmt: skip


def entries(zoo):
    for entry, (_, item) in Dataset.open().catalogue_entries.items():
        if entry.startswith(f"{zoo}:") and item.unavailable is None:
            yield entry.partition(":")[2]


@pytest.mark.zoos
@pytest.mark.xdist_group("torch")
@pytest.mark.parametrize("zoo", ["torchvision", "timm"])
def test_torch_zoos_preprocess_as_their_specification_says(zoo):
    assert _differing(zoo) == []


@pytest.mark.zoos
@pytest.mark.xdist_group("tensorflow")
def test_keras_scales_as_its_specification_says():
    assert _differing("keras_applications") == []


@pytest.mark.zoos
@pytest.mark.xdist_group("tensorflow")
def test_the_model_garden_preprocesses_as_its_specification_says():
    assert _differing("tf_model_garden") == []


def _differing(name):
    zoo = registry.get(name)
    images = [Image.fromarray(image) for image in (*probes(), probes(1)[0][:150, :260])]
    seen, wrong = set(), []
    for entry in entries(name):
        spec = zoo.preprocessing(entry)
        alike = json.dumps(spec.model_dump(mode="json", exclude={"source"}))
        if alike in seen:
            continue
        seen.add(alike)
        pipeline = zoo.pipeline(entry)
        for image in images:
            theirs, ours = pipeline(image), pixels.apply(spec, np.asarray(image))
            if theirs.shape != ours.shape or np.abs(theirs - ours).max() > 1e-4:
                wrong.append((entry, image.size, theirs.shape, ours.shape))
    assert seen
    return wrong


@pytest.mark.zoos
@pytest.mark.xdist_group("torch")
def test_timms_other_ways_to_crop():
    """None of the catalogue's entries pads or squashes; timm can."""
    import timm.data

    image = Image.fromarray(probes()[0])
    for mode, changes in (
        ("squash", {"resize": (256, 256)}),
        ("border", {"resize_side": "long"}),
    ):
        transform = timm.data.create_transform(
            (3, 224, 224), interpolation="bicubic", mean=SPEC.mean, std=SPEC.std, crop_pct=0.875, crop_mode=mode
        )
        spec = SPEC.model_copy(update={"interpolation": "bicubic", **changes})
        assert np.abs(transform(image).numpy() - pixels.apply(spec, np.asarray(image))).max() < 1e-5, mode


def test_each_usual_mistake_is_told_from_the_others():
    images = probes()
    assert departures(lambda image: pixels.apply(SPEC, image), SPEC, images) == ()
    for step in mistakes(SPEC):
        departed = departures(lambda image, spec=step.spec: pixels.apply(spec, image), SPEC, images)
        assert departed is not None
        assert len(departed) == 1
        same = next(other for other in mistakes(SPEC) if other.name == departed[0])
        assert all(np.array_equal(pixels.apply(same.spec, i), pixels.apply(step.spec, i)) for i in images)


def test_two_mistakes_at_once_are_both_named_and_a_strange_one_is_not_guessed():
    images = probes()
    both = SPEC.model_copy(update={"channel_order": "BGR", "resize": (224, 224)})
    departed = departures(lambda image: pixels.apply(both, image), SPEC, images)
    assert departed == ("channels in the order BGR", "resized straight to the crop's size, without a crop")
    assert departures(lambda image: pixels.apply(SPEC, image) ** 2, SPEC, images) is None


@given(
    height=st.integers(1, 300), width=st.integers(1, 300), resize=st.integers(1, 260), crop=st.integers(1, 260),
    side=st.sampled_from(["short", "long"]), order=st.sampled_from(["RGB", "BGR"]),
    layout=st.sampled_from(["NCHW", "NHWC"]), fraction=st.sampled_from([None, 0.875, 1.0]),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_whatever_the_image_the_result_has_the_size_of_the_crop(
    height, width, resize, crop, side, order, layout, fraction
):
    spec = SPEC.model_copy(
        update={
            "resize": resize, "crop": (crop, crop), "resize_side": side, "channel_order": order, "layout": layout,
            "central_fraction": fraction,
        }
    )  # fmt: skip
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    if min(pixels.target_size(spec, (height, width))) < 1:
        return  # a strip so thin that nothing of it is left
    result = pixels.apply(spec, image)
    assert result.shape == ((3, crop, crop) if layout == "NCHW" else (crop, crop, 3))
    assert result.dtype == np.float32
    assert np.isfinite(result).all()


@pytest.mark.parametrize("data", [b"", b"not an image", b"\x89PNG\r\n\x1a\n" + b"0" * 40])
def test_what_is_no_image_is_said_to_be_none(data):
    with pytest.raises(pixels.CannotDecode, match="pillow cannot decode"):
        pixels.decode(data)


@pytest.mark.zoos
@pytest.mark.xdist_group("torch")
def test_decoders_read_the_same_picture():
    import io

    stream = io.BytesIO()
    Image.fromarray(probes()[0]).save(stream, "JPEG", quality=95)
    ours = pixels.decode(stream.getvalue()).astype(int)
    for decoder in ("opencv", "torchvision"):
        assert np.abs(pixels.decode(stream.getvalue(), decoder).astype(int) - ours).mean() < 2, decoder
    for resizer in ("opencv", "torchvision"):
        spec = SPEC.model_copy(update={"resizer": resizer})
        assert pixels.resize(ours.astype(np.uint8), (100, 120), spec).shape == (100, 120, 3)


def test_what_has_more_than_eight_bits_a_channel_is_not_cut_off_silently():
    import io

    stream = io.BytesIO()
    Image.fromarray(np.linspace(0, 65535, 100).reshape(10, 10).astype(np.uint16)).save(stream, "PNG")
    with pytest.raises(pixels.CannotDecode, match="more than 8 bits"):
        pixels.decode(stream.getvalue())
