"""What importing costs, over `import msgspec`, which every program with typed JSON has."""

import subprocess
import sys
from statistics import median

from figures import Figure

ROUNDS = 15
PROGRAM = "import time, msgspec, os; began = time.perf_counter(); {}; print((time.perf_counter() - began) * 1000)"


def milliseconds(imports: str) -> float:
    run = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM.format(imports)], capture_output=True, text=True, check=True
    )
    return float(run.stdout)


def measure() -> list[Figure]:
    figures = []
    for what, imports in (
        ("import Client", "from image_intelligence import Client"),
        ("import Client, the models and webhooks", "from image_intelligence import Client, DetectJob, webhooks"),
    ):
        milliseconds(imports)
        times = [milliseconds(imports) for _ in range(ROUNDS)]
        figures.append(
            Figure(what, median(times), 5.0, "ms over msgspec", f"{min(times):.2f} to {max(times):.2f}", most=True)
        )
    return figures
