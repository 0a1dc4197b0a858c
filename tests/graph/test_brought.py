"""What people bring: a family of variants for each kind of model that public reports showed to be misread."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from torch import nn  # noqa: E402

from zoodata.graph.counter import count, shares  # noqa: E402
from zoodata.graph.diff import transplant  # noqa: E402
from zoodata.graph.diff.compare import Comparison  # noqa: E402
from zoodata.graph.diff.findings import diff, needs_settling, settled  # noqa: E402
from zoodata.graph.digest import digest  # noqa: E402
from zoodata.graph.formats import rows  # noqa: E402
from zoodata.records.measurement import InputShape  # noqa: E402
from zoodata.runtimes.model import CannotRead  # noqa: E402
from zoodata.runtimes.onnx import OnnxModel  # noqa: E402
from zoodata.runtimes.torch import TorchModel  # noqa: E402

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("generated")]

helper, T = onnx.helper, onnx.TensorProto


def torch_of(*layers, size=(3, 16, 16)):
    torch.manual_seed(0)
    module = layers[0] if len(layers) == 1 else nn.Sequential(*layers)
    channels, height, width = size
    return TorchModel(module, InputShape(channels=channels, height=height, width=width, layout="NCHW"), 10)


def head(channels=8):
    return nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)


def saved_by_onnx_runtime(model, folder, level):
    """The model as ONNX Runtime saves it, once it has optimised it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return onnx.load(folder / "optimised.onnx")


def onnx_of(nodes, tensors, shape=(1, 3, 16, 16), opset=17, kind=T.FLOAT, output=None):
    random = np.random.default_rng(0)
    stored = [
        onnx.numpy_helper.from_array(
            np.asarray(value) if hasattr(value, "dtype") else random.standard_normal(value).astype("float32"), name
        )
        for name, value in tensors.items()
    ]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info(output or nodes[-1].output[0], T.FLOAT, None)], stored,
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def node(kind, inputs, outputs, **own):
    return helper.make_node(kind, inputs.split(), outputs.split(), **own)


def judged(one, other):
    a, b = one.network(), other.network()
    comparison = Comparison(a, b)
    found = diff(a, b, comparison)
    proof = transplant.prove(a, b, comparison, thorough=needs_settling(found), natives=(one, other))
    return settled(found, proof), proof


def trained(batch_norm):
    nodes = [
        node("Conv", "x w b", "c", pads=[1, 1, 1, 1]),
        batch_norm,
        node("Relu", "n", "r"), node("GlobalAveragePool", "r", "p"), node("Flatten", "p", "y"),
    ]  # fmt: skip
    ones = np.random.default_rng(1).uniform(0.5, 1.5, 8).astype("float32")
    tensors = {"w": (8, 3, 3, 3), "b": (8,), "s": (8,), "h": (8,), "m": (8,), "v": ones}
    return OnnxModel(onnx_of(nodes, tensors))


class TestTrainingMode:
    """A. What was exported in training mode is another function."""

    evaluated = staticmethod(lambda: trained(node("BatchNormalization", "c s h m v", "n")))

    def test_batch_norm_with_the_statistics_of_the_batch_parts(self):
        training = trained(node("BatchNormalization", "c s h m v", "n rm rv", training_mode=1))
        found, proof = judged(self.evaluated(), training)
        assert (found.verdict, proof.status) != ("benign", "equivalent")
        assert found.verdict in ("parametric", "structural")

    def test_it_is_an_instance_norm_of_one_image(self):
        training = trained(node("BatchNormalization", "c s h m v", "n rm rv", training_mode=1))
        instance = torch_of(nn.Conv2d(3, 8, 3, padding=1), nn.InstanceNorm2d(8, affine=True), nn.ReLU(),
                            nn.AdaptiveAvgPool2d(1), nn.Flatten())  # fmt: skip
        found, proof = judged(instance, training)
        assert (found.verdict, proof.status) == ("identical", "equivalent")

    @pytest.mark.parametrize("ratio", [0.1, 0.5])
    def test_an_active_dropout_is_refused(self, ratio):
        nodes = [node("Dropout", "x r t", "d"), node("GlobalAveragePool", "d", "p"), node("Flatten", "p", "y")]
        tensors = {"r": np.float32(ratio), "t": np.array(True)}
        with pytest.raises(CannotRead, match="dropout is active"):
            OnnxModel(onnx_of(nodes, {k: np.asarray(v) for k, v in tensors.items()}))

    @pytest.mark.parametrize("kind", ["RandomNormalLike", "RandomUniformLike", "Bernoulli"])
    def test_random_numbers_are_refused(self, kind):
        nodes = [node(kind, "x", "d"), node("GlobalAveragePool", "d", "p"), node("Flatten", "p", "y")]
        with pytest.raises(CannotRead, match="random numbers"):
            OnnxModel(onnx_of(nodes, {}))

    def test_a_reading_that_is_wrong_proves_nothing(self):
        """A model whose scores are not those of our form of it: the proof says so, and where."""
        right = torch_of(nn.Conv2d(3, 8, 3), nn.ReLU(), *head())

        class Wrong(TorchModel):
            def forward(self, image, weights, precise=False):
                return super().forward(image, weights, precise) * 1.1

        wrong = Wrong(right._module, right.input, 10)
        _, proof = judged(right, wrong)
        assert (proof.status, proof.obstacle.code, proof.obstacle.side) == ("not_proven", "unfaithful", "b")


