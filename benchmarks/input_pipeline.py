"""How much of a training step of the small world is the input pipeline, and how busy are the processors?

    python benchmarks/input_pipeline.py

Both are processor time: that of the batches alone, shuffled and mirrored as `psp-keras train` reads them, and that of
`fit` with them. The pipeline works ahead on the same processors, so its share of the time is its share of a step.
"""

import argparse
import time

import numpy as np
from timing import machine

from psp_keras.losses import PSPLoss
from psp_keras.models import PSP
from psp_keras.tasks import MiniFacesExamples, get_task
from psp_keras.training.feed import feed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--steps", type=int, default=20, help="in each measurement")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(machine())
    model = PSP.from_preset("mini_faces_inversion")
    model.compile(loss=PSPLoss(perceptual_network="mini_faces_vgg", arcface="mini_faces_arcface"))
    examples = MiniFacesExamples(get_task("inversion"), model.encoder.image_size, count=512)
    batches = examples.batches(examples.open_training(), options.batch_size)
    alone, training = [], []
    fed = feed(batches)
    for _ in range(options.rounds + 1):
        alone.append(times(lambda: [batch for _, batch in zip(range(options.steps), batches)]))
        training.append(times(lambda: model.fit(fed, steps_per_epoch=options.steps, verbose=0, shuffle=False)))
    (_, in_pipeline), (wall, in_step) = (np.median(measured[1:], axis=0) for measured in (alone, training))
    print(
        f"a step takes {1e3 * wall / options.steps:.0f} ms and keeps {in_step / wall:.2f} processors busy; "
        f"the input pipeline is {in_pipeline / in_step:.1%} of that"
    )


def times(run):
    """Seconds on the clock and on the processors."""
    begin = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - begin[0], time.process_time() - begin[1]


if __name__ == "__main__":
    main()
