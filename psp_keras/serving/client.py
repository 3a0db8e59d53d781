import concurrent.futures
import io
import time
from pathlib import Path

import numpy as np
from PIL import Image

from psp_keras.errors import UserError
from psp_keras.option_kinds import check_above_zero, check_number, check_whole
from psp_keras.serving.unavailable import Unavailable
from psp_keras.values import LARGEST_SEED

_FIRST_WAIT = 0.2  # seconds, doubled after each try


class Client:
    """Calls an exported model that TF Serving runs, over REST or gRPC.

    Pictures are sent as they are, in as many messages as their size needs; answers come back in their order. A server
    that is unavailable is tried again after growing waits; any other failure is raised at once.

    Args:
        url: `http://host:8501` or `https://...` for REST, `grpc://host:8500` for gRPC.
        model: name that the server has for the model.
        timeout: seconds to wait for one answer.
        retries: further tries while the server is unavailable.
        max_message_bytes: size of one request; gRPC servers take 4 MiB unless told otherwise.

    Example:
        >>> client = Client("http://localhost:8501")  # client.translate(["me.jpg"]) is a list of one Pillow image
        >>> Client("localhost:8501")
        Traceback (most recent call last):
        psp_keras.errors.UserError: 'localhost:8501' is no address: give http://HOST:8501 or grpc://HOST:8500.
    """

    def __init__(self, url, model="psp", timeout=30.0, retries=4, max_message_bytes=4 * 1024**2):
        check_above_zero(timeout=timeout)
        kind, separator, address = str(url).partition("://")
        if not separator or not address:
            raise UserError(f"{url!r} is no address: give http://HOST:8501 or grpc://HOST:8500.")
        if kind not in ("http", "https", "grpc"):
            raise UserError(f"{url!r} must begin with http://, https:// or grpc://.")
        try:  # each transport has a library of its own, and only one is needed
            if kind == "grpc":
                from psp_keras.serving.grpc_transport import GRPCTransport

                self._transport = GRPCTransport(address, model, timeout, max_message_bytes)
            else:
                from psp_keras.serving.rest_transport import RESTTransport

                self._transport = RESTTransport(url.rstrip("/"), model, timeout)
        except ImportError as error:
            raise UserError(f"{error.name} is not installed: pip install 'psp-keras[serving]'.") from error
        self.retries = retries
        self.max_message_bytes = max_message_bytes

    def status(self):
        """Returns the states of the model's versions, such as `{1: "AVAILABLE"}`."""
        return self._patiently(self._transport.status)

    def translate(self, pictures, as_arrays=False):
        """Translates pictures.

        Args:
            pictures: file names, bytes of JPEG or PNG files, or Pillow images.
            as_arrays: whether to return uint8 arrays `(H, W, 3)` instead of Pillow images.

        Returns:
            One result a picture, in their order.

        Raises:
            UserError: a file cannot be read, or the server refuses a picture, is unreachable or too slow.
        """
        results = []
        for chunk in self._chunks(pictures):
            answer = self._patiently(self._transport.predict, "serving_default", {"image_bytes": chunk})
            results += _checked(answer, "translated_bytes", (len(chunk),))
        return [_open(data, as_arrays) for data in results]

    def style_mix(self, pictures, num_outputs=5, alpha=1.0, seed=0, as_arrays=False):
        """Draws variants of pictures with some of their styles replaced; the same seed draws the same ones.

        Args:
            pictures: see `translate`.
            num_outputs: variants a picture.
            alpha: how much of the random style to blend in.
            seed: of the random styles.
            as_arrays: see `translate`.

        Returns:
            For each picture a list of its variants.
        """
        check_whole(1, num_outputs=num_outputs)
        check_number(0, 1, alpha=alpha)
        scalars = {"seed": _seed_bits(seed), "alpha": np.float32(alpha), "num_outputs": np.int32(num_outputs)}
        rows = []
        for chunk in self._chunks(pictures):
            answer = self._patiently(self._transport.predict, "style_mix", {"image_bytes": chunk, **scalars})
            rows += _checked(answer, "mixed_bytes", (len(chunk), num_outputs))
        return [[_open(data, as_arrays) for data in row] for row in rows]

    def translate_many(self, pictures, workers=8):
        """Like `translate`, with several requests under way at once.

        Returns:
            One result a picture, in their order: an image, or the exception that its request ended with.
        """
        check_whole(1, workers=workers)

        def one(picture):
            try:
                return self.translate([picture])[0]
            except UserError as error:
                return error

        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            return list(pool.map(one, pictures))

    def _chunks(self, pictures):
        """Lists of file contents that fit into a message; base64 makes four bytes of three."""
        chunk, size = [], 0
        for picture in pictures:
            data = _read(picture)
            if chunk and (size + len(data)) * 4 / 3 > 0.9 * self.max_message_bytes:
                yield chunk
                chunk, size = [], 0
            chunk.append(data)
            size += len(data)
        if chunk:
            yield chunk

    def _patiently(self, call, *arguments):
        wait = _FIRST_WAIT
        for attempt in range(self.retries + 1):
            try:
                return call(*arguments)
            except Unavailable as error:
                if attempt == self.retries:
                    raise UserError(f"The server is unavailable: {error} ({self.retries + 1} tries).") from error
            time.sleep(wait)
            wait *= 2


def _seed_bits(seed):
    """A seed as the signature takes it, in 32 bits with a sign."""
    check_whole(0, LARGEST_SEED, seed=seed)
    return np.uint32(seed).view(np.int32)


def _checked(answer, name, shape):
    """The pictures in an answer, after a look at whether they are as many as were asked for."""
    if name not in answer:
        raise UserError(f"The server's answer has no output {name!r}: is the model an export of psp_keras?")
    if not _is_array_of_bytes(answer[name], shape):
        raise UserError(f"The server did not answer with the {' x '.join(map(str, shape))} pictures it was asked for.")
    return answer[name]


def _is_array_of_bytes(value, shape):
    if not shape:
        return isinstance(value, bytes)
    fits = isinstance(value, list) and len(value) == shape[0]
    return fits and all(_is_array_of_bytes(item, shape[1:]) for item in value)


def _read(picture):
    if isinstance(picture, (bytes, bytearray)):
        return bytes(picture)
    if isinstance(picture, Image.Image):
        file = io.BytesIO()
        picture.save(file, "PNG")
        return file.getvalue()
    try:
        return Path(picture).read_bytes()
    except OSError as error:
        raise UserError(f"Cannot read the picture {picture}: {error.strerror}.") from error


def _open(data, as_arrays):
    try:
        image = Image.open(io.BytesIO(data)).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError("The server answered with something that is no picture.") from error
    return np.asarray(image) if as_arrays else image
