import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from psp_keras import PSP
from psp_keras.errors import UserError
from psp_keras.losses import PSPLoss
from psp_keras.models import ArcFace, PerceptualNetwork, StyleGAN2Generator
from psp_keras.optimizers import Ranger
from psp_keras.tasks import TASKS, get_task
from tests.helpers import random_images, relative_error, tiny_encoder, tiny_generator, tiny_psp, tiny_psp_into_w


@pytest.fixture(scope="module")
def model():
    return tiny_psp()


@pytest.fixture(scope="module")
def full_loss():
    arcface = ArcFace(32, 16, 10, width=4)
    arcface.build()
    network = PerceptualNetwork(width=4)
    network.build()
    return {"perceptual_network": network, "arcface": arcface}


def test_psp_is_a_well_behaved_layer(tmp_path):
    config = {"encoder": tiny_encoder(), "generator": tiny_generator()}

    psp = PSP(**config)
    outputs = np.array(psp(random_images()))
    psp.save(tmp_path / "psp.keras")
    loaded = keras.saving.load_model(tmp_path / "psp.keras")
    np.testing.assert_allclose(loaded(random_images()), outputs, rtol=1e-5, atol=1e-5)
    symbol = keras.Input((32, 32, 3))
    assert psp(symbol).shape == (None, 32, 32, 3)


def test_call_is_decode_of_encode(model):
    images = random_images(3)
    latents = model.encode(images)
    assert latents.shape == (3, 8, 16)
    np.testing.assert_allclose(model(images), model.decode(latents), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.predict(images, verbose=0), model(images), rtol=1e-4, atol=1e-5)


def test_the_latent_average_is_added(model):
    images = random_images()
    offsets = np.array(model.encoder(images))
    np.testing.assert_allclose(model.encode(images), offsets + np.array(model.latent_average), rtol=1e-5, atol=1e-6)


def test_an_encoder_into_w_serves_all_styles():
    latents = np.array(tiny_psp_into_w().encode(random_images()))
    np.testing.assert_allclose(latents, np.broadcast_to(latents[:, :1], (2, 8, 16)))


