"""A receiver as people write it today with FastAPI, pydantic and sqlite3: it answers once the webhook is on the disk.

    python app.py FILE: says where it listens, and serves until it is told to end.
"""

import socket
import sqlite3
import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="allow")


class Image(Model):
    id: str
    url: str | None = None
    proxy_url: str | None = None
    custom_id: str | None = None
    confidence: float | None = None


class JobResult(Model):
    # The service calls it so.
    model_config = ConfigDict(alias_generator=lambda name: name.removesuffix("_"))
    class_: str
    image: Image
    hitl: bool | None = None


class ImageResult(Model):
    id: str
    url: str | None = None


class Job(Model):
    id: str
    status: str
    job_results: list[JobResult] = []
    image_results: list[ImageResult] = []
    created_at: int | None = None
    custom_id: str | None = None


db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA synchronous = FULL")
db.execute("CREATE TABLE event (id TEXT PRIMARY KEY, body TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'ready')")

app = FastAPI()


@app.post("/webhook")
async def webhook(job: Job) -> str:
    body = job.model_dump_json(by_alias=True)
    db.execute("INSERT INTO event (id, body) VALUES (?, ?) ON CONFLICT DO NOTHING", (job.id, body))
    return "ok"


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/webhook", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])
