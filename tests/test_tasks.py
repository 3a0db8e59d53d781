"""The translation tasks: what they declare, and what becomes of people's files."""

import dataclasses

import numpy as np
import pytest

from psp_keras import PSP
from psp_keras.cli import main
from psp_keras.data import InpaintingMask, MiniFaces, list_images, read_image, write_image
from psp_keras.data.mini_faces.folders import write_mini_faces
from psp_keras.data.pairs import held_out, match_pairs
from psp_keras.errors import UserError
from psp_keras.losses import PSPLoss
from psp_keras.models import StyleGAN2Generator
from psp_keras.tasks import TASKS, MiniFacesExamples, Task, get_task
from psp_keras.training import train_psp
from tests.test_cli import error_of

TINY = {"encoder": "into_w", "num_layers": 10, "width": 4, "steps": 2, "steps_per_epoch": 1, "batch_size": 4}
L2_ALONE = {"lpips": 0, "id": 0, "w_norm": 0, "lpips_crop": 0, "l2": 1}


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    write_mini_faces(folder, count=24, size=32)
    return folder


@pytest.fixture
def generator(generator_preset):
    return generator_preset


def test_the_losses_of_the_paper_are_the_defaults():
    expected = {
        "inversion": {"l2": 1, "lpips": 0.8, "id": 0.1},
        "frontalization": {
            "l2": 0.001,
            "lpips": 0.08,
            "l2_crop": 0.01,
            "lpips_crop": 0.8,
            "id": 1,
            "w_norm": 0.005,
        },
        "sketch_to_face": {"l2": 1, "lpips": 0.8, "w_norm": 0.005},
        "segmentation_to_face": {"l2": 1, "lpips": 0.8, "w_norm": 0.005},
        "super_resolution": {"l2": 1, "lpips": 0.8, "id": 0.1, "w_norm": 0.005},
        "toonify": {"l2": 1, "lpips": 0.8, "id": 1, "w_norm": 0.025},
    }
    assert {name: TASKS[name].losses for name in expected} == expected
    assert TASKS["super_resolution"].factors == (1, 2, 4, 8, 16, 32)
    assert TASKS["frontalization"].flip == "independent"
    assert TASKS["sketch_to_face"].style_mask(18) == list(range(8, 18))
    assert TASKS["sketch_to_face"].style_mask(10) == list(range(4, 10))


def test_a_task_is_a_name_a_file_or_a_dictionary(tmp_path):
    path = tmp_path / "night_to_day.yaml"
    path.write_text("paired: true\nlosses: {l2: 1, lpips: 0.8}\nlatent_mask: [9, 10]\n")
    task = get_task(str(path))
    assert task == Task("night_to_day", paired=True, losses={"l2": 1, "lpips": 0.8}, latent_mask=(9, 10))
    assert get_task(task.get_config()) == task and get_task(task) is task
    assert get_task("toonify") is get_task({"name": "toonify"}) is TASKS["toonify"]


