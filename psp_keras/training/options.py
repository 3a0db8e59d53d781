"""What the trainings can be told. Plain declarations: functions, command line and run folders are made from them."""

import dataclasses
from pathlib import Path

from psp_keras.data.mini_faces.names import MINI_FACES
from psp_keras.dtypes import AUTO, DTYPES, HELP
from psp_keras.errors import UserError
from psp_keras.losses.terms import TERMS
from psp_keras.models.encoder_names import ENCODERS
from psp_keras.option_kinds import (
    Choice,
    InputFolder,
    Kind,
    Number,
    OutputFolder,
    Seed,
    Switch,
    Text,
    Weights,
    Whole,
)
from psp_keras.options import Options, option
from psp_keras.presets.preset_kind import Preset
from psp_keras.tasks.registry import TASKS, get_task

# What `--size` stands for. The networks of the losses that suit the published sizes do not ship.
SIZES = {
    "mini": {
        "num_layers": 18,
        "width": 16,
        "style_filters": 48,
        "perceptual_network": "mini_faces_vgg",
        "arcface": "mini_faces_arcface",
    },
    "paper": {"num_layers": 50, "width": 64, "style_filters": 512},
}
_LARGEST_MINI = 128  # pixels of a generator


class _TaskKind(Kind):
    """A task, its name, its file or its configuration."""

    def check(self, value):
        get_task(value)


class _Start(Preset):
    """What a generator may start from: a preset, a run folder, or a checkpoint file."""

    def check(self, value):
        if not any(place.exists() for place in (Path(value), Path(value) / "generator")):
            super().check(value)


@dataclasses.dataclass(kw_only=True)
class TaskOptions(Options):
    """Which task a pSp learns, and from which pictures."""

    output: str = option(
        OutputFolder(), "the run folder: best/ and last/ (presets), grids/, log.csv, checkpoint.npz", recorded=False
    )
    task: str = option(
        _TaskKind(), f"{', '.join(TASKS)}, or a YAML file that describes one; in Python a `Task` too", "inversion"
    )
    data: str | None = option(
        InputFolder(MINI_FACES), "folder of pictures, or mini_faces (for every task but paired)", None
    )
    source: str | None = option(InputFolder(), "folder of the sources of a task that needs pairs", None)
    target: str | None = option(InputFolder(), "folder of their targets, matched by file name", None)
    val_source: str | None = option(
        InputFolder(),
        "folder for validation; 5 % of the pictures, by a hash of their names, are held out without it",
        None,
    )
    val_target: str | None = option(InputFolder(), "folder of the validation targets of a task that needs pairs", None)
    num_validation: int = option(Whole(1), "held-out pictures to measure, at most", 256)
    num_classes: int | None = option(Whole(1), "labels in segmentation maps; the task's without it", None)
    mask: str | None = option(
        Text(), "what inpainting hides: random, center, or a picture whose white part hides", None
    )


@dataclasses.dataclass(kw_only=True)
class TrainingOptions(Options):
    """What every training of a pSp or a generator shares."""

    steps_per_epoch: int = option(Whole(1), "steps between two checkpoints, validations and picture grids", 500)
    batch_size: int = option(Whole(1), "pictures in a step, of all devices together", 16)
    learning_rate: float = option(Number(0, above=True), "at the start; it falls to 0 along a cosine", 1e-3)
    num_mini_faces: int = option(Whole(1), "faces to draw where the data is mini_faces", 20000)
    devices: int = option(Whole(1), "GPUs, or parts of the CPU, that share the work of every batch", 1)
    dtype: str = option(Choice(*DTYPES), HELP, AUTO)
    seed: int = option(Seed(), "of the weights and the order of the data", 0)

    def __post_init__(self):
        super().__post_init__()
        if self.batch_size % self.devices:
            raise UserError(f"`batch_size` {self.batch_size} is not a multiple of `devices` {self.devices}.")


@dataclasses.dataclass(kw_only=True)
class WatchOptions(Options):
    """Where people watch a training."""

    wandb: str | None = option(
        Text("PROJECT", alone="psp_keras"), "log losses, measures and images to W&B", None, recorded=False
    )
    tensorboard: bool = option(Switch(), "write tensorboard/ in the run folder", False, recorded=False)
    log_every: int = option(Whole(1), "steps between two losses in W&B and TensorBoard", 50, recorded=False)


