"""How the encoders of later papers learn: ReStyle over several iterations, e4e in stages, with a discriminator."""

import keras
import numpy as np
import pytest

from psp_keras import PSP
from psp_keras.cli import main
from psp_keras.data.mini_faces.folders import write_mini_faces
from psp_keras.errors import UserError
from psp_keras.losses import PSPLoss
from psp_keras.models import (
    ArcFace,
    Encoder4Editing,
    GradualStyleEncoder,
    LatentAdversary,
    LatentPool,
    ProgressiveStages,
    ReStyleEncoder,
)
from psp_keras.training import psp, train_psp
from tests.helpers import random_images, tiny_generator

ENCODER = {"num_styles": 6, "style_dim": 8, "image_size": 32, "num_layers": 10, "width": 2}
BATCH = random_images(2), random_images(2, 16, seed=1)


def small_psp(cls, **options):
    generator = tiny_generator(16, style_dim=8, channel_base=64, channel_max=8)
    return PSP(cls(**ENCODER, **options), generator)


def values(variables):
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def moved(before, variables):
    return [not np.array_equal(old, new) for old, new in zip(before, values(variables))]


class _KeepGradients(keras.optimizers.SGD):
    """Keeps what it is handed, in a list of its own."""

    def apply(self, gradients, variables=None):
        self.seen = values(gradients)


def gradients_of_a_step(model, **options):
    model.compile(_KeepGradients(1.0), run_eagerly=True, **options)
    model.train_on_batch(*BATCH)
    return model.optimizer.seen


def test_the_gradients_of_restyles_iterations_add_up():
    model = small_psp(ReStyleEncoder, num_iterations=3)
    frozen = values(model.generator.variables)
    actual = gradients_of_a_step(model)
    images, target = map(keras.ops.convert_to_tensor, BATCH)

    def loss():  # what `encode` returns of every iteration has that iteration's gradients alone
        steps = model.encoder.encode(images, model.latent_average, model.decode, training=True, return_all=True)
        return sum(keras.ops.mean(keras.ops.square(model.decode(step) - target)) for step in steps), {}

    expected, _ = model.gradients_of(loss, model.trainable_variables)
    largest = max(np.abs(gradient).max() for gradient in values(expected))
    for one, other in zip(actual, values(expected)):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4 * largest)
    assert not any(moved(frozen, model.generator.variables))


def test_restyle_starts_from_a_network_that_sees_the_picture_alone():
    arcface = ArcFace(image_size=32, embedding_dim=8, num_layers=10, width=2)
    arcface.build()
    encoder = small_psp(ReStyleEncoder).encoder
    before = np.array(encoder.backbone.input_conv.kernel)
    encoder.start_from(arcface)
    kernel = np.array(encoder.backbone.input_conv.kernel)
    np.testing.assert_array_equal(kernel[:, :, :3], arcface.backbone.input_conv.kernel)
    np.testing.assert_array_equal(kernel[:, :, 3:], before[:, :, 3:])
    for variable, source in list(zip(encoder.backbone.variables, arcface.backbone.variables))[1:]:
        np.testing.assert_array_equal(variable, source, err_msg=variable.path)


def test_a_stage_trains_the_styles_up_to_it():
    model = small_psp(Encoder4Editing)
    for start, stage in ((1, 0), (-2, 3)):
        gradients = gradients_of_a_step(model, stages=ProgressiveStages(start, 1, last=5))
        assert float(model.encoder.stage) == stage
        learns = {variable.path: np.any(one) for one, variable in zip(gradients, model.trainable_variables)}
        for number in range(6):
            kernels = [learns[variable.path] for variable in model.encoder.styles[number].trainable_variables]
            assert all(kernels) if number <= stage else not any(kernels), (stage, number)
    with pytest.raises(ValueError, match="`stages` mean nothing to the encoder, a GradualStyleEncoder"):
        small_psp(GradualStyleEncoder).compile(stages=ProgressiveStages(1, 1, last=5))


def test_a_pool_gives_back_each_latent_or_an_earlier_one():
    pool, seeds = LatentPool(5, style_dim=2), keras.random.SeedGenerator(1)
    batches = [np.repeat(np.arange(first, first + 4, dtype="float32")[:, None], 2, axis=1) for first in (1, 5, 9, 13)]
    returned = [np.array(pool.exchange(batch, seeds)) for batch in batches]
    np.testing.assert_array_equal(returned[0], batches[0])
    assert returned[1][0, 0] == 5  # the last free place
    for given, back in zip(batches[1:], returned[1:]):
        assert np.all((back == given) | ((back < given) & (back > 0)))
    assert any(np.any(back != given) for given, back in zip(batches, returned))
    assert set(np.array(pool.latents)[:, 0]) <= set(range(1, 17))


