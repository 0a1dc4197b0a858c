"""Proof: one network's weights carried into the other, both run on one image.

The diff is reading; this is running. :mod:`zoodata.graph.diff.carry` says how the weights get there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from zoodata.graph import embedded
from zoodata.graph.diff.carry import Carry, DoesNotFit
from zoodata.graph.diff.compare import Comparison
from zoodata.graph.diff.features import last_layer
from zoodata.graph.diff.proof import Obstacle, Place, Proof
from zoodata.graph.executor import CannotExecute, steps
from zoodata.graph.faithful import (
    HoldsIntegers,
    HoldsWeights,
    Native,
    TakesIntegers,
    calibrated,
    first_parting,
    scores,
)
from zoodata.graph.network import Network, Node
from zoodata.graph.random_weights import random_weights
from zoodata.records.comparison import ProofStatus, Side
from zoodata.stats import relative_error

TOLERANCE = 1e-4
"""Scores that differ by less than this part of the largest are equal."""

Array = npt.NDArray[Any]


def prove(
    a: Network,
    b: Network,
    comparison: Comparison,
    seed: int = 0,
    thorough: bool = False,
    natives: tuple[Native | None, Native | None] = (None, None),
    attention: float = 1.0,
) -> Proof:
    """Carry random weights of a into b and run both.

    Both networks must have their constants. Preprocessing inside a network is left out, and so is a softmax
    at the end: what is compared is the logits for one and the same input of the first layer.

    Args:
        a, b, comparison: the networks side by side.
        seed: of weights and image.
        thorough: run them also with large and with small values and statistics, which reach what a usual image does
            not: limits of activations, epsilons.
        natives: the models themselves, to be run with the same weights and images; a network that does not give its
            model's scores proves nothing.
        attention: what makes queries and keys is multiplied by this. Of random weights some attentions are chaotic:
            rounding at the image is all of the scores after three stages (LeViT-384), so that not even two runs of one
            model agree. Such a proof is tried once more with :data:`CALM` attention.
    """
    if a.input_shape != b.input_shape:
        return Proof("not_transferable", misfits=(f"the image: {a.input_shape} against {b.input_shape}",))
    fixed: list[Mapping[str, Array]] = [
        native.fixed() if isinstance(native, HoldsIntegers) else {} for native in natives
    ]
    worst: tuple[float, Place | None] = (0.0, None)
    native_error, one_way = None, False
    for number, regime in enumerate(REGIMES if thorough and not any(fixed) else REGIMES[:1]):
        try:
            weights = _given(a, natives[0], fixed) or _weights(a, seed, regime._replace(attention=attention))
        except CannotExecute as refusal:
            return _not_run(a, refusal, one_way)
        carry = Carry(comparison, weights)
        try:
            carried = carry.all()
        except DoesNotFit:
            return Proof("not_transferable", misfits=tuple(carry.misfits))
        one_way = one_way or carry.one_way
        carried |= {name: np.asarray(array, dtype=np.float64) for name, array in fixed[1].items() if name in carried}
        image = np.random.default_rng(seed + 1).standard_normal(a.input_shape) * regime.image
        for native in natives:
            image = native.as_fed(image).astype(np.float64) if isinstance(native, TakesIntegers) else image
        try:
            ran = _steps(a, weights, image), _steps(b, carried, image)
            final, first = _side_by_side(comparison, *ran, carry.absorbed, carry.classes)
        except CannotExecute as refusal:
            return _not_run(a, refusal, one_way)
        if not number:
            sides: tuple[tuple[Side, Network, dict[str, Array], Native | None], ...] = (
                ("a", a, weights, natives[0]), ("b", b, carried, natives[1])
            )  # fmt: skip
            for side, network, tensors, native in sides:
                if native is None:
                    continue
                found = _against_native(side, network, native, tensors, image)
                if isinstance(found, Obstacle):
                    if found.code == "unfaithful" and attention != CALM and any(map(attending, (a, b))):
                        return prove(a, b, comparison, seed, thorough, natives, CALM)
                    return Proof("not_proven", one_way=one_way, obstacle=found)
                native_error = max(found, native_error or 0.0)
        worst = max(worst, (final, first), key=lambda found: found[0])
        if final >= TOLERANCE:
            break
    final, first = worst
    status: ProofStatus = "equivalent" if final < TOLERANCE else "parted"
    shown = first if status == "parted" else None
    return Proof(status, final, shown, native_error=native_error, one_way=one_way)


def _not_run(a: Network, refusal: CannotExecute, one_way: bool) -> Proof:
    side: Side = "a" if refusal.network is a else "b"
    obstacle = Obstacle("cannot_run", side, refusal.operator, refusal.place, detail=str(refusal))
    return Proof("not_proven", one_way=one_way, obstacle=obstacle)


def _given(a: Network, native: Native | None, fixed: Sequence[Mapping[str, Array]]) -> dict[str, Array] | None:
    """The model's own weights, where either side holds integers, which can be no others; None where any are wanting."""
    if not any(fixed) or not isinstance(native, HoldsWeights):
        return None
    stored, wanted = native.stored(), _roles(a)
    return {name: np.asarray(stored[name]) for name in wanted} if set(wanted) <= set(stored) else None


