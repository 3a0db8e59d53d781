"""Batches of one size, and files that are read and written beside the network's work."""

import keras
import numpy as np
import pytest

from psp_keras.batches import even_batches, images_at_once, map_ahead, map_batches
from psp_keras.commands import translate_files as module
from psp_keras.data.image_files import read_image, to_float, write_image
from psp_keras.errors import UserError
from psp_keras.models.compiled_call import _FUNCTIONS
from tests.helpers import random_images, tiny_psp_into_w


@pytest.mark.parametrize("count, limit, size", [(1, 8, 1), (3, 8, 3), (8, 8, 8), (9, 8, 5), (100, 8, 8), (5, 1, 1)])
def test_batches_have_one_size_and_hold_everything(count, limit, size):
    batches = list(even_batches(count, limit))
    assert {len(batch) for batch in batches} == {size}
    assert list(np.concatenate(batches)[:count]) == list(range(count))
    assert len(np.concatenate(batches)) - count < len(batches)
    images = np.arange(count, dtype="float32")
    np.testing.assert_array_equal(map_batches(lambda x: 2 * x, images, limit), 2 * images)


def test_large_pictures_come_one_at_a_time():
    assert [images_at_once(size) for size in (32, 64, 256, 512, 1024)] == [32, 32, 16, 4, 1]


def test_what_threads_compute_comes_in_order_and_so_do_errors():
    assert list(map_ahead(lambda x: x * x, range(100))) == [x * x for x in range(100)]
    results = map_ahead(lambda x: 1 // x, [2, 1, 0])
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="counts traces")
def test_a_folder_is_compiled_once_and_every_file_gets_its_own_picture(tmp_path, monkeypatch):
    model, broken = tiny_psp_into_w(), []
    pictures = (127.5 * (random_images(9) + 1)).astype("uint8")
    for index, picture in enumerate(pictures):
        write_image(tmp_path / "in" / f"{index}.png", picture)
    (tmp_path / "in" / "4b.png").write_bytes(b"broken")
    monkeypatch.setattr(module, "images_at_once", lambda resolution: 4)
    written = module.translate_files(model, [tmp_path / "in"], tmp_path / "out", on_broken=broken.append)
    assert [path.name for path in written] == [f"{index}.png" for index in range(9)]
    assert len(broken) == 1 and "4b.png" in broken[0]
    for network in (model.encoder, model.generator.synthesis):
        (function,) = vars(network)[_FUNCTIONS].values()
        assert function.experimental_get_tracing_count() == 1
    expected = np.array(model.translate(to_float(pictures)))
    for picture, path in zip(expected, written):
        np.testing.assert_allclose(to_float(read_image(path, 32)), np.clip(picture, -1, 1), atol=0.01)


def test_a_folder_of_broken_pictures_cannot_be_mixed(tmp_path):
    (tmp_path / "a.png").write_bytes(b"broken")
    with pytest.raises(UserError, match="None of the 1 pictures can be read"):
        module.mix_files(tiny_psp_into_w(), [tmp_path], tmp_path / "b.jpg", latent_mask=[0], on_broken=str)
