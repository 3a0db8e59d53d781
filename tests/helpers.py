"""What every layer and model must pass, and the small networks that tests share."""

import keras
import numpy as np

from psp_keras import models

TINY = {"style_dim": 16, "channel_base": 256, "channel_max": 16}


def tiny_generator(resolution=32, **options):
    generator = models.StyleGAN2Generator(resolution, num_mapping_layers=2, **{**TINY, **options})
    generator.build()
    generator.estimate_latent_average(64)
    return generator


def tiny_encoder(**options):
    settings = {"num_styles": 8, "style_dim": 16, "image_size": 32, "num_layers": 10, "width": 4, **options}
    return models.GradualStyleEncoder(**settings)


def tiny_psp():
    return models.PSP(tiny_encoder(), tiny_generator())


def tiny_psp_into_w():
    """The quickest to trace, for tests of what all encoders share."""
    encoder = models.EncoderIntoW(style_dim=16, image_size=32, num_layers=10, width=4)
    return models.PSP(encoder, tiny_generator())


def random_images(count=2, size=32, channels=3, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, size, size, channels)).astype("float32")


def relative_error(actual, expected):
    actual, expected = (np.asarray(keras.ops.convert_to_numpy(x), "float64") for x in (actual, expected))
    return np.linalg.norm(actual - expected) / np.linalg.norm(expected)


def check_layer(cls, config, shapes, output_shape, tmp_path, bfloat16_error=0.1):
    """Checks one layer or model.

    Args:
        cls: the class.
        config: arguments of its constructor.
        shapes: shape of each positional input.
        output_shape: expected shape, or a list of them.
        tmp_path: folder for the saved model.
        bfloat16_error: relative error allowed under the policies mixed_bfloat16 and bfloat16.
    """
    rng = np.random.default_rng(3)
    inputs = [rng.uniform(-1, 1, shape).astype("float32") for shape in shapes]
    layer = cls(**config)
    outputs = _arrays(layer(*inputs))
    expected = output_shape if isinstance(output_shape, list) else [output_shape]
    assert [x.shape for x in outputs] == expected
    computed = layer.compute_output_shape(*(shape for shape in shapes))
    assert [tuple(s) for s in (computed if isinstance(computed, list) else [computed])] == expected

    np.testing.assert_array_equal(_arrays(layer(*inputs))[0], outputs[0], "two calls differ")
    twin = cls.from_config(layer.get_config())
    twin(*inputs)
    twin.set_weights(layer.get_weights())
    np.testing.assert_array_equal(_arrays(twin(*inputs))[0], outputs[0], "get_config lost something")

    symbols = [keras.Input(shape[1:]) for shape in shapes]
    model = keras.Model(symbols, layer(*symbols))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    for before, after in zip(outputs, _arrays(loaded(inputs))):
        np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-5)

    for dtype in ("mixed_bfloat16", "bfloat16"):
        half = cls(**{**config, "dtype": dtype})
        half(*inputs)
        half.set_weights(layer.get_weights())
        assert relative_error(_arrays(half(*inputs))[0], outputs[0]) < bfloat16_error, dtype


def _arrays(outputs):
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    return [keras.ops.convert_to_numpy(keras.ops.cast(x, "float32")) for x in outputs]
