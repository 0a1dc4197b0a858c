"""Views: how a value's axes are regrouped on the way into an operator, in one form for every framework.

Transposes, reshapes, flattens, squeezes and expansions compute nothing; they say which axis is read as
which. Frameworks write them differently (NHWC against NCHW, tokens before or after channels), so a network
here has no nodes for them: an operand carries a view of the value it reads.

A view lists, per axis as the operator sees it, the *atoms* the axis is made of, outermost first. An atom
is ``(axis, inner, size)``: ``size`` steps along axis ``axis`` of the value, each of ``inner`` elements
of that axis. The channel axis of 96 split into 3 heads of 32 has the atoms ``(0, 32, 3)`` and
``(0, 1, 32)``. Axis ``-1`` is no axis of the value: the value is repeated ``size`` times. An axis without
atoms has size 1; values themselves have no axes of size 1, so that ``(1, C, 1, 1)`` and ``(C,)`` are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import NamedTuple

Shape = tuple[int, ...]
Atom = tuple[int, int, int]
Axis = tuple[Atom, ...]
Axes = tuple[Axis, ...]

REPEAT = -1


def identity(shape: Shape) -> Axes:
    """The value as it is."""
    return tuple(((axis, 1, size),) for axis, size in enumerate(shape))


def whole(axis: int, shape: Shape) -> Axis:
    """One axis that is the value's axis ``axis``."""
    return ((axis, 1, shape[axis]),)


def with_ones(shape: Shape, base: int = 0) -> Axes:
    """A value made without axes of size 1, seen with them, as a framework shows it."""
    axes: list[Axis] = []
    for size in shape:
        if size == 1:
            axes.append(())
        else:
            axes.append(((base, 1, size),))
            base += 1
    return tuple(axes)


def without_ones(shape: Iterable[int]) -> Shape:
    """The shape a value of a framework's shape is kept in."""
    return tuple(size for size in shape if size != 1)


def size_of(axis: Axis) -> int:
    """Length of one axis of a view."""
    return prod(atom[2] for atom in axis)


def shape_of(axes: Axes) -> Shape:
    """Shape as the operator sees it."""
    return tuple(prod([atom[2] for atom in axis]) for axis in axes)


def merged(atoms: Iterable[Atom]) -> Axis:
    """Neighbouring atoms that are one stretch of the same axis, joined."""
    joined: list[Atom] = []
    for axis, inner, size in atoms:
        if joined:
            last_axis, last_inner, last_size = joined[-1]
            if axis == last_axis and (axis == REPEAT or last_inner == inner * size):
                joined[-1] = (axis, inner, last_size * size)
                continue
        joined.append((axis, inner, size))
    return tuple(joined)


def split(atom: Atom, outer: int) -> tuple[Atom, Atom]:
    """An atom as ``outer`` stretches of equal length."""
    axis, inner, size = atom
    rest = size // outer
    return (axis, inner * rest if axis != REPEAT else 0, outer), (axis, inner, rest)


def reshape(axes: Axes, shape: Sequence[int]) -> Axes | None:
    """The same elements in the same order under another shape; None where an axis would be cut unevenly."""
    atoms = [atom for axis in axes for atom in axis]
    position, new_axes = 0, []
    for wanted in shape:
        group: list[Atom] = []
        left = wanted
        while left > 1:
            if position == len(atoms):
                return None
            atom = atoms[position]
            size = atom[2]
            if left % size == 0:
                left //= size
                position += 1
                group.append(atom)
            elif size % left == 0:
                outer, atoms[position] = split(atom, left)
                group.append(outer)
                left = 1
            else:
                return None
        new_axes.append(merged(group) if len(group) > 1 else tuple(group))
    return tuple(new_axes) if position == len(atoms) else None


def permute(axes: Axes, order: Sequence[int]) -> Axes:
    """Axes in another order."""
    return tuple(axes[number] for number in order)


def turned(axes: Axes) -> Axes:
    """The last two axes in each other's place: a transposed matrix."""
    return permute(axes, (*range(len(axes) - 2), len(axes) - 1, len(axes) - 2))


def is_bijective(axes: Axes) -> bool:
    """Whether the view shows each element once."""
    return all(atom[0] != REPEAT for axis in axes for atom in axis)


def whole_axes(axis: Axis, shape: Shape) -> list[int] | None:
    """The value's axes that make up this axis, if it is made of undivided ones only."""
    wholes = []
    for base, inner, size in axis:
        if base == REPEAT or inner != 1 or size != shape[base]:
            return None
        wholes.append(base)
    return wholes


