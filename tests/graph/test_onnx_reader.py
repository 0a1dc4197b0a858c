"""The ONNX reader on the wheel's graphs and on graphs made here."""

from __future__ import annotations

import pytest

from zoodata.graph.counter import count

onnx = pytest.importorskip("onnx")
pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("torch")]

from onnx import TensorProto, helper  # noqa: E402


def graph(nodes, outputs=(1, 10), inputs=(("x", (1, 3, 8, 8)),), initializers=()):
    return helper.make_model(
        helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, outputs)],
            list(initializers),
        ),
        opset_imports=[helper.make_opsetid("", 13)],
    )


def weight(name, shape):
    size = 1
    for side in shape:
        size *= side
    return helper.make_tensor(name, TensorProto.FLOAT, shape, [0.1] * size)


# Parameters without batch-norm statistics; AlexNet's and ResNet-50's are BVLC's and torchvision's own counts.
LIGHT = {
    "bvlc_alexnet": (60_965_224, 0, 654_560_384),
    "resnet50": (25_557_032, 53_120, 4_089_184_256),
    "squeezenet": (1_235_496, 0, 349_151_936),
    "vgg19": (143_667_240, 0, 19_632_062_464),
    "densenet121": (8_062_504, 83_648, 2_834_161_664),
}


@pytest.mark.parametrize("name", LIGHT)
def test_the_wheels_graphs(name):
    from zoodata.zoos.onnx_model_zoo import OnnxModelZoo

    counts = count(OnnxModelZoo().build(name).network())
    assert (counts.parameters, counts.statistics, counts.macs) == LIGHT[name]
    assert counts.unknown_operators == ()


def test_grouped_convolution_gemm_and_matmul():
    from zoodata.graph import onnx_reader

    model = graph(
        [
            helper.make_node("Conv", ["x", "w"], ["a"], group=3, kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
            helper.make_node("Flatten", ["a"], ["b"]),
            helper.make_node("Gemm", ["b", "v"], ["c"], transB=1),
            helper.make_node("MatMul", ["c", "u"], ["y"]),
        ],
        initializers=[weight("w", (3, 1, 3, 3)), weight("v", (5, 192)), weight("u", (5, 10)), weight("debris", (9,))],
    )
    counts = count(onnx_reader.read(model).network)
    assert counts.macs == 3 * 64 * 9 + 192 * 5 + 5 * 10
    assert counts.parameters == 27 + 960 + 50


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (graph([helper.make_node("Relu", ["x"], ["y"])], (1, 3), (("x", (1, 3)),)), "0 image inputs"),
        (
            graph(
                [helper.make_node("Add", ["x", "z"], ["y"])], (1, 3, 8, 8), (("x", (1, 3, 8, 8)), ("z", (1, 3, 8, 8)))
            ),
            "2 image inputs",
        ),
        (
            graph([helper.make_node("Relu", ["x"], ["y"])], ("n", 3, "h", "w"), (("x", ("n", 3, "h", "w")),)),
            "are open",
        ),
    ],
)
def test_graphs_that_are_no_classifier_say_why(model, message):
    from zoodata.graph import onnx_reader

    with pytest.raises(onnx_reader.UnreadableGraph, match=message):
        onnx_reader.read(model)


