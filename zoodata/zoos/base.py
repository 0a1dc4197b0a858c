"""What a zoo must be able to do, and the ways in which it may say no.

A zoo is any object with these members; no base class is needed, so a third party's zoo imports
nothing of ours but the record types it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar, runtime_checkable

from zoodata.environments import folders
from zoodata.records import Claim, MissingReason, NotStated, Preprocessing
from zoodata.runtimes.model import Array, CannotRead, Model, WeightsDoNotFit, in_brief

if TYPE_CHECKING:
    from PIL import Image


class ZooError(Exception):
    """A zoo could not give what was asked; ``reason`` is the word a record keeps."""

    reason: MissingReason = "cannot_be_built"


class NotInstalled(ZooError):
    """The zoo's package is not here."""

    reason: MissingReason = "not_installed"


class UnknownEntry(ZooError):
    """The zoo has no entry, or the entry no weights, of that name."""

    reason: MissingReason = "not_in_package"


class NeedsDownload(ZooError):
    """The entry's file or weights must be fetched, and could not be or were not asked for."""

    reason: MissingReason = "needs_download"


class CannotBuild(ZooError):
    """The zoo's own code failed, or local weights do not fit."""


class Reading(NamedTuple):
    """What a model in a file may leave open, and a user says."""

    size: tuple[int, int] | None = None
    """(height, width) of the image."""
    output: str | None = None
    """Name of the output to read, where there are several."""


class Statements(NamedTuple):
    """What a source states, and where it leaves a gap that a reader would look for."""

    claims: Sequence[Claim] = ()
    not_stated: Sequence[NotStated] = ()


@runtime_checkable
class Zoo(Protocol):
    """A publisher of models, at the version that is installed."""

    name: str
    """As in ``name:entry``; letters, digits and underscores."""
    title: str
    homepage: str
    extra: str
    """The optional dependency that installs it."""
    modules: Sequence[str]
    """Python modules it needs."""
    packages: Sequence[str]
    """Distributions whose versions a measurement of it records."""

    def entries(self) -> list[str]:
        """Names of all classification models, without building any."""

    def weights(self, entry: str) -> list[str]:
        """Names of the checkpoints the zoo publishes for an entry, its default first."""

    def build(
        self, entry: str, weights: str | None = None, path: Path | None = None, meta_device: bool = False
    ) -> Model:
        """Build an entry in evaluation mode.

        Args:
            entry: one of :meth:`entries`.
            weights: load this checkpoint through the zoo's own interface (may download).
            path: load a local checkpoint instead. Nothing in it is executed.
            meta_device: build parameters without storage (the meta device) where the framework can; for callers who
                only read the network.

        Without weights the network is the one the zoo's default weights belong to, randomly initialised.

        Raises:
            ZooError: one of its kinds, with a sentence for the user.
        """

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing | None:
        """The pipeline the zoo declares for the entry's (default) weights; None if it declares none."""

    def pipeline(self, entry: str, weights: str | None = None) -> Pipeline | None:
        """The zoo's own code that turns a decoded RGB image (Pillow) into the input of one forward pass, float32.

        None where the zoo has none that can be called; then the specification is what is run.
        """

    def claims(self) -> Statements:
        """What the installed package itself states about its entries."""


class Address(NamedTuple):
    """One checkpoint that a zoo names."""

    name: str
    address: str | None = None
    """Where it is fetched from."""
    top1: float | None = None
    """What the zoo states of it beside the address, in percent."""


@runtime_checkable
class Addressed(Protocol):
    """A zoo that can say where its checkpoints are fetched from, without fetching any."""

    def addresses(self, entry: str) -> list[Address]:
        """Of each checkpoint of an entry, its default first."""


Pipeline = Callable[["Image.Image"], Array]


class DeclaresNothing:
    """A zoo of models that say nothing about themselves: a base for those that have nothing to add."""

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing | None:
        """See :class:`Zoo`. None: it does not say."""
        return None

    def pipeline(self, entry: str, weights: str | None = None) -> Pipeline | None:
        """See :class:`Zoo`. None: what is declared is run."""
        return None

    def claims(self) -> Statements:
        """See :class:`Zoo`. None: claims of such zoos are collected from their documents."""
        return Statements()


Step = TypeVar("Step")


def require(zoo: Zoo) -> None:
    """Check that a zoo's modules are here.

    Raises:
        NotInstalled: naming the first that is not, and the command that installs it.
    """
    found = folders.of_zoo(zoo.name, zoo.modules)
    for module in zoo.modules:
        if not folders.has_module(module, found):
            described = folders.lock_of(zoo.name, None)
            command = f"pip install 'zoodata[{zoo.extra}]'" if described is None else f"zoodata env add {zoo.name}"
            raise NotInstalled(f"{zoo.title} needs {module}: {command}")


def known(entry: str, entries: Iterable[str], zoo: str) -> None:
    """Check that a zoo has an entry.

    Raises:
        UnknownEntry: with the closest name there is.
    """
    names = list(entries)
    if entry not in names:
        import difflib

        model, _, weights = entry.partition(".")
        spelled = {name.lower().replace("-", "_"): name for name in names}
        close = [spelled[plain]] if (plain := entry.lower().replace("-", "_")) in spelled else []
        # timm's own name of a checkpoint is MODEL.TAG.
        close += [f"{model}@{weights}"] if model in names and weights else difflib.get_close_matches(entry, names, 1)
        hint = f"; did you mean {zoo}:{close[0]}?" if close else f": `zoodata models --zoo {zoo}` lists them"
        raise UnknownEntry(f"{zoo} has no entry {entry}{hint}")


def building(what: str, step: Callable[[], Step]) -> Step:
    """Run a zoo's own code; whatever it raises becomes :class:`CannotBuild` with its message."""
    try:
        return step()
    except ZooError:
        raise
    except WeightsDoNotFit as error:
        raise CannotBuild(str(error)) from error  # it names the file
    except CannotRead as error:
        raise CannotBuild(f"{what}: {error}") from error
    except Exception as error:
        raise CannotBuild(f"{what}: {in_brief(error)}") from error


def downloading(what: str, step: Callable[[], Step]) -> Step:
    """Run a zoo's own loading code; network failures become :class:`NeedsDownload`."""
    try:
        return step()
    except ZooError:
        raise
    except (OSError, ConnectionError) as error:
        raise NeedsDownload(f"{what} must be downloaded, and could not be: {in_brief(error)}") from error
    except (
        AttributeError,
        ImportError,
        NameError,
        TypeError,
    ) as error:  # faults of code, whose words may hold addresses
        raise CannotBuild(f"{what}: {in_brief(error)}") from error
    except Exception as error:
        if "http" in repr(error).lower() or "connect" in repr(error).lower() or "URL fetch" in str(error):
            raise NeedsDownload(f"{what} must be downloaded, and could not be: {in_brief(error)}") from error
        raise CannotBuild(f"{what}: {in_brief(error)}") from error