@pytest.mark.parametrize(
    "text, message",
    [
        ("pairs: true", "a task has no 'pairs', only name, source"),
        ("source: video", "source must be one of"),
        ("losses: {l3: 1}", "there is no loss 'l3', only l2"),
        ("source: segmentation", "segmentation maps need num_classes"),
        ("source: sketch\ndegrade: mask", "only photos can be degraded"),
        ("- 1", "must list the attributes of a task"),
        ("", "must list the attributes of a task"),
        ("a: [", "is not YAML"),
        ("name: 2024-13-45", "is not YAML"),
        ("flip: none\nflip: together", "is not YAML: 'flip' is given twice"),
        ("losses: &l {l2: 1}\nname: *l", "is not YAML: a task has no aliases"),
        ("mask: " + 2000 * "[", "is nested too deep"),
        ("1: 2\nx: 3", "a task has no '1'"),
        ("name: 5", "Task 5: name must be a text"),
        ("name: ''", "name must be a text"),
        ("source: [photo]", "source must be one of"),
        ("flip: 1", "flip must be one of"),
        ("degrade: 'no'", "degrade must be one of"),
        ("paired: 'yes'", "paired must be true or false"),
        ("losses: [l2]", "losses must be weights by the names"),
        ("losses: {l2: one}", "the weight of l2 must be a number from 0, got 'one'"),
        ("losses: {l2: .inf}", "the weight of l2 must be"),
        ("losses: {l2: -1}", "the weight of l2 must be"),
        ("losses: {l2: true}", "the weight of l2 must be"),
        (f"losses: {{l2: {10**400}}}", "the weight of l2 must be"),
        ("losses: {l2: 0}", "at least one weight must be above 0"),
        ("losses: {}", "at least one weight must be above 0"),
        ("latent_mask: [0, 18]", "latent_mask must be a list of styles, whole numbers from 0 to 17"),
        ("latent_mask: 3", "latent_mask must be"),
        ("latent_mask: []", "latent_mask must be"),
        ("source: segmentation\nnum_classes: 1", "num_classes must be a whole number from 2 to 256"),
        ("source: segmentation\nnum_classes: 3.5", "num_classes must be"),
        ("source: segmentation\nnum_classes: 2\ncolors: [[0, 0, 0]]", "colors must list 2 colours"),
        ("source: segmentation\nnum_classes: 2\ncolors: [[0, 0, 0], [0, 0, 256]]", "colors must be a list of"),
        ("degrade: low_resolution\nfactors: [0]", "factors must be a list of whole numbers from 1"),
        ("degrade: low_resolution\nfactors: 4", "factors must be"),
        ("degrade: mask\nmask: 1", "mask must be random, center or the name of a picture"),
        ("num_classes: 5", "num_classes is of use with `source: segmentation` only"),
        ("mask: center", "mask is of use with `degrade: mask` only"),
        ("factors: [2]", "factors is of use with `degrade: low_resolution` only"),
    ],
)
def test_mistakes_in_a_task_are_named(text, message, tmp_path):
    (tmp_path / "task.yaml").write_text(text)
    with pytest.raises(UserError, match=message):
        get_task(str(tmp_path / "task.yaml"))


def test_what_is_no_task_at_all(tmp_path):
    (tmp_path / "bytes.yaml").write_bytes(b"name: \xff\xfe")
    with pytest.raises(UserError, match="is not UTF-8 text"):
        get_task(str(tmp_path / "bytes.yaml"))
    with pytest.raises(UserError, match="There is no task 'x'"):
        get_task("x")
    with pytest.raises(UserError, match="A task is a name"):
        get_task(5)
    with pytest.raises(UserError, match="a task needs a name"):
        get_task({"source": "photo"})


@pytest.mark.parametrize("name", [name for name in TASKS if name != "paired"])
def test_examples_of_every_task(name):
    task = TASKS[name]
    if task.source == "segmentation":
        task = dataclasses.replace(task, num_classes=14)
    data = MiniFacesExamples(task, 64)
    stored = data.draw(MiniFaces(64), range(6))
    source, target = data.prepare(stored, (3, 0), mirror=True)
    again, _ = data.prepare(stored, (3, 0), mirror=True)
    np.testing.assert_array_equal(source, again)
    assert source.shape == (6, 64, 64, data.inputs.source.channels) and target.shape == (6, 64, 64, 3)
    assert source.dtype == target.dtype == np.float32
    assert target.min() >= -1 and target.max() <= 1
    assert data.inputs.to_pictures(source).shape == (6, 64, 64, 3)
    if name in ("inversion", "toonify"):
        np.testing.assert_array_equal(source, target)
    if name == "frontalization":
        turned = [np.array_equal(one, other[:, ::-1]) for one, other in zip(source, target)]
        same = [np.array_equal(one, other) for one, other in zip(source, target)]
        assert any(turned) and any(same) and all(np.logical_or(turned, same))


