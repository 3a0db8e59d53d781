"""The client over real sockets, REST and gRPC, against a stand-in for TF Serving."""

import base64
import contextlib
import http.server
import io
import json
import socket
import threading

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from psp_keras.cli import main
from psp_keras.commands.translate_faces import translate_faces
from psp_keras.data import MiniFaces, read_image, to_float, to_uint8, write_image
from psp_keras.data.face_photos import FacePhotos
from psp_keras.data.landmarks import write_landmarks
from psp_keras.errors import UserError
from psp_keras.serving import Client
from psp_keras.tasks import get_task
from tests.stand_in_server import StandIn
from tests.test_cli import error_of


@pytest.fixture
def model(served_model):
    return served_model


@pytest.fixture(scope="module")
def server(exported):
    stand_in = StandIn(exported)
    yield stand_in
    stand_in.close()


@pytest.fixture(params=["rest", "grpc"])
def url(request, server):
    return server.rest_url if request.param == "rest" else server.grpc_url


def photo(number, size=32):
    color = np.random.default_rng(number).integers(0, 256, (4, 4, 3), "uint8")
    return Image.fromarray(color).resize((size, size), Image.Resampling.BICUBIC)


def png(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def expected(model, images):
    return to_uint8(model.translate(to_float(np.stack([np.asarray(image) for image in images])))).astype(int)


def test_files_bytes_and_images_are_translated(url, model, tmp_path):
    images = [photo(i) for i in range(3)]
    images[0].save(tmp_path / "a.png")
    client = Client(url)
    assert client.status() == {1: "AVAILABLE"}
    results = client.translate([tmp_path / "a.png", png(images[1]), images[2]])
    assert all(isinstance(result, Image.Image) for result in results)
    arrays = client.translate(images, as_arrays=True)
    assert np.abs(np.stack(arrays) - expected(model, images)).max() <= 1
    assert np.abs(np.stack([np.asarray(result) for result in results]) - np.stack(arrays)).max() == 0


def test_large_photos_are_made_smaller_by_the_server(url, model, tmp_path):
    photo(1, size=3000).save(tmp_path / "large.jpg")
    (translated,) = Client(url).translate([tmp_path / "large.jpg"], as_arrays=True)
    seen = Image.fromarray(read_image(tmp_path / "large.jpg", 32))
    assert np.abs(translated - expected(model, [seen])[0]).max() <= 1


def test_style_mixing(url):
    client = Client(url)
    mixes = client.style_mix([photo(1), photo(2)], num_outputs=3, alpha=0.5, seed=4, as_arrays=True)
    again = client.style_mix([photo(1), photo(2)], num_outputs=3, alpha=0.5, seed=4, as_arrays=True)
    assert np.shape(mixes) == (2, 3, 32, 32, 3)
    np.testing.assert_array_equal(mixes, again)


def test_large_requests_go_in_several_messages(url, server, model):
    images = [photo(i) for i in range(9)]
    before = len(server.calls)
    results = Client(url, max_message_bytes=12_000).translate(images, as_arrays=True)
    assert len(server.calls) - before > 2
    assert np.abs(np.stack(results) - expected(model, images)).max() <= 1


def test_200_concurrent_requests_are_neither_lost_nor_mixed_up(url, model):
    images = [photo(i) for i in range(20)]
    pictures = [png(image) for image in images] * 10
    pictures[17], pictures[101], pictures[150] = b"", b"<html>", pictures[3][:80]
    results = Client(url).translate_many(pictures, workers=16)
    wanted = expected(model, images)
    for i, result in enumerate(results):
        if i in (17, 101, 150):
            assert isinstance(result, UserError) and "image" in str(result)
        else:
            assert np.abs(np.asarray(result) - wanted[i % 20]).max() <= 1


@pytest.mark.parametrize("kind", ["rest_url", "grpc_url"])
def test_an_unavailable_server_is_tried_again(kind, exported):
    stand_in = StandIn(exported, unavailable=2)
    try:
        assert len(Client(getattr(stand_in, kind)).translate([photo(1)])) == 1
        stand_in.unavailable = 9
        with pytest.raises(UserError, match=r"unavailable: .* \(2 tries\)"):
            Client(getattr(stand_in, kind), retries=1).translate([photo(1)])
    finally:
        stand_in.close()


def test_no_server_silence_and_a_death_in_the_middle():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        for kind in ("http", "grpc"):
            with pytest.raises(UserError, match=r"unavailable|did not answer"):
                Client(f"{kind}://127.0.0.1:{port}", timeout=1, retries=1).translate([photo(1)])
        listening.listen()
        with pytest.raises(UserError, match=r"did not answer within 0\.5 seconds"):
            Client(f"http://127.0.0.1:{port}", timeout=0.5).translate([photo(1)])

        def die():
            for _ in range(2):
                connection = listening.accept()[0]
                connection.recv(1000)
                connection.close()

        listening.accept()[0].close()  # what the client above left behind
        threading.Thread(target=die, daemon=True).start()
        with pytest.raises(UserError, match=r"unavailable: cannot reach .* \(2 tries\)"):
            Client(f"http://127.0.0.1:{port}", timeout=5, retries=1).translate([photo(1)])


def test_what_the_server_refuses_is_said(url):
    with pytest.raises(UserError, match=r"refused .*neither JPEG nor PNG"):
        Client(url).translate([photo(1), b"no picture"])
    claims_too_much = png(photo(1))[:16] + (1 << 20).to_bytes(4, "big") * 2 + png(photo(1))[24:]
    with pytest.raises(UserError, match=r"refused .*has too many pixels"):
        Client(url).translate([claims_too_much])
    for options in ({"num_outputs": 0}, {"alpha": float("nan")}, {"alpha": 2}):
        with pytest.raises(UserError, match=f"`{next(iter(options))}` must be"):
            Client(url).style_mix([photo(1)], **options)
    with pytest.raises(UserError, match="`workers` must be"):
        Client(url).translate_many([photo(1)], workers=0)
    with pytest.raises(UserError, match="`timeout` must be a number above 0"):
        Client(url, timeout=0)
    with pytest.raises(UserError, match="is no address"):
        Client("localhost")
    with pytest.raises(UserError, match="must begin with"):
        Client("ftp://localhost")


def test_a_seed_mixes_as_it_does_here(url, model):
    image = photo(1)
    styles = get_task(model.task).style_mask(model.generator.num_styles)
    for seed in (0, 7, 2**31 - 1, 2**32 - 1):
        (served,) = Client(url).style_mix([image], num_outputs=2, seed=seed, as_arrays=True)
        here = to_uint8(model.style_mix(to_float(np.asarray(image))[None], 2, styles, 1.0, seed))[0]
        assert np.abs(np.stack(served).astype(int) - here).max() <= 1, seed
    for seed in (-1, 2**32, 0.5):
        with pytest.raises(UserError, match="`seed` must be"):
            Client(url).style_mix([image], seed=seed)
        with pytest.raises(ValueError, match="`seed` must be"):
            model.style_mix(to_float(np.asarray(image))[None], 2, styles, seed=seed)


def content(data):
    return {"b64": base64.b64encode(data).decode()}


@pytest.mark.parametrize(
    "answer, message",
    [
        (b"<html>welcome</html>", "answered 200, and no JSON: is it TF Serving"),
        (b"", "answered 200, and no JSON"),
        (b"[1]", "answered JSON without an object"),
        (b"{}", "answered JSON without outputs in base64"),
        ({"outputs": "x"}, "answered JSON without outputs in base64"),
        ({"outputs": ["x"]}, "answered JSON without outputs in base64"),
        ({"outputs": [{"b64": "%%%"}]}, "answered JSON without outputs in base64"),
        ({"outputs": [{"b64": 5}]}, "answered JSON without outputs in base64"),
        ({"outputs": [content(b"<html>")]}, "answered with something that is no picture"),
        ({"outputs": [content(png(photo(1))[:90])]}, "answered with something that is no picture"),
        ({"outputs": 2 * [content(png(photo(1)))]}, "did not answer with the 1 pictures"),
        ({"outputs": [[content(png(photo(1)))]]}, "did not answer with the 1 pictures"),
        (301, "answered 301, a redirect to"),
    ],
)
def test_nonsense_from_a_server_is_one_line(answer, message, tmp_path, capsys):
    with nonsense_server(answer) as url:
        with pytest.raises(UserError, match=message) as raised:
            Client(url).translate([photo(1)])
        assert len(str(raised.value).splitlines()) == 1
        write_image(tmp_path / "a.png", np.asarray(photo(1)))
        if not isinstance(answer, dict):  # the command asks for the status first
            error_of(capsys, "client", url, tmp_path / "a.png", "--output", tmp_path / "out")
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "outputs, message",
    [
        ({"other": [b""]}, "has no output 'translated_bytes'"),
        ({"translated_bytes": [0.5]}, "did not answer with the 1 pictures"),
        ({"translated_bytes": b"x"}, "did not answer with the 1 pictures"),
        ({"translated_bytes": [b"x"]}, "answered with something that is no picture"),
    ],
)
def test_nonsense_over_grpc_is_one_line(outputs, message, server, monkeypatch):
    answers = {name: tf.constant(value) for name, value in outputs.items()}
    monkeypatch.setattr(server, "predict", lambda signature, inputs: answers)
    with pytest.raises(UserError, match=message):
        Client(server.grpc_url).translate([photo(1)])


