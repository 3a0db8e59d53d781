import keras
import numpy as np
import pytest

from psp_keras import models
from psp_keras.errors import UserError
from tests.helpers import TINY, check_layer, random_images, relative_error, tiny_encoder, tiny_generator

ENCODER = {"style_dim": 16, "image_size": 32, "num_layers": 10, "width": 4}
CASES = [
    (models.ArcFace, {"image_size": 32, "embedding_dim": 16, "num_layers": 10, "width": 4}, [(2, 32, 32, 3)], (2, 16)),
    (models.Encoder4Editing, {**ENCODER, "num_styles": 8}, [(2, 32, 32, 3)], (2, 8, 16)),
    (models.EncoderIntoW, ENCODER, [(2, 32, 32, 3)], (2, 16)),
    (models.EncoderIntoWPlus, {**ENCODER, "num_styles": 8}, [(2, 32, 32, 3)], (2, 8, 16)),
    (models.GradualStyleEncoder, {**ENCODER, "num_styles": 8, "in_channels": 5}, [(2, 32, 32, 5)], (2, 8, 16)),
    (models.MappingNetwork, {"style_dim": 16, "num_layers": 2}, [(2, 16)], (2, 16)),
    (models.MoCo, {"image_size": 32, "width": 2}, [(2, 40, 40, 3)], (2, 64)),
    (models.PerceptualNetwork, {"width": 4}, [(2, 32, 32, 3), (2, 32, 32, 3)], (2,)),
    (models.PerceptualNetwork, {"backbone": "alexnet", "width": 8}, [(2, 64, 64, 3), (2, 64, 64, 3)], (2,)),
    (models.ReStyleEncoder, {**ENCODER, "num_styles": 8}, [(2, 32, 32, 6)], (2, 8, 16)),
    (
        models.ReStyleEncoder,
        {**ENCODER, "num_styles": 8, "num_layers": 18, "backbone": "resnet", "progressive": True, "num_iterations": 2},
        [(2, 32, 32, 6)],
        (2, 8, 16),
    ),
    (models.SAMEncoder, {**ENCODER, "num_styles": 8, "age": 50}, [(2, 32, 32, 4)], (2, 8, 16)),
    (models.StyleGAN1Generator, {"resolution": 16, "num_mapping_layers": 2, **TINY}, [(2, 16)], (2, 16, 16, 3)),
    (models.StyleGAN1SynthesisNetwork, {"resolution": 16, **TINY}, [(2, 6, 16)], (2, 16, 16, 3)),
    (models.StyleGAN2Discriminator, {"resolution": 16, "channel_max": 8}, [(4, 16, 16, 3)], (4, 1)),
    (models.StyleGAN2Generator, {"resolution": 16, "num_mapping_layers": 2, **TINY}, [(2, 16)], (2, 16, 16, 3)),
    (models.SynthesisNetwork, {"resolution": 16, **TINY}, [(2, 6, 16)], (2, 16, 16, 3)),
]


@pytest.mark.parametrize("cls, config, shapes, output_shape", CASES, ids=lambda x: getattr(x, "__name__", ""))
def test_model(cls, config, shapes, output_shape, tmp_path):
    check_layer(cls, config, shapes, output_shape, tmp_path)


@pytest.mark.parametrize("resolution", [16, 64, 1024])
def test_generator_draws_every_resolution(resolution):
    generator = tiny_generator(resolution, channel_base=1024)
    assert generator.num_styles == {16: 6, 64: 10, 1024: 18}[resolution]
    assert generator(np.zeros((1, 16), "float32")).shape == (1, resolution, resolution, 3)


def test_default_widths_are_config_f():
    generator = models.StyleGAN2Generator()
    filters = [conv.filters for conv in generator.synthesis.convs]
    assert filters == [512, 512, 512, 512, 512, 256, 128, 64, 32]


