"""Convolutions, linear layers and matrix products: what multiplies and adds."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from zoodata.graph import view
from zoodata.graph.canonical.activation import unscaled
from zoodata.graph.canonical.builder import Builder, View
from zoodata.graph.canonical.elementwise import add, scaled, select
from zoodata.graph.canonical.operand import operand
from zoodata.graph.canonical.pooling import Padding, image_axes, with_padding
from zoodata.graph.canonical.reduction import softmax
from zoodata.graph.network import CONVOLUTION, INPUT, LINEAR, MATMUL, Edge
from zoodata.graph.view import Axes, Axis


def linear(b: Builder, x: View, weight: View, bias: View | None = None, axis: int = -1) -> View:
    """Sum over one axis of x with a weight of shape (outputs, inputs).

    The axis may be several axes of the value, as after a flatten; they are summed in the value's own
    order, and the weight's inputs are regrouped to match. A dense layer after a flatten is therefore the
    same whether channels were first or last.
    """
    axis %= len(x.axes)
    ready = operand(b, x, [axis])
    chosen = ready.chosen[0]
    order = tuple(sorted(chosen))
    outputs, inputs = weight.shape
    if order != chosen:
        cut = b.reshaped(weight, [outputs, *(ready.shape[base] for base in chosen)])
        turned = view.permute(cut.axes, [0, *(1 + chosen.index(base) for base in order)])
        joined = view.reshape(turned, [outputs, inputs])
        weight = View(cut.node, joined) if joined is not None else b.reshaped(View(cut.node, turned), [outputs, inputs])
    edges = [ready.edge, b.edge("weight", weight)]
    if bias is not None:
        edges.append(b.edge("bias", bias))
    shape, result, channel = _with_outputs(ready.shape, ready.result, axis, order, outputs)
    node = b.add(LINEAR, edges, shape, axes=order, outputs=outputs, channel=channel)
    return View(node, result)


def _with_outputs(
    shape: tuple[int, ...], axes: Axes, axis: int, order: tuple[int, ...], outputs: int
) -> tuple[tuple[int, ...], Axes, int | None]:
    """Shape and view of a linear layer's result, and which axis of it holds the outputs."""
    if not order:  # one input: an axis of the outputs is new, and comes first
        if outputs == 1:
            return shape, axes, None
        moved = tuple(tuple((a if a < 0 else a + 1, i, s) for a, i, s in part) for part in axes)
        new: Axis = ((0, 1, outputs),)
        return (outputs, *shape), (*moved[:axis], new, *moved[axis + 1 :]), 0
    place = order[0]
    gone = set(order[1:]) if outputs != 1 else set(order)
    kept = list(shape)
    kept[place] = outputs
    result = [part if number != axis else () for number, part in enumerate(axes)]
    result = list(view.dropped(tuple(result), gone))
    place -= sum(1 for base in gone if base < place)
    if outputs != 1:
        result[axis] = ((place, 1, outputs),)
    return (
        tuple(size for number, size in enumerate(kept) if number not in gone),
        tuple(result),
        place if outputs != 1 else None,
    )


def convolution(
    b: Builder,
    x: View,
    weight: View,
    bias: View | None = None,
    *,
    stride: Sequence[int],
    padding: Padding,
    dilation: Sequence[int],
    groups: int = 1,
    transposed: Sequence[int] | None = None,
) -> View:
    """Convolution of (batch, channels, *positions) with (outputs, inputs per group, *kernel).

    Args:
        padding: (before, after) of each position axis.
        transposed: extra rows at the end of a transposed convolution's result; None for an ordinary one.
            Its weight is (inputs, outputs per group, *kernel).

    A kernel of one element is a linear layer. One that covers its whole image is none: that it does depends on the
    image's size, and the form of a layer does not.
    """
    outputs, inputs, *kernel = weight.shape
    if transposed is not None:
        return _transposed(b, x, weight, bias, stride, padding, dilation, groups, transposed)
    x, padding = with_padding(b, x, padding, 0.0)
    sizes = x.shape[2:]
    dilation = [d if k > 1 else 1 for d, k in zip(dilation, kernel, strict=True)]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    flat = not any(map(any, padding))
    if flat and groups == 1 and prod(kernel) == 1 and prod(stride) == 1:
        return linear(b, x, b.reshaped(weight, (outputs, inputs)), bias, axis=1)
    result = tuple(
        (size + sum(pad) - r) // s + 1 for size, pad, r, s in zip(sizes, padding, reach, stride, strict=True)
    )
    return _convolution(
        b, x, weight, bias, (outputs, *result), kernel=tuple(kernel), stride=tuple(stride),
        padding=tuple(map(tuple, padding)), dilation=tuple(dilation), groups=groups,
    )  # fmt: skip


