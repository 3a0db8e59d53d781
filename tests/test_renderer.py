import contextlib
import io
import re

import keras
import numpy as np
import pytest

from psp_keras.callbacks import SampleGrid
from psp_keras.data.mini_faces import MiniFaces, attributes_of_noise
from psp_keras.errors import UserError
from psp_keras.models import StyleGAN2Discriminator, StyleGAN2Generator
from psp_keras.training import AnchoredGANTrainer, RendererTrainer, train_renderer

SIZES = {"resolution": 32, "channel_max": 8, "num_mini_faces": 32, "num_latents": 1024, "num_quality_samples": 8}
# Two epochs with the known w, two with the discriminator.
OPTIONS = {
    **SIZES,
    "batch_size": 8,
    "steps_per_epoch": 4,
    "mapping_epochs": 30,
    "kimg": 0.064,
    "contest_kimg": 0.064,
    "seed": 3,
}


def test_noise_describes_the_faces_that_mini_faces_has():
    of_noise = attributes_of_noise(np.random.default_rng(0).normal(size=(1500, 128)))
    of_faces = MiniFaces(16).attribute_vectors(range(1500))
    spread = of_faces.std(axis=0) + 1e-3
    assert (np.abs(of_noise.mean(axis=0) - of_faces.mean(axis=0)) / spread).max() < 0.15
    np.testing.assert_allclose(of_noise.std(axis=0), of_faces.std(axis=0), rtol=0.2, atol=0.02)


def test_a_face_depends_on_the_direction_of_its_noise_alone():
    z = np.random.default_rng(0).normal(size=(2, 128))
    np.testing.assert_array_equal(attributes_of_noise(z), attributes_of_noise(3 * z))
    assert (attributes_of_noise(z)[0] != attributes_of_noise(z)[1]).sum() > 50


def test_synthesis_learns_and_mapping_does_not():
    generator = StyleGAN2Generator(16, 32, 2, 64, 8)
    generator.build()
    trainer = RendererTrainer(generator)
    trainer.compile("adam", loss="mae", jit_compile=False)
    mapping, synthesis = (network.get_weights() for network in (generator.mapping, generator.synthesis))
    trainer.fit(np.random.randn(8, 32), np.random.uniform(-1, 1, (8, 16, 16, 3)), verbose=0)
    assert all(np.array_equal(*pair) for pair in zip(mapping, generator.mapping.get_weights()))
    moved = [not np.array_equal(*pair) for pair in zip(synthesis, generator.synthesis.get_weights())]
    assert sum(moved) > 0.9 * len(generator.synthesis.trainable_weights)


def test_the_contest_moves_synthesis_and_discriminator_alone():
    generator, discriminator = StyleGAN2Generator(16, 32, 2, 64, 8), StyleGAN2Discriminator(16, 64, 8)
    generator.build()
    discriminator.build()
    trainer = AnchoredGANTrainer(generator, discriminator, lambda x, y: keras.ops.mean(keras.ops.abs(x - y)))
    trainer.compile(1e-3)
    networks = (generator.mapping, generator.synthesis, discriminator)
    before = [network.get_weights() for network in networks]
    w, images = np.random.randn(8, 32), np.random.uniform(-1, 1, (8, 16, 16, 3))
    history = trainer.fit(w, images, 4, epochs=2, verbose=0).history
    moved = [
        np.mean([not np.array_equal(*pair) for pair in zip(weights, network.get_weights())])
        for weights, network in zip(before, networks)
    ]
    assert moved[0] == 0 and min(moved[1:]) > 0.8
    assert {"anchor_loss", "generator_loss", "r1"} < set(history) and "path_length" not in history


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run folder, and what it printed."""
    run, said = tmp_path_factory.mktemp("renderer") / "run", io.StringIO()
    with contextlib.redirect_stdout(said):
        measures = train_renderer(run, **OPTIONS)
    return run, measures, said.getvalue()


def test_train_renderer_writes_a_generator(finished):
    run, measures, said = finished
    assert set(measures) == {"fid-mini", "precision", "recall"}
    assert 0 < int(re.search(r"It explains (\d+)%", said)[1]) < 100
    assert (run / "samples" / "samples_0002.jpg").is_file()
    assert (run / "contest" / "samples" / "samples_0002.jpg").is_file()
    generator = StyleGAN2Generator.from_preset(run / "generator")
    assert np.abs(keras.ops.convert_to_numpy(generator.latent_average)).max() > 0
    assert StyleGAN2Discriminator.from_preset(run / "discriminator").resolution == 32


def test_a_finished_renderer_is_only_measured_again(finished, capsys):
    run, measures, _ = finished
    assert train_renderer(run, **OPTIONS) == pytest.approx(measures, rel=0.02, abs=0.02)
    said = capsys.readouterr().out
    assert "goes on with the contest" in said and "Drawing" not in said


def test_the_first_part_cannot_grow_once_the_contest_has_begun(finished):
    recorded = (finished[0] / "run.json").read_text()
    with pytest.raises(UserError, match=r"`kimg` of .* stays 0.064, for its contest has begun"):
        train_renderer(finished[0], **{**OPTIONS, "kimg": 1})
    assert (finished[0] / "run.json").read_text() == recorded


def test_a_mapping_network_to_keep_must_come_from_somewhere(tmp_path):
    with pytest.raises(UserError, match="`mapping_epochs` 0 keeps a mapping network: give `start_from`"):
        train_renderer(tmp_path / "run", **{**OPTIONS, "mapping_epochs": 0})
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("epoch", [2, 4], ids=["synthesis", "contest"])
def test_train_renderer_resumes(finished, tmp_path, epoch):
    draw, calls = SampleGrid.on_epoch_end, []

    def interrupt(self, *args, **kwargs):
        calls.append(self)
        if len(calls) == epoch:
            raise KeyboardInterrupt
        draw(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(SampleGrid, "on_epoch_end", interrupt)
        train_renderer(tmp_path, **OPTIONS)
    train_renderer(tmp_path, **OPTIONS)
    generators = [StyleGAN2Generator.from_preset(run / "generator") for run in (finished[0], tmp_path)]
    for one, other in zip(*(generator.get_weights() for generator in generators)):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4 * np.abs(one).max())


def test_too_few_latent_dimensions(tmp_path):
    with pytest.raises(UserError, match="`style_dim` 32 is too small for the"):
        train_renderer(tmp_path / "run", style_dim=32, **SIZES)
    assert not (tmp_path / "run").exists()  # else its run.json would stand in the way of the next try