def test_translate_replaces_blends_and_zeroes_masked_styles(model):
    images = random_images()
    injected = np.ones((1, 8, 16), "float32")
    plain = np.array(model.encode(images))
    expected = {
        None: np.where(np.arange(8)[None, :, None] >= 6, injected, plain),
        0.25: np.where(np.arange(8)[None, :, None] >= 6, 0.25 * injected + 0.75 * plain, plain),
    }
    for alpha, latents in expected.items():
        outputs, mixed = model.translate(images, [6, 7], injected, alpha, return_latents=True)
        np.testing.assert_allclose(mixed, latents, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(outputs, model.decode(latents), rtol=1e-4, atol=1e-5)
    zeroed = np.array(model.translate(images, [0], return_latents=True)[1])
    assert not zeroed[:, 0].any() and zeroed[:, 1:].any()


def test_translate_pools_large_outputs():
    model = PSP(tiny_encoder(num_styles=16), tiny_generator(512, channel_base=1024))
    images = random_images(1)
    small, large = model.translate(images), model.translate(images, resize=False)
    assert small.shape == (1, 256, 256, 3) and large.shape == (1, 512, 512, 3)
    pooled = np.array(large).reshape(1, 256, 2, 256, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(small, pooled, rtol=1e-4, atol=1e-5)


def test_style_mix_is_batched_and_seeded(model):
    images = random_images(2)
    first, again, other = (np.array(model.style_mix(images, 3, [4, 5, 6, 7], 0.5, seed)) for seed in (1, 1, 2))
    assert first.shape == (2, 3, 32, 32, 3)
    np.testing.assert_array_equal(first, again)
    assert relative_error(other, first) > 1e-4
    alone = np.array(model.style_mix(images[1:], 3, [4, 5, 6, 7], 0.5, 1))
    np.testing.assert_allclose(alone[0], first[1], rtol=1e-4, atol=1e-5)


def test_wrong_arguments_are_refused_by_name(model):
    with pytest.raises(ValueError, match=r"`images` must have shape \(N, 32, 32, 3\)"):
        model.encode(random_images(size=64))
    with pytest.raises(ValueError, match=r"`latents` must have shape \(N, 8, 16\)"):
        model.decode(np.zeros((1, 10, 16), "float32"))
    with pytest.raises(ValueError, match="`latent_mask` holds 8, but the generator has styles 0 to 7"):
        model.translate(random_images(), [8])
    with pytest.raises(ValueError, match="`encoder` has num_styles 6, `generator` 8"):
        PSP(tiny_encoder(num_styles=6), tiny_generator())
    for options in ({"num_iterations": 3}, {"return_all": True}, {"age": 30}):
        with pytest.raises(ValueError, match=f"`{next(iter(options))}` means nothing to the encoder, a Gradual"):
            model.encode(random_images(), **options)
    with pytest.raises(ValueError, match=r"`loss` must be a psp_keras\.losses\.PSPLoss"):
        model.compile(loss="mse")


def test_fit_trains_the_encoder_alone():
    model = tiny_psp()
    model.compile(Ranger(1e-3, clipnorm=1.0))
    before = {v.path: keras.ops.convert_to_numpy(v).copy() for v in model.variables}
    images = random_images(8)
    history = model.fit(images, images, batch_size=4, epochs=3, verbose=0, validation_data=(images, images))
    assert set(history.history) == {"loss", "l2", "val_loss", "val_l2"}
    assert history.history["loss"][-1] < history.history["loss"][0]
    changed = {v.path for v in model.variables if not np.array_equal(before[v.path], np.array(v))}
    assert changed and not [path for path in changed if "gan2" in path or "latent_average" in path]
    assert {v.path for v in model.encoder.trainable_variables} <= changed
    # momentum, velocity and slow weights for the encoder, plus the step counter and the learning rate
    assert len(model.optimizer.variables) == 3 * len(model.encoder.trainable_variables) + 2


def test_look_ahead_starts_at_the_first_parameters():
    model = tiny_psp_into_w()
    model.compile(Ranger(0.0))
    before = [keras.ops.convert_to_numpy(v).copy() for v in model.trainable_variables]
    model.fit(random_images(8), batch_size=1, verbose=0)
    for variable, value in zip(model.trainable_variables, before):
        np.testing.assert_allclose(variable, value, atol=1e-6, err_msg=variable.path)


def test_loaded_generators_are_frozen_too(tmp_path):
    generator = tiny_generator()
    generator.trainable = False  # as in the moving average that a GAN training saves
    generator.save_to_preset(tmp_path / "generator")
    config = json.loads((tmp_path / "generator" / "config.json").read_text())
    config["config"]["trainable"] = False  # as older presets say
    (tmp_path / "generator" / "config.json").write_text(json.dumps(config))
    model = PSP(tiny_encoder(), StyleGAN2Generator.from_preset(tmp_path / "generator"))
    model.save_to_preset(tmp_path / "psp")
    model.save(tmp_path / "psp.keras")
    loaded = PSP.from_preset(tmp_path / "psp"), keras.saving.load_model(tmp_path / "psp.keras")
    for one in (model, *loaded):
        one.compile()
        assert [v.path for v in one.trainable_variables] == [v.path for v in one.encoder.trainable_variables]


def test_fit_can_train_the_decoder_too():
    model = tiny_psp_into_w()
    model.compile("adam", train_decoder=True)
    before = np.array(model.generator.synthesis.constant)
    model.fit(random_images(4), batch_size=2, verbose=0)
    assert not np.array_equal(before, np.array(model.generator.synthesis.constant))


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="PyTorch has no XLA")
def test_xla_gives_the_same_losses(full_loss):
    images = tf.data.Dataset.from_tensor_slices((random_images(8), random_images(8, seed=1))).batch(4)
    histories = []
    for jit_compile in (False, True):
        keras.utils.set_random_seed(3)
        model = tiny_psp_into_w()
        loss = PSPLoss(w_norm=0.005, l2_crop=0.1, lpips_crop=0.1, **full_loss)
        model.compile(Ranger(1e-3), loss, jit_compile=jit_compile)
        histories.append(model.fit(images, epochs=2, verbose=0, shuffle=False).history)
    assert list(histories[0]) == list(histories[1])
    assert {"loss", "l2", "lpips", "id", "w_norm", "l2_crop", "lpips_crop", "id_improvement"} == set(histories[0])
    for name, values in histories[0].items():
        np.testing.assert_allclose(histories[1][name], values, rtol=1e-3, atol=1e-4, err_msg=name)


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="Keras takes one step at a time there")
def test_schedules_and_steps_per_execution_work():
    model = tiny_psp_into_w()
    schedule = keras.optimizers.schedules.CosineDecay(1e-3, 4)
    model.compile(Ranger(schedule), steps_per_execution=2)
    model.fit(random_images(8), batch_size=2, verbose=0)
    assert int(model.optimizer.iterations) == 4
    assert model.evaluate(random_images(4), verbose=0, return_dict=True).keys() == {"loss", "l2"}