class TestSizes:
    """B. The form of a network does not depend on the size of the image."""

    MODULES = (
        ("strided convolutions", lambda: (nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 2, 1), *head())),
        ("window as large as the map", lambda: (nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3), nn.ReLU(), *head())),
        ("pooling between convolutions", lambda: (
            nn.Conv2d(3, 8, 3, 2, 1), nn.AvgPool2d(2), nn.Conv2d(8, 8, 3, padding=1), *head())),
        ("largest values", lambda: (
            nn.Conv2d(3, 8, 3, 2, 1), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, padding=1), *head())),
        ("depthwise", lambda: (
            nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 2, 1, groups=8), nn.Conv2d(8, 8, 1), *head())),
        ("padded by itself", lambda: (nn.Conv2d(3, 8, 3, 2, 1), nn.ZeroPad2d(1), nn.Conv2d(8, 8, 3), *head())),
    )  # fmt: skip

    @pytest.mark.parametrize(("_", "layers"), MODULES)
    def test_digests_at_many_sizes_are_one(self, _, layers):
        sizes = (5, 6, 8, 16, 33)
        digests = {digest(torch_of(*layers(), size=(3, size, size)).network()) for size in sizes}
        # A map of one position at one of the sizes, of many at another.
        assert len(digests) == 1

    def test_a_pooling_of_the_whole_map_at_the_end_is_the_mean(self):
        window = torch_of(nn.Conv2d(3, 8, 3, padding=1), nn.AvgPool2d(16), nn.Flatten(), nn.Linear(8, 10))
        assert digest(window.network()) == digest(torch_of(nn.Conv2d(3, 8, 3, padding=1), *head()).network())


