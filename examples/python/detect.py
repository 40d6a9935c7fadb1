"""Ask which pictures show a person, and wait for the answer.

ii serve     # in another terminal; then set the three variables that it prints
python examples/python/detect.py street.jpg https://example.com/street.jpg
"""

import sys
from pathlib import Path

from image_intelligence import Client, DetectClass


def main() -> None:
    pictures = sys.argv[1:] or [str(Path(__file__).parents[1] / "photos" / "astronaut.jpg")]
    # A string is a URL to the library, so a file is said to be one.
    images = [picture if "://" in picture else Path(picture) for picture in pictures]

    with Client() as client:
        job = client.detect(images, classes=["person", DetectClass("car", verify="NEVER")])  # an id, a resume token
        result = job.wait(timeout=60)

    for hit in result.found("person"):
        print(hit.image.custom_id_or_url, f"{hit.confidence:.2f}")
    # A picture that could not be looked at is part of the result, not an exception.
    for image in result.errors():
        print(f"{image.custom_id_or_url}: {image.status}", file=sys.stderr)


if __name__ == "__main__":
    main()
