from pathlib import Path

from psp_keras.check_output import check_files
from psp_keras.errors import UserError, print_note
from psp_keras.ops.onednn import portable_graph
from psp_keras.serving.litert_file import export_litert
from psp_keras.serving.onnx_file import export_onnx
from psp_keras.serving.saved_model import export_saved_model

_FILES = {"onnx": (".onnx", export_onnx), "litert": (".tflite", export_litert)}


def export(model, path, dtype="float32", format=None):
    """Writes a model for use without psp_keras.

    | format | written | what it takes | runs in |
    | --- | --- | --- | --- |
    | `saved_model` | a folder | picture files or arrays, six signatures | TensorFlow, TF Serving |
    | `onnx` | an `.onnx` file | `images`, any number | ONNX Runtime |
    | `litert` | a `.tflite` file | `images`, one at a time | LiteRT |

    The files compute `model(images)`: from what the encoder sees, float32 `(N, image_size, image_size, in_channels)`,
    to float32 `(N, resolution, resolution, 3)`, about [-1, 1]. For the folder see `export_saved_model`.

    Args:
        model: `PSP`.
        path: the folder or file to write.
        dtype: storage type of the weights, `"float32"`, or `"bfloat16"` in a SavedModel.
        format: one of the above; by default what the ending of `path` says.

    Returns:
        The format that was written.

    Raises:
        UserError: the place cannot be written, its name does not suit the format, or the format cannot hold this model.
    """
    format = _check_format(format, Path(path))
    if format == "saved_model":
        with portable_graph():
            export_saved_model(model, path, dtype)
        if not Path(path).name.isdecimal():
            print_note(
                f"TF Serving wants a version number at the end: {Path(path) / '1'} would be one, {path} is none."
            )
        return format
    check_files([path])
    computes_in = {part.dtype_policy.compute_dtype for part in (model.encoder, model.generator)}
    if {dtype, *computes_in} != {"float32"}:
        raise UserError(f"The format {format} is float32 only: leave `dtype` out, also where the model is loaded.")
    with portable_graph():
        _FILES[format][1](model, path)
    return format


def _check_format(format, path):
    """Returns the format, checked against what the ending of the path says."""
    of_ending = {ending: name for name, (ending, _) in _FILES.items()}.get(path.suffix.lower(), "saved_model")
    if format is None:
        format = of_ending
    if format != "saved_model" and format not in _FILES:
        raise UserError(f"`format` must be saved_model, onnx or litert, got {format!r}.")
    if format == of_ending:
        return format
    check_files([path])
    if format == "saved_model":
        raise UserError(f"{path} is the name of a file in the format {of_ending}: `format` saved_model is a folder.")
    raise UserError(f"{path}: the name of a file in the format {format} ends in {_FILES[format][0]}.")
