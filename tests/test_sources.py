"""How source pictures become what the encoder sees."""

import numpy as np
import pytest
from PIL import Image

from psp_keras.data import LowResolution, Photo, Segmentation, Sketch
from psp_keras.errors import UserError
from tests.parity import DATA


def save(path, array, mode=None, **options):
    image = Image.fromarray(array) if mode is None else Image.fromarray(array).convert(mode)
    image.save(path, **options)
    return path


@pytest.mark.parametrize("size", [(300, 300), (512, 512), (90, 90)])
def test_photos_are_resized_as_the_original_does(size, tmp_path):
    rng = np.random.default_rng(1)
    picture = Image.fromarray(rng.integers(0, 256, (*size, 3), "uint8")).resize(size, Image.Resampling.BICUBIC)
    picture.save(tmp_path / "a.png")
    seen = Photo().to_input(Photo().read(tmp_path / "a.png", 256)[None])[0]
    original = np.asarray(picture.resize((256, 256), Image.Resampling.BILINEAR), "float32") / 127.5 - 1
    assert np.abs(seen - original).max() <= 2 / 255


@pytest.mark.parametrize("factor", [1, 2, 4, 8, 16, 32])
def test_low_resolution_is_that_of_the_original(factor):
    golden = np.load(DATA / "low_resolution.npz")
    images = golden["image"][None].astype("float32") / 127.5 - 1
    degraded = (LowResolution(128, (factor,))(images)[0] + 1) * 127.5
    assert np.abs(degraded - golden[f"factor_{factor}"]).max() <= 1.01


def test_low_resolution_chooses_a_factor_for_each_picture():
    images = np.random.default_rng(0).uniform(-1, 1, (16, 64, 64, 3)).astype("float32")
    transform = LowResolution(64)
    assert transform.factors == (1, 2, 4, 8, 16)  # 2 pixels of a face say nothing
    one, again, other = (transform(images, seed=(step, 0)) for step in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert len({round(float(image.std()), 3) for image in one}) > 5
    assert np.abs(one - other).max() > 0.1
    with pytest.raises(ValueError, match=r"None of the factors \(3,\) fits pictures of 64 pixels"):
        LowResolution(64, (3,))


def test_sketches_are_grey_on_white(tmp_path):
    grey = np.full((32, 32), 255, "uint8")
    grey[8:24, 15:17] = 0
    alpha = np.dstack([np.zeros((32, 32, 3), "uint8"), 255 - grey])
    paths = [
        save(tmp_path / "grey.png", grey),
        save(tmp_path / "alpha.png", alpha),
        save(tmp_path / "rgb.png", grey, "RGB"),
    ]
    sketches = [Sketch().read(path, 32) for path in paths]
    for sketch in sketches:
        np.testing.assert_array_equal(sketch[..., 0], grey)
    seen = Sketch().to_input(sketches[0][None])
    assert (seen.min(), seen.max()) == (0, 1)
    np.testing.assert_array_equal(Sketch().to_pictures(seen)[0, :, :, 1], grey)


def test_segmentation_files_of_every_kind(tmp_path):
    labels = np.repeat(np.repeat(np.array([[0, 1], [2, 3]], "uint8"), 16, 0), 16, 1)
    colors = [(0, 0, 0), (255, 0, 0), (0, 255, 0), (9, 9, 255)]
    palette = Image.fromarray(labels, "P")
    palette.putpalette(sum(colors, ()))
    palette.save(tmp_path / "palette.png")
    files = [
        save(tmp_path / "grey.png", labels),
        tmp_path / "palette.png",
        save(tmp_path / "rgb.png", np.array(colors, "uint8")[labels]),
    ]
    source = Segmentation(4, colors)
    for path in files:
        np.testing.assert_array_equal(source.read(path, 32)[..., 0], labels, err_msg=str(path))
    seen = source.to_input(source.read(files[0], 32)[None])
    assert seen.shape == (1, 32, 32, 4)
    np.testing.assert_array_equal(seen.argmax(-1)[0], labels)
    np.testing.assert_array_equal(source.to_pictures(seen)[0], np.array(colors)[labels])
    assert set(np.unique(source.read(files[0], 20))) == {0, 1, 2, 3}  # a resize makes no new labels
    assert Segmentation(19).to_pictures(np.eye(19)[None, None]).shape == (1, 1, 19, 3)


def test_mistakes_in_segmentation_files_are_named(tmp_path):
    rgb = save(tmp_path / "rgb.png", np.full((8, 8, 3), 7, "uint8"))
    with pytest.raises(UserError, match=r"rgb\.png is an RGB picture: give the colour"):
        Segmentation(4).read(rgb, 8)
    with pytest.raises(UserError, match=r"rgb\.png holds the colour \(7, 7, 7\)"):
        Segmentation(1, [(0, 0, 0)]).read(rgb, 8)
    with pytest.raises(UserError, match=r"label 9, but there are 4 classes"):
        Segmentation(4).read(save(tmp_path / "grey.png", np.full((8, 8), 9, "uint8")), 8)
    with pytest.raises(UserError, match=r"Cannot read the picture .*missing\.png"):
        Segmentation(4).read(tmp_path / "missing.png", 8)
