"""Torch's recurrent layers in our words."""

from __future__ import annotations

from typing import Any

import torch

from zoodata.graph.canonical import recurrent, shaping
from zoodata.graph.canonical.builder import View
from zoodata.graph.canonical.recurrent import Direction, Rows, State
from zoodata.graph.network import GATES
from zoodata.graph.torch_operators import Tracer, arguments, handles, opaque
from zoodata.graph.view import permute


@handles(*GATES)
def _recurrent(t: Tracer, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
    given, word = arguments(func, args, kwargs), str(func.overloadpacket.__name__)
    ours = "lstm" if word == "lstm" else None
    if func._overloadname != "input" or given["input"].dim() != 3:
        return opaque(t, func, args, kwargs, result, ours)  # of a packed sequence
    x = t.view(given["input"])
    if given["batch_first"]:
        x = View(x.node, permute(x.axes, (1, 0, 2)))
    sides = 2 if given["bidirectional"] else 1
    each = 4 if given["has_biases"] else 2
    params, states = given["params"], given["hx"] if word == "lstm" else [given["hx"]]
    runs = given["num_layers"] * sides
    if len(params) != each * runs:  # an LSTM with a projection
        return opaque(t, func, args, kwargs, result, ours)
    hidden = states[0].shape[-1]
    directions = [
        Direction(
            cell=word,  # type: ignore[arg-type]
            hidden=hidden,
            order=GATES[word],  # type: ignore[index]
            weight=_rows(t, params[each * n]),
            state_weight=_rows(t, params[each * n + 1]),
            bias=_rows(t, params[each * n + 2]) if each == 4 else None,
            state_bias=_rows(t, params[each * n + 3]) if each == 4 else None,
            is_reverse=sides == 2 and n % 2 == 1,
        )
        for n in range(runs)
    ]
    given_states = [t.view(state) for state in states]
    before = [State(*(recurrent.nth(t.builder, state, n) for state in given_states)) for n in range(runs)]
    y, last = recurrent.layers(
        t.builder,
        x,
        [directions[n : n + sides] for n in range(0, runs, sides)],
        [before[n : n + sides] for n in range(0, runs, sides)],
    )
    if given["batch_first"]:
        y = View(y.node, permute(y.axes, (1, 0, 2)))
    ends = [shaping.stack(t.builder, [state.hidden for state in last], 0)]
    if word == "lstm":
        ends.append(shaping.stack(t.builder, [state.cell for state in last if state.cell is not None], 0))
    return [y, *ends]


def _rows(t: Tracer, tensor: torch.Tensor) -> Rows:
    return Rows(t.view(tensor), 0, tensor.shape[1] if tensor.dim() == 2 else None)
