"""timm: over 1,300 architectures; preprocessing belongs to the weights (``pretrained_cfg``)."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from zoodata.records import Claim, Preprocessing
from zoodata.records.claim import PackageSource
from zoodata.records.measurement import InputShape
from zoodata.runtimes.model import Model, WeightsDoNotFit
from zoodata.zoos.base import CannotBuild, Pipeline, Statements, UnknownEntry, building, downloading, known

DEFAULT_FRACTION = 0.875
"""timm's crop where a configuration names none (timm.data.constants.DEFAULT_CROP_PCT)."""

INTERPOLATIONS = {"nearest", "bilinear", "bicubic", "lanczos", "area"}


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
        tagged = timm.list_pretrained(f"{entry}.*")
        return [name.partition(".")[2] for name in tagged if name.partition(".")[0] == entry]

    def build(
        self, entry: str, weights: str | None = None, path: Path | None = None, meta_device: bool = False
    ) -> Model:
        """See :class:`zoodata.zoos.base.Zoo`."""
        import timm

        from zoodata.runtimes.torch import TorchModel, load_state

        config = self._config(entry, weights)
        name = f"{entry}.{weights}" if weights else entry
        if weights is not None and path is None:
            module = downloading(f"timm:{entry}@{weights}", lambda: timm.create_model(name, pretrained=True))
        else:
            module = _on_meta_device(name) if meta_device else None
            module = module or building(f"timm:{entry}", lambda: timm.create_model(name, pretrained=False))
        if path is not None:
            try:
                load_state(module, path)
            except WeightsDoNotFit as error:
                raise CannotBuild(str(error)) from error
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
            interpolation=config.interpolation if config.interpolation in INTERPOLATIONS else None,
            antialias=True,
            scale=1 / 255,
            mean=tuple(config.mean),
            std=tuple(config.std),
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

        config = self._config(entry, weights).to_dict()
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

    def _config(self, entry: str, weights: str | None) -> Any:
        import timm

        known(entry, self.entries(), self.name)
        if weights is not None and weights not in self.weights(entry):
            raise UnknownEntry(
                f"timm:{entry} has no weights {weights}; it has {', '.join(self.weights(entry)) or 'none'}"
            )
        config = timm.get_pretrained_cfg(f"{entry}.{weights}" if weights else entry)
        if config is None or config.input_size is None:
            raise CannotBuild(f"timm:{entry} declares no input size")
        return config


def _on_meta_device(name: str) -> Any:
    """A model without storage for its parameters, or None where its constructor needs their contents or place.

    A few constructors compute with fresh parameters, or put index tables and masks on the device their
    parameters are on; such tables would lose their contents.
    """
    import timm

    from zoodata.runtimes.torch import parameters_on_meta

    try:
        with parameters_on_meta():
            module = timm.create_model(name, pretrained=False)
    except Exception:
        return None  # the ordinary construction will say what is wrong, if anything is
    return None if any(buffer.is_meta for buffer in module.buffers()) else module
