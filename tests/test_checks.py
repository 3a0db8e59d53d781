"""Arguments that cannot be right are refused before any work, by their name; nothing asked for is silently ignored."""

import json

import numpy as np
import pytest

from psp_keras.commands.mix_files import mix_files
from psp_keras.commands.project_files import project_files
from psp_keras.commands.translate_files import translate_files
from psp_keras.data import MiniFaces, write_image
from psp_keras.errors import UserError
from psp_keras.evaluation import evaluate, measure, write_report
from psp_keras.evaluation.translation_metrics import TranslationMetrics
from psp_keras.models import PSP
from psp_keras.serving import export
from psp_keras.tasks import MiniFacesExamples, Places, get_task
from psp_keras.training import train_psp
from tests.helpers import random_images, tiny_encoder, tiny_generator, tiny_psp_into_w


@pytest.fixture(scope="module")
def model():
    return tiny_psp_into_w()


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for i in range(2):
        write_image(folder / f"{i}.png", np.full((32, 32, 3), 60 * i, "uint8"))
    return folder


@pytest.mark.parametrize(
    "options, message",
    [
        ({"num_classes": 5}, "`num_classes` counts the labels of segmentation maps; the task inversion reads none"),
        ({"mask": "center"}, "`mask` belongs to inpainting; the task inversion hides nothing"),
        ({"moco_network": "mini_faces_vgg"}, "`moco_network` is of no use"),
        ({"source": "tests"}, "is drawn and needs no folders"),
        ({"val_source": "tests"}, "is drawn and needs no folders"),
        ({"data": "tests", "val_target": "tests"}, "has no pairs: leave `val_target` out"),
        ({"task": "segmentation_to_face", "num_classes": 5}, "has 14 labels, the task segmentation_to_face only 5"),
        ({"losses": {"l2": -1}}, "`l2` must be a number of at least 0"),
        ({"losses": {"l2": float("nan")}}, "`l2` must be a number of at least 0"),
        ({"losses": {"l3": 1}}, "knows no 'l3'"),
        ({"steps": 0}, "`steps` must be a whole number of at least 1"),
        ({"batch_size": 2.5}, "`batch_size` must be a whole number"),
        ({"learning_rate": float("inf")}, "`learning_rate` must be a number above 0"),
        ({"learning_rate": 0}, "`learning_rate` must be a number above 0"),
        ({"seed": 2**32}, "`seed` must be a whole number from 0 to 4294967295"),
        ({"batch_size": 3, "devices": 2}, "`batch_size` 3 is not a multiple of `devices` 2"),
    ],
)
def test_a_training_refuses_what_it_cannot_use(options, message, tmp_path):
    with pytest.raises(UserError, match=message):
        train_psp(tmp_path / "run", **{"data": "mini_faces", **options})
    assert not (tmp_path / "run").exists()


def test_every_task_says_where_its_pictures_come_from():
    inversion, sketches, paired = (get_task(name) for name in ("inversion", "sketch_to_face", "paired"))
    for task, places in (
        (inversion, ("mini_faces", None, None)),
        (inversion, ("folder", None, None)),
        (sketches, ("mini_faces", None, None)),
        (sketches, (None, "s", "t")),
    ):
        Places(*places).check(task)
    Places("folder", None, None, "validation").check(inversion)
    for task, places, message in (
        (inversion, ("mini_faces", "s", None), "is drawn and needs no folders"),
        (inversion, ("folder", "s", "t"), "takes its pictures from `data` alone"),
        (sketches, ("folder", "s", "t"), "takes its pictures from `source` and `target` alone"),
        (sketches, (None, "s", None), "needs pairs: give `source` and `target`"),
        (paired, ("mini_faces", None, None), "mini_faces has no pairs for the task paired"),
    ):
        with pytest.raises(UserError, match=message):
            Places(*places).check(task)


def test_evaluate_measures_what_it_is_given(photos):
    sketches = PSP(tiny_encoder(in_channels=1), tiny_generator(), task="sketch_to_face")
    report = evaluate(sketches, source=photos, target=photos, metrics=TranslationMetrics(["l2"]))
    assert [image["name"] for image in report["images"]] == [str(photos / "0.png"), str(photos / "1.png")]
    with pytest.raises(UserError, match="needs pairs"):
        evaluate(sketches, source=photos)
    with pytest.raises(UserError, match="is drawn and needs no folders"):
        evaluate(sketches, "mini_faces", source=photos, target=photos)


def test_evaluate_draws_cartoons_where_asked_to():
    _, sources, _ = MiniFacesExamples(get_task("inversion"), 32, style="cartoon").test(2)
    cartoons = MiniFaces(32, split="test", style="cartoon").images(range(2))
    np.testing.assert_allclose(sources, cartoons / 127.5 - 1, atol=1e-6)