def test_sample_weights_count():
    model, images = tiny_psp_into_w(), random_images(4)
    model.compile()
    plain = float(model.measure(images, images)["l2"])
    for weight in (0, 1, 2):
        weights = np.full(4, weight, "float32")
        assert abs(float(model.measure(images, images, weights)["loss"]) - weight * plain) < 1e-5 * plain
    first = float(model.measure(images, images, np.array([1, 0, 0, 0], "float32"))["l2"])
    alone = float(model.measure(images[:1], images[:1])["l2"])
    assert abs(4 * first - alone) < 1e-4 * alone
    with pytest.raises(ValueError, match="`sample_weight` must have shape"):
        model.measure(images, images, np.ones((4, 32, 32), "float32"))
    before = np.array(keras.ops.convert_to_numpy(model.encoder.trainable_weights[0]))
    history = model.fit(images, images, sample_weight=np.zeros(4, "float32"), verbose=0).history
    assert history["l2"] == [0]
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model.encoder.trainable_weights[0]), before)


def test_metrics_that_nothing_would_measure_are_refused():
    for option in ({"metrics": ["mae"]}, {"weighted_metrics": ["mae"]}, {"loss_weights": [1.0]}):
        with pytest.raises(ValueError, match=f"`{next(iter(option))}` is not for a PSP"):
            tiny_psp_into_w().compile(**option)


@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-6), ("float16", 1e-2)])
def test_presets_keep_the_model(model, tmp_path, dtype, tolerance):
    model.save_to_preset(tmp_path / "preset", dtype=dtype)
    assert sorted(path.name for path in (tmp_path / "preset").iterdir()) == ["config.json", "model.weights.h5"]
    loaded = PSP.from_preset(tmp_path / "preset")
    assert relative_error(loaded(random_images()), model(random_images())) < tolerance
    half = PSP.from_preset(tmp_path / "preset", dtype="mixed_bfloat16")
    assert {m.dtype_policy.name for m in (half, half.encoder, half.generator)} == {"mixed_bfloat16"}


def test_the_task_of_a_model_is_a_dictionary(psp_preset, tmp_path):
    networks = tiny_encoder(in_channels=1), tiny_generator()
    for task in ("sketch_to_face", {"name": "sketch_to_face"}, TASKS["sketch_to_face"].get_config()):
        model = PSP(*networks, task=task)
        assert model.task["name"] == model.get_config()["task"]["name"] == "sketch_to_face"
        assert get_task(model.task) == TASKS["sketch_to_face"]
    for task in (TASKS["sketch_to_face"], {}, {"name": 5}, None):
        with pytest.raises(ValueError, match="`task` must be the name of a task"):
            PSP(*networks, task=task)
    old = tmp_path / "old"
    shutil.copytree(psp_preset, old)
    config = json.loads((old / "config.json").read_text())
    config["config"]["task"] = "inversion"  # as presets had it once
    (old / "config.json").write_text(json.dumps(config))
    assert PSP.from_preset(old).task == PSP.from_preset(psp_preset).task == {"name": "inversion"}


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "bfloat16"])
def test_every_call_works_under_every_dtype(psp_preset, dtype):
    whole, model = PSP.from_preset(psp_preset), PSP.from_preset(psp_preset, dtype=dtype)
    images, z = random_images(), np.ones((2, 16), "float32")
    latents = whole.encode(images)
    calls = {
        "encode": lambda psp: psp.encode(images),
        "decode": lambda psp: psp.decode(latents),
        "call": lambda psp: psp(images),
        "translate": lambda psp: psp.translate(images, latent_mask=[5], injected_latents=latents[:1], alpha=0.5),
        "style_mix": lambda psp: psp.style_mix(images, 2, latent_mask=[5], seed=1),
        "map": lambda psp: psp.map(z),
        "truncate": lambda psp: psp.generator(z, truncation=0.5),
    }
    for name, call in calls.items():
        outputs = call(model)
        assert keras.backend.standardize_dtype(outputs.dtype) == "float32", name
        assert relative_error(outputs, call(whole)) < (1e-6 if dtype == "float32" else 0.1), name


def test_bad_presets_are_named(model, tmp_path):
    with pytest.raises(UserError, match="There is no preset 'nowhere'"):
        PSP.from_preset("nowhere")
    model.generator.save_to_preset(tmp_path / "generator")
    with pytest.raises(UserError, match="holds a StyleGAN2Generator, not a PSP"):
        PSP.from_preset(tmp_path / "generator")
    model.save_to_preset(tmp_path / "cut")
    weights = tmp_path / "cut" / "model.weights.h5"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(UserError, match=r"model\.weights\.h5 is damaged"):
        PSP.from_preset(tmp_path / "cut")
    (tmp_path / "cut" / "config.json").write_text("{")
    with pytest.raises(UserError, match=r"config\.json is not a preset's config\.json"):
        PSP.from_preset(tmp_path / "cut")
