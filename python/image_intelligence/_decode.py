"""Canonical JSON to models. Loaded with the first result."""

from msgspec.json import Decoder

from .models import DetectJob

decode_detect_job = Decoder(DetectJob).decode


def detect_job(json: bytes, raw: bytes) -> DetectJob:
    """The job that core has judged, with the bytes as they came."""
    job = decode_detect_job(json)
    job.raw = raw
    return job
