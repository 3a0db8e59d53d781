from pathlib import Path

import numpy as np
import pytest

from weights_conversion.torch_reader import CheckpointError, Tensor, read_checkpoint

FILES = Path(__file__).parent / "data" / "torch_files"


@pytest.fixture(autouse=True)
def nothing_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    assert not list(tmp_path.iterdir()), "code in a checkpoint ran"


@pytest.mark.parametrize("name", ["tiny_zip.pt", "tiny_legacy.pth", "tiny_namespace.pt", "bare_state_dict.pth"])
def test_every_tensor_has_the_values_that_pytorch_wrote(name):
    content = read_checkpoint(FILES / name)
    tensors = {**content.get("state_dict", content)}
    if "latent_avg" in content:
        tensors["latent_avg"] = content["latent_avg"]
    expected = np.load(FILES / "expected.npz")
    compared = [key for key in tensors if key in expected.files]
    assert len(compared) >= 10 and all(isinstance(tensors[key], Tensor) for key in compared)
    for key in compared:
        values = tensors[key].read()
        assert values.shape == tensors[key].shape and values.dtype == expected[key].dtype, key
        np.testing.assert_array_equal(values, expected[key], err_msg=key)


def test_options_may_be_a_namespace_or_a_dictionary():
    for name in ("tiny_namespace.pt", "tiny_zip.pt"):
        options = read_checkpoint(FILES / name)["opts"]
        assert "output_size" in (options if isinstance(options, dict) else vars(options))


@pytest.mark.parametrize("name", ["hostile.pt", "hostile_legacy.pth"])
def test_hostile_files_are_refused_by_name(name):
    with pytest.raises(CheckpointError, match=r"asks for \w+\.\w+, which a checkpoint has no need of"):
        read_checkpoint(FILES / name)


@pytest.mark.parametrize("name", ["truncated.pt", "truncated_legacy.pth"])
def test_files_cut_short_are_explained(name):
    with pytest.raises(CheckpointError, match="cut short or damaged: download it again"):
        read_checkpoint(FILES / name)


@pytest.mark.parametrize("name", ["tiny_zip.pt", "tiny_legacy.pth"])
def test_no_cut_goes_unnoticed(name, tmp_path_factory):
    whole = (FILES / name).read_bytes()
    path = tmp_path_factory.mktemp("cuts") / name
    for length in range(0, len(whole), 37):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError):
            read_checkpoint(path)


def test_web_pages_and_other_files_are_explained(tmp_path_factory):
    with pytest.raises(CheckpointError, match="Google Drive's warning"):
        read_checkpoint(FILES / "not_a_checkpoint.pt")
    with pytest.raises(CheckpointError, match="is not a PyTorch checkpoint"):
        read_checkpoint(__file__)
    with pytest.raises(CheckpointError, match=r"no data\.pkl"):
        read_checkpoint(FILES / "expected.npz")
    with pytest.raises(CheckpointError, match=r"Cannot read .*missing"):
        read_checkpoint("missing.pt")


def test_a_tensor_cannot_reach_past_its_storage():
    storage = read_checkpoint(FILES / "tiny_zip.pt")["state_dict"]["float32"]._storage
    for offset, shape, strides in ((0, (100, 2), (2, 1)), (48, (1,), (1,)), (-1, (1,), (1,)), (0, (2,), (-1,))):
        with pytest.raises(CheckpointError):
            Tensor(storage, offset, shape, strides)