class TestCounts:
    """D, E, K. What multiplies is counted or named, and what is a parameter is decided by its use."""

    @pytest.mark.parametrize(
        ("own", "macs"),
        [
            ({"auto_pad": "SAME_UPPER"}, 6912), ({"auto_pad": "SAME_LOWER"}, 6912), ({"output_shape": [16, 16]}, 6912),
            ({"pads": [0, 0, 1, 1]}, 6912), ({"output_padding": [1, 1], "pads": [1, 1, 1, 1]}, 6912),
        ],
    )  # fmt: skip
    def test_transposed_convolutions(self, own, macs):
        nodes = [node("ConvTranspose", "x w b", "y", strides=[2, 2], **own), node("GlobalAveragePool", "y", "p")]
        model = OnnxModel(onnx_of(nodes, {"w": (3, 4, 3, 3), "b": (4,)}, (1, 3, 8, 8)))
        counts = count(model.network())
        assert (counts.macs, counts.uncounted) == (macs, ())

    @pytest.mark.parametrize("mask", ["none", "causal", "boolean", "float"])
    def test_attention(self, mask):
        class Attention(nn.Module):
            def __init__(self):
                super().__init__()
                self.patch, self.qkv, self.fc = nn.Conv2d(3, 16, 8, 8), nn.Linear(16, 48), nn.Linear(16, 10)

            def forward(self, x):
                q, k, v = self.qkv(self.patch(x).flatten(2).transpose(1, 2)).chunk(3, -1)
                see = torch.ones(16, 16, dtype=torch.bool).tril()
                more = {
                    "none": {}, "causal": {"is_causal": True}, "boolean": {"attn_mask": see},
                    "float": {"attn_mask": torch.zeros(16, 16).masked_fill(~see, float("-inf"))},
                }[mask]  # fmt: skip
                return self.fc(nn.functional.scaled_dot_product_attention(q, k, v, **more).mean(1))

        assert count(torch_of(Attention(), size=(3, 32, 32)).network()).macs == 69_792

    def test_an_operator_that_cannot_be_counted_is_named(self):
        nodes = [
            node("Conv", "x w", "c"), node("Reshape", "c shape", "r"), node("Transpose", "r", "t", perm=[0, 2, 1]),
            node("Det", "m", "y"),
        ]  # fmt: skip
        nodes.insert(3, node("MatMul", "r t", "m"))
        shape = np.array([1, 4, 49])
        counts = count(OnnxModel(onnx_of(nodes, {"w": (4, 3, 3, 3), "shape": shape}, (1, 3, 9, 9))).network())
        assert counts.uncounted == ("onnx.Det",)

    FORMS = (
        ("one output", [node("Flatten", "p", "f"), node("Gemm", "f v u", "y", transB=1)],
         {"v": (1, 8), "u": (1,)}, 224 + 9),
        ("matrix product and sum", [node("Flatten", "p", "f"), node("MatMul", "f v", "m"), node("Add", "m u", "y")],
         {"v": (8, 1), "u": (1,)}, 224 + 9),
        ("a number beside", [node("Mul", "p k", "q"), node("Flatten", "q", "y")],
         {"k": np.full((1, 1, 1, 1), 0.5, "float32")}, 224),
        ("limits", [node("Clip", "p low high", "q"), node("Flatten", "q", "y")],
         {"low": np.float32(0).reshape(()), "high": np.float32(6).reshape(())}, 224),
        ("scales of a resize",
         [node("Resize", "c s", "q"), node("GlobalAveragePool", "q", "z"), node("Flatten", "z", "y")],
         {"s": np.array([1, 1, 2, 2], "float32")}, 224),
        ("one slope", [node("PRelu", "p a", "q"), node("Flatten", "q", "y")],
         {"a": np.full((1, 1, 1), 0.25, "float32")}, 225),
    )  # fmt: skip

    @pytest.mark.parametrize(("name", "nodes", "tensors", "parameters"), FORMS)
    def test_parameters_by_their_use(self, name, nodes, tensors, parameters):
        if name == "scales of a resize":
            nodes = [helper.make_node("Resize", ["c", "", "s"], ["q"]), *nodes[1:]]
        first = [node("Conv", "x w b", "c"), node("GlobalAveragePool", "c", "p")]
        model = OnnxModel(onnx_of([*first, *nodes], {"w": (8, 3, 3, 3), "b": (8,), **tensors}))
        assert count(model.network()).parameters == parameters

    def test_weights_in_constant_nodes_are_parameters(self):
        weight = onnx.numpy_helper.from_array(np.random.default_rng(0).standard_normal((8, 3, 3, 3)).astype("float32"))
        nodes = [helper.make_node("Constant", [], ["w"], value=weight), node("Conv", "x w", "c"),
                 node("GlobalAveragePool", "c", "y")]  # fmt: skip
        assert count(OnnxModel(onnx_of(nodes, {})).network()).parameters == 216

    def test_a_buffer_before_the_first_layer_is_none(self):
        mean = np.array([0.485, 0.456, 0.406], "float32").reshape(1, 3, 1, 1)
        nodes = [node("Sub", "x mean", "z"), node("Conv", "z w", "c"), node("GlobalAveragePool", "c", "y")]
        assert count(OnnxModel(onnx_of(nodes, {"mean": mean, "w": (8, 3, 3, 3)})).network()).parameters == 216

    def test_rows_sum_to_the_totals(self):
        model = torch_of(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.PReLU(8), nn.GroupNorm(2, 8), *head())
        network = model.network()
        counts, listed = count(network), rows(network)
        for name in ("parameters", "statistics", "macs"):
            assert sum(row[name] for row in listed) == getattr(counts, name)
        held, left = shares(network)
        assert sum(share.parameters for share in held.values()) + left.parameters == counts.parameters