def test_evaluate_refuses_what_a_metric_cannot_measure(model, tmp_path):
    with pytest.raises(UserError, match="fid-mini compares sets of pictures: it needs at least 2, not 1"):
        evaluate(model, count=1, metrics=TranslationMetrics(["fid-mini"]))
    with pytest.raises(UserError, match="`count` must be"):
        evaluate(model, count=0)
    with pytest.raises(UserError, match="`sheet` shows the best and the worst"):
        evaluate(model, count=2, metrics=TranslationMetrics(["fid-mini"]), sheet=tmp_path / "sheet.png")
    with pytest.raises(UserError, match="ssim needs pictures of at least 11 pixels, these have 8"):
        TranslationMetrics(["ssim"])(random_images(2, 8), random_images(2, 8))
    with pytest.raises(UserError, match="There is no metric to measure"):
        TranslationMetrics([])
    report = evaluate(model, count=1, metrics=TranslationMetrics(["l2", "ssim"]))
    assert set(report["summary"]) == {"model", "average_face"}  # there is no other picture


def test_reports_are_json_without_infinities(tmp_path):
    images = random_images(2)
    values, summary = measure(TranslationMetrics(["psnr"]), images, images)
    assert np.isinf(values["psnr"]).all()
    write_report({"summary": summary, "images": [float(value) for value in values["psnr"]]}, tmp_path / "r.json")
    report = json.loads((tmp_path / "r.json").read_text(), parse_constant=pytest.fail)
    assert report == {"summary": {"psnr": {"mean": None, "deviation": None}}, "images": [None, None]}


def test_files_refuse_numbers_out_of_range(model, photos, tmp_path):
    for call, options, message in (
        (mix_files, {"seed": -1}, "`seed` must be"),
        (mix_files, {"alpha": 1.5}, "`alpha` must be a number from 0 to 1"),
        (mix_files, {"num_outputs": 0}, "`num_outputs` must be"),
        (mix_files, {"latent_mask": []}, "`latent_mask` must list styles"),
        (mix_files, {"latent_mask": [-1]}, "`latent_mask` must list styles"),
        (mix_files, {"latent_mask": [8]}, "`latent_mask` names style 8"),
        (translate_files, {"factor": 0}, "`factor` must be"),
        (translate_files, {"factor": 2}, "`factor` belongs to super_resolution"),
        (translate_files, {"mask": "center"}, "`mask` belongs to inpainting"),
        (project_files, {"steps": 0}, "`steps` must be"),
        (project_files, {"learning_rate": float("nan")}, "`learning_rate` must be"),
        (project_files, {"l2": -1}, "`l2` must be"),
        (project_files, {"l2": 0, "lpips": 0}, "`l2` and `lpips` are both 0"),
    ):
        with pytest.raises(UserError, match=message):
            call(model, [photos], tmp_path / "out.png", **options)
    assert not (tmp_path / "out.png").exists()


def test_renamed_outputs_are_listed(model, photos, tmp_path, capsys):
    write_image(tmp_path / "more" / "0.png", np.zeros((32, 32, 3), "uint8"))
    translate_files(model, [photos, tmp_path / "more"], tmp_path / "out")
    lines = [line for line in capsys.readouterr().out.splitlines() if "becomes" in line]
    assert lines == [f"{tmp_path / 'more' / '0.png'}: another picture is called 0, so this one becomes 0_png.png."]


def test_the_name_of_an_export_decides_its_format(model, tmp_path, monkeypatch, capsys):
    written = []
    files = {"onnx": (".onnx", lambda _, path: written.append(path.name))}
    monkeypatch.setattr("psp_keras.serving.exporting._FILES", files)
    monkeypatch.setattr("psp_keras.serving.exporting.export_saved_model", lambda _, path, __: written.append(path.name))
    assert export(model, tmp_path / "psp.onnx") == "onnx" and capsys.readouterr().err == ""
    assert export(model, tmp_path / "psp" / "1") == "saved_model" and capsys.readouterr().err == ""
    assert export(model, tmp_path / "psp") == "saved_model"
    note = capsys.readouterr().err.splitlines()
    assert len(note) == 1 and "TF Serving wants a version number at the end" in note[0] and "psp/1" in note[0]
    assert written == ["psp.onnx", "1", "psp"]
    with pytest.raises(UserError, match="`format` saved_model is a folder"):
        export(model, tmp_path / "psp.onnx", format="saved_model")
    with pytest.raises(UserError, match=r"ends in \.onnx"):
        export(model, tmp_path / "psp", format="onnx")
