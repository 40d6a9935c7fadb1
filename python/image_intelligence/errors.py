"""What can go wrong: one exception class for each kind, all under `ImageIntelligenceError`.

The message is a line of advice. A job that ended with errors is a result, not an exception.

>>> from image_intelligence import Client, ImageIntelligenceError
>>> with Client() as client:
...     try:
...         client.detect(["astronaut.jpg"], classes=["person"])
...     except ImageIntelligenceError as error:
...         print(error.kind, error.retryable)
invalid_request False
"""

__all__ = [
    "APIConnectionError",
    "AuthenticationError",
    "BadRequestError",
    "ClosedError",
    "ConfigError",
    "ImageIntelligenceError",
    "InvalidRequestError",
    "InvalidResponseError",
    "InvalidWebhookError",
    "JobLostError",
    "NotFoundError",
    "OutcomeUnknownError",
    "PermissionDeniedError",
    "RateLimitError",
    "RequestTimeoutError",
    "ResumeTokenError",
    "ServerError",
    "StoreError",
    "TooLargeError",
    "WaitTimeoutError",
    "WebhookVerificationError",
]


class ImageIntelligenceError(Exception):
    """The base of every exception of this package."""

    kind: str = ""
    """What went wrong, in one word that is the same in every language."""
    message: str
    """What is wrong, and what to do next, in a line."""
    retryable: bool
    """Whether trying the same again may help."""
    status: int | None
    """The HTTP status, where there was an answer."""
    request_id: str | None
    """The server's name for the request, for its support."""
    retry_after: float | None
    """How many seconds the server asked to be left alone."""
    body: bytes | None
    """The server's answer as it came, at most 64 KiB. It may hold what you sent: do not log it."""
    last_status: str | None
    """Of a wait that ran out, or a job that was lost: the job's last status."""
    resume_token: str | None
    """Of a wait that ran out, or a job that was lost: what `client.resume(..)` takes."""
    custom_id: str | None
    """Of a submit with an unknown outcome: the custom id that the job carries, if it exists."""
    candidates: tuple[str, ...]
    """Of a submit with an unknown outcome: the ids of jobs that may be it, none proven."""
    reason: str | None
    """Of a webhook that could not be verified: which fault it was, in a word."""

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        body: bytes | None = None,
        last_status: str | None = None,
        resume_token: str | None = None,
        custom_id: str | None = None,
        candidates: tuple[str, ...] = (),
        reason: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retryable = retryable
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self.body = body
        self.last_status = last_status
        self.resume_token = resume_token
        self.custom_id = custom_id
        self.candidates = candidates
        self.reason = reason


class ConfigError(ImageIntelligenceError):
    """Missing credentials, a bad base URL, a bad option."""

    kind = "config"


class InvalidRequestError(ImageIntelligenceError, ValueError):
    """Refused here, before anything was sent: the message names the field, the limit and what was given."""

    kind = "invalid_request"


class BadRequestError(ImageIntelligenceError):
    """The API answered 400."""

    kind = "bad_request"


class AuthenticationError(ImageIntelligenceError):
    """Wrong credentials, or 401 after the token was renewed once."""

    kind = "authentication"


class PermissionDeniedError(ImageIntelligenceError):
    """The API answered 403."""

    kind = "permission_denied"


class NotFoundError(ImageIntelligenceError):
    """The API answered 404."""

    kind = "not_found"


class TooLargeError(ImageIntelligenceError):
    """The API answered 413, or a local size limit was passed."""

    kind = "too_large"


class RateLimitError(ImageIntelligenceError):
    """The API answered 429 to the last of our tries."""

    kind = "rate_limited"


class ServerError(ImageIntelligenceError):
    """The API answered 5xx to the last of our tries."""

    kind = "server_error"


class APIConnectionError(ImageIntelligenceError, ConnectionError):
    """DNS, connect, TLS, or a connection that was reset."""

    kind = "connection"


class RequestTimeoutError(ImageIntelligenceError, TimeoutError):
    """One request outlived its limit."""

    kind = "request_timeout"


class InvalidResponseError(ImageIntelligenceError):
    """An answer that cannot be read."""

    kind = "invalid_response"


class OutcomeUnknownError(ImageIntelligenceError):
    """A submit whose answer was lost and that could not be proven either way; it was not sent again.

    `custom_id` is the name that the job carries, if it exists; `candidates` are ids of jobs that may be it.
    """

    kind = "outcome_unknown"


class WaitTimeoutError(ImageIntelligenceError, TimeoutError):
    """The deadline of a wait. The job may still finish: `client.resume(error.resume_token)` waits on."""

    kind = "wait_timeout"


class JobLostError(ImageIntelligenceError):
    """The job no longer exists, or never ended within its life."""

    kind = "job_lost"


class InvalidWebhookError(ImageIntelligenceError, ValueError):
    """A body that is no JSON object, too deep, too large, or not UTF-8."""

    kind = "invalid_webhook"


class WebhookVerificationError(ImageIntelligenceError):
    """A signature or callback token that is missing, malformed, wrong or expired: `reason` says which."""

    kind = "webhook_verification"


class ResumeTokenError(ImageIntelligenceError, ValueError):
    """A resume token that is malformed, of a newer version, or of another API."""

    kind = "resume_token"


class StoreError(ImageIntelligenceError):
    """The inbox's database refused or failed."""

    kind = "store"


class ClosedError(ImageIntelligenceError):
    """Used after it was closed."""

    kind = "closed"


_OF_KIND = {cls.kind: cls for cls in ImageIntelligenceError.__subclasses__()}


def of_kind(kind: str) -> type[ImageIntelligenceError]:
    """The class of a kind; the base where this version does not know it."""
    return _OF_KIND.get(kind, ImageIntelligenceError)
