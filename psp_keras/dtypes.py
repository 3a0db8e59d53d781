"""The dtype `"auto"`: bfloat16 where the hardware has units for it, float32 elsewhere."""

import functools
import os
import sys
from pathlib import Path

AUTO = "auto"
DTYPES = (AUTO, "float32", "mixed_bfloat16")  # what commands offer; models take any policy
HELP = "dtype policy; auto is mixed_bfloat16 on hardware with bfloat16 units, float32 elsewhere"

_PROCESSOR = Path("/proc/cpuinfo")
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
# What oneDNN may be told to stay below, by name; all that it calls otherwise compute in bfloat16.
_WITHOUT_BFLOAT16 = {"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI"}
_AMPERE = 8  # compute capability of the first NVIDIA GPUs with bfloat16


def resolve_dtype(dtype):
    """What a dtype policy means on this machine.

    Args:
        dtype: `"auto"`, or any policy, which stays what it is; one that will be slow here gets a line on stderr.

    Returns:
        For `"auto"`, `"mixed_bfloat16"` where the processor has AVX512_BF16 or AMX, the GPU compute capability 8, or
        where there is a TPU, and `"float32"` elsewhere. `mixed_bfloat16` keeps the weights in float32, so that the
        model can be trained.

    Example:
        >>> resolve_dtype("auto") in ("mixed_bfloat16", "float32")
        True
    """
    if dtype == AUTO:
        return "mixed_bfloat16" if has_bfloat16() else "float32"
    if dtype in ("bfloat16", "mixed_bfloat16") and not has_bfloat16():
        _warn_once(dtype)
    return dtype


@functools.cache
def has_bfloat16():
    """Whether what Keras computes on here has units for bfloat16. Asks the system and the backend, times nothing."""
    import keras  # the command line names the dtypes without it

    return {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[keras.backend.backend()]()


def _tensorflow():
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return details.get("compute_capability", (0, 0))[0] >= _AMPERE
    return bool(tf.config.list_physical_devices("TPU")) or processor_has_bfloat16()


def _jax():
    import jax

    device = jax.devices()[0]
    if device.platform == "gpu":
        return float(device.compute_capability) >= _AMPERE
    return device.platform == "tpu"  # on processors, JAX is no faster in bfloat16 than in float32


def _torch():
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_capability()[0] >= _AMPERE
    return processor_has_bfloat16()


def processor_has_bfloat16():
    """Whether the processor has bfloat16 units and oneDNN may use them.

    Only Linux tells; no Mac has such a processor, and on other systems the answer is no.
    """
    if os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper() in _WITHOUT_BFLOAT16:
        return False
    try:
        lines = _PROCESSOR.read_text().splitlines()
    except OSError:
        return False
    flags = next((line.partition(":")[2] for line in lines if line.startswith("flags")), "")
    return not _BFLOAT16_FLAGS.isdisjoint(flags.split())


@functools.cache
def _warn_once(dtype):
    print(f"psp-keras: warning: {dtype} is slow here, without bfloat16 units: float32 is faster.", file=sys.stderr)