@dataclasses.dataclass(kw_only=True)
class PSPOptions(WatchOptions, TrainingOptions, TaskOptions):
    """Options of `train_psp`."""

    generator: str = option(Preset(), "preset of the frozen generator", "mini_faces_stylegan2")
    encoder: str = option(Choice(*ENCODERS), "gradual is pSp's", "gradual")
    iterations: int | None = option(Whole(1), "how often a ReStyle encoder looks at a picture: 5", None)
    progressive_start: int | None = option(
        Whole(0), "steps that e4e takes with one w for all styles: a tenth of `steps`", None
    )
    progressive_every: int | None = option(
        Whole(1), "steps from one style that may differ to the next: a hundredth of `steps`", None
    )
    size: str | None = option(
        Choice(*SIZES),
        f"of the encoder, and the networks of the losses that go with it; mini up to {_LARGEST_MINI} pixels of the "
        "generator without it, else paper, which has no such networks",
        None,
        recorded=False,
    )
    num_layers: int | None = option(
        Choice(10, 18, 34, 50, 100, 152), "depth of the encoder's backbone: mini 18, paper 50", None
    )
    width: int | None = option(Whole(1), "channels of its first stage: mini 16, paper 64", None)
    style_filters: int | None = option(Whole(1), "channels of the map2style blocks: mini 48, paper 512", None)
    start_from: str | None = option(
        Preset(), "preset or run of a pSp, or of an ArcFace, whose weights to start from", None
    )
    losses: dict | None = option(Weights(TERMS), "the task's without it", None)
    perceptual_network: str | None = option(Preset(), "preset for LPIPS: mini mini_faces_vgg", None)
    arcface: str | None = option(Preset(), "preset for the identity loss: mini mini_faces_arcface", None)
    moco_network: str | None = option(Preset(), "preset for the MoCo loss, in place of the identity loss", None)
    steps: int = option(Whole(1), "length of the training", 10000)
    sync_batch_norm: bool = option(Switch(), "batch statistics over all devices; on JAX they always are", False)

    def with_sizes_for(self, resolution):
        """Returns the options with the sizes that suit a generator of so many pixels, where nothing else is wanted."""
        size = self.size or ("mini" if resolution <= _LARGEST_MINI else "paper")
        return dataclasses.replace(self, **{n: value for n, value in SIZES[size].items() if getattr(self, n) is None})


@dataclasses.dataclass(kw_only=True)
class GeneratorOptions(Options):
    """The sizes of a StyleGAN2 generator."""

    resolution: int = option(Choice(16, 32, 64, 128, 256, 512, 1024), "size of the pictures", 64)
    style_dim: int = option(Whole(1), "size of the latents; 512 in the paper", 128)
    mapping_layers: int = option(Whole(1), "dense layers of the mapping network; 8 in the paper", 4)
    channel_base: int = option(
        Whole(1), "channels at resolution r are min(channel_base / r, channel_max); 32768 is config-f", 2048
    )
    channel_max: int = option(Whole(1), "see channel_base; 512 is config-f", 128)


@dataclasses.dataclass(kw_only=True)
class GANDataOptions(Options):
    """Which pictures a generator learns to draw."""

    data: str = option(InputFolder(MINI_FACES), "folder of pictures, mini_faces or mini_faces_cartoon")
    output: str = option(
        OutputFolder(),
        "the run folder: generator/ and best/ (presets), samples/, log.csv, checkpoint.npz",
        recorded=False,
    )


@dataclasses.dataclass(kw_only=True)
class GANOptions(WatchOptions, TrainingOptions, GeneratorOptions, GANDataOptions):
    """Options of `train_gan`."""

    kimg: float = option(Number(0, above=True), "length, in thousands of pictures shown", 200)
    start_from: str | None = option(
        _Start(), "fine-tune the networks of this checkpoint (.pt, .pkl), run folder or preset", None
    )
    learning_rate: float = option(Number(0, above=True), "of both networks", 2e-3)
    r1_gamma: float | None = option(
        Number(0), "weight of the R1 penalty; 0.0002 * resolution^2 / batch size without it", None
    )
    mirror: bool = option(Switch(), "do not flip pictures at random", True, flag="--no-mirror")
    augment: str = option(
        Choice("auto", "ada", "none"),
        "of what the discriminator sees: ada is adaptive; auto is ada for a folder, none for mini_faces, which do not "
        "run out",
        "auto",
    )
    ada_kimg: float = option(
        Number(0, above=True), "thousands of pictures in which ada's probability can go from 0 to 1", 500
    )
    freeze_discriminator: int = option(
        Whole(0), "blocks of the discriminator, from the image on, that keep what `start_from` knows (FreezeD)", 0
    )
    num_quality_samples: int = option(
        Whole(0), "samples for fid-mini, precision and recall of every epoch; 0 measures nothing", 2000
    )
    perceptual_network: str = option(Preset(), "preset whose features they compare", "mini_faces_vgg")

    def __post_init__(self):
        super().__post_init__()
        if self.freeze_discriminator and not self.start_from:
            raise UserError("`freeze_discriminator` keeps what a discriminator knows: give `start_from`.")