def branching(condition):
    branches = [
        helper.make_graph(
            [helper.make_node(kind, ["x"], ["z"])],
            "b",
            [],
            [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
        )
        for kind in ("Relu", "Tanh")
    ]
    return helper.make_node("If", [condition], ["y"], then_branch=branches[0], else_branch=branches[1])


def test_the_branch_of_a_known_condition_is_taken():
    from zoodata.graph import onnx_reader

    for value, kind in ((True, "relu"), (False, "tanh")):
        known = helper.make_tensor("c", TensorProto.BOOL, (), [value])
        model = graph([branching("c")], (1, 3, 8, 8), initializers=[known])
        assert onnx_reader.read(model).network.nodes[-1].attributes["kind"] == kind


def test_a_branch_that_depends_on_the_image_is_refused():
    from zoodata.graph import onnx_reader

    nodes = [
        helper.make_node("ReduceMax", ["x"], ["m"], keepdims=0),
        helper.make_node("Cast", ["m"], ["c"], to=TensorProto.BOOL),
        branching("c"),
    ]
    with pytest.raises(onnx_reader.UnreadableGraph, match=r"control flow \(If"):
        onnx_reader.read(graph(nodes, (1, 3, 8, 8)))


def test_an_open_batch_counts_as_batch_1():
    from zoodata.graph import onnx_reader

    def made(batch):
        return graph(
            [
                helper.make_node("Conv", ["x", "w"], ["a"], kernel_shape=[3, 3]),
                helper.make_node("Flatten", ["a"], ["b"]),
                helper.make_node("Gemm", ["b", "v"], ["y"], transB=1),
            ],
            (batch, 5),
            (("x", (batch, 3, 8, 8)),),
            [weight("w", (2, 3, 3, 3)), weight("v", (5, 72))],
        )

    fixed, opened = (count(onnx_reader.read(made(batch)).network) for batch in (1, "N"))
    assert opened == fixed
    assert fixed.macs == 2 * 36 * 27 + 72 * 5


def test_a_counted_node_of_unknown_size_is_refused():
    from zoodata.graph import onnx_reader

    model = graph(
        [helper.make_node("Strange", ["x"], ["a"], domain="x.y"), helper.make_node("Conv", ["a", "w"], ["y"])],
        (1, 2, 6, 6),
        initializers=[weight("w", (2, 3, 3, 3))],
    )
    model.opset_import.append(helper.make_opsetid("x.y", 1))
    del model.graph.output[0].type.tensor_type.shape.dim[:]
    model.graph.output[0].type.tensor_type.ClearField("shape")
    with pytest.raises(onnx_reader.UnreadableGraph, match=r"not known before it runs|infer"):
        onnx_reader.read(model)


def scattered(places):
    """x with two of its eight rows replaced by their negatives, by ScatterElements."""
    import numpy as np
    from onnx import numpy_helper

    indices = np.broadcast_to(np.reshape(places, (1, 1, 2, 1)), (1, 3, 2, 8)).astype(np.int64)
    ends = [helper.make_tensor(n, TensorProto.INT64, (1,), [v]) for n, v in (("from", 0), ("to", 2), ("axis", 2))]
    nodes = [
        helper.make_node("Slice", ["x", "from", "to", "axis"], ["part"]),
        helper.make_node("Neg", ["part"], ["n"]),
        helper.make_node("ScatterElements", ["x", "i", "n"], ["y"], axis=2),
    ]
    return graph(nodes, (1, 3, 8, 8), initializers=[*ends, numpy_helper.from_array(indices, "i")])


def test_updates_of_one_range_are_a_concatenation():
    from zoodata.graph import onnx_reader

    counts = count(onnx_reader.read(scattered([3, 4])).network)
    assert counts.unknown_operators == ()
    assert counts.layers["concatenate"] == 1


def test_updates_elsewhere_run_by_their_name():
    from zoodata.graph import onnx_reader

    assert count(onnx_reader.read(scattered([3, 5])).network).unknown_operators == ("onnx.ScatterElements",)


def test_sizes_that_are_taken_apart_and_mapped_are_known():
    """Shape -> SplitToSequence -> SequenceMap -> SequenceAt, whose body uses the outer sequence's name."""
    from zoodata.graph import onnx_reader

    body = helper.make_graph(
        [helper.make_node("Add", ["parts", "one"], ["more"])],
        "body",
        [helper.make_tensor_value_info("parts", TensorProto.INT64, None)],
        [helper.make_tensor_value_info("more", TensorProto.INT64, None)],
    )
    numbers = {"one": [1], "ones": [1, 1, 1, 1], "last": [3], "three": [3]}
    nodes = [
        helper.make_node("Shape", ["x"], ["sizes"]),
        helper.make_node("SplitToSequence", ["sizes", "ones"], ["parts"]),
        helper.make_node("SequenceMap", ["parts"], ["grown"], body=body),
        helper.make_node("SequenceAt", ["grown", "last"], ["nine"]),
        helper.make_node("SequenceAt", ["parts", "last"], ["eight"]),
        helper.make_node("Sub", ["nine", "one"], ["again"]),
        helper.make_node("Concat", ["again", "eight", "three"], ["shape"], axis=0),
        helper.make_node("Reshape", ["x", "shape"], ["z"]),
    ]
    known = [helper.make_tensor(name, TensorProto.INT64, (len(v),), v) for name, v in numbers.items()]
    model = graph([*nodes, helper.make_node("Relu", ["z"], ["y"])], (8, 8, 3), initializers=known)
    assert onnx_reader.read(model).network.nodes[-1].shape == (192,), "another size fits no reshape"


def test_a_sequence_that_is_read_otherwise_is_refused():
    from zoodata.graph import onnx_reader

    nodes = [
        helper.make_node("Shape", ["x"], ["sizes"]),
        helper.make_node("SplitToSequence", ["sizes", "ones"], ["parts"]),
        helper.make_node("SequenceErase", ["parts"], ["fewer"]),
        helper.make_node("SequenceAt", ["fewer", "zero"], ["one"]),
        helper.make_node("Reshape", ["x", "one"], ["y"]),
    ]
    known = [
        helper.make_tensor("ones", TensorProto.INT64, (4,), [1, 1, 1, 1]),
        helper.make_tensor("zero", TensorProto.INT64, (), [0]),
    ]
    with pytest.raises(onnx_reader.UnreadableGraph, match="is read otherwise"):
        onnx_reader.read(graph(nodes, initializers=known))