def test_masks_hide_what_they_say(tmp_path):
    images = np.ones((5, 64, 64, 3))
    center = InpaintingMask(64, "center")(images)
    assert center[:, 16:48, 16:48].max() == 0 and center.sum() == 5 * 3 * (64**2 - 32**2)
    hidden = 1 - InpaintingMask(64)(images, (4, 4))[..., 0].mean((1, 2))
    assert len(set(hidden)) == 5 and hidden.min() > 0.03 and hidden.max() < 0.37
    mask = np.zeros((64, 64), "uint8")
    mask[:, 32:] = 255
    write_image(tmp_path / "mask.png", mask)
    halves = InpaintingMask(64, tmp_path / "mask.png")(images)
    assert halves[:, :, 32:].max() == 0 and halves[:, :, :32].min() == 1
    with pytest.raises(UserError, match="nothing"):
        InpaintingMask(64, "nothing")


def test_pairs_are_matched_by_name(tmp_path):
    picture = np.zeros((8, 8, 3), "uint8")
    for name in ("s/b.png", "s/a.png", "s/x/a.png", "s/only.png", "t/a.jpg", "t/b.jpg", "t/x/a.bmp", "t/lonely.png"):
        write_image(tmp_path / name, picture)
    left_out = []
    pairs = match_pairs(tmp_path / "s", tmp_path / "t", left_out.append)
    names = [tuple(path.relative_to(tmp_path).as_posix() for path in pair) for pair in pairs]
    assert names == [("s/a.png", "t/a.jpg"), ("s/b.png", "t/b.jpg"), ("s/x/a.png", "t/x/a.bmp")]
    assert len(left_out) == 2 and "only.png has no partner" in left_out[0] and "lonely.png" in left_out[1]
    write_image(tmp_path / "u" / "z.png", picture)
    with pytest.raises(UserError, match="No file in"):
        match_pairs(tmp_path / "s", tmp_path / "u", left_out.append)
    assert 20 < sum(held_out(f"{i:05d}") for i in range(1000)) < 80


def test_training_on_pairs_from_two_folders(faces, generator, tmp_path):
    for path in list_images(faces / "segmentation")[:20]:
        (tmp_path / "maps").mkdir(exist_ok=True)
        (tmp_path / "maps" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "maps" / "000003.png").write_bytes(b"broken")
    left_out = []
    model = train_psp(
        tmp_path / "run",
        task="segmentation_to_face",
        source=str(tmp_path / "maps"),
        target=str(faces / "images"),
        num_classes=14,
        generator=generator,
        losses=L2_ALONE,
        on_broken=left_out.append,
        **TINY,
    )
    assert model.encoder.in_channels == 14
    assert sum("has no partner" in line for line in left_out) == 4 and any("000003.png" in line for line in left_out)
    output = tmp_path / "out"
    assert main(["translate", str(tmp_path / "run"), str(tmp_path / "maps"), "--output", str(output), "--couple"]) == 1
    assert len(list_images(output)) == 19
    assert main(["mix", str(tmp_path / "run"), str(faces / "segmentation"), "--output", str(output / "m.png")]) == 0
    arguments = [
        "--source",
        str(faces / "segmentation"),
        "--target",
        str(faces / "images"),
        "--metrics",
        "l2,ssim,psnr",
    ]
    sheet = ["--sheet", str(output / "sheet.png"), "--count", "6"]
    assert main(["evaluate", str(tmp_path / "run"), *arguments, *sheet]) == 0
    assert (output / "sheet.png").is_file()


def test_a_task_of_ones_own_from_a_yaml_file(faces, generator, tmp_path, capsys):
    (tmp_path / "turn.yaml").write_text("paired: true\nlosses: {l2: 1}\n")
    validation = ["--val-source", str(faces / "images"), "--val-target", str(faces / "frontal")]
    arguments = ["--source", str(faces / "images"), "--target", str(faces / "frontal"), "--generator", generator]
    size = [
        "--encoder",
        "into_w",
        "--num-layers",
        "10",
        "--width",
        "4",
        "--steps",
        "1",
        "--steps-per-epoch",
        "1",
        "--batch-size",
        "2",
    ]
    run = str(tmp_path / "run")
    task = str(tmp_path / "turn.yaml")
    assert main(["train", "--task", task, *arguments, *validation, *size, "--output", run]) == 0
    assert PSP.from_preset(run).task["name"] == "turn"


