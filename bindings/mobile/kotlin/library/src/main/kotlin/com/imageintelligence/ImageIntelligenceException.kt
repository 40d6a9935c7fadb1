// Errors: one class a kind, all under one sealed class, so that `when` needs no `else`.
package com.imageintelligence

import com.imageintelligence.ffi.Details
import com.imageintelligence.ffi.Failure
import com.imageintelligence.models.ErrorKind
import com.imageintelligence.models.JobStatus
import java.nio.charset.CharacterCodingException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds

/**
 * What went wrong, and what to do next: [message] is one line of advice and never holds a body, a token or a secret.
 *
 * A job that ended with errors is a result and not one of these. A coroutine that is cancelled sees its
 * `CancellationException`, as always.
 */
public sealed class ImageIntelligenceException(private val details: Details) : Exception(details.message) {
    /** What went wrong, in one word that is the same in every language, such as `rate_limited`. */
    public val kind: String get() = details.name

    /** The line of advice. */
    override val message: String get() = details.message

    /** Whether trying the same again may help. */
    public val retryable: Boolean get() = details.retryable

    /** The HTTP status, where there was an answer. */
    public val status: Int? get() = details.status?.toInt()

    /** The server's name for the request, for its support. */
    public val requestId: String? get() = details.requestId

    /** How long the server asked to be left alone. */
    public val retryAfter: Duration? get() = details.retryAfterMs?.toLong()?.milliseconds

    /** The server's answer as it came, at most 64 KiB. It may hold what you sent: do not log it. */
    public val body: ByteArray? get() = details.body?.copyOf()

    /** What it came from, in words. */
    public val source: String? get() = details.source

    /** Of a [WaitTimeout] or [JobLost]: the last status that was seen. */
    public val lastStatus: JobStatus? get() = details.lastStatus

    /** Of a [WaitTimeout] or [JobLost]: what [ImageIntelligence.resume] takes. */
    public val resumeToken: String? get() = details.resumeToken

    /** Of an [OutcomeUnknown]: the customId that the job carries, if it exists. */
    public val customId: String? get() = details.customId

    /** Of an [OutcomeUnknown]: the ids of jobs that may be the one, none proven. */
    public val candidates: List<String> get() = details.candidates

    /** Of a [WebhookVerification]: which fault it was, such as `missing` or `mismatch`. */
    public val reason: String? get() = details.reason

    /** Missing credentials, a bad base URL, a bad option. */
    public class Config internal constructor(details: Details) : ImageIntelligenceException(details)

    /** Refused here, before anything was sent: the message names the field, the limit and what was given. */
    public class InvalidRequest internal constructor(details: Details) : ImageIntelligenceException(details)

    /** The API answered 400. */
    public class BadRequest internal constructor(details: Details) : ImageIntelligenceException(details)

    /** Wrong credentials, or 401 after one refresh. */
    public class Authentication internal constructor(details: Details) : ImageIntelligenceException(details)

    /** The API answered 403. */
    public class PermissionDenied internal constructor(details: Details) : ImageIntelligenceException(details)

    /** The API answered 404. */
    public class NotFound internal constructor(details: Details) : ImageIntelligenceException(details)

    /** The API answered 413, or a local size limit was passed. */
    public class TooLarge internal constructor(details: Details) : ImageIntelligenceException(details)

    /** The API answered 429 to the last of our tries. */
    public class RateLimited internal constructor(details: Details) : ImageIntelligenceException(details)

    /** The API answered 5xx to the last of our tries. */
    public class ServerError internal constructor(details: Details) : ImageIntelligenceException(details)

    /** DNS, connect, TLS or a connection that was reset. */
    public class Connection internal constructor(details: Details) : ImageIntelligenceException(details)

    /** One request outlived its limit. */
    public class RequestTimeout internal constructor(details: Details) : ImageIntelligenceException(details)

    /** An answer that cannot be read. */
    public class InvalidResponse internal constructor(details: Details) : ImageIntelligenceException(details)

    /** A submit whose answer was lost and that could not be proven either way; it was not sent again. */
    public class OutcomeUnknown internal constructor(details: Details) : ImageIntelligenceException(details)

    /** The deadline of a wait; the job may still finish, and [resumeToken] waits on. */
    public class WaitTimeout internal constructor(details: Details) : ImageIntelligenceException(details)

    /** The job no longer exists, or never ended within its life. */
    public class JobLost internal constructor(details: Details) : ImageIntelligenceException(details)

    /** A call that was cancelled from within; a coroutine's own cancel is a `CancellationException`. */
    public class Cancelled internal constructor(details: Details) : ImageIntelligenceException(details)