def _convolution(
    b: Builder, x: View, weight: View, bias: View | None, result: Sequence[int], **attributes: object
) -> View:
    """The node itself; ``result`` is its (outputs, *positions)."""
    edges = [b.edge(INPUT, x, image_axes(x)), b.edge("weight", weight)]
    if bias is not None:
        edges.append(b.edge("bias", bias))
    batch, outputs = x.shape[0], result[0]
    channel = None if outputs == 1 else int(batch != 1)
    shape = (batch, *result)
    node = b.add(CONVOLUTION, edges, view.without_ones(shape), outputs=outputs, channel=channel, **attributes)
    return b.value(node, shape)


def _transposed(
    b: Builder, x: View, weight: View, bias: View | None, stride: Sequence[int], padding: Padding,
    dilation: Sequence[int], groups: int, extra: Sequence[int],
) -> View:  # fmt: skip
    _, per_group, *kernel = weight.shape
    outputs = per_group * groups
    # Rows that are added at the end and cut off again are none.
    spare = [max(min(after, e), 0) for (_, after), e in zip(padding, extra, strict=True)]
    padding = [(before, after - n) for (before, after), n in zip(padding, spare, strict=True)]
    extra = [e - n for e, n in zip(extra, spare, strict=True)]
    # A frame cut off less than nothing is a frame added.
    extra = [e - min(after, 0) for (_, after), e in zip(padding, extra, strict=True)]
    padding = [(before, max(after, 0)) for before, after in padding]
    result = tuple(
        (size - 1) * s - sum(pad) + d * (k - 1) + e + 1
        for size, s, pad, d, k, e in zip(x.shape[2:], stride, padding, dilation, kernel, extra, strict=True)
    )
    return _convolution(
        b, x, weight, bias, (outputs, *result), kernel=tuple(kernel), stride=tuple(stride),
        padding=tuple(map(tuple, padding)), dilation=tuple(dilation), groups=groups, extra=tuple(extra),
    )  # fmt: skip


def matmul(b: Builder, x: View, y: View) -> View:
    """x @ y over the last axis of x and the last but one of y; leading axes are broadcast.

    The operand that is nearer to the output stands first; numbers that only scale an operand scale the
    result instead.
    """
    if len(y.axes) == 2 and not y.node.dynamic:
        return linear(b, x, View(y.node, view.permute(y.axes, (1, 0))))
    if len(x.axes) == 1:
        made = matmul(b, View(x.node, ((), *x.axes)), y)
        return View(made.node, made.axes[:-2] + made.axes[-1:])
    if len(y.axes) == 1:
        made = matmul(b, x, View(y.node, (*y.axes, ())))
        return View(made.node, made.axes[:-1])
    rank = max(len(x.axes), len(y.axes))
    left, right = (((),) * (rank - len(operand.axes)) + operand.axes for operand in (x, y))
    batch = [max(view.size_of(a), view.size_of(c)) for a, c in zip(left[:-2], right[:-2], strict=True)]
    letters = [chr(ord("a") + number) for number in range(len(batch))]
    return contract(
        b,
        View(x.node, left),
        View(y.node, right),
        [*letters, "x", "z"],
        [*letters, "z", "y"],
        [*letters, "x", "y"],
    )


def contract(
    b: Builder, x: View, y: View, x_letters: Sequence[str], y_letters: Sequence[str], result: Sequence[str]
) -> View:
    """An einsum of two values: letters name axes; what is not in the result is summed."""
    (factor, left), (times, right) = unscaled(b, x.node), unscaled(b, y.node)
    x, y, factor = View(left, x.axes), View(right, y.axes), factor * times
    if _stands_first(y, y_letters, x, x_letters, result):
        x, y, x_letters, y_letters = y, x, y_letters, x_letters
    sizes: dict[str, int] = {}
    for value, letters in ((x, x_letters), (y, y_letters)):
        for letter, size in zip(letters, value.shape, strict=True):
            sizes[letter] = max(size, sizes.get(letter, 1))
    kept = [letter for letter in result if sizes[letter] != 1]
    batch = [letter for letter in kept if letter in x_letters and letter in y_letters]
    summed = [letter for letter in x_letters if letter in y_letters and letter not in result and sizes[letter] != 1]
    first = [letter for letter in kept if letter not in batch and letter in x_letters]
    second = [letter for letter in kept if letter not in batch and letter in y_letters]
    edges = [
        _grouped(b, INPUT, x, x_letters, batch, first, summed, sizes),
        _grouped(b, "other", y, y_letters, batch, second, summed, sizes),
    ]
    shape = tuple(sizes[letter] for letter in (*batch, *first, *second))
    node = b.add(MATMUL, edges, shape, batch=len(batch), free=(len(first), len(second)))
    places = {letter: number for number, letter in enumerate((*batch, *first, *second))}
    axes = tuple(view.whole(places[letter], shape) if letter in places else () for letter in result)
    return scaled(b, View(node, axes), factor)