def test_an_adversary_learns_to_tell_latents_of_an_encoder():
    model = small_psp(Encoder4Editing)
    adversary = LatentAdversary(model.encoder, learning_rate=0.01, pool_size=4)
    model.compile("adam", PSPLoss(lpips=0, id=0, adversarial=0.1, adversary=adversary))
    latents = np.random.default_rng(0).normal(2, 0.1, (4, 6, 8)).astype("float32")
    for _ in range(40):
        adversary.learn(model, keras.ops.convert_to_tensor(latents))
    real = model.generator.mapping(keras.random.normal((64, 8), seed=1))
    scores = [np.array(adversary.discriminator(w)) for w in (real, latents[:, 0])]
    assert scores[0].mean() > 0.2 + scores[1].mean()


def test_an_adversary_learns_beside_the_encoder():
    model = small_psp(Encoder4Editing)
    adversary = LatentAdversary(model.encoder, learning_rate=0.01, r1_interval=2)
    loss = PSPLoss(lpips=0, id=0, delta_norm=2e-4, adversarial=0.1, adversary=adversary)
    model.compile("adam", loss, stages=ProgressiveStages(2, 1, last=5))
    frozen, before = values(model.generator.variables), values(adversary.variables)
    styles = [(style.dense.kernel, np.array(style.dense.kernel)) for style in model.encoder.styles]
    logs = model.fit(*BATCH, batch_size=2, epochs=4, verbose=0, validation_data=BATCH).history
    stayed = [one.path for one, moves in zip(adversary.variables, moved(before, adversary.variables)) if not moves]
    assert len(stayed) == 1 and "learning_rate" in stayed[0]
    assert not any(moved(frozen, model.generator.variables))
    assert [np.any(np.array(kernel) != first) for kernel, first in styles] == [True] * 3 + [False] * 3
    assert {"delta_norm", "adversarial", "r1", "val_delta_norm"} < set(logs)
    assert not {"val_adversarial", "val_r1"} & set(logs)  # another discriminator every time
    assert float(model.encoder.stage) == 2 and int(adversary.optimizer.iterations) == 6  # with R1 at steps 0 and 2
    assert {id(variable) for variable in adversary.variables} < {id(one) for one in model.optimizer.variables}
    assert not {id(variable) for variable in adversary.variables} & {id(one) for one in model.variables}


RUN = {
    "data": "mini_faces",
    "num_mini_faces": 40,
    "num_layers": 10,
    "width": 2,
    "style_filters": 8,
    "losses": {"lpips": 0, "id": 0},
    "steps": 4,
    "steps_per_epoch": 2,
    "batch_size": 4,
    "num_validation": 4,
    "dtype": "float32",
}


def test_a_stopped_training_goes_on_with_discriminator_pools_and_stage(generator_preset, tmp_path, monkeypatch):
    run = {**RUN, "generator": generator_preset, "encoder": "restyle_e4e", "iterations": 1, "progressive_start": 1}
    train_psp(tmp_path / "whole", **run)
    whole_fit = psp.fit_resumable
    with monkeypatch.context() as patch:
        patch.setattr(psp, "fit_resumable", lambda *parts, epochs, **rest: whole_fit(*parts, epochs=1, **rest))
        train_psp(tmp_path / "stopped", **run)
    assert float(PSP.from_preset(tmp_path / "stopped").encoder.stage) == 1
    model = train_psp(tmp_path / "stopped", **run)
    assert float(model.encoder.stage) == 3 and model.encoder.num_iterations == 1
    files = [np.load(tmp_path / name / "checkpoint.npz") for name in ("whole", "stopped")]
    held = [len(model.variables), len(model.psp_loss.adversary.variables)]
    assert files[0].files == files[1].files and len(files[0].files) > sum(held)
    for name in files[0].files:
        np.testing.assert_allclose(files[1][name], files[0][name], rtol=1e-4, atol=1e-6, err_msg=name)

    write_mini_faces(tmp_path / "faces", count=2, size=32)
    command = ["translate", str(tmp_path / "stopped"), str(tmp_path / "faces" / "images"), "--output"]
    for iterations in (1, 3):
        assert main([*command, str(tmp_path / f"out{iterations}"), "--iterations", str(iterations)]) == 0
    outputs = [sorted((tmp_path / name).iterdir()) for name in ("out1", "out3")]
    assert len(outputs[0]) == 2 and outputs[0][0].read_bytes() != outputs[1][0].read_bytes()


def test_options_of_other_encoders_are_refused(generator_preset, psp_preset, tmp_path, capsys):
    for encoder, name in (
        ("gradual", "iterations"),
        ("restyle_psp", "progressive_start"),
        ("into_w", "progressive_every"),
    ):
        with pytest.raises(UserError, match=f"`{name}` is for the encoders .*, not for {encoder}"):
            train_psp(tmp_path / "run", **{**RUN, "generator": generator_preset, "encoder": encoder, name: 2})
    write_mini_faces(tmp_path / "faces", count=1, size=32)
    command = ["translate", psp_preset, str(tmp_path / "faces" / "images"), "--output", str(tmp_path / "out")]
    assert main([*command, "--iterations", "2"]) == 2
    assert "--iterations is for ReStyle encoders: a GradualStyleEncoder looks only once" in capsys.readouterr().err
    assert not (tmp_path / "out").exists() and not (tmp_path / "run").exists()
