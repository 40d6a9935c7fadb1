"""The figures of the Python package, each beside its goal: `python bench/run.py`, with what to measure as arguments.

Wants the package installed, and for the reads `II_BENCH_SERVER`, the path of the client's example `bench_server`.
"""

import os
import sys
from pathlib import Path

import imports
import webhooks

ROOT = Path(__file__).parents[2]


def main() -> int:
    wanted = sys.argv[1:] or ["webhooks", "reads", "imports"]
    figures = []
    if "imports" in wanted:
        figures += imports.measure()
    if "webhooks" in wanted:
        figures += webhooks.measure(ROOT)
    if "reads" in wanted:
        import reads

        figures += reads.measure(os.environ["II_BENCH_SERVER"])
    for figure in figures:
        print(figure.line())
    return 0 if figures else 2


if __name__ == "__main__":
    sys.exit(main())
