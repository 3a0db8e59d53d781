from pathlib import Path

from psp_keras.check_output import check_files
from psp_keras.errors import UserError
from psp_keras.ops.onednn import portable_graph
from psp_keras.serving.litert_file import export_litert
from psp_keras.serving.onnx_file import export_onnx
from psp_keras.serving.saved_model import export_saved_model

_FILES = {"onnx": (".onnx", export_onnx), "litert": (".tflite", export_litert)}


def export(model, path, dtype="float32", format="saved_model"):
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
        format: one of the above.

    Raises:
        UserError: the place cannot be written, or the format cannot hold this model.
    """
    if format == "saved_model":
        with portable_graph():
            return export_saved_model(model, path, dtype)
    if format not in _FILES:
        raise UserError(f"`format` must be saved_model, onnx or litert, got {format!r}.")
    ending, write = _FILES[format]
    if Path(path).suffix != ending:
        raise UserError(f"{path}: the name of a file in the format {format} ends in {ending}.")
    check_files([path])
    computes_in = {part.dtype_policy.compute_dtype for part in (model.encoder, model.generator)}
    if {dtype, *computes_in} != {"float32"}:
        raise UserError(f"The format {format} is float32 only: leave `dtype` out, also where the model is loaded.")
    with portable_graph():
        return write(model, path)
