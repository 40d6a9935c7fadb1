"""A scripted server's detect jobs: how many were made of which pictures, and when they end."""

import base64
import json
import threading
from typing import Any

from scripted import Answer, Hang, Request


class Jobs:
    """A script: takes detect jobs, which end when the test lets them. In each picture is a class by its own content."""

    def __init__(self, *, hold: bool = False) -> None:
        self.hold = hold
        self.made: list[dict[str, Any]] = []
        self.ended: set[int] = set()
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Answer | Hang:
        with self._lock:
            if request.method == "POST":
                self.made.append(json.loads(request.body))
                return Answer(200, json.dumps(self._job(len(self.made) - 1)).encode())
            last = request.path.partition("?")[0].rpartition("/")[2]
            if last == "detect":
                return Answer(200, json.dumps([self._job(number) for number in range(len(self.made))]).encode())
            return Answer(200, json.dumps(self._job(int(last.removeprefix("job-")))).encode())

    @property
    def sizes(self) -> list[int]:
        """How many pictures each job has."""
        return [len(job["images"]) for job in self.made]

    @property
    def pictures(self) -> list[bytes]:
        """What was sent, in its order."""
        return [base64.b64decode(image["blob"]) for job in self.made for image in job["images"]]

    def _job(self, number: int) -> dict[str, Any]:
        done = not self.hold or number in self.ended
        job = {"id": f"job-{number}", "createdAt": 1487648348000 + number, "customId": self.made[number]["customId"]}
        if not done:
            return {**job, "status": "IN_PROGRESS", "jobResults": [], "imageResults": []}
        return {**job, "status": "COMPLETED_SUCCESSFULLY", "jobResults": [], "imageResults": self._results(number)}

    def _results(self, number: int) -> list[dict[str, Any]]:
        results = []
        for image in self.made[number]["images"]:
            content = base64.b64decode(image["blob"]).decode() if "blob" in image else image["url"]
            status = "SPIDERWEBS_ERROR" if content == "cobwebs" else "COMPLETED_SUCCESSFULLY"
            objects = [{"class": name, "confidence": 0.9} for name in (content, "person", content)]
            results.append({"customId": image["customId"], "status": status, "objects": objects})
        # In no promised order.
        return results[::-1]
