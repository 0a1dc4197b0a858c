"""What zoos that are one Python package have in common: a list of names, one constructor, an image size."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoodata.records import Preprocessing
from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import Model, in_brief
from zoodata.zoos.base import CannotBuild, DeclaresNothing, UnknownEntry, building, downloading, known

NAMES = Path(__file__).parent / "names"

IMAGENET_SIDE = 224
IMAGENET_CLASSES = 1000


@functools.cache
def published_names(zoo: str) -> Mapping[str, str]:
    """The names under which a zoo's own tables publish models, to what its package calls them, where they differ."""
    path = NAMES / f"{zoo}.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["published"]: row["package"] for row in csv.DictReader(stream)}


class Package(DeclaresNothing):
    """A zoo that is one Python package. Subclasses say what it lists and how one is made."""

    name: str
    title: str
    homepage: str
    extra: str
    modules: Sequence[str]
    packages: Sequence[str]
    publishes_own_names = False
    """Whether its tables publish models under the package's names too, beside others."""

    def listed(self) -> list[str]:
        """The package's own names of its classification models."""
        raise NotImplementedError

    def make(self, own: str, weights: str | None) -> Any:
        """Build what the package calls ``own``; load weights through the package only where they are named."""
        raise NotImplementedError

    def size(self, own: str, made: Any) -> tuple[int, int]:
        """Height and width of the image that a model is for."""
        return IMAGENET_SIDE, IMAGENET_SIDE

    def classes(self, own: str, made: Any) -> int:
        """Scores; 0 for a model without a classifier."""
        return IMAGENET_CLASSES

    def tags(self, own: str) -> list[str]:
        """Names of the checkpoints that the package offers for a model, its default first."""
        return []

    def entries(self) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`. Under the name its tables publish, where that is another."""
        own, published = self.listed(), published_names(self.name)
        renamed = set() if self.publishes_own_names else set(published.values())
        return sorted({*own} - renamed | {name for name, target in published.items() if target in own})

    def own_name(self, entry: str) -> str:
        """What the package calls an entry.

        Raises:
            UnknownEntry: when it has none of that name.
        """
        listed = self.listed()
        own = published_names(self.name).get(entry, entry)
        if own not in listed:
            known(entry, [*listed, *self.entries()], self.name)
        return own

    def weights(self, entry: str) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`."""
        return self.tags(self.own_name(entry))

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing | None:
        """See :class:`zoodata.zoos.base.Zoo`. None: the package does not say."""
        self.own_name(entry)
        return None

    def checked_weights(self, entry: str, own: str, weights: str | None) -> None:
        """Refuse weights that the package does not offer.

        Raises:
            UnknownEntry: naming those that it does.
        """
        if weights is not None and weights not in (offered := self.tags(own)):
            raise UnknownEntry(f"{self.name}:{entry} has no weights {weights}; it has {', '.join(offered) or 'none'}")


class TorchPackage(Package):
    """A package of torch modules."""

    extra = "torch"

    def build(
        self, entry: str, weights: str | None = None, path: Path | None = None, meta_device: bool = False
    ) -> Model:
        """See :class:`zoodata.zoos.base.Zoo`."""
        from zoodata.runtimes.torch import TorchModel, built_on_meta, load_state

        own, label = self.own_name(entry), f"{self.name}:{entry}"
        self.checked_weights(entry, own, weights)
        if weights is not None and path is None:
            module = downloading(f"{label}@{weights}", lambda: self.make(own, weights))
        else:
            module = built_on_meta(lambda: self.make(own, None)) if meta_device else None
            module = module if module is not None else downloading(label, lambda: self.make(own, None))
        if path is not None:
            building(path.name, lambda: load_state(module, path))
        height, width = self.size(own, module)
        image = InputShape(channels=3, height=height, width=width, layout="NCHW")
        return TorchModel(module, image, self.classes(own, module))


class KerasPackage(Package):
    """A package of Keras models, Keras 2 or 3."""

    extra = "tensorflow"

    def build(
        self, entry: str, weights: str | None = None, path: Path | None = None, meta_device: bool = False
    ) -> Model:
        """See :class:`zoodata.zoos.base.Zoo`."""
        from zoodata.runtimes.tensorflow import KerasModel  # first: it sets the environment

        own, label = self.own_name(entry), f"{self.name}:{entry}"
        self.checked_weights(entry, own, weights)
        self.forget_earlier_models()
        if weights is not None and path is None:
            model = downloading(f"{label}@{weights}", lambda: self.make(own, weights))
        else:
            model = downloading(label, lambda: self.make(own, None))  # some fetch weights whatever is asked
        if path is not None:
            try:
                model.load_weights(path)
            except Exception as error:
                raise CannotBuild(f"{path.name} does not fit {label}: {in_brief(error)}") from error
        height, width = self.size(own, model)
        image = InputShape(channels=3, height=height, width=width, layout="NHWC")
        return building(label, lambda: KerasModel(model, image))

    def size(self, own: str, made: Any) -> tuple[int, int]:
        """See :class:`Package`."""
        _, height, width, _ = made.input_shape
        return height or IMAGENET_SIDE, width or IMAGENET_SIDE

    def forget_earlier_models(self) -> None:
        """Keras keeps every model's names and layers; a sweep over many would grow without end."""
        import keras
        import tf_keras

        keras.utils.clear_session()
        tf_keras.backend.clear_session()
