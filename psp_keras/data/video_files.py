"""Reading and writing videos with PyAV, frame by frame; sound is copied as it is."""

import contextlib

import numpy as np

from psp_keras.atomic_write import atomic_write
from psp_keras.errors import UserError

_QUALITY = "17"  # H.264's constant rate factor: hardly to be told from the source


class VideoFile:
    """A video to be read.

    Args:
        path: the file.

    Raises:
        UserError: the package `av` is not installed, or the file holds no video.
    """

    def __init__(self, path):
        self.path = path
        with self._open() as (container, stream):
            self.rate = float(stream.average_rate or 25)
            duration = (container.duration or 0) / 1e6  # it counts microseconds
            # How many frames there seem to be: not every format knows.
            self.expected_frames = stream.frames or round(duration * self.rate) or 1
        first = next(self.frames(), None)
        if first is None:
            raise UserError(f"{path} holds no video.")
        self.shape = first.shape[:2]

    def frames(self):
        """Yields the frames, upright, uint8 `(H, W, 3)`."""
        with self._open() as (container, stream):
            for frame in container.decode(stream):
                yield upright(frame)

    def rewrite(self, target, change, batch):
        """Writes a video with changed frames and the same sound and times.

        Args:
            target: the file, in one of `VIDEO_ENDINGS`; it appears whole or not at all.
            change: function of a list of frames and of the number of the first one, to a list of frames.
            batch: how many frames are changed at once, at most.

        Raises:
            UserError: a file cannot be read or written.
        """
        av = _av()
        with self._open() as (container, stream), atomic_write(target) as scratch:
            try:
                with av.open(str(scratch), "w") as output:
                    writer = _Writer(output, container, stream, self.shape, change, batch)
                    for packet in container.demux([stream, *writer.sounds]):
                        writer.take(packet)
                    writer.close()
            except av.error.FFmpegError as error:
                raise UserError(f"Cannot write {self.path} anew as {target}: {error.strerror}.") from error

    @contextlib.contextmanager
    def _open(self):
        av = _av()
        try:
            with av.open(str(self.path)) as container:
                if not container.streams.video:
                    raise UserError(f"{self.path} holds no video.")
                stream = container.streams.video[0]
                stream.thread_type = "AUTO"
                yield container, stream
        except av.error.FFmpegError as error:
            raise UserError(f"Cannot read the video {self.path}: {error.strerror}.") from error


class _Writer:
    """Collects frames, changes them in batches and encodes them; passes sound through."""

    def __init__(self, output, container, stream, shape, change, batch):
        self._output = output
        self._change = change
        self._batch = batch
        self._waiting = []
        self._done = 0
        self._video = output.add_stream("libx264", rate=stream.average_rate or 25, options={"crf": _QUALITY})
        self._video.height, self._video.width = shape
        self._video.pix_fmt = "yuv444p" if shape[0] % 2 or shape[1] % 2 else "yuv420p"
        self._video.codec_context.time_base = stream.time_base
        try:
            self.sounds = {sound: output.add_stream_from_template(sound) for sound in container.streams.audio}
        except ValueError as error:  # of PyAV: the format of the output has no room for that kind of sound
            raise UserError(f"The sound cannot be copied ({error}): choose another ending for `output`.") from error

    def take(self, packet):
        if packet.stream in self.sounds:
            if packet.dts is not None:  # the last one is empty
                packet.stream = self.sounds[packet.stream]
                self._output.mux(packet)
            return
        for frame in packet.decode():
            self._waiting.append(frame)
            if len(self._waiting) == self._batch:
                self._write_waiting()

    def close(self):
        self._write_waiting()
        self._output.mux(self._video.encode())

    def _write_waiting(self):
        pictures = [upright(frame) for frame in self._waiting]
        changed = self._change(pictures, self._done) if pictures else []
        for frame, picture in zip(self._waiting, changed):
            encoded = _av().VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            encoded.pts, encoded.time_base = frame.pts, frame.time_base
            self._output.mux(self._video.encode(encoded))
        self._done += len(pictures)
        self._waiting = []


def upright(frame):
    """A frame as people see it: telephones store videos lying and say by how much."""
    return np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))


def _av():
    try:
        import av
    except ImportError as error:
        raise UserError("Videos need the package av: pip install 'psp-keras[video]'.") from error
    return av