def _stands_first(
    one: View, letters: Sequence[str], other: View, other_letters: Sequence[str], result: Sequence[str]
) -> bool:
    """Whether an operand comes before another: the nearer to the output; else that whose axes the result has first."""
    if one.node.depth != other.node.depth:
        return one.node.depth > other.node.depth
    free = {letter for letter in letters if letter not in other_letters}
    others = {letter for letter in other_letters if letter not in letters}
    first = next((letter for letter in result if letter in free | others), None)
    return first in free


def einsum(b: Builder, x: View, y: View, x_letters: str, y_letters: str, result: str) -> View:
    """A sum over axes named by letters; with a stored tensor it is a linear layer over the summed axes."""
    if y.node.dynamic == x.node.dynamic:
        return contract(b, x, y, x_letters, y_letters, result)
    if y.node.dynamic:
        x, y, x_letters, y_letters = y, x, y_letters, x_letters
    if any(letter in result for letter in y_letters if letter in x_letters):
        return contract(b, x, y, x_letters, y_letters, result)
    summed = [letter for letter in x_letters if letter in y_letters]
    rest = [letter for letter in x_letters if letter not in summed]
    made = [letter for letter in y_letters if letter not in summed]
    mine, weights = dict(zip(x_letters, x.axes, strict=True)), dict(zip(y_letters, y.axes, strict=True))
    joined = view.merged(atom for letter in summed for atom in mine[letter])
    outputs = view.merged(atom for letter in made for atom in weights[letter])
    inputs = view.merged(atom for letter in summed for atom in weights[letter])
    flat = linear(b, View(x.node, (*(mine[letter] for letter in rest), joined)), View(y.node, (outputs, inputs)))
    sizes = dict(zip(x_letters, x.shape, strict=True)) | dict(zip(y_letters, y.shape, strict=True))
    full = b.reshaped(flat, [sizes[letter] for letter in (*rest, *made)])
    return View(full.node, view.permute(full.axes, [[*rest, *made].index(letter) for letter in result]))


def einsum_of(b: Builder, operands: Sequence[View], equation: str) -> View:
    """An einsum of two values in the words of numpy, dots included.

    Raises:
        NotImplementedError: for one or three operands, or a letter twice in one term.
    """
    left, arrow, result = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != 2 or any(len(set(t.replace("...", ""))) != len(t.replace("...", "")) for t in terms):
        raise NotImplementedError
    if not arrow:
        letters = [letter for letter in left if letter.isalpha()]
        result = ("..." if "..." in left else "") + "".join(sorted(n for n in letters if letters.count(n) == 1))
    if "..." in left:
        longest = max(len(x.axes) - len(term.replace("...", "")) for x, term in zip(operands, terms, strict=True))
        free = [letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter not in left][:longest]
        spread = []
        for x, term in zip(operands, terms, strict=True):
            count = len(x.axes) - len(term.replace("...", ""))
            spread.append(term.replace("...", "".join(free[longest - count :])))
        terms, result = spread, result.replace("...", "".join(free))
    return einsum(b, operands[0], operands[1], terms[0], terms[1], result)


def _grouped(
    b: Builder, role: str, value: View, letters: Sequence[str], batch: Sequence[str], free: Sequence[str],
    summed: Sequence[str], sizes: dict[str, int],
) -> Edge:  # fmt: skip
    places = dict(zip(letters, value.axes, strict=True))
    axes = []
    for letter in (*batch, *free, *summed):
        axis = places[letter]
        axes.append(axis if axis or sizes[letter] == 1 else ((view.REPEAT, 0, sizes[letter]),))
    return b.edge(role, value, tuple(axes))


def attention(
    b: Builder,
    query: View,
    key: View,
    value: View,
    scale: float | None,
    mask: View | None = None,
    sees: View | None = None,
) -> View:
    """softmax(query @ key^T * scale + mask) @ value over the last two axes.

    Args:
        scale: None for one over the root of the width.
        mask: added to the scores.
        sees: true where a query sees a key; elsewhere the score is minus infinity.
    """
    width = query.shape[-1]
    scores = scaled(b, matmul(b, query, View(key.node, view.turned(key.axes))), width**-0.5 if scale is None else scale)
    if mask is not None:
        scores = add(b, scores, mask)
    if sees is not None:
        scores = select(b, sees, scores, b.constant(np.asarray(-np.inf)))
    return matmul(b, softmax(b, scores, -1), value)
