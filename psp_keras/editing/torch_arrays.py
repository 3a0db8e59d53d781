"""Arrays out of PyTorch's files, without PyTorch."""

from psp_keras.errors import UserError


def read_torch(path, names=None):
    """Returns the tensor that a `.pt` file holds, or those of a dictionary with these names.

    Raises:
        UserError: the file is missing, damaged or holds something else.
    """
    from weights_conversion.torch_reader import Tensor, read_checkpoint

    content = read_checkpoint(path)
    if names is None:
        found = [content]
    else:
        found = [content.get(name) if isinstance(content, dict) else None for name in names]
    if not all(isinstance(tensor, Tensor) for tensor in found):
        wanted = f"the tensors {', '.join(names)}" if names else "a tensor"
        raise UserError(f"{path} does not hold {wanted}.")
    arrays = [tensor.read() for tensor in found]
    return arrays if names else arrays[0]


def holds_tensor(path):
    """Whether a `.pt` file holds one tensor alone."""
    from weights_conversion.torch_reader import Tensor, read_checkpoint

    return isinstance(read_checkpoint(path), Tensor)