class Regime(NamedTuple):
    """How large values are in a run."""

    image: float
    """Standard deviation of the image."""
    shifts: float = 1.0
    """Biases, shifts and means are multiplied by this."""
    quiet: float = 0.0
    """Part of the channels whose stored variance is tiny, as of channels that training has left dead."""
    lower: float = 0.0
    """Biases and shifts are less by this: most values before an activation are negative, whole windows of them too."""
    attention: float = 1.0
    """What makes queries and keys is multiplied by this."""


REGIMES = (Regime(1.0), Regime(1.0, lower=1.0), Regime(30.0), Regime(0.01, shifts=0.01, quiet=0.1))

CALM = 0.3
"""Queries and keys of which rounding stays rounding, and another scale of their product is still seen."""

SHIFTS = frozenset({"bias", "shift", "mean", "other"})
LOWERED = frozenset({"bias", "shift"})
MAKING = frozenset({"weight", "bias", "scale", "shift"})
"""Roles of the tensors that a layer makes its values with."""


def _weights(network: Network, seed: int, regime: Regime = REGIMES[0]) -> dict[str, Array]:
    """Random weights whose statistics suit them, so that nothing drowns in rounding."""
    image = np.random.default_rng(seed).standard_normal(network.input_shape).astype(np.float32)
    tensors, roles = random_weights(network, seed), _roles(network)
    if regime.shifts != 1.0:
        for name, role in roles.items():
            if role in SHIFTS and name in tensors:
                tensors[name] = tensors[name] * np.float32(regime.shifts)
    if regime.lower:
        for name, role in roles.items():
            if role in LOWERED and name in tensors:
                tensors[name] = tensors[name] - np.float32(regime.lower)
    tensors = calibrated(network, tensors, image)
    if regime.attention != 1.0:
        # After calibration, which would make the little by which values then differ from place to place large again.
        for name in attending(network) & tensors.keys():
            tensors[name] = tensors[name] * np.float32(regime.attention)
    if regime.quiet:
        generator = np.random.default_rng(seed + 2)
        for name, role in roles.items():
            if role == "variance" and name in tensors:
                quiet = generator.random(tensors[name].shape) < regime.quiet
                tensors[name] = np.where(quiet, tensors[name] * 1e-4, tensors[name]).astype(np.float32)
    return tensors


def attending(network: Network) -> set[str]:
    """The stored tensors of the layers that make queries and keys: the first upstream of a product before a softmax."""
    found: set[str] = set()
    seen: set[tuple[int, bool]] = set()
    waiting = [(node, False) for node in network.operations if node.operator == "softmax"]
    while waiting:
        node, is_factor = waiting.pop()
        own = {name for edge in node.inputs if edge.role in MAKING for name in network.stored_in(edge)}
        if own:
            found |= own if is_factor else set()
            continue
        is_factor = is_factor or node.operator == "matmul"
        for edge in node.inputs:
            if (edge.source, is_factor) not in seen:
                seen.add((edge.source, is_factor))
                waiting.append((network.nodes[edge.source], is_factor))
    return found