@contextlib.contextmanager
def nonsense_server(answer):
    """Answers everything with the same: bytes, JSON or a redirect to itself."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            data = b"" if answer == 301 else answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(301 if answer == 301 else 200)
            if answer == 301:
                self.send_header("Location", self.path)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET

        def log_message(self, *arguments):
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_command(url, tmp_path, capsys):
    for i in range(3):
        write_image(tmp_path / "in" / f"{i}.png", np.asarray(photo(i)))
    (tmp_path / "in" / "3.png").write_bytes(b"")
    assert main(["client", url, str(tmp_path / "in"), "--output", str(tmp_path / "out")]) == 1
    captured = capsys.readouterr()
    assert "3 pictures in" in captured.out and "3.png" in captured.err
    assert read_image(tmp_path / "out" / "1.png", 32).std() > 0


def test_the_command_without_a_server(tmp_path, capsys):
    write_image(tmp_path / "a.png", np.asarray(photo(1)))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        line = error_of(capsys, "client", url, tmp_path / "a.png", "--output", tmp_path / "out")
    assert "unavailable" in line and not (tmp_path / "out").exists()


def test_the_faces_in_photos_are_sent_and_pasted_back(url, server, tmp_path, capsys):
    drawn = MiniFaces(size=160)
    write_image(tmp_path / "photos" / "pair.png", np.concatenate(drawn.images([5, 24]), axis=1))
    write_image(tmp_path / "photos" / "nobody.png", np.full((40, 40, 3), 90, np.uint8))
    points = drawn.landmarks([5, 24])
    write_landmarks(tmp_path / "known.json", {"pair": [points[0], points[1] + (160, 0)]})
    known = ["--align", "--landmarks", str(tmp_path / "known.json"), "--faces", "all"]
    photos, crops, pasted = str(tmp_path / "photos"), tmp_path / "crops", tmp_path / "pasted"
    assert main(["client", url, photos, "--output", str(crops), *known]) == 1
    assert [path.name for path in sorted(crops.iterdir())] == ["pair_face1.png", "pair_face2.png"]
    assert main(["client", url, photos, "--output", str(pasted), *known, "--paste-back"]) == 1
    assert capsys.readouterr().err.count("nobody.png: ") == 2
    before, after = (
        np.asarray(Image.open(folder / "pair.png")).astype(int) for folder in (tmp_path / "photos", pasted)
    )
    assert before.shape == after.shape
    for half in (slice(0, 160), slice(160, 320)):
        assert np.abs(after - before)[:, half].mean() > 3
    assert "need --align" in error_of(capsys, "client", url, photos, "--output", str(pasted), "--paste-back")


def test_a_photo_whose_face_the_server_refuses_is_left_out(tmp_path):
    def refuse(crops, first):
        return crops, [UserError("too dark") for _ in crops]

    write_image(tmp_path / "face.png", MiniFaces(size=64).images([5])[0])
    write_landmarks(tmp_path / "known.json", {"face": MiniFaces(size=64).landmarks([5])})
    photos, lines = FacePhotos(64, landmarks=tmp_path / "known.json"), []
    targets = {tmp_path / "face.png": tmp_path / "out" / "face.png"}
    assert translate_faces(refuse, photos, targets, on_broken=lines.append) == []
    assert len(lines) == 1 and lines[0].endswith("face.png: too dark")
