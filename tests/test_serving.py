"""The exported SavedModel against the Keras model and `translate`."""

import io
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from PIL import Image
from tensorflow_serving.apis import prediction_log_pb2

from psp_keras import PSP
from psp_keras.cli import main
from psp_keras.data import Segmentation, read_image, to_float, to_uint8, write_image
from psp_keras.errors import UserError
from psp_keras.serving import export
from psp_keras.serving.image_decoding import decode_pictures
from psp_keras.tasks import EncoderInputs, get_task
from tests.helpers import random_images, tiny_encoder, tiny_generator


@pytest.fixture
def model(served_model):
    return served_model


@pytest.fixture(scope="module")
def signatures(exported):
    return tf.saved_model.load(str(exported)).signatures


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def smooth(width, height, channels=3):
    rng = np.random.default_rng(width)
    image = Image.fromarray(rng.integers(0, 256, (9, 9, channels), "uint8").squeeze())
    return image.resize((width, height), Image.Resampling.BICUBIC)


def pictures(strings):
    return np.stack([tf.io.decode_png(data, channels=3).numpy() for data in np.ravel(strings)])


def test_the_signatures_and_their_shapes(signatures):
    expected = {
        "serving_default": ({"image_bytes": [None]}, {"translated_bytes": [None]}),
        "translate": ({"images": [None, 32, 32, 3]}, {"images": [None, 32, 32, 3]}),
        "encode": ({"images": [None, 32, 32, 3]}, {"latents": [None, 8, 16]}),
        "decode": ({"latents": [None, 8, 16]}, {"images": [None, 32, 32, 3]}),
        "map": ({"z": [None, 16]}, {"latents": [None, 8, 16]}),
        "style_mix": (
            {"image_bytes": [None], "seed": [], "alpha": [], "num_outputs": []},
            {"mixed_bytes": [None, None]},
        ),
    }
    assert set(signatures) == set(expected)
    for name, (inputs, outputs) in expected.items():
        given = signatures[name].structured_input_signature[1]
        assert {key: spec.shape.as_list() for key, spec in given.items()} == inputs
        made = signatures[name].structured_outputs
        assert {key: spec.shape.as_list() for key, spec in made.items()} == outputs, name


