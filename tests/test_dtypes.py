"""The dtype `"auto"`: what it becomes on which hardware, and what a run remembers of it."""

import pytest

from psp_keras import dtypes, from_preset
from psp_keras.dtypes import resolve_dtype
from psp_keras.errors import UserError
from psp_keras.training.run_dtype import run_dtype
from psp_keras.training.run_folder import open_run
from tests.helpers import tiny_generator


@pytest.fixture
def computer(monkeypatch, tmp_path):
    """Makes this computer one with a processor of the given flags."""

    def become(flags, isa=None):
        (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t: amx_bf16\n" * 2)
        monkeypatch.setattr(dtypes, "_PROCESSOR", tmp_path / "cpuinfo")
        monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
        if isa:
            monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", isa)
        dtypes.has_bfloat16.cache_clear()
        dtypes._warn_once.cache_clear()

    yield become
    monkeypatch.undo()
    dtypes.has_bfloat16.cache_clear()


@pytest.mark.parametrize(
    "flags, isa, expected",
    [
        ("fpu avx2 avx512f avx512_bf16", None, True),
        ("fpu avx2 amx_bf16 amx_tile", None, True),
        ("fpu avx2", None, False),
        ("fpu avx2 avx512f avx512_vnni amx_int8", None, False),
        ("fpu avx512_bf16", "AVX2", False),
        ("fpu avx512_bf16", "avx512_core", False),
        ("fpu avx512_bf16 amx_bf16", "AVX512_CORE_BF16", True),
        ("fpu avx512_bf16 amx_bf16", "DEFAULT", True),
    ],
)
def test_processors_say_whether_they_have_bfloat16(flags, isa, expected, computer):
    computer(flags, isa)
    assert dtypes.processor_has_bfloat16() is expected


def test_where_the_system_does_not_tell_the_answer_is_float32(monkeypatch, tmp_path):
    monkeypatch.setattr(dtypes, "_PROCESSOR", tmp_path / "missing")
    assert not dtypes.processor_has_bfloat16()


@pytest.mark.parametrize("capability, expected", [((7, 5), "float32"), ((8, 0), "mixed_bfloat16")])
def test_gpus_have_bfloat16_from_compute_capability_8_on(capability, expected, computer, monkeypatch):
    tf = pytest.importorskip("tensorflow")
    monkeypatch.setattr("keras.backend.backend", lambda: "tensorflow")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["a GPU"] if kind == "GPU" else [])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda device: {"compute_capability": capability})
    computer("avx2")
    assert resolve_dtype("auto") == expected


def test_a_slow_choice_gets_one_line(computer, monkeypatch, capsys):
    monkeypatch.setattr("keras.backend.backend", lambda: "tensorflow")
    computer("avx2")
    assert [resolve_dtype(dtype) for dtype in ("auto", "float32")] == ["float32", "float32"]
    assert capsys.readouterr().err == ""
    assert [resolve_dtype("mixed_bfloat16") for _ in range(2)] == ["mixed_bfloat16"] * 2
    assert capsys.readouterr().err.count("warning: mixed_bfloat16 is slow here") == 1
    computer("avx512_bf16")
    assert resolve_dtype("mixed_bfloat16") == resolve_dtype("auto") == "mixed_bfloat16"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("flags, policy", [("avx2", "float32"), ("avx512_bf16", "mixed_bfloat16")])
def test_presets_load_in_it(flags, policy, computer, monkeypatch, tmp_path):
    monkeypatch.setattr("keras.backend.backend", lambda: "tensorflow")
    computer(flags)
    tiny_generator().save_to_preset(tmp_path / "generator")
    model = from_preset(tmp_path / "generator", dtype="auto")
    assert {model.dtype_policy.name, model.synthesis.dtype_policy.name} == {policy}


def test_a_run_keeps_what_it_began_with(monkeypatch, tmp_path):
    monkeypatch.setattr(dtypes, "has_bfloat16", lambda: False)
    open_run(tmp_path / "run", {"dtype": run_dtype("auto", tmp_path / "run")})
    monkeypatch.setattr(dtypes, "has_bfloat16", lambda: True)
    assert run_dtype("auto", tmp_path / "run") == "float32"
    assert run_dtype("auto", tmp_path / "new") == "mixed_bfloat16"
    with pytest.raises(UserError, match="dtype was 'float32', is 'mixed_bfloat16'"):
        open_run(tmp_path / "run", {"dtype": run_dtype("mixed_bfloat16", tmp_path / "run")})
    for damaged in ("{", "[]", "{}", '{"dtype": 5}'):
        (tmp_path / "run" / "run.json").write_text(damaged)
        assert run_dtype("auto", tmp_path / "run") == "mixed_bfloat16"
