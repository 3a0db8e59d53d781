"""What long work prints: nothing that moves where it cannot."""

import numpy as np
import pytest

from psp_keras import progress
from psp_keras.data import MiniFaces
from psp_keras.data.image_source import draw_mini_faces, read_images
from psp_keras.progress import Progress, show_fit
from tests.helpers import random_images, tiny_psp_into_w


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(progress, "_SECONDS", 0)


def plain_lines(text):
    assert not {"\r", "\b", "\x1b"} & set(text)
    return text.splitlines()


def test_a_pipe_gets_plain_lines(capsys, impatient):
    counted = Progress(4, "face")
    counted.add(3, [("loss", np.float32(0.25))])
    counted.add(1)
    assert plain_lines(capsys.readouterr().out) == ["3/4 faces: loss 0.25", "4/4 faces"]


def test_lines_come_every_few_seconds_and_at_the_end(capsys):
    read_images(range(100), lambda _: np.zeros((1, 1, 3), "uint8"))
    assert plain_lines(capsys.readouterr().out) == ["100/100 pictures"]
    draw_mini_faces(MiniFaces(16), 3)
    assert plain_lines(capsys.readouterr().out) == ["Drawing 3 MiniFaces", "3/3 faces"]


def test_fit_prints_plain_lines(capsys, impatient):
    model = tiny_psp_into_w()
    model.compile()
    verbose, callbacks = show_fit()
    model.fit(random_images(4), batch_size=2, epochs=2, verbose=verbose, callbacks=callbacks)
    lines = plain_lines(capsys.readouterr().out)
    assert [line.partition(":")[0] for line in lines] == [
        "epoch 1/2, step 1/2",
        "epoch 1/2, step 2/2",
        "epoch 1/2",
        "epoch 2/2, step 1/2",
        "epoch 2/2, step 2/2",
        "epoch 2/2",
    ]
    assert "l2 " in lines[0]
    assert show_fit(0) == (0, [])


def test_a_terminal_gets_a_bar(monkeypatch, capsys):
    monkeypatch.setattr(progress, "shows_bars", lambda: True)
    assert show_fit() == ("auto", [])
    Progress(2, "face").add(2)
    assert "━" in capsys.readouterr().out