def test_inpainting_and_super_resolution_of_files(faces, generator, tmp_path, capsys):
    for task, option in (("inpainting", ["--mask", "center"]), ("super_resolution", ["--factor", "4"])):
        run = tmp_path / task
        losses = {"losses": L2_ALONE, "generator": generator}
        train_psp(run, task=task, data=str(faces / "images"), **losses, **TINY)
        photo = str(faces / "images" / "000001.png")
        command = ["translate", str(run), photo, "--output", str(tmp_path / "out"), "--couple"]
        assert main([*command, *option]) == 0
        seen = read_image(tmp_path / "out" / "000001.png", 64)
        assert seen.std() > 0
    capsys.readouterr()
    assert "belongs to inpainting" in error_of(capsys, *command, "--mask", "center")


def test_mistakes_get_one_line(faces, generator, tmp_path, capsys):
    command = ["train", "--output", tmp_path / "run", "--generator", generator]
    assert "needs pairs: give" in error_of(capsys, *command, "--task", "sketch_to_face")
    assert "needs one folder of pictures" in error_of(capsys, *command)
    both = ["--data", faces, "--source", faces, "--target", faces]
    assert "takes its pictures from" in error_of(capsys, *command, *both)
    assert "mini_faces has no pairs" in error_of(capsys, *command, "--task", "paired", "--data", "mini_faces")
    moco = [*command, "--data", faces / "images", "--moco", "1", "--moco-network", "mini_faces_vgg"]
    assert "--id compares faces and --moco everything else" in error_of(capsys, *moco)
    assert "--moco-network is missing" in error_of(capsys, *moco[:-2], "--id", "0")
    assert "go together" in error_of(
        *[capsys, *command, "--task", "sketch_to_face", "--source", faces, "--target", faces, "--val-source", faces]
    )
    start = [*command, "--data", faces / "images", "--encoder", "into_w", "--start-from", generator]
    assert "an encoder starts from a PSP or an ArcFace" in error_of(capsys, *start)
    assert not (tmp_path / "run").exists()
    with pytest.raises(UserError, match="set one of the two to 0"):
        PSPLoss(moco=1, moco_network="x")


def test_sketches_from_photos(faces, tmp_path, capsys):
    assert main(["make-sketches", str(faces / "images"), str(tmp_path / "sketches")]) == 0
    sketches = list_images(tmp_path / "sketches")
    assert [path.name for path in sketches] == [path.name for path in list_images(faces / "images")]
    drawn = read_image(sketches[0], 32, mode="L")
    assert drawn.mean() > 180 and drawn.min() < 80  # lines on white
    assert "would replace the input" in error_of(capsys, "make-sketches", faces / "images", faces / "images")


def test_projection_comes_closer_step_by_step(faces, generator, tmp_path, capsys):
    network = StyleGAN2Generator.from_preset(generator)
    picture = np.clip((np.array(network(np.ones((1, 16), "float32")))[0] + 1) * 127.5, 0, 255).astype("uint8")
    write_image(tmp_path / "photo.png", picture)
    command = ["project", generator, str(tmp_path / "photo.png"), "--lpips", "0"]
    errors = []
    for steps in ("1", "100"):
        assert main([*command, "--steps", steps, "--output", str(tmp_path / steps)]) == 0
        errors.append(np.abs(read_image(tmp_path / steps / "photo.png", 32) - picture.astype("float32")).mean())
    assert errors[1] < 0.7 * errors[0]
    assert np.load(tmp_path / "100" / "photo.npz")["w_plus"].shape == (8, 16)
    assert "needs the preset of a pSp that reads photos" in error_of(
        capsys, *command, "--from-encoder", "--output", tmp_path / "x"
    )