class TestSpellings:
    """F, G, H. One function in another spelling is not structural, and another function is named."""

    def test_max_pool_padded_outside_before_a_relu(self):
        inside = torch_of(nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(3, 2, 1), nn.ReLU(), *head())
        outside = torch_of(nn.Conv2d(3, 8, 3, padding=1), nn.ZeroPad2d(1), nn.MaxPool2d(3, 2), nn.ReLU(), *head())
        found, proof = judged(inside, outside)
        assert (found.verdict, proof.status) == ("benign", "equivalent")
        assert {finding.reason for finding in found.findings} == {"proven"}

    def test_and_after_a_leaky_relu_what_it_is_padded_with_is_named(self):
        layers = (nn.Conv2d(3, 8, 3, padding=1), nn.LeakyReLU(0.1))
        inside = torch_of(*layers, nn.MaxPool2d(3, 2, 1), *head())
        outside = torch_of(*layers, nn.ZeroPad2d(1), nn.MaxPool2d(3, 2), *head())
        found, _ = judged(inside, outside)
        (only,) = found.findings
        assert (found.verdict, only.attribute, only.a, only.b) == ("parametric", "padded with", float("-inf"), 0.0)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (nn.Softplus(2.0), nn.Softplus(2.0)), (nn.CELU(0.5), nn.CELU(0.5)), (nn.GLU(1), nn.GLU(1)),
            (nn.PixelUnshuffle(2), nn.PixelUnshuffle(2)), (nn.ReflectionPad2d(1), nn.ReflectionPad2d(1)),
            (nn.Upsample(scale_factor=2, mode="bicubic"), nn.Upsample(scale_factor=2, mode="bicubic")),
            (nn.GroupNorm(1, 8, affine=False), nn.LayerNorm([8, 16, 16], elementwise_affine=False)),
        ],
    )  # fmt: skip
    def test_verdict_and_proof_agree(self, one, other):
        class Model(nn.Module):
            def __init__(self, layer):
                super().__init__()
                self.conv, self.layer = nn.Conv2d(3, 8, 3, padding=1), layer
                self.fc = nn.LazyLinear(10)

            def forward(self, x):
                return self.fc(self.layer(self.conv(x)).mean((2, 3)))

        models = []
        for layer in (one, other):
            torch.manual_seed(0)
            module = Model(layer)
            with torch.no_grad():
                module(torch.zeros(1, 3, 16, 16))
            models.append(torch_of(module))
        found, proof = judged(*models)
        assert proof.status == "equivalent"
        assert found.verdict in ("identical", "benign")

    def test_limits_that_a_usual_image_does_not_reach_are_no_benign_difference(self):
        found, proof = judged(
            torch_of(nn.Conv2d(3, 8, 3), nn.ReLU(), *head()), torch_of(nn.Conv2d(3, 8, 3), nn.ReLU6(), *head())
        )
        assert (found.verdict, proof.status) == ("parametric", "parted")

    def test_softmax_axes_are_named(self):
        nodes = [node("Conv", "x w", "c"), node("Softmax", "c", "s", axis=1), node("Mul", "c s", "m"),
                 node("GlobalAveragePool", "m", "p"), node("Flatten", "p", "y")]  # fmt: skip
        found, _ = judged(*(OnnxModel(onnx_of(nodes, {"w": (8, 3, 3, 3)}, opset=opset)) for opset in (11, 13)))
        (only,) = found.findings
        assert (only.operator, only.attribute) == ("softmax", "over")
        assert (only.a, only.b) == (("channels", "height", "width"), ("channels",))

    def test_groups_of_a_channel_shuffle_are_named(self):
        def shuffled(groups):
            torch.manual_seed(0)
            return torch_of(nn.Conv2d(3, 12, 3), nn.ChannelShuffle(groups), nn.Conv2d(12, 12, 1, groups=3), *head(12))

        found, _ = judged(shuffled(3), shuffled(4))
        (only,) = found.findings
        assert only.attribute == "cut"
        assert "3x4" in only.a[0]
        assert "4x3" in only.b[0]


