import functools
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from psp_keras.models.encoder import Encoder
from psp_keras.models.generator import Generator
from psp_keras.models.preset import PresetModel
from psp_keras.models.progressive_stages import ProgressiveStages
from psp_keras.models.train_step import TrainStep, unpack
from psp_keras.models.weighted_loss import LossTerm, WeightedLoss, squared_error
from psp_keras.ops.checks import check_shape
from psp_keras.ops.face_regions import shrink_to_256
from psp_keras.ops.onednn import on_onednn
from psp_keras.optimizers.ranger import Ranger
from psp_keras.option_kinds import check_whole
from psp_keras.typing import Tensor
from psp_keras.values import LARGEST_SEED


@keras.saving.register_keras_serializable(package="psp_keras")
class PSP(TrainStep, PresetModel):
    """pixel2style2pixel: an encoder into the latent space of a frozen generator (Richardson et al., CVPR 2021).

    `model(images) = decode(encode(images))`, with `encode(images) = encoder(images) + latent_average`.

    Args:
        encoder: an `Encoder`, such as `GradualStyleEncoder`.
        generator: a `Generator`, such as `StyleGAN2Generator`, with as many styles of the same size.
        start_from_latent_average: whether the encoder predicts offsets from the average latent.
        task: the translation task, which decides how picture files become encoder inputs: the name of a built-in
            one, or the configuration of any (`psp_keras.tasks`). The attribute `task` is a dictionary with a `name`.

    Input shape: `(N, encoder.image_size, encoder.image_size, encoder.in_channels)`, float32; RGB in [-1, 1].
    Output shape: `(N, generator.resolution, generator.resolution, 3)`, float32, about [-1, 1].

    Raises:
        ValueError: the encoder or the generator is none, or their styles differ in number or size.

    Example:
        >>> model = PSP.from_preset("mini_faces_inversion")
        >>> model.predict(images, verbose=0).shape  # `images` are float32 (8, 64, 64, 3) in [-1, 1]
        (8, 64, 64, 3)
        >>> latents = model.encode(images)
        >>> latents.shape, model.decode(latents).shape
        ((8, 10, 128), (8, 64, 64, 3))
    """

    def __init__(
        self,
        encoder: Encoder,
        generator: Generator,
        start_from_latent_average: bool = True,
        task: str | dict = "inversion",
        **kwargs: Any,
    ):
        super().__init__(**{"autocast": False, **kwargs})
        if not isinstance(encoder, Encoder):
            raise ValueError(f"`encoder` must be a psp_keras.models.Encoder, got {encoder!r}.")
        if not isinstance(generator, Generator):
            raise ValueError(f"`generator` must be a psp_keras.models.Generator, got {generator!r}.")
        if encoder.style_dim != generator.style_dim:
            raise ValueError(f"`encoder` has style_dim {encoder.style_dim}, `generator` {generator.style_dim}.")
        if getattr(encoder, "num_styles", generator.num_styles) != generator.num_styles:
            raise ValueError(f"`encoder` has num_styles {encoder.num_styles}, `generator` {generator.num_styles}.")
        self.encoder = encoder
        self.generator = generator
        self.start_from_latent_average = start_from_latent_average
        self.task = _task_config(task)
        self.build()
        set_trainable(self.generator, False)

    def build(self, input_shape=None):
        size = self.encoder.image_size
        expected = (None, size, size, self.encoder.in_channels)
        check_shape("images", input_shape or expected, ("N", *expected[1:]))
        if not self.encoder.built:
            self.encoder.build(self.encoder.network_input_shape)
            self.encoder.built = True
        if not self.generator.built:
            self.generator.build()
        if not self.built:
            self.latent_average = self.add_weight(
                name="latent_average",
                shape=(self.generator.num_styles, self.generator.style_dim),
                initializer="zeros",
                trainable=False,
                dtype="float32",
                autocast=False,
            )
            self.latent_average.assign(ops.broadcast_to(self.generator.latent_average, self.latent_average.shape))
            self.built = True

    def call(self, images, training=False):
        return self.decode(self.encode(images, training=training))

    def encode(self, images: Tensor, *, training: bool = False, **options: Any) -> Tensor:
        """Reads images into latents.

        Args:
            images: `(N, image_size, image_size, in_channels)`.
            training: whether the encoder's batch normalisation uses the statistics of this batch.
            **options: what this encoder may be told (its `encode_options`), such as `num_iterations` of a
                `ReStyleEncoder`.

        Returns:
            w_plus `(N, num_styles, style_dim)`, float32, the average latent included.

        Raises:
            ValueError: `images` are not of the shape that the encoder takes, or it knows no such option.
        """
        for name in sorted(set(options) - set(self.encoder.encode_options)):
            raise ValueError(f"`{name}` means nothing to the encoder, a {type(self.encoder).__name__}.")
        return self.encoder.encode(self._checked(images), self._start(), self.decode, training=training, **options)

    def _checked(self, images):
        images = ops.convert_to_tensor(images, "float32")
        check_shape("images", images.shape, ("N", *self.source_shape))
        return images

    def _start(self):
        """What the encoder's codes are offsets from."""
        average = ops.convert_to_tensor(self.latent_average)
        return average if self.start_from_latent_average else ops.zeros_like(average)

    def decode(self, latents: Tensor, randomize_noise: bool = False) -> Tensor:
        """Draws images from w_plus latents.

        Args:
            latents: `(N, num_styles, style_dim)`.
            randomize_noise: whether to draw fresh noise instead of the stored one.

        Returns:
            Images `(N, resolution, resolution, 3)`, about [-1, 1].

        Raises:
            ValueError: `latents` are not of the shape that the generator takes.
        """
        latents = ops.convert_to_tensor(latents, "float32")
        check_shape("latents", latents.shape, ("N", *self.latent_average.shape))
        return self.generator.synthesize(latents, randomize_noise=randomize_noise)

    def map(self, z: Tensor) -> Tensor:
        """Maps Gaussian noise `(N, style_dim)` to w_plus latents `(N, num_styles, style_dim)`.

        Raises:
            ValueError: `z` is not of this shape.
        """
        return self.generator.map(ops.convert_to_tensor(z, "float32"))

    def translate(
        self,
        images: Tensor,
        latent_mask: Sequence[int] | None = None,
        injected_latents: Tensor | None = None,
        alpha: float | None = None,
        resize: bool = True,
        randomize_noise: bool = False,
        return_latents: bool = False,
        **options: Any,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Translates images, optionally with some of their styles replaced.

        Args:
            images: `(N, image_size, image_size, in_channels)`.
            latent_mask: indices of the styles to replace.
            injected_latents: what replaces them, `(N or 1, num_styles, style_dim)`; zeros when `None`.
            alpha: blend `alpha * injected + (1 - alpha) * encoded` in the masked styles; replaces when `None`.
            resize: whether to average-pool outputs larger than 256 pixels to 256.
            randomize_noise: whether to draw fresh noise instead of the stored one.
            return_latents: whether to return the latents too.
            **options: of `encode`.

        Returns:
            Images `(N, S, S, 3)`, or `(images, latents)`.

        Raises:
            ValueError: `latent_mask` names a style that does not exist, or a shape does not fit.
        """
        latents = self._mix(self.encode(images, **options), latent_mask, injected_latents, alpha)
        outputs = self.decode(latents, randomize_noise=randomize_noise)
        outputs = shrink_to_256(outputs) if resize else outputs
        return (outputs, latents) if return_latents else outputs

    def style_mix(
        self,
        images: Tensor,
        num_outputs: int,
        latent_mask: Sequence[int] | None,
        alpha: float | None = None,
        seed: int | None = None,
    ) -> Tensor:
        """Draws several variants of each image by replacing some of its styles with random ones (pSp, section 4.3).

        Output `k` takes its styles from the same random vector for every image; all go through the generator together.

        Args:
            images: `(N, image_size, image_size, in_channels)`.
            num_outputs: variants an image.
            latent_mask: indices of the styles to replace.
            alpha: blend in the masked styles, see `translate`.
            seed: of the random styles, 0 to 2^32 - 1, the same as in an export; `None` draws others each time.

        Returns:
            Images `(N, num_outputs, S, S, 3)`, S at most 256.

        Raises:
            UserError: `seed` is out of its range.
            ValueError: `latent_mask` names a style that does not exist, or a shape does not fit.
        """
        if seed is not None:
            check_whole(0, LARGEST_SEED, seed=seed)
        latents = self.encode(images)
        z = keras.random.normal((num_outputs, self.generator.style_dim), seed=None if seed is None else int(seed))
        count = ops.shape(latents)[0]
        injected = ops.tile(self.map(z), (count, 1, 1))
        mixed = self._mix(ops.repeat(latents, num_outputs, axis=0), latent_mask, injected, alpha)
        outputs = shrink_to_256(self.decode(mixed))
        return ops.reshape(outputs, (count, num_outputs, *outputs.shape[1:]))

    def _mix(self, latents, latent_mask, injected, alpha):
        if latent_mask is None:
            return latents
        styles = self.generator.num_styles
        bad = [index for index in latent_mask if not 0 <= index < styles]
        if bad:
            raise ValueError(f"`latent_mask` holds {bad[0]}, but the generator has styles 0 to {styles - 1}.")
        if injected is None:
            injected = ops.zeros_like(latents)
        else:
            injected = ops.convert_to_tensor(injected, "float32")
            check_shape("injected_latents", injected.shape, ("N", *self.latent_average.shape))
            if alpha is not None:
                injected = alpha * injected + (1 - alpha) * latents
        masked = [[float(index in latent_mask)] for index in range(styles)]
        return ops.where(ops.convert_to_tensor(masked) > 0.5, injected, latents)

    def compile(
        self,
        optimizer: keras.optimizers.Optimizer | str | None = None,
        loss: WeightedLoss | None = None,
        train_decoder: bool = False,
        jit_compile: bool | str = "auto",
        stages: ProgressiveStages | None = None,
        **kwargs: Any,
    ) -> None:
        """Prepares `fit` and `evaluate`.

        Args:
            optimizer: Keras optimizer; `Ranger(1e-4)` by default.
            loss: `PSPLoss`, or another `WeightedLoss`; the mean squared error by default.
            train_decoder: whether the generator learns too.
            jit_compile: whether XLA compiles the step. `"auto"` does except on TensorFlow's CPU, where a step takes
                twice as long with XLA (`benchmarks/jit_compile.py`), and over several of TensorFlow's devices.
            stages: when the styles of a progressive encoder (`Encoder4Editing`) may differ; its `stage` stays without.
            **kwargs: of `keras.Model.compile`: `steps_per_execution`, `run_eagerly`, `auto_scale_loss`.

        Raises:
            ValueError: `loss` is no `WeightedLoss`, or there are `metrics` or `loss_weights`, which it has itself, or
                `stages` for an encoder that has none.
        """
        if loss is None:
            loss = WeightedLoss([LossTerm("l2", 1.0, squared_error)])
        if not isinstance(loss, WeightedLoss):
            raise ValueError(f"`loss` must be a psp_keras.losses.PSPLoss, got {loss!r}.")
        ignored = sorted({"metrics", "weighted_metrics", "loss_weights"} & {name for name in kwargs if kwargs[name]})
        if ignored:
            raise ValueError(
                f"`{ignored[0]}` is not for a PSP: `fit` reports the terms of its `PSPLoss`, which has their weights; "
                "psp_keras.evaluation.evaluate measures more."
            )
        if stages and self.encoder.stage is None:
            raise ValueError(f"`stages` mean nothing to the encoder, a {type(self.encoder).__name__}.")
        if jit_compile == "auto":
            jit_compile = _xla_pays()
        set_trainable(self.generator, train_decoder)
        set_trainable(self.generator.mapping, False)  # the encoder takes its place
        self.psp_loss = loss
        self.stages = stages
        super().compile(optimizer=optimizer or Ranger(1e-4), jit_compile=jit_compile, **kwargs)
        self.optimizer.build(self.trainable_variables)  # in a graph, where `fit` would, it takes half a minute
        for variable in loss.adversary.variables if loss.adversary else ():
            self.optimizer._track_variable(variable)  # part of the training and its checkpoints, not of the model

    def get_compile_config(self):
        """A saved model is compiled anew: the loss holds whole networks, which belong into presets of their own."""
        return None

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        if not self.compiled:
            return []
        adversary = self.psp_loss.adversary
        return [*self.psp_loss.trackers, *(adversary.trackers.values() if adversary else ())]

    def measure(
        self, source: Tensor, target: Tensor, sample_weight: Tensor | None = None, training: bool = False
    ) -> dict[str, Tensor]:
        """Runs a batch and returns the value of every loss term (see `WeightedLoss`).

        Raises:
            ValueError: a shape does not fit.
        """
        latents = self.encode(source, training=training)
        return self._compare(source, target, sample_weight, latents, self.decode(latents), training)

    def _compare(self, source, target, sample_weight, latents, output, training=True):
        target, output = shrink_to_256(target), shrink_to_256(output)
        check_shape("target", target.shape, ("N", *output.shape[1:]))
        return self.psp_loss(source, target, output, latents, self._start(), sample_weight, training)

    def learn(self, data: Any) -> dict[str, Tensor]:
        """Takes a training step with a batch of `fit` and returns the running means of the metrics.

        Where the encoder iterates, every iteration starts from what the one before has drawn and adds its gradients;
        the metrics are those of the last (ReStyle, section 3).
        """
        if self.stages:
            self.encoder.stage.assign(self.stages(self.optimizer.iterations))
        source, target, sample_weight = unpack(data)
        latents, decode, sums = self._start(), self.decode, None
        for _ in range(self.encoder.num_iterations):
            loss = functools.partial(self._loss_of_iteration, source, target, sample_weight, latents, decode)
            gradients, found = self.gradients_of(loss, self.trainable_variables)
            sums = gradients if sums is None else [ops.add(*pair) for pair in zip(sums, gradients)]
            latents, decode = found["latents"], lambda _, drawn=found["output"]: drawn
        self.optimizer.apply(sums, self.trainable_variables)
        measured = self.track(found)
        if self.psp_loss.adversary:
            measured.update(self.psp_loss.adversary.learn(self, latents))
        return measured

    def _loss_of_iteration(self, source, target, sample_weight, before, decode):
        """What an iteration minimises that starts from `before`, and what it measures and makes."""
        latents = self.encoder.iterate(self._checked(source), before, decode, training=True)
        output = self.decode(latents)
        terms = self._compare(source, target, sample_weight, latents, output)
        return self.optimizer.scale_loss(terms["loss"]), {**terms, "latents": latents, "output": output}

    def assess(self, data: Any) -> dict[str, Tensor]:
        """Measures a batch of `evaluate` and returns the running means of the metrics."""
        return self.track(self.measure(*unpack(data), training=False))

    def track(self, terms: dict[str, Tensor]) -> dict[str, Tensor]:
        """Adds the terms of a batch to their metrics and returns the running means of these."""
        trackers = [tracker for tracker in self.psp_loss.trackers if tracker.name in terms]
        for tracker in trackers:
            tracker.update_state(terms[tracker.name])
        return {tracker.name: tracker.result() for tracker in trackers}

    @property
    def source_shape(self) -> tuple[int, int, int]:
        """Shape of what the encoder sees of one picture, `(image_size, image_size, in_channels)`."""
        return (self.encoder.image_size, self.encoder.image_size, self.encoder.in_channels)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.generator.resolution, self.generator.resolution, 3)

    def compute_output_spec(self, images, training=False):
        check_shape("images", images.shape, ("N", *self.source_shape))
        return keras.KerasTensor(self.compute_output_shape(images.shape), dtype="float32")

    def get_config(self):
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "generator": keras.saving.serialize_keras_object(self.generator),
            "start_from_latent_average": self.start_from_latent_average,
            "task": dict(self.task),
        }

    @classmethod
    def from_config(cls, config):
        networks = {name: keras.saving.deserialize_keras_object(config[name]) for name in ("encoder", "generator")}
        return cls(**{**config, **networks})


def _task_config(task):
    config = {"name": task} if isinstance(task, str) else task
    if not isinstance(config, dict) or not isinstance(config.get("name"), str):
        raise ValueError(f"`task` must be the name of a task, or a dictionary with its name, got {task!r}.")
    return dict(config)


def _xla_pays():
    if keras.backend.backend() == "torch" or on_onednn():
        return False
    if keras.backend.backend() == "jax":
        return True
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync == 1  # XLA cannot compile what spans devices


def set_trainable(network, value):
    """Freezes or thaws a network and all its parts.

    Keras ignores an assignment that changes nothing, and a loaded network that says it is frozen may have parts that
    are not; hence the detour over the opposite.
    """
    network.trainable = not value
    network.trainable = value