    /** A body that is no JSON object, too deep, too large, or not UTF-8. */
    public class InvalidWebhook internal constructor(details: Details) : ImageIntelligenceException(details)

    /** A signature or callback token that is missing, malformed, wrong or expired: [reason] says which. */
    public class WebhookVerification internal constructor(details: Details) : ImageIntelligenceException(details)

    /** A resume token that is malformed, of a newer version or of another API. */
    public class ResumeToken internal constructor(details: Details) : ImageIntelligenceException(details)

    /** The inbox's database refused or failed. */
    public class Store internal constructor(details: Details) : ImageIntelligenceException(details)

    /** Used after close. */
    public class Closed internal constructor(details: Details) : ImageIntelligenceException(details)
}

/** Runs a call and gives its failure the class of its kind. */
@JvmSynthetic
internal inline fun <T> crossing(call: () -> T): T =
    try {
        call()
    } catch (failure: Failure) {
        throw named(failure)
    } catch (_: CharacterCodingException) {
        // The border takes UTF-8 only, and says no more than this.
        throw invalidRequest(HALF)
    }

internal const val HALF = "a text holds half a character (a lone surrogate), which cannot be sent: mend the text"

/** A failure that was found on this side of the border. */
@JvmSynthetic
internal fun invalidRequest(message: String): ImageIntelligenceException =
    named(local(ErrorKind.INVALID_REQUEST, "invalid_request", message))

/** The same for an option of the client. */
@JvmSynthetic
internal fun badConfig(message: String): ImageIntelligenceException =
    named(local(ErrorKind.CONFIG, "config", message))

private fun local(kind: ErrorKind, name: String, message: String): Details =
    Details(kind, name, message, false, null, null, null, null, null, null, null, null, emptyList(), null)

/** Refuses a text that UTF-8 cannot say, and names it; before other texts have crossed, which would stay there. */
@JvmSynthetic
internal fun whole(field: String, text: String?) {
    if (text != null && !Charsets.UTF_8.newEncoder().canEncode(text)) throw invalidRequest("$field: $HALF")
}

/** The same for each of a list. */
@JvmSynthetic
internal fun whole(field: String, texts: List<String>?) {
    texts?.forEachIndexed { at, text -> whole("$field[$at]", text) }
}

@JvmSynthetic
internal fun named(failure: Failure): ImageIntelligenceException = named((failure as Failure.Failed).details)

// A kind that core gains does not compile before it has a class here.
@JvmSynthetic
internal fun named(details: Details): ImageIntelligenceException =
    when (details.kind) {
        ErrorKind.CONFIG -> ImageIntelligenceException.Config(details)
        ErrorKind.INVALID_REQUEST -> ImageIntelligenceException.InvalidRequest(details)
        ErrorKind.BAD_REQUEST -> ImageIntelligenceException.BadRequest(details)
        ErrorKind.AUTHENTICATION -> ImageIntelligenceException.Authentication(details)
        ErrorKind.PERMISSION_DENIED -> ImageIntelligenceException.PermissionDenied(details)
        ErrorKind.NOT_FOUND -> ImageIntelligenceException.NotFound(details)
        ErrorKind.TOO_LARGE -> ImageIntelligenceException.TooLarge(details)
        ErrorKind.RATE_LIMITED -> ImageIntelligenceException.RateLimited(details)
        ErrorKind.SERVER_ERROR -> ImageIntelligenceException.ServerError(details)
        ErrorKind.CONNECTION -> ImageIntelligenceException.Connection(details)
        ErrorKind.REQUEST_TIMEOUT -> ImageIntelligenceException.RequestTimeout(details)
        ErrorKind.INVALID_RESPONSE -> ImageIntelligenceException.InvalidResponse(details)
        ErrorKind.OUTCOME_UNKNOWN -> ImageIntelligenceException.OutcomeUnknown(details)
        ErrorKind.WAIT_TIMEOUT -> ImageIntelligenceException.WaitTimeout(details)
        ErrorKind.JOB_LOST -> ImageIntelligenceException.JobLost(details)
        ErrorKind.CANCELLED -> ImageIntelligenceException.Cancelled(details)
        ErrorKind.INVALID_WEBHOOK -> ImageIntelligenceException.InvalidWebhook(details)
        ErrorKind.WEBHOOK_VERIFICATION -> ImageIntelligenceException.WebhookVerification(details)
        ErrorKind.RESUME_TOKEN -> ImageIntelligenceException.ResumeToken(details)
        ErrorKind.STORE -> ImageIntelligenceException.Store(details)
        ErrorKind.CLOSED -> ImageIntelligenceException.Closed(details)
    }
