"""Look for people, cats and cars in every picture of a folder, however many there are.

ii serve     # in another terminal; then set the three variables that it prints
python examples/python/folder.py cameras/ run.jsonl

With a manifest, the second argument, it may be stopped and started again: no picture is sent twice.
"""

import sys
from pathlib import Path

from image_intelligence import Client, Progress


def tell(progress: Progress) -> None:
    print(progress, file=sys.stderr)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "photos"
    manifest = sys.argv[2] if len(sys.argv) > 2 else None
    pictures = folder.glob("**/*.jpg")  # read as far as pictures are wanted

    with Client() as client:
        for item in client.detect_all(pictures, classes=["person", "cat", "car"], manifest=manifest, on_progress=tell):
            # As they come, each with what was passed in.
            print(item.source, (", ".join(item.result.classes) or "-") if item.ok else item.error, sep=": ")


if __name__ == "__main__":
    main()
