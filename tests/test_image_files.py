import itertools
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image

from psp_keras.data.grids import image_grid, square_grid
from psp_keras.data.image_files import list_images, read_image, to_float, to_uint8, write_image
from psp_keras.data.image_source import ArraySource, FolderSource, training_batches
from psp_keras.data.training_order import shuffled_batches
from psp_keras.errors import UserError


def quarters(size=64):
    """Red, green / blue, white: the orientation shows."""
    image = np.zeros((size, size, 3), np.uint8)
    half = size // 2
    image[:half, :half], image[:half, half:] = (255, 0, 0), (0, 255, 0)
    image[half:, :half], image[half:, half:] = (0, 0, 255), (255, 255, 255)
    return image


@pytest.mark.parametrize("extension", ["png", "webp", "bmp", "jpg", "tiff"])
def test_formats(tmp_path, extension):
    path = tmp_path / f"picture.{extension}"
    Image.fromarray(quarters()).save(path, **({"lossless": True} if extension == "webp" else {}))
    image = read_image(path, 32)
    assert image.shape == (32, 32, 3) and image.dtype == np.uint8
    assert np.abs(image[4, 4].astype(int) - (255, 0, 0)).max() < 16


def test_exif_rotation_is_undone(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 270 degrees to see it upright
    Image.fromarray(quarters()).rotate(90).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "turned.png", 64), quarters())


def test_grey_alpha_palette_and_sixteen_bits(tmp_path):
    Image.fromarray(quarters()[..., 0]).save(tmp_path / "grey.png")
    assert (read_image(tmp_path / "grey.png", 64)[4, 4] == 255).all()
    Image.new("RGBA", (20, 20), (10, 20, 30, 0)).save(tmp_path / "alpha.png")
    assert (read_image(tmp_path / "alpha.png", 16) == 255).all()
    Image.fromarray(quarters()).convert("P").save(tmp_path / "palette.png")
    assert read_image(tmp_path / "palette.png", 64)[4, 4].tolist() == [255, 0, 0]
    Image.fromarray(np.full((16, 16), 65535, np.uint16)).save(tmp_path / "deep.png")
    assert (read_image(tmp_path / "deep.png", 16) == 255).all()


def test_the_middle_square_is_taken(tmp_path):
    wide = np.zeros((40, 100, 3), np.uint8)
    wide[:, 30:70] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert (read_image(tmp_path / "wide.png", 40) == 255).all()


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n cut"])
def test_broken_files_are_named(tmp_path, content):
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"broken\.png"):
        read_image(path, 32)


def test_folders(tmp_path):
    with pytest.raises(UserError, match="There is no folder"):
        list_images(tmp_path / "missing")
    with pytest.raises(UserError, match="holds no pictures"):
        list_images(tmp_path)
    write_image(tmp_path / "deep" / "a.png", quarters())
    (tmp_path / "notes.txt").write_text("no picture")
    assert [path.name for path in list_images(tmp_path)] == ["a.png"]


def test_an_unwritable_place_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="Cannot write"):
        write_image(tmp_path / "file" / "a.png", quarters())


def test_ranges_round_trip():
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(to_uint8(to_float(values)), values)
    assert to_uint8([-5.0, 5.0]).tolist() == [0, 255]


def test_grids():
    picture = quarters(32)
    assert square_grid(np.stack([picture] * 5)).shape == (64, 96, 3)
    assert image_grid([[picture, None], [picture, picture]], ["a", "b"], ["x", "y"]).shape[2] == 3


def test_each_epoch_is_a_permutation_and_any_step_can_be_reached():
    order = np.concatenate(list(itertools.islice(shuffled_batches(10, 4, seed=1), 10)))
    epochs = order.reshape(4, 10)
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4
    late = np.concatenate(list(itertools.islice(shuffled_batches(10, 4, seed=1, start_step=6), 4)))
    np.testing.assert_array_equal(late, order[24:])


def read(path):
    return read_image(path, 16)


def test_array_and_folder_sources_agree(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3), dtype=np.uint8)
    paths = [tmp_path / f"{i}.png" for i in range(6)]
    for path, image in zip(paths, images):
        write_image(path, image)
    first, second = (
        list(itertools.islice(training_batches(source, 4, labels=np.arange(6), seed=2, mirror=True), 3))
        for source in (ArraySource(images), FolderSource(paths, read))
    )
    for (one, labels), (two, same) in zip(first, second):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(labels, same)
        assert one.dtype == np.float32 and np.abs(one).max() <= 1


def test_a_folder_source_puts_the_next_picture_in_place_of_a_broken_one(tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for path in paths:
        write_image(path, np.full((16, 16, 3), 40 * int(path.stem), np.uint8))
    paths[2].write_bytes(b"broken")
    left_out = []
    images = FolderSource(paths, read, left_out.append).begin(np.array([2, 1, 2]))()
    assert images[:, 0, 0, 0].tolist() == [0, 40, 0]
    assert len(left_out) == 1 and "2.png" in left_out[0]


def test_a_script_may_end_while_pictures_are_read_ahead():
    code = """
import time
import numpy as np
from psp_keras.data.image_source import FolderSource, training_batches

def read(item):
    time.sleep(0.02)
    return np.full((8, 8, 3), item, np.uint8)

batches = zip(range(9), training_batches(FolderSource(range(200), read), 8))
next(batches)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120, capture_output=True)


def test_pictures_are_read_ahead_on_all_cores_and_in_order(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    reading, most, lock = [], [], threading.Lock()

    def read_slowly(item):
        with lock:
            reading.append(item)
            most.append(len(reading))
        time.sleep(0.01 * (item % 3))
        with lock:
            reading.remove(item)
        return np.full((2, 2, 3), item, np.uint8)

    batches = training_batches(FolderSource(range(60), read_slowly), 8, labels=np.arange(60), seed=1)
    for images, labels in itertools.islice(batches, 20):
        np.testing.assert_array_equal(np.round((images[:, 0, 0, 0] + 1) * 127.5), labels)
    assert max(most) == 6
