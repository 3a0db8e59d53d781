"""Turns what the benchmarks recorded into a table and a plot.

python benchmarks/report.py results.jsonl docs       # docs/speed.md and docs/speed.png
"""

import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from psp_keras.atomic_write import atomic_write

# Seconds aimed at, where the calibration runs at 360 to 380 GFLOP/s in float32.
TARGETS = {
    ("generator", "float32", 1): 0.55,
    ("generator", "float32", 4): 2.0,
    ("generator", "bfloat16", 1): 0.25,
    ("generator", "bfloat16", 4): 0.9,
    ("encoder", "float32", 1): 0.48,
    ("encoder", "float32", 4): 1.8,
    ("encoder", "bfloat16", 1): 0.15,
    ("encoder", "bfloat16", 4): 0.5,
    ("training", "float32", 2): 8.0,
    ("training", "bfloat16", 2): 4.0,
}
TITLES = {
    "generator": "generator, 1024",
    "encoder": "encoder, 256",
    "frozen generator": "generator, 1024, frozen",
    "frozen encoder": "encoder, 256, frozen",
    "training": "training step, 1024",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", help="file that the benchmarks appended to")
    parser.add_argument("folder", help="where speed.md and speed.png go")
    options = parser.parse_args()
    if not Path(options.results).exists():
        parser.error(f"{options.results} is missing: run the benchmarks with --results first")
    rows = [json.loads(line) for line in Path(options.results).read_text().splitlines()]
    with atomic_write(Path(options.folder) / "speed.md") as scratch:
        scratch.write_text(table(rows))
    with atomic_write(Path(options.folder) / "speed.png") as scratch:
        draw(rows).savefig(scratch, dpi=110)


def table(rows):
    """Markdown: every row that has a target, then the comparison with PyTorch, then batch and resolution."""
    lines = [f"Measured by `make bench`: {rows[0]['machine']}.", ""]
    lines += ["| | dtype | batch | seconds | target | share of a convolution's speed | GB |", "| --- " * 7 + "|"]
    for row in sorted(chosen(rows, *TITLES), key=lambda row: list(TITLES).index(row["benchmark"])):
        dtype = row["dtype"].replace("mixed_bfloat16", "bfloat16")
        target = TARGETS.get((row["benchmark"].removeprefix("frozen "), dtype, row["batch"]), "")
        share = f"{row['share']:.0%}" if "share" in row else ""
        memory = f"{row['peak_gb']:.1f}" if "peak_gb" in row else ""
        cells = (TITLES[row["benchmark"]], row["dtype"], row["batch"], f"{row['seconds']:.2f}", target, share, memory)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += ["", "| generator | dtype | batch | textbook PyTorch, s | ours, s | times as fast |", "| --- " * 6 + "|"]
    for row in chosen(rows, "peer"):
        ratio = row["textbook"] / row["ours"]
        lines.append(
            f"| {row['resolution']} | {row['dtype']} | {row['batch']} | {row['textbook']:.2f} | {row['ours']:.2f} "
            f"| {ratio:.1f} |"
        )
    lines += ["", "| pSp | batch | seconds | seconds an image | GB |", "| --- " * 5 + "|"]
    for row in chosen(rows, "scaling"):
        seconds, batch = row["seconds"], row["batch"]
        lines.append(
            f"| {row['resolution']} | {batch} | {seconds:.2f} | {seconds / batch:.3f} | {row['peak_gb']:.1f} |"
        )
    lines += ["", "| command on a folder | pixels | pictures a second | share of predict's |", "| --- " * 4 + "|"]
    rates = {
        (row["resolution"], row["benchmark"].removeprefix("command ")): row["batch"] / row["seconds"]
        for row in rows
        if row["benchmark"].startswith("command ")
    }
    for (resolution, name), rate in rates.items():
        lines.append(f"| {name} | {resolution} | {rate:.2f} | {rate / rates[resolution, 'predict']:.0%} |")
    return "\n".join(lines) + "\n"


def draw(rows):
    """Beside each other: the generators, seconds an image by batch, memory by batch."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(14, 4.2), layout="constrained")
    peers = chosen(rows, "peer")
    names = [f"{row['dtype'].removeprefix('mixed_')}\nbatch {row['batch']}" for row in peers]
    for offset, name in ((-0.2, "textbook"), (0.2, "ours")):
        title = {"textbook": "textbook PyTorch", "ours": "psp_keras"}[name]
        bars = left.bar([i + offset for i in range(len(peers))], [row[name] for row in peers], 0.38, label=title)
        left.bar_label(bars, fmt="%.2g")
    left.set_xticks(range(len(peers)), names)
    left.set(title="StyleGAN2 generator, 1024 pixels", ylabel="seconds")
    left.legend()
    by_resolution = {}
    for row in chosen(rows, "scaling"):
        by_resolution.setdefault(row["resolution"], []).append(row)
    for resolution, found in by_resolution.items():
        batches = [row["batch"] for row in found]
        middle.plot(batches, [row["seconds"] / row["batch"] for row in found], "o-", label=f"{resolution} pixels")
        right.plot(batches, [row["peak_gb"] for row in found], "o-", label=f"{resolution} pixels")
    middle.set(title="pSp, float32", xlabel="batch", ylabel="seconds an image", xscale="log", ylim=(0, None))
    right.set(title="pSp, float32", xlabel="batch", ylabel="peak memory, GB", xscale="log", ylim=(0, None))
    for axes in (middle, right):
        ticks = sorted({row["batch"] for row in chosen(rows, "scaling")})
        axes.set_xticks(ticks, ticks)
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    middle.legend()
    figure.suptitle(rows[0]["machine"], fontsize="small")
    return figure


def chosen(rows, *benchmarks):
    return [row for row in rows if row["benchmark"] in benchmarks]


if __name__ == "__main__":
    main()
