"""timm: over 1,300 architectures; preprocessing belongs to the weights (``pretrained_cfg``).

Releases since 0.4 are read. Those before 0.8 name one checkpoint a model, and keep its settings as a dictionary.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoodata.records import Claim, Preprocessing
from zoodata.records.claim import PackageSource
from zoodata.records.measurement import InputShape
from zoodata.records.preprocessing import Channels
from zoodata.runtimes.model import Model
from zoodata.zoos.base import Address, CannotBuild, Pipeline, Statements, UnknownEntry, building, downloading, known

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Where a configuration names none (timm.data.constants)."""

DEFAULT_FRACTION = 0.875
"""timm's crop where a configuration names none (timm.data.constants.DEFAULT_CROP_PCT)."""

INTERPOLATIONS = {"nearest", "bilinear", "bicubic", "lanczos", "area"}


UNNAMED = "default"
"""What the one checkpoint of a model is called here where its release has no name for it."""


class Settings(NamedTuple):
    """What a release says of a checkpoint."""

    input_size: tuple[int, int, int]
    test_input_size: tuple[int, int, int] | None
    crop_pct: float | None
    test_crop_pct: float | None
    crop_mode: str
    interpolation: str
    mean: Channels
    std: Channels
    label_offset: int
    url: str
    hf_hub_id: str


