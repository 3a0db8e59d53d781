"""The converter as its users meet it, on a small checkpoint written in PyTorch's format."""

import collections
import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from psp_keras.models import StyleGAN2Generator
from tests.helpers import relative_error
from tests.synthetic_weights import synthetic_state_dict
from weights_conversion.__main__ import main
from weights_conversion.convert import recognise

DATA = Path(__file__).parent / "data"


class _TorchPickler(pickle._Pickler):
    """Writes arrays the way `torch.save` writes tensors."""

    def __init__(self, file):
        super().__init__(file, protocol=2)
        self.storages = []

    def save(self, obj, save_persistent_id=True):
        if not isinstance(obj, np.ndarray):
            return super().save(obj, save_persistent_id)
        name = {"float32": "FloatStorage", "int64": "LongStorage"}[obj.dtype.name]
        self.write(b"ctorch._utils\n_rebuild_tensor_v2\n(")
        self.write(b"(X\x07\x00\x00\x00storagectorch\n" + name.encode() + b"\n")
        super().save(str(len(self.storages)))
        super().save("cpu")
        super().save(obj.size)
        self.write(b"tQ")
        self.storages.append(np.ascontiguousarray(obj))
        super().save(0)
        super().save(obj.shape)
        super().save(tuple(stride // obj.itemsize for stride in np.ascontiguousarray(obj).strides))
        super().save(False)
        super().save(collections.OrderedDict())
        self.write(b"tR")


def write_checkpoint(path, content):
    program = io.BytesIO()
    pickler = _TorchPickler(program)
    pickler.dump(content)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", program.getvalue())
        archive.writestr("archive/byteorder", "little")
        for i, array in enumerate(pickler.storages):
            archive.writestr(f"archive/data/{i}", array.tobytes())


@pytest.fixture(scope="module")
def state():
    return synthetic_state_dict(json.loads((DATA / "manifests" / "stylegan2_32_g_ema.json").read_text()))


def test_a_generator_becomes_a_preset(state, tmp_path, capsys):
    write_checkpoint(tmp_path / "g.pt", {"g_ema": state, "latent_avg": np.ones(512, "float32")})
    assert main([str(tmp_path / "g.pt"), "--output", str(tmp_path / "preset")]) == 0
    model = StyleGAN2Generator.from_preset(tmp_path / "preset")
    golden = np.load(DATA / "stylegan2_32.npz")
    assert relative_error(model.synthesize(golden["w_plus"]), np.transpose(golden["image"], (0, 2, 3, 1))) < 1e-5
    assert (np.array(model.latent_average) == 1).all()
    assert "StyleGAN2Generator" in capsys.readouterr().out


def test_a_file_that_does_not_fit_is_refused_and_nothing_is_written(state, tmp_path, capsys):
    write_checkpoint(tmp_path / "g.pt", {"g_ema": {**state, "surprise": np.ones(3, "float32")}})
    assert main([str(tmp_path / "g.pt"), "--output", str(tmp_path / "preset")]) == 2
    assert "1 tensors are unknown, the first is surprise" in capsys.readouterr().err
    assert not (tmp_path / "preset").exists()


def test_describe_prints_what_is_in_a_file(capsys):
    assert main([str(DATA / "torch_files" / "tiny_namespace.pt"), "--describe"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("state_dict.float32  float32 3x4x2x2") for line in lines)
    assert any(line.startswith("opts.output_size = ") for line in lines)


@pytest.mark.parametrize("name", ["hostile.pt", "truncated.pt", "not_a_checkpoint.pt", "tiny_zip.pt", "missing.pt"])
def test_mistakes_get_one_line(name, tmp_path, capsys):
    assert main([str(DATA / "torch_files" / name), "--output", str(tmp_path / "preset")]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not (tmp_path / "preset").exists()


def test_models_are_recognised():
    assert recognise({"state_dict": {"encoder.a": 1, "decoder.b": 2}}) == "pSp"
    assert recognise({"output_layer.3.weight": 1}) == "ArcFace"
    assert recognise({"features.0.weight": 1}) == "LPIPS features"
    assert recognise({"something": 1}) is None and recognise([1]) is None