def _roles(network: Network) -> dict[str, str]:
    """Each stored tensor by the role in which it is first read."""
    roles: dict[str, str] = {}
    for node in network.nodes:
        for edge in node.inputs:
            for name in network.stored_in(edge):
                scaling = node.operator in ("multiply", "divide")
                roles.setdefault(name, "scale" if scaling and edge.role == "other" else edge.role)
    return roles


def _against_native(
    side: Side, network: Network, native: Native, tensors: dict[str, Array], image: Array
) -> float | Obstacle:
    """Relative error between a network and its model with these weights; what stands in a proof's way otherwise."""
    single = {name: np.asarray(array, dtype=np.float32) for name, array in tensors.items()}
    picture = image.astype(np.float32)
    best = float("inf")
    for precise in (False, True):
        try:
            expected = native.forward(picture, single, precise)
        except Exception as error:  # a model may raise anything
            detail = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            return Obstacle("model_fails", side, detail=detail)
        best = min(best, relative_error(expected, scores(network, single, picture, precise)))
        if best < TOLERANCE:
            return best
    return Obstacle("unfaithful", side, place=first_parting(network, native, single, picture), error=best)


def _steps(network: Network, weights: dict[str, Array], image: Array) -> Iterator[tuple[Node, Any]]:
    """The value of node after node, with the image handed to the first layer."""
    stored = {name: torch.from_numpy(np.asarray(array, dtype=np.float64)) for name, array in weights.items()}
    picture = torch.from_numpy(image)
    entrance = embedded.entrance(network)
    return steps(network, stored, picture, given={entrance.number: picture.reshape(entrance.shape)})


def _error(one: Any, other: Any) -> float:
    if one.numel() != other.numel():
        return float("inf")
    if not one.is_floating_point():  # which of two values is larger, an index
        return 0.0 if torch.equal(one.reshape(-1), other.reshape(-1)) else float("inf")
    largest = float(one.abs().max())
    return float((one.reshape(-1) - other.reshape(-1)).abs().max()) / (largest or 1.0)


def _side_by_side(
    c: Comparison,
    ours: Iterator[tuple[Node, Any]],
    theirs: Iterator[tuple[Node, Any]],
    absorbed: set[int],
    classes: int | None,
) -> tuple[float, Place | None]:
    """Run both in step; the error of the logits, and the first pair in order whose values part.

    A value of a is kept only until its partner in b is there. Of heads of different sizes the first ``classes`` scores
    are compared, and the values before the head.
    """
    order = {i: place for place, (i, _) in enumerate(c.alignment.pairs)}
    head = last_layer(c.b) if classes is not None else None
    exits = c.ends
    waiting: dict[int, Any] = {}
    reached = -1
    logits: dict[str, Any] = {}
    first: tuple[int, Place] | None = None
    with torch.inference_mode():
        for y, theirs_value in theirs:
            partner = c.to_a.get(y.number)
            while reached < max(-1 if partner is None else partner, exits[0] if y.number == exits[1] else -1):
                x, value = next(ours)
                reached = x.number
                if x.number in c.to_b:
                    waiting[x.number] = value
                if x.number == exits[0]:
                    logits["a"] = value
            if y.number == exits[1]:
                logits["b"] = theirs_value
            if partner is None:
                continue
            value = waiting.pop(partner)
            place = order[partner]
            if (
                (first is None or place < first[0])
                and y.number not in absorbed
                and not (head is not None and y.number >= head.number)
                and _parts(c.a.nodes[partner], value, theirs_value)
            ):
                first = place, Place(c.a.nodes[partner].name, y.name)
    scores = [logits[side].reshape(-1)[:classes] for side in "ab"]
    return _error(*scores), None if first is None else first[1]


def _parts(x: Node, one: Any, other: Any) -> bool:
    """Whether the values of two partners differ. The same values laid out in another order count as equal."""
    if not isinstance(one, torch.Tensor) or not x.dynamic:
        return False
    if one.shape != other.shape:
        return sorted(one.shape) != sorted(other.shape)
    return _error(one, other) > TOLERANCE
