"""The zoos' own loading paths, run on checkpoints made here: nothing is downloaded, nothing is unpickled."""

from __future__ import annotations

import hashlib
import http.server
import os
import pickle
import threading

import numpy as np
import pytest

from zoodata.zoos import registry
from zoodata.zoos.base import CannotBuild, NeedsDownload

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("tensorflow")]


def outputs(model):
    """What a torch or Keras model computes on a fixed image."""
    from zoodata.runtimes.model import random_image

    image = random_image(model.input, 1, 0)
    if model.runtime == "torch":
        import torch

        with torch.no_grad():
            return model._module(torch.from_numpy(image)).numpy()
    return np.asarray(model._model(image, training=False))


@pytest.fixture(scope="module")
def squeezenet(tmp_path_factory):
    """A random torchvision SqueezeNet 1.1 and its checkpoint."""
    import torch

    model = registry.get("torchvision").build("squeezenet1_1")
    path = tmp_path_factory.mktemp("weights") / "squeezenet.pth"
    torch.save(model._module.state_dict(), path)
    return model, path


def test_torchvision_loads_through_its_own_api(squeezenet, tmp_path, monkeypatch):
    import torchvision

    model, path = squeezenet
    url = torchvision.models.SqueezeNet1_1_Weights.IMAGENET1K_V1.url
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    (cache / url.rpartition("/")[2]).write_bytes(path.read_bytes())
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    loaded = registry.get("torchvision").build("squeezenet1_1", weights="IMAGENET1K_V1")
    np.testing.assert_array_equal(outputs(loaded), outputs(model))


def test_a_local_checkpoint(squeezenet):
    model, path = squeezenet
    loaded = registry.get("torchvision").build("squeezenet1_1", path=path)
    np.testing.assert_array_equal(outputs(loaded), outputs(model))


def test_a_checkpoint_of_another_network_is_refused(squeezenet):
    with pytest.raises(CannotBuild, match="does not fit"):
        registry.get("torchvision").build("alexnet", path=squeezenet[1])


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'ran'}",)

    path = tmp_path / "bomb.pth"
    path.write_bytes(pickle.dumps({"state_dict": Bomb()}))
    for zoo, entry in (("torchvision", "alexnet"), ("timm", "resnet18")):
        with pytest.raises(CannotBuild, match="not a plain torch checkpoint"):
            registry.get(zoo).build(entry, path=path)
    assert not (tmp_path / "ran").exists()


def test_timm_loads_a_local_checkpoint(tmp_path):
    import torch

    zoo = registry.get("timm")
    model = zoo.build("mobilenetv3_small_050")
    path = tmp_path / "m.pth"
    torch.save({"state_dict": model._module.state_dict()}, path)
    np.testing.assert_array_equal(outputs(zoo.build("mobilenetv3_small_050", path=path)), outputs(model))


def test_keras_loads_through_its_own_api(tmp_path):
    zoo = registry.get("keras_applications")
    model = zoo.build("MobileNet")
    path = tmp_path / "m.weights.h5"
    model._model.save_weights(path)
    np.testing.assert_array_equal(outputs(zoo.build("MobileNet", path=path)), outputs(model))
    with pytest.raises(CannotBuild, match="does not fit"):
        zoo.build("MobileNetV2", path=path)


def test_model_garden_restores_its_checkpoints(tmp_path):
    import tensorflow as tf

    zoo = registry.get("tf_model_garden")
    model = zoo.build("mobilenet_v3_small")
    saved = tf.train.Checkpoint(model=model._model, **model._model.checkpoint_items).write(str(tmp_path / "ckpt"))
    from pathlib import Path

    loaded = zoo.build("mobilenet_v3_small", path=Path(saved))
    np.testing.assert_array_equal(outputs(loaded), outputs(model))
    with pytest.raises(CannotBuild, match="does not fit"):
        zoo.build("mobilenet_v3_large", path=Path(saved))


def test_slim_restores_its_checkpoints(tmp_path):
    import tensorflow as tf

    from zoodata.runtimes.tensorflow import WeightsDoNotFit

    zoo = registry.get("tf_slim")
    model = zoo.build("inception_v1")
    graph, _, _ = model._build(1)
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        session.run(tf.compat.v1.global_variables_initializer())
        saved = tf.compat.v1.train.Saver().save(session, str(tmp_path / "model.ckpt"))
    from pathlib import Path

    zoo.build("inception_v1", path=Path(saved)).prepare(1, "cpu", 1, 0)()
    with pytest.raises(WeightsDoNotFit, match="does not fit"):
        zoo.build("vgg_a", path=Path(saved)).prepare(1, "cpu", 1, 0)


def test_onnx_downloads_with_checksum(tmp_path, monkeypatch):
    """From a server of ours: the right bytes are taken, wrong ones refused, a dead server named."""
    from zoodata.zoos import onnx_model_zoo

    good = onnx_model_zoo.light_path("squeezenet").read_bytes()
    entry = "squeezenet1.1-7"
    served = {f"/{entry}/resolve/main/{entry}.onnx": good}

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            data = served.get(self.path)
            self.send_response(200 if data else 404)
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("ZOODATA_ONNX_HOST", f"http://127.0.0.1:{server.server_port}")
    zoo = registry.get("onnx_model_zoo")
    try:
        with pytest.raises(CannotBuild, match="hash"):
            zoo.build(entry, weights="pretrained")
        model = dict(onnx_model_zoo.manifest()[entry], sha256=hashlib.sha256(good).hexdigest())
        monkeypatch.setattr(onnx_model_zoo, "manifest", lambda: {entry: model})
        assert zoo.build(entry, weights="pretrained").classes == 1000
        served.clear()
        assert zoo.build(entry, weights="pretrained").classes == 1000  # from the cache
    finally:
        server.shutdown()
        server.server_close()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    with pytest.raises(NeedsDownload, match="could not be"):
        zoo.build(entry, weights="pretrained")
