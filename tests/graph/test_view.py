"""Views against numpy: any chain of reshapes and transposes is one view."""

from __future__ import annotations

from math import prod

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from zoodata.graph import view
from zoodata.graph.canonical.builder import look


@st.composite
def chains(draw):
    """A value's shape and a chain of regroupings whose sizes divide."""
    shape = tuple(draw(st.lists(st.sampled_from([2, 3, 4, 6]), min_size=1, max_size=3)))
    steps = []
    current = list(shape)
    for _ in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(["permute", "split", "join", "one"]))
        if kind == "permute":
            order = draw(st.permutations(range(len(current))))
            steps.append(("permute", order))
            current = [current[axis] for axis in order]
        elif kind == "split":
            axis = draw(st.integers(0, len(current) - 1))
            factor = draw(st.sampled_from([f for f in (1, 2, 3, current[axis]) if current[axis] % f == 0]))
            current = [*current[:axis], factor, current[axis] // factor, *current[axis + 1 :]]
            steps.append(("reshape", tuple(current)))
        elif kind == "join" and len(current) > 1:
            axis = draw(st.integers(0, len(current) - 2))
            current = [*current[:axis], current[axis] * current[axis + 1], *current[axis + 2 :]]
            steps.append(("reshape", tuple(current)))
        elif kind == "one":
            axis = draw(st.integers(0, len(current)))
            current = [*current[:axis], 1, *current[axis:]]
            steps.append(("reshape", tuple(current)))
    return shape, steps


@given(chains())
def test_a_chain_is_one_view(chain):
    shape, steps = chain
    array = np.arange(prod(shape)).reshape(shape)
    axes, expected = view.identity(shape), array
    for kind, how in steps:
        if kind == "permute":
            axes, expected = view.permute(axes, how), expected.transpose(how)
        else:
            cut = view.reshape(axes, how)
            if cut is None:  # an axis would be cut where it does not end: such a step is a node of its own
                return
            axes, expected = cut, expected.reshape(how)
    assert view.shape_of(axes) == expected.shape
    np.testing.assert_array_equal(look(array, axes), expected)


def followed(axes, steps):
    """The axes after as many of the steps as a view can express; what follows was drawn for the shape after them."""
    for kind, how in steps:
        changed = view.permute(axes, how) if kind == "permute" else view.reshape(axes, how)
        if changed is None:
            return axes
        axes = changed
    return axes


@given(chains(), st.data())
def test_another_operand_stands_beside_the_values_own_axes(chain, data):
    """seen_from: broadcasting on the framework's axes is broadcasting on the value's own."""
    shape, steps = chain
    axes = view.identity(shape)
    axes = followed(axes, steps)
    full = view.shape_of(axes)
    other_shape = tuple(data.draw(st.sampled_from([1, size])) for size in full)
    other = np.arange(1, prod(other_shape) + 1).reshape(view.without_ones(other_shape))
    seen = view.seen_from(axes, shape, view.with_ones(other_shape))
    if seen is None:
        return
    array = np.arange(prod(shape)).reshape(shape)
    expected = look(array, axes) * other.reshape(other_shape)
    np.testing.assert_array_equal(look(array * look(other, seen), axes), expected)


@given(chains(), chains())
def test_two_views_are_one(first, second):
    shape, steps = first
    axes = view.identity(shape)
    axes = followed(axes, steps)
    inner = tuple(axis for axis in axes if axis)
    between = view.shape_of(inner)
    order = tuple(np.random.default_rng(len(steps)).permutation(len(between)))
    outer = view.permute(view.identity(between), order)
    both = view.composed(outer, inner)
    array = np.arange(prod(shape)).reshape(shape)
    assert both is not None
    np.testing.assert_array_equal(look(array, both), look(look(array, inner), outer))