def test_truncation_moves_towards_the_average_latent():
    generator = tiny_generator()
    z = keras.random.normal((3, 16), seed=1)
    full, half, none = (np.array(generator.map(z, truncation=t)) for t in (1.0, 0.5, 0.0))
    average = np.array(generator.latent_average)
    np.testing.assert_allclose(half, average + 0.5 * (full - average), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(none, np.broadcast_to(average, none.shape), rtol=1e-5)


def test_style_mixing_takes_later_styles_from_the_other():
    generator = tiny_generator()
    one, other = generator.map(np.ones((1, 16), "float32")), generator.map(-np.eye(16, dtype="float32")[:1])
    mixed = np.array(generator.style_mix(one, other, 4))
    np.testing.assert_array_equal(mixed[:, :4], np.array(one)[:, :4])
    np.testing.assert_array_equal(mixed[:, 4:], np.array(other)[:, 4:])


def test_random_noise_changes_the_image_and_stored_noise_does_not():
    generator = tiny_generator()
    for layer in (*generator.synthesis.convs, *generator.synthesis.up_convs):
        layer.noise.strength.assign(0.5)
    w_plus = generator.map(np.ones((1, 16), "float32"))
    stored = [np.array(generator.synthesize(w_plus)) for _ in range(2)]
    random = [np.array(generator.synthesize(w_plus, randomize_noise=True)) for _ in range(2)]
    np.testing.assert_array_equal(*stored)
    assert np.abs(random[0] - random[1]).max() > 1e-3


def test_images_are_float32_under_bfloat16():
    images = tiny_generator(dtype="mixed_bfloat16")(np.ones((1, 16), "float32"))
    codes = tiny_encoder(dtype="mixed_bfloat16")(random_images())
    assert [keras.backend.standardize_dtype(x.dtype) for x in (images, codes)] == ["float32", "float32"]


def test_wrong_sizes_are_refused_by_name():
    with pytest.raises(ValueError, match="`resolution` must be a power of two from 16 to 1024, got 48"):
        models.StyleGAN2Generator(48)
    with pytest.raises(ValueError, match="`num_layers` must be one of"):
        models.ArcFace(num_layers=20)
    with pytest.raises(ValueError, match=r"`images` must have shape \(N, 32, 32, 3\), got \(2, 16, 16, 3\)"):
        tiny_encoder()(random_images(size=16))
    with pytest.raises(ValueError, match=r"`z` must have shape"):
        tiny_generator().map(np.zeros((1, 8), "float32"))


def test_an_encoder_starts_from_a_face_recognition_network():
    arcface = models.ArcFace(image_size=32, embedding_dim=8, num_layers=10, width=4)
    arcface.build()
    for channels in (3, 1):
        encoder = tiny_encoder(in_channels=channels)
        encoder.build((None, 32, 32, channels))
        encoder.start_from(arcface)
        for variable, source in zip(encoder.backbone.variables, arcface.backbone.variables):
            if "/input_conv/" in variable.path and channels == 1:
                assert variable.shape != source.shape
            else:
                np.testing.assert_array_equal(variable, source, err_msg=variable.path)
    for options, difference in (({"width": 8}, "'width': 8"), ({"backbone": "resnet"}, "'backbone': 'resnet'")):
        with pytest.raises(UserError, match=difference):
            tiny_encoder(**{"num_layers": 18, **options}).start_from(arcface)


def test_e4e_predicts_differences_from_the_first_style_up_to_a_stage():
    encoder, images = models.Encoder4Editing(num_styles=8, **ENCODER), random_images()
    codes = [np.array(encoder(images, stage=stage)) for stage in (0, 3, None)]
    first = np.broadcast_to(codes[0][:, :1], codes[0].shape)
    np.testing.assert_allclose(codes[0], first, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(codes[1], np.where(np.arange(8)[:, None] <= 3, codes[2], first), rtol=1e-5, atol=1e-6)
    assert relative_error(codes[2], codes[1]) > 1e-2
    plain = models.GradualStyleEncoder(num_styles=8, **ENCODER)
    plain(images)
    for variable, source in zip(plain.variables, [v for v in encoder.variables if v is not encoder.stage], strict=True):
        variable.assign(source)
    deltas = np.array(plain(images))
    np.testing.assert_allclose(codes[2][:, 1:] - first[:, 1:], deltas[:, 1:], rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="`stage` must be a whole number"):
        encoder(images, stage=-1)