class Timm:
    """The architectures of ``timm.list_models()``."""

    name = "timm"
    title = "timm"
    homepage = "https://huggingface.co/docs/timm"
    extra = "torch"
    modules = ("torch", "timm")
    packages = ("torch", "timm")

    def entries(self) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`."""
        import timm

        return list(timm.list_models())

    def weights(self, entry: str) -> list[str]:
        """See :class:`zoodata.zoos.base.Zoo`."""
        import timm

        known(entry, self.entries(), self.name)
        if not hasattr(timm, "list_pretrained"):
            return []
        tagged = timm.list_pretrained(f"{entry}.*")
        tags = [name.partition(".")[2] for name in tagged if name.partition(".")[0] == entry]
        default = _stated(entry).get("tag")  # timm lists them by name
        return sorted(tags, key=lambda tag: tag != default)

    def addresses(self, entry: str) -> list[Address]:
        """See :class:`zoodata.zoos.base.Addressed`."""
        found = [Address(tag, _address(self._config(entry, tag))) for tag in self.weights(entry)]
        if not found and (address := _address(self._config(entry, None))):
            return [Address(UNNAMED, address)]
        return found

    def build(
        self, entry: str, weights: str | None = None, path: Path | None = None, meta_device: bool = False
    ) -> Model:
        """See :class:`zoodata.zoos.base.Zoo`."""
        import timm

        from zoodata.runtimes.torch import TorchModel, built_on_meta, load_state

        config = self._config(entry, weights)
        name = f"{entry}.{weights}" if weights else entry
        if weights is not None and path is None:
            module = downloading(f"timm:{entry}@{weights}", lambda: timm.create_model(name, pretrained=True))
        else:
            module = built_on_meta(lambda: timm.create_model(name, pretrained=False)) if meta_device else None
            module = module or building(f"timm:{entry}", lambda: timm.create_model(name, pretrained=False))
        if path is not None:
            building(path.name, lambda: load_state(module, path))
        channels, height, width = config.input_size
        image = InputShape(channels=channels, height=height, width=width, layout="NCHW")
        return TorchModel(module, image, int(module.num_classes))

    def preprocessing(self, entry: str, weights: str | None = None) -> Preprocessing:
        """See :class:`zoodata.zoos.base.Zoo`. Of the weights' test settings, which their accuracy is stated for."""
        config = self._config(entry, weights)
        _, height, width = config.test_input_size or config.input_size
        fraction = config.test_crop_pct or config.crop_pct or DEFAULT_FRACTION
        scaled = (int(height / fraction), int(width / fraction))
        is_square = scaled[0] == scaled[1]
        return Preprocessing(
            resize=scaled if config.crop_mode == "squash" or not is_square else scaled[0],
            resize_side="long" if config.crop_mode == "border" else "short",
            crop=(height, width),
            interpolation=config.interpolation if config.interpolation in INTERPOLATIONS else None,  # type: ignore[arg-type]
            antialias=True,
            scale=1 / 255,
            mean=config.mean,
            std=config.std,
            channel_order="RGB",
            layout="NCHW",
            label_offset=int(config.label_offset or 0),
            source=f"timm.get_pretrained_cfg({entry!r})"
            if not weights
            else f"timm.get_pretrained_cfg('{entry}.{weights}')",
        )

    def pipeline(self, entry: str, weights: str | None = None) -> Pipeline:
        """See :class:`zoodata.zoos.base.Zoo`."""
        import timm

        self._config(entry, weights)
        config = timm.get_pretrained_cfg(f"{entry}.{weights}" if weights else entry).to_dict()
        settings = timm.data.resolve_data_config(pretrained_cfg=config, use_test_size=True)
        transform = timm.data.create_transform(**settings, is_training=False)
        return lambda image: np.asarray(transform(image).numpy())

    def claims(self) -> Statements:
        """Input sizes: the one number about its checkpoints that the package itself states.

        timm's accuracies are in the results tables of its repository, not in its package.
        """
        import timm

        version = metadata.version("timm")
        claims = []
        for name in timm.list_pretrained():
            entry, _, tag = name.partition(".")
            config = timm.get_pretrained_cfg(name)
            for field in ("input_size", "test_input_size"):
                size = getattr(config, field)
                if size is None:
                    continue
                claims.append(
                    Claim.seal(
                        entry=f"timm:{entry}@{tag}" if tag else f"timm:{entry}",
                        metric="input_size",
                        stated=str(tuple(size)),
                        stated_unit="(channels, height, width)",
                        value=float(size[1]),
                        unit="pixels",
                        source=PackageSource(
                            package="timm",
                            version=version,
                            symbol=f"timm.get_pretrained_cfg({name!r}).{field}",
                        ),
                    )
                )
        return Statements(claims)

    def _config(self, entry: str, weights: str | None) -> Settings:
        known(entry, self.entries(), self.name)
        if weights is not None and weights not in self.weights(entry):
            raise UnknownEntry(
                f"timm:{entry} has no weights {weights}; it has {', '.join(self.weights(entry)) or 'none'}"
            )
        settings = _settings(f"{entry}.{weights}" if weights else entry)
        if settings is None:
            raise CannotBuild(f"timm:{entry} declares no input size")
        return settings


def _settings(name: str) -> Settings | None:
    """What the release says of a model or of a checkpoint of it; None where it states no input size."""
    stated = _stated(name)
    if not stated.get("input_size"):
        return None
    size, test_size = stated["input_size"], stated.get("test_input_size")
    return Settings(
        input_size=tuple(size),
        test_input_size=tuple(test_size) if test_size else None,
        crop_pct=stated.get("crop_pct"),
        test_crop_pct=stated.get("test_crop_pct"),
        crop_mode=stated.get("crop_mode") or "center",
        interpolation=stated.get("interpolation") or "bilinear",
        mean=tuple(stated.get("mean") or IMAGENET_MEAN),
        std=tuple(stated.get("std") or IMAGENET_STD),
        label_offset=int(stated.get("label_offset") or 0),
        url=stated.get("url") or "",
        hf_hub_id=stated.get("hf_hub_id") or stated.get("hf_hub") or "",
    )


def _stated(name: str) -> dict[str, Any]:
    """The settings of a model as its release keeps them: by name since 0.8, on the module before."""
    import timm

    for place in (timm, timm.models):
        if hasattr(place, "get_pretrained_cfg"):
            config = place.get_pretrained_cfg(name)
            return {} if config is None else dict(config if isinstance(config, dict) else vars(config))
    known_settings: dict[str, dict[str, Any]] = timm.models.registry._model_default_cfgs
    if name in known_settings:
        return known_settings[name]
    module = building(f"timm:{name}", lambda: timm.create_model(name, pretrained=False))
    return dict(getattr(module, "pretrained_cfg", None) or getattr(module, "default_cfg", None) or {})


def _address(settings: Settings) -> str | None:
    """Where a checkpoint is fetched from; the hub first, as timm does."""
    return f"hf-hub:{settings.hf_hub_id}" if settings.hf_hub_id else settings.url or None