@pytest.mark.parametrize("count", [1, 3])
def test_arrays_give_what_the_model_gives(count, model, signatures):
    images = random_images(count)
    latents = signatures["encode"](images=tf.constant(images))["latents"]
    np.testing.assert_allclose(latents, model.encode(images), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(signatures["decode"](latents=latents)["images"], model.decode(latents), atol=1e-4)
    translated = signatures["translate"](images=tf.constant(images))["images"]
    np.testing.assert_allclose(translated, model.translate(images), atol=1e-4)
    z = np.random.default_rng(0).normal(size=(count, 16)).astype("float32")
    np.testing.assert_allclose(signatures["map"](z=tf.constant(z))["latents"], model.map(z), rtol=1e-4, atol=1e-5)


def test_xla_compiles_what_takes_arrays(exported):
    images = tf.constant(random_images())
    loaded = tf.saved_model.load(str(exported))
    translate = loaded.signatures["translate"]
    compiled = tf.function(lambda x: translate(images=x)["images"], jit_compile=True)
    np.testing.assert_allclose(compiled(images), translate(images=images)["images"], atol=1e-4)


def test_exports_do_without_xla(served_model, monkeypatch, tmp_path):
    monkeypatch.setattr("psp_keras.ops.onednn._WORTH_FUSING", 1)
    export(served_model, tmp_path / "1")
    assert b"_XlaMustCompile" not in (tmp_path / "1" / "saved_model.pb").read_bytes()


def test_bytes_give_what_translate_gives(model, signatures, tmp_path):
    files = {
        "a.png": encoded(smooth(90, 61)),
        "b.jpg": encoded(smooth(47, 200), "JPEG", quality=90),
        "grey.png": encoded(smooth(32, 32, 1)),
        "alpha.png": encoded(smooth(33, 50, 4)),
        "small.png": encoded(smooth(11, 14)),
        "palette.png": encoded(smooth(64, 64).quantize(16)),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    seen = np.stack([read_image(tmp_path / name, 32) for name in files])
    decoded = decode_pictures(tf.constant(list(files.values())), model_source(model), 32).numpy()
    off = np.abs(to_uint8(decoded).astype(int) - seen).max(axis=(1, 2, 3))
    assert dict(zip(files, off)) == dict.fromkeys(files, pytest.approx(0, abs=1))
    served = pictures(signatures["serving_default"](image_bytes=tf.constant(list(files.values())))["translated_bytes"])
    expected = to_uint8(model.translate(to_float(seen)))
    assert np.abs(served.astype(int) - expected).max() <= 1


def test_photos_are_turned_upright(model, tmp_path):
    files = []
    for orientation in range(1, 10):
        for order in (b"II", b"MM"):
            exif = Image.Exif()
            exif.endian = {b"II": "<", b"MM": ">"}[order]
            exif[0x0100], exif[0x0112], exif[0x0131] = 70, orientation, "x" * 50
            files.append(tmp_path / f"{orientation}{order.decode()}.jpg")
            smooth(70, 40).save(files[-1], exif=exif, quality=95)
            assert b"Exif\0\0" + order in files[-1].read_bytes()
    files.append(tmp_path / "damaged.jpg")
    files[-1].write_bytes(files[0].read_bytes().replace(b"II*\0\x08\0", b"II*\0\xff\xff"))
    expected = np.stack([read_image(file, 32) for file in files])
    assert len(np.unique(expected, axis=0)) == 8
    decoded = decode_pictures(tf.constant([file.read_bytes() for file in files]), model_source(model), 32)
    assert np.abs(to_uint8(decoded).astype(int) - expected).max() <= 1


def model_source(model):
    return EncoderInputs.to_translate(get_task(model.task), 32).source


def test_style_mixing_is_decided_by_its_seed(signatures):
    data = tf.constant([encoded(smooth(40, 40)), encoded(smooth(50, 40))])

    def mix(seed, alpha=1.0, count=3):
        arguments = {"seed": seed, "alpha": alpha, "num_outputs": count}
        mixed = signatures["style_mix"](image_bytes=data, **{k: tf.constant(v) for k, v in arguments.items()})
        return mixed["mixed_bytes"].numpy()

    assert mix(3).shape == (2, 3)
    assert (mix(3) == mix(3)).all() and (mix(3) != mix(4)).any()
    plain = pictures(signatures["serving_default"](image_bytes=data)["translated_bytes"].numpy()).astype(int)
    assert np.abs(pictures(mix(3, alpha=0.0, count=1)) - plain).max() <= 1


def test_a_bad_picture_is_named_by_its_index(signatures):
    good = encoded(smooth(32, 32))
    bomb = good[:16] + (1 << 20).to_bytes(4, "big") * 2 + good[24:]
    for bad, reason in (
        (b"", "neither JPEG nor PNG"),
        (b"<html>", "neither JPEG nor PNG"),
        (good[:60], "of the batch is broken"),
        (encoded(smooth(64, 64), "JPEG")[:50], "of the batch is broken"),
        (bomb, "has too many pixels"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=reason) as failed:
            signatures["serving_default"](image_bytes=tf.constant([good, bad, good]))
        assert "[1]" in str(failed.value) or " 1" in str(failed.value)


def test_weights_are_stored_once_and_bfloat16_halves_them(model, exported, tmp_path):
    def size(path):
        return sum(file.stat().st_size for file in path.glob("variables/*.data*"))

    parameters = sum(int(np.prod(weight.shape)) for weight in model.weights)
    assert size(exported) < 4 * parameters * 1.1
    export(model, tmp_path / "1", dtype="bfloat16")
    assert size(tmp_path / "1") < 0.55 * size(exported)
    images = tf.constant(random_images())
    half = tf.saved_model.load(str(tmp_path / "1")).signatures["translate"](images=images)["images"]
    assert np.abs(half - np.array(model.translate(images))).mean() < 0.05
    with pytest.raises(UserError, match="is not empty"):
        export(model, exported)


def test_segmentation_maps_are_served(tmp_path):
    task = {"name": "maps", "source": "segmentation", "paired": True, "num_classes": 5}
    model = PSP(tiny_encoder(in_channels=5), tiny_generator(), task=task)
    labels = np.random.default_rng(0).integers(0, 5, (40, 32), "uint8")
    colored = Segmentation(5).palette()[labels]
    for name, array in (("grey.png", labels), ("colored.png", colored)):
        write_image(tmp_path / name, array)
    seen = Segmentation(5).to_input(Segmentation(5).read(tmp_path / "grey.png", 32)[None])
    for name in ("grey.png", "colored.png"):
        decoded = decode_pictures(tf.constant([(tmp_path / name).read_bytes()]), Segmentation(5), 32)
        np.testing.assert_array_equal(decoded, seen)
    model.save_to_preset(tmp_path / "preset")
    assert main(["export", str(tmp_path / "preset"), str(tmp_path / "psp" / "1")]) == 0
    served = tf.saved_model.load(str(tmp_path / "psp" / "1")).signatures["serving_default"]
    data = tf.constant([(tmp_path / "grey.png").read_bytes()])
    assert pictures(served(image_bytes=data)["translated_bytes"]).shape == (1, 32, 32, 3)
    with pytest.raises(tf.errors.InvalidArgumentError, match="stands for no label"):
        served(image_bytes=tf.constant([encoded(smooth(32, 32))]))


def test_the_warmup_request_is_one_that_the_model_answers(exported, signatures):
    (record,) = tf.data.TFRecordDataset(str(exported / "assets.extra" / "tf_serving_warmup_requests"))
    request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
    inputs = {name: tf.constant(tf.make_ndarray(value)) for name, value in request.inputs.items()}
    assert len(signatures[request.model_spec.signature_name](**inputs)["translated_bytes"]) == 1


def test_saved_model_cli_shows_and_runs_it(exported, tmp_path):
    tool = [str(Path(sys.executable).parent / "saved_model_cli")]
    shown = subprocess.run([*tool, "show", "--dir", exported, "--all"], capture_output=True, text=True, check=True)
    assert "inputs['image_bytes']" in shown.stdout and "signature_def['style_mix']" in shown.stdout
    np.save(tmp_path / "given.npy", np.zeros((1, 32, 32, 3), "float32"))
    arguments = ["--dir", exported, "--tag_set", "serve", "--signature_def", "translate", "--outdir", tmp_path]
    subprocess.run([*tool, "run", *arguments, "--inputs", f"images={tmp_path / 'given.npy'}"], check=True)
    assert np.load(tmp_path / "images.npy").shape == (1, 32, 32, 3)


def test_the_export_needs_no_python_of_ours(exported):
    code = f"""
import sys
import tensorflow as tf
function = tf.saved_model.load({str(exported)!r}).signatures["translate"]
assert function(images=tf.zeros((2, 32, 32, 3)))["images"].shape == (2, 32, 32, 3)
assert not [name for name in sys.modules if name.startswith("psp_keras")]
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd="/")


@pytest.fixture(scope="module")
def pyramid_model():
    keras.utils.set_random_seed(3)
    return PSP(tiny_encoder(), tiny_generator())


def test_onnx_runtime_gives_what_the_model_gives(pyramid_model, tmp_path):
    export(pyramid_model, tmp_path / "psp.onnx", format="onnx")
    session = onnxruntime.InferenceSession(tmp_path / "psp.onnx")
    for count in (1, 3):
        images = random_images(count)
        (translated,) = session.run(None, {"images": images})
        np.testing.assert_allclose(translated, pyramid_model(images), rtol=1e-4, atol=1e-4)


def test_litert_gives_what_the_model_gives(pyramid_model, tmp_path):
    export(pyramid_model, tmp_path / "psp.tflite", format="litert")
    translate = Interpreter(str(tmp_path / "psp.tflite")).get_signature_runner()
    for image in random_images(2)[:, None]:
        (translated,) = translate(images=image).values()
        np.testing.assert_allclose(translated, pyramid_model(image), rtol=1e-4, atol=1e-4)


def test_what_the_other_formats_cannot_do_is_said(psp_preset, tmp_path, capsys, monkeypatch):
    for arguments, message in (
        (["psp.tflite", "--format", "onnx"], "ends in .onnx"),
        (["psp.onnx", "--format", "onnx", "--dtype", "bfloat16"], "is float32 only"),
        (["no/psp.onnx/psp.onnx", "--format", "onnx"], "Cannot write"),
    ):
        (tmp_path / "no").write_text("a file where a folder should be")
        assert main(["export", psp_preset, str(tmp_path / arguments[0]), *arguments[1:]]) == 2
        assert message in capsys.readouterr().err
    model = PSP(tiny_encoder(dtype="mixed_bfloat16"), tiny_generator())
    with pytest.raises(UserError, match="is float32 only"):
        export(model, tmp_path / "psp.onnx", format="onnx")
    with pytest.raises(UserError, match="`format` must be"):
        export(model, tmp_path / "psp.pb", format="protobuf")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'psp-keras\[onnx\]'"):
        export(PSP(tiny_encoder(), tiny_generator()), tmp_path / "psp.onnx", format="onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["no"]