@dataclasses.dataclass(kw_only=True)
class RendererOptions(GeneratorOptions):
    """Options of `train_renderer`."""

    output: str = option(OutputFolder(), "the run folder; generator/ in it is the preset", recorded=False)
    data: str = option(Choice(*MINI_FACES), "in which style faces are drawn", "mini_faces")
    start_from: str | None = option(Preset(), "preset or run of a generator to start from", None)
    num_mini_faces: int = option(Whole(1), "faces to draw", 40000)
    kimg: float = option(Number(0, above=True), "thousands of pictures that the synthesis network is shown", 150)
    steps_per_epoch: int = option(Whole(1), "steps between two checkpoints and picture grids", 500)
    batch_size: int = option(Whole(2), "pictures in a step", 32)
    learning_rate: float = option(Number(0, above=True), "of the synthesis network, after a warm-up", 4e-3)
    num_latents: int = option(Whole(1), "z that the mapping network learns from", 400000)
    mapping_epochs: int = option(Whole(0), "passes over them; 0 keeps the mapping network of start_from", 40)
    mapping_learning_rate: float = option(Number(0, above=True), "of the mapping network", 0.02)
    contest_kimg: float = option(
        Number(0), "thousands of pictures of the contest with a discriminator that comes last; 0 leaves it out", 80
    )
    contest_learning_rate: float = option(Number(0, above=True), "of both networks there", 1e-3)
    num_quality_samples: int = option(Whole(4), "samples for fid-mini, precision and recall at the end", 2000)
    perceptual_network: str = option(Preset(), "preset of the LPIPS, whose features they compare", "mini_faces_vgg")
    dtype: str = option(Choice(*DTYPES), HELP, AUTO)
    seed: int = option(Seed(), "of the weights and the data", 0)

    def __post_init__(self):
        super().__post_init__()
        if not self.mapping_epochs and not self.start_from:
            raise UserError("`mapping_epochs` 0 keeps a mapping network: give `start_from`.")


@dataclasses.dataclass(kw_only=True)
class ArcFaceOptions(Options):
    """Options of `train_arcface`. The run folder gets `arcface/`, a preset."""

    output: str = option(OutputFolder(), "the run folder; arcface/ in it is the preset", recorded=False)
    size: int = option(Whole(16), "pixels of the faces", 64)
    image_size: int = option(Whole(16), "pixels of the network's input", 48)
    embedding_dim: int = option(Whole(1), "size of the embedding", 128)
    num_layers: int = option(Choice(10, 18, 34, 50, 100, 152), "depth of the network", 18)
    width: int = option(Whole(1), "channels of its first stage", 16)
    squeeze_excite: bool = option(Switch(), "IR instead of IR-SE", True, flag="--no-squeeze-excite")
    num_identities: int = option(Whole(2), "people in the training set", 2000)
    images_per_identity: int = option(Whole(1), "pictures of each", 20)
    epochs: int = option(Whole(1), "passes over all pictures", 12)
    batch_size: int = option(Whole(1), "pictures in a step", 64)
    learning_rate: float = option(Number(0, above=True), "at the start; it falls to 0 along a cosine", 2e-3)
    dtype: str = option(Choice(*DTYPES), HELP, AUTO)
    seed: int = option(Seed(), "of the weights and the data", 0)


@dataclasses.dataclass(kw_only=True)
class VGGOptions(Options):
    """Options of `train_vgg`. The run folder gets `vgg/`, a preset."""

    output: str = option(OutputFolder(), "the run folder; vgg/ in it is the preset", recorded=False)
    size: int = option(Whole(32), "pixels of the faces", 64)
    width: int = option(Whole(1), "channels of the first convolution, 64 in VGG16", 12)
    num_images: int = option(Whole(1), "pictures in the training set", 20000)
    epochs: int = option(Whole(1), "passes over all pictures", 10)
    batch_size: int = option(Whole(1), "pictures in a step", 32)
    learning_rate: float = option(Number(0, above=True), "at the start; it falls to 0 along a cosine", 1e-3)
    dtype: str = option(Choice(*DTYPES), HELP, AUTO)
    seed: int = option(Seed(), "of the weights and the data", 0)
