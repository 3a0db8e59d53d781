"""Faces in videos: followed, smoothed, translated, pasted back."""

import fractions
import sys
import types

import av
import numpy as np
import pytest

from psp_keras.cli import main
from psp_keras.data import MiniFaces, find_faces
from psp_keras.data.alignment import face_quad
from psp_keras.data.face_tracks import smooth_faces, track_faces
from psp_keras.data.video_files import VideoFile, upright
from psp_keras.errors import UserError
from tests.test_cli import error_of

_RATE = 25
_HIDDEN = (6, 7)  # frames without a face


def position(number):
    """Where the face's picture is in a frame."""
    return 20 + 4 * number, 30 + 2 * number


def scene(number, face):
    frame = np.full((240, 320, 3), 120, np.uint8)
    x, y = position(number)
    frame[y : y + len(face), x : x + len(face)] = face
    return frame


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Half a second of a MiniFace on its way through a grey room, with a tone; two frames show the empty room."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    face = MiniFaces(size=128).images([5])[0]
    frames = [np.full((240, 320, 3), 120, np.uint8) if i in _HIDDEN else scene(i, face) for i in range(12)]
    write_clip(path, frames)
    return path


def write_clip(path, frames):
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=_RATE)
        video.height, video.width, video.pix_fmt = *frames[0].shape[:2], "yuv420p"
        audio = container.add_stream("aac", rate=16000, layout="mono")
        for frame in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        tone = np.sin(0.1 * np.arange(16000 * len(frames) // _RATE, dtype="float32"))[None]
        for start in range(0, tone.shape[1], 1024):
            sound = av.AudioFrame.from_ndarray(np.ascontiguousarray(tone[:, start : start + 1024]), "fltp", "mono")
            sound.sample_rate, sound.pts, sound.time_base = 16000, start, fractions.Fraction(1, 16000)
            container.mux(audio.encode(sound))
        container.mux(video.encode())
        container.mux(audio.encode())


def times_and_sound(path):
    with av.open(str(path)) as container:
        times = [float(frame.time) for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        return times, b"".join(bytes(packet) for packet in container.demux(audio=0))


def test_a_video_keeps_its_sound_its_times_and_the_frames_without_a_face(psp_preset, clip, tmp_path, capsys):
    output = tmp_path / "out.mp4"
    assert main(["translate", psp_preset, str(clip), "--align", "--paste-back", "--output", str(output)]) == 0
    assert "10 of 12 frames have a face" in capsys.readouterr().out
    (times, sound), (wanted_times, wanted_sound) = times_and_sound(output), times_and_sound(clip)
    np.testing.assert_allclose(times, wanted_times)
    assert sound == wanted_sound and sound
    before, after = (np.stack(list(VideoFile(path).frames())).astype(int) for path in (clip, output))
    assert before.shape == after.shape
    change = np.abs(after - before).mean(axis=(1, 2, 3))
    assert change[list(_HIDDEN)].max() < 1.5 and np.delete(change, _HIDDEN).min() > 3
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
    assert main(["translate", psp_preset, str(clip), "--align", "--paste-back", "--output", str(output)]) == 0  # anew


def test_smoothing_takes_the_trembling_out_of_the_crops():
    drawn = MiniFaces(size=128)
    face, points = drawn.images([5])[0], drawn.landmarks([5])[0]
    rng = np.random.default_rng(0)
    found, truth = [], []
    for i in range(20):
        noisy = np.clip(scene(i, face) + rng.normal(0, 5, (240, 320, 3)), 0, 255).astype("uint8")
        found.append([find_faces(noisy)[0].landmarks])
        truth.append(face_quad(points + position(i)))

    def jitter(frames):
        """Deviation of the crop's corners, in pixels, from where they belong."""
        off = np.stack([face_quad(faces[0]) for faces in frames]) - np.stack(truth)
        return float((off - off.mean(axis=0)).std())

    before, after = jitter(found), jitter(smooth_faces(found, _RATE))
    print(f"jitter of the corners: {before:.2f} pixels, {after:.2f} when smoothed")
    assert after < 0.6 * before


def faces_at(*places):
    base = np.array([[30, 30], [70, 30], [50, 50], [35, 75], [65, 75]], "float64")
    return [base + place for place in places]


def test_even_motion_does_not_lag():
    frames = [faces_at((3 * i, i)) for i in range(15)]
    np.testing.assert_allclose(smooth_faces(frames, _RATE), frames, atol=1e-6)
    assert smooth_faces([faces_at((0, 0)), [], []], _RATE)[1:] == [[], []]
    np.testing.assert_allclose(smooth_faces([faces_at((5, 5))], _RATE)[0], faces_at((5, 5)))


def test_faces_are_told_apart():
    frames = [faces_at((300, 5), (2 * i, 0)) if i % 2 else faces_at((2 * i, 0), (300, 5)) for i in range(10)]
    frames += [[]] * 40 + [faces_at((18, 0))]
    tracks = track_faces(frames, _RATE)
    assert sorted(map(len, tracks)) == [1, 10, 10]
    for track in tracks:
        across = [points[0, 0] for points in track.values()]
        assert max(across) - min(across) < 20


def test_frames_that_lie_are_turned_up():
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    lying = types.SimpleNamespace(rotation=90, to_ndarray=lambda format: picture)
    np.testing.assert_array_equal(upright(lying), np.rot90(picture))


def test_mistakes_with_videos_get_one_line(psp_preset, clip, tmp_path, capsys, monkeypatch):
    out = ["--output", tmp_path / "out.mp4"]
    both = ["--align", "--paste-back"]
    other = tmp_path / "other.mp4"
    other.write_bytes(b"")
    assert "--align and --paste-back" in error_of(capsys, "translate", psp_preset, clip, *out)
    assert "A video becomes a video" in error_of(
        capsys, "translate", psp_preset, clip, "--output", tmp_path / "o", *both
    )
    assert "A video becomes a video" in error_of(capsys, "translate", psp_preset, clip, other, *out, *both)
    assert "--couple is for photos" in error_of(capsys, "translate", psp_preset, clip, *out, *both, "--couple")
    assert "would replace" in error_of(capsys, "translate", psp_preset, clip, "--output", clip, *both)
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    assert "broken.mp4" in error_of(capsys, "translate", psp_preset, tmp_path / "broken.mp4", *out, *both)
    write_clip(tmp_path / "nobody.mp4", [np.full((120, 160, 3), 90, np.uint8)] * 2)
    with pytest.raises(UserError, match="no face in"):
        from psp_keras.commands.translate_video import translate_video

        translate_video(None, tmp_path / "nobody.mp4", tmp_path / "out.mp4", 64)
    monkeypatch.setitem(sys.modules, "av", None)
    assert "pip install 'psp-keras[video]'" in error_of(capsys, "translate", psp_preset, clip, *out, *both)
    assert not (tmp_path / "out.mp4").exists()