def align(primary: Axis, other: Axis) -> tuple[list[Atom], list[Atom]] | None:
    """Cut two axes of one length into the same pieces; None where they do not divide."""
    left, right = list(primary), list(other)
    first: list[Atom] = []
    second: list[Atom] = []
    while left and right:
        a, b = left[0], right[0]
        if a[2] == b[2]:
            first.append(left.pop(0))
            second.append(right.pop(0))
        elif a[2] % b[2] == 0:
            outer, left[0] = split(a, b[2])
            first.append(outer)
            second.append(right.pop(0))
        elif b[2] % a[2] == 0:
            outer, right[0] = split(b, a[2])
            second.append(outer)
            first.append(left.pop(0))
        else:
            return None
    return (first, second) if not left and not right else None


def seen_from(primary: Axes, base_shape: Shape, other: Axes) -> Axes | None:
    """Another operand's axes, rearranged so that they stand beside the primary value's own axes.

    Both are broadcast against each other from the right, as every framework does; the primary covers the
    whole result. Returns one axis for each of the primary value's axes, empty where the other is repeated
    along it; None where the two cannot be cut alike.
    """
    pieces: list[list[tuple[Atom, Atom | None]]] = [[] for _ in base_shape]
    offset = len(primary) - len(other)
    if offset < 0:
        if any(other[:-offset]):
            return None
        other, offset = other[-offset:], 0
    for number, axis in enumerate(primary):
        mine = other[number - offset] if number >= offset else ()
        if not mine:
            for atom in axis:
                pieces[atom[0]].append((atom, None))
            continue
        cut = align(axis, mine)
        if cut is None:
            return None
        for atom, counterpart in zip(*cut, strict=True):
            pieces[atom[0]].append((atom, counterpart))
    axes: list[Axis] = []
    for base in pieces:
        base.sort(key=lambda pair: -pair[0][1])
        if all(counterpart is None for _, counterpart in base):
            axes.append(())
            continue
        axes.append(merged((REPEAT, 0, atom[2]) if other is None else other for atom, other in base))
    return tuple(axes)


def resized(axes: Axes, base: int, size: int) -> Axes:
    """The view after the value's axis ``base``, which one axis of the view shows undivided, got another length."""
    if size == 1:
        return dropped(axes, {base})
    return tuple(tuple((a, i, size) if a == base else (a, i, s) for a, i, s in axis) for axis in axes)


def dropped(axes: Axes, gone: set[int]) -> Axes:
    """The view after some of the value's axes fell away (they have size 1 now); the others are renumbered."""
    shift = {}

    def number(axis: int) -> int:
        if axis not in shift:
            shift[axis] = axis - sum(1 for other in gone if other < axis)
        return shift[axis]

    return tuple(tuple((a if a == REPEAT else number(a), i, s) for a, i, s in axis if a not in gone) for axis in axes)


class Steps(NamedTuple):
    """A view as the operations that carry it out, in this order; the last is a reshape to the view's shape."""

    cut: list[int]
    """Reshape to this,"""
    order: list[int]
    """transpose,"""
    slots: list[int]
    """reshape, with 1 wherever the value is repeated,"""
    full: list[int]
    """and expand to this."""

    @property
    def repeats(self) -> bool:
        """Whether there is anything to expand."""
        return len(self.order) != len(self.full)


def steps(axes: Axes, rank: int) -> Steps:
    """How to look at a value of so many axes under a view."""
    cut: list[int] = []
    places: dict[tuple[int, int], int] = {}
    for base in range(rank):
        for inner, size in sorted(((i, s) for axis in axes for a, i, s in axis if a == base), reverse=True):
            places[base, inner] = len(cut)
            cut.append(size)
    atoms = [atom for axis in axes for atom in axis]
    order = [places[a, i] for a, i, _ in atoms if a != REPEAT]
    return Steps(cut, order, [1 if a == REPEAT else s for a, _, s in atoms], [s for _, _, s in atoms])


def composed(outer: Axes, inner: Axes) -> Axes | None:
    """``outer`` is a view of a value that is itself the view ``inner`` of another; the one view of both."""
    between = tuple(axis for axis in inner if axis)
    by_axis: list[list[tuple[int, Axis]]] = []
    for number, axis in enumerate(between):
        # Cut the inner axis wherever the outer view cuts it.
        cuts = sorted({(i, s) for view in outer for a, i, s in view if a == number}, reverse=True)
        pieces = reshape((axis,), [s for _, s in cuts]) if cuts else None
        if pieces is None:
            return None
        by_axis.append([(i, piece) for (i, _), piece in zip(cuts, pieces, strict=True)])
    axes: list[Axis] = []
    for view in outer:
        atoms: list[Atom] = []
        for a, i, s in view:
            if a == REPEAT:
                atoms.append((a, 0, s))
            else:
                atoms.extend(next(piece for inner_step, piece in by_axis[a] if inner_step == i))
        axes.append(merged(atoms))
    return tuple(axes)
