"""Be told of results, instead of asking for them, and lose none.

ii serve     # in another terminal; then set the three variables that it prints
python examples/python/receiver.py inbox.db street.jpg yard.jpg

It goes on until Ctrl-C. Started again with the same inbox, it hands out what came meanwhile and what was not done.
"""

import sys
from contextlib import suppress
from pathlib import Path

from image_intelligence import Client, DetectJob, Inbox, Receiver


def main() -> None:
    file, *pictures = sys.argv[1:] or ["inbox.db"]
    inbox = Inbox.open(file)
    # Only a service on this machine reaches this address; for any other it takes a `public_url`.
    with Receiver(inbox, listen="127.0.0.1:0") as receiver, Client(webhooks=receiver) as client:
        for picture in pictures:
            client.detect([Path(picture)], classes=["person"])
        for delivery in inbox:
            with delivery:  # done at its end; where this raises, it is handed out again
                match delivery.event:
                    case DetectJob() as job:
                        for hit in job.found("person"):
                            print(hit.image.custom_id_or_url, f"{hit.confidence:.2f}", flush=True)
                        for image in job.errors():
                            print(f"{image.custom_id_or_url}: {image.status}", file=sys.stderr)
                    case other:
                        print(f"{type(other).__name__}: not ours", file=sys.stderr)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):  # all is closed by then
        main()
