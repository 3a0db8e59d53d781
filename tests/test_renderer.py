import keras
import numpy as np
import pytest

from psp_keras.data.mini_faces import MiniFaces, attributes_of_noise
from psp_keras.errors import UserError
from psp_keras.models import StyleGAN2Generator
from psp_keras.training import RendererTrainer, train_renderer

SIZES = {"resolution": 32, "channel_max": 8, "num_mini_faces": 32, "num_latents": 1024, "num_quality_samples": 8}


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


def test_train_renderer_writes_a_generator_and_resumes(tmp_path):
    options = {**SIZES, "batch_size": 8, "steps_per_epoch": 4, "mapping_epochs": 30, "seed": 3}
    whole = train_renderer(tmp_path / "whole", kimg=0.064, **options)
    assert set(whole) == {"fid-mini", "precision", "recall", "explained_variance"}
    assert whole["explained_variance"] > 0
    assert (tmp_path / "whole" / "samples" / "samples_0002.jpg").is_file()
    again = train_renderer(tmp_path / "whole", kimg=0.064, **options)
    assert again == pytest.approx(whole, rel=0.02, abs=0.02)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("psp_keras.callbacks.SampleGrid.on_epoch_end", _interrupt_second)
        train_renderer(tmp_path / "stopped", kimg=0.064, **options)
    train_renderer(tmp_path / "stopped", kimg=0.064, **options)
    generators = [StyleGAN2Generator.from_preset(tmp_path / run / "generator") for run in ("whole", "stopped")]
    for one, other in zip(*(generator.get_weights() for generator in generators)):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4 * np.abs(one).max())
    assert np.abs(keras.ops.convert_to_numpy(generators[0].latent_average)).max() > 0


def _interrupt_second(self, epoch, logs=None):
    if epoch == 1:
        raise KeyboardInterrupt


def test_too_few_latent_dimensions(tmp_path):
    with pytest.raises(UserError, match="`style_dim` 32 is too small for the"):
        train_renderer(tmp_path / "run", style_dim=32, **SIZES)
    assert not (tmp_path / "run").exists()  # else its run.json would stand in the way of the next try