class TestInputTypes:
    """I. A model is fed what it declares."""

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
    def test_torch_modules_of_other_precision(self, dtype):
        from zoodata.graph import faithful

        model = torch_of(nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), *head()).to(dtype))
        assert faithful.error(model.network(), model.forward, 0) < 1e-4
        model.prepare(1, "cpu", 1, 0)()

    @pytest.mark.parametrize("kind", [T.UINT8, T.INT8, T.FLOAT16, T.DOUBLE])
    def test_onnx_images_of_other_types(self, kind):
        from zoodata.graph import faithful

        nodes = [node("Cast", "x", "z", to=T.FLOAT), node("Conv", "z w", "c"), node("GlobalAveragePool", "c", "y")]
        model = OnnxModel(onnx_of(nodes, {"w": (8, 3, 3, 3)}, kind=kind))
        assert faithful.error(model.network(), model.forward, 0, as_fed=model.as_fed) < 1e-4
        model.prepare(1, "cpu", 1, 0)()


class TestReading:
    """J. Local functions, open sizes, several outputs, what ONNX Runtime has fused."""

    def test_a_local_function_is_written_out(self):
        function = helper.make_function(
            "mine", "Double", ["a"], ["b"], [node("Add", "a a", "b")], [helper.make_opsetid("", 17)]
        )
        nodes = [helper.make_node("Double", ["x"], ["d"], domain="mine"), node("Conv", "d w", "c"),
                 node("GlobalAveragePool", "c", "y")]  # fmt: skip
        model = onnx_of(nodes, {"w": (8, 3, 3, 3)})
        model.functions.append(function)
        model.opset_import.append(helper.make_opsetid("mine", 1))
        assert count(OnnxModel(model).network()).unknown_operators == ()

    def test_an_open_size_is_asked_for_and_can_be_given(self):
        nodes = [node("Conv", "x w", "c"), node("GlobalAveragePool", "c", "y")]
        model = onnx_of(nodes, {"w": (8, 3, 3, 3)}, ("n", 3, "h", "w"))
        with pytest.raises(CannotRead, match="--size 224"):
            OnnxModel(model)
        assert OnnxModel(model, (20, 30)).input.width == 30

    def test_the_output_that_is_read_is_the_row_of_scores_or_the_one_asked_for(self):
        nodes = [node("Conv", "x w", "map"), node("GlobalAveragePool", "map", "p"), node("Flatten", "p", "scores")]
        model = onnx_of(nodes, {"w": (8, 3, 3, 3)}, output="map")
        model.graph.output.append(helper.make_tensor_value_info("scores", T.FLOAT, None))
        assert OnnxModel(model).output == "scores"
        assert OnnxModel(model, output="map").output == "map"
        with pytest.raises(CannotRead, match="there is no output nothing; there are map, scores"):
            OnnxModel(model, output="nothing")

    @pytest.mark.parametrize("sizes", [(1, 3, -5, 8), (1, 3, 10**9, 8), (1, 3, 8, 1 << 40)])
    def test_sizes_that_no_image_has_are_refused(self, sizes):
        with pytest.raises(CannotRead, match=r"no image's size|open"):
            OnnxModel(onnx_of([node("Relu", "x", "y")], {}, sizes))

    def test_what_onnx_runtime_fuses_is_read(self, tmp_path):
        plain = onnx_of(
            [node("Conv", "x w b", "c"), node("Relu", "c", "r"), node("GlobalAveragePool", "r", "p"),
             node("Flatten", "p", "y")], {"w": (8, 3, 3, 3), "b": (8,)},
        )  # fmt: skip
        fused = saved_by_onnx_runtime(plain, tmp_path, "ORT_ENABLE_EXTENDED")
        assert any(n.op_type == "FusedConv" for n in fused.graph.node)
        found, proof = judged(OnnxModel(plain), OnnxModel(fused))
        assert (found.verdict, proof.status) == ("identical", "equivalent")

    def test_quantised_weights_count_as_the_numbers_they_stand_for(self):
        whole = np.random.default_rng(0).integers(-100, 100, (8, 3, 3, 3)).astype("int8")
        nodes = [node("DequantizeLinear", "q s z", "w"), node("Conv", "x w", "c"), node("GlobalAveragePool", "c", "y")]
        tensors = {"q": whole, "s": np.float32(0.02).reshape(()), "z": np.int8(3).reshape(())}
        model = OnnxModel(onnx_of(nodes, tensors))
        assert count(model.network()).parameters == 216
        assert np.allclose(model.fixed()["q"], (whole.astype("float32") - 3) * 0.02)
