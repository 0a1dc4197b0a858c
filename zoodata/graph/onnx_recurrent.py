"""ONNX's recurrent layers in our words."""

from __future__ import annotations

from zoodata.graph.canonical import recurrent, shaping
from zoodata.graph.canonical.builder import View
from zoodata.graph.canonical.recurrent import Direction, Rows, State
from zoodata.graph.onnx_operators import Call, handles
from zoodata.graph.view import permute

ORDERS = {"LSTM": "iofg", "GRU": "zrn", "RNN": "h"}
"""The gates in the order in which ONNX stores them."""

USUAL = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}
PLAIN = {"Tanh": "rnn_tanh", "Relu": "rnn_relu"}
UNUSUAL = ("clip", "input_forget", "activation_alpha", "activation_beta")
"""Attributes that change what a step computes."""


@handles(*ORDERS)
def _recurrent(c: Call) -> list[View]:
    """See the operators' specification.

    Raises:
        NotImplementedError: with lengths of its own, peepholes or other activations.
    """
    kind, own = c.proto.op_type, c.own
    sides = 2 if own.get("direction", b"forward") == b"bidirectional" else 1
    functions = [name.decode() for name in own.get("activations", [])] or USUAL[kind] * sides
    per_side = functions[: len(functions) // sides]
    is_plain = kind == "RNN" and per_side[0] in PLAIN and functions == per_side * sides
    batch_first = bool(own.get("layout", 0))
    if any(own.get(name) for name in UNUSUAL) or not (is_plain or functions == USUAL[kind] * sides):
        raise NotImplementedError
    x = c.value(0)
    if batch_first:
        x = View(x.node, permute(x.axes, (1, 0, 2)))
    steps, batch, inputs = x.shape
    if c.has(7) or (c.has(4) and any(length != steps for length in c.whole_numbers(4, ""))):
        raise NotImplementedError
    hidden = int(own["hidden_size"])
    gates = len(ORDERS[kind]) * hidden
    directions = []
    for side in range(sides):
        weight, matrix = Rows(c.value(1), side * gates, inputs), Rows(c.value(2), side * gates, hidden)
        biases = (
            [Rows(c.value(3), 2 * side * gates), Rows(c.value(3), (2 * side + 1) * gates)] if c.has(3) else [None, None]
        )
        directions.append(
            Direction(
                cell=PLAIN[per_side[0]] if is_plain else kind.lower(),  # type: ignore[arg-type]
                hidden=hidden,
                order=ORDERS[kind],
                weight=weight,
                state_weight=matrix,
                bias=biases[0],
                state_bias=biases[1],
                is_reverse=side == 1 or own.get("direction") == b"reverse",
                resets_after=bool(own.get("linear_before_reset", 0)),
            )
        )
    before = [State(*(_state(c, position, side, batch, hidden) for position in _states(kind))) for side in range(sides)]
    made = [recurrent.run(c.b, direction, x, state) for direction, state in zip(directions, before, strict=True)]
    # As torch has them, seen as ONNX gives them: (steps, directions, batch, hidden).
    beside = shaping.concatenate(c.b, [values for values, _ in made], 2) if sides > 1 else made[0][0]
    y = c.b.reshaped(beside, (steps, batch, sides, hidden))
    y = View(y.node, permute(y.axes, (0, 2, 1, 3)))
    ends = [shaping.stack(c.b, [state.hidden for _, state in made], 0)]
    if kind == "LSTM":
        ends.append(shaping.stack(c.b, [state.cell for _, state in made if state.cell is not None], 0))
    if batch_first:
        y = View(y.node, permute(y.axes, (2, 0, 1, 3)))
        ends = [View(end.node, permute(end.axes, (1, 0, 2))) for end in ends]
    return [y, *ends][: len(c.proto.output)]


def _states(kind: str) -> tuple[int, ...]:
    """Which inputs hold the first state."""
    return (5, 6) if kind == "LSTM" else (5,)


def _state(c: Call, position: int, side: int, batch: int, hidden: int) -> View:
    if not c.has(position):
        return recurrent.zeros(c.b, batch, hidden)
    given = c.value(position)
    if c.own.get("layout", 0):
        given = View(given.node, permute(given.axes, (1, 0, 2)))
    return recurrent.nth(c.b, given, side)
