// Webhooks: verified, then read; and the tokens of callback URLs.
package com.imageintelligence

import com.imageintelligence.ffi.Header
import com.imageintelligence.ffi.Master
import com.imageintelligence.ffi.NativeKeys
import com.imageintelligence.ffi.Received
import com.imageintelligence.ffi.Told
import kotlin.time.Clock
import kotlin.time.Instant

/** What a webhook brought. */
public sealed interface WebhookEvent {
    /** The body as it came. */
    public val raw: String

    /** A detect job. */
    public data class Detect(val job: DetectJob) : WebhookEvent {
        override val raw: String get() = job.raw
    }

    /** A match job. */
    public data class Match(val job: MatchJob) : WebhookEvent {
        override val raw: String get() = job.raw
    }

    /** An ask job. */
    public data class Ask(val job: AskJob) : WebhookEvent {
        override val raw: String get() = job.raw
    }

    /** A recognize job. */
    public data class Recognize(val job: RecognizeJob) : WebhookEvent {
        override val raw: String get() = job.raw
    }

    /** An event of a registered webhook. */
    public data class Event(val event: RegisteredEvent) : WebhookEvent {
        override val raw: String get() = event.raw
    }

    /** Something that this version cannot name: kept as it came, never dropped. */
    public data class Unknown(override val raw: String) : WebhookEvent
}

/** Reads what the service posts. */
public object Webhooks {
    /**
     * Reads a webhook's body; where there is a [secret], checks its signature first.
     *
     * A job's own webhook is unsigned, so its body is a hint until the job is fetched. Fails with
     * [ImageIntelligenceException.WebhookVerification], whose `reason` says which fault, and with
     * [ImageIntelligenceException.InvalidWebhook].
     *
     * @param body the bytes as they came: a body that was parsed and written again does not verify
     * @param headers all headers of the request; names in any case
     * @param secret the secretKey that the webhook was registered with
     * @param secrets up to four of them, while one follows another
     * @param kind what it is known to be: the kind of the job whose webhook it is, or an event, as everything is that comes to
     *   a route of registered webhooks; it wins over every sign in the body
     * @param allowSha1 takes HMAC-SHA1 (`sha=`) too
     */
    public fun parse(
        body: ByteArray,
        headers: Map<String, List<String>> = emptyMap(),
        secret: String? = null,
        secrets: List<String>? = null,
        kind: EventKind? = null,
        allowSha1: Boolean = false,
    ): WebhookEvent {
        // None given is no check; an empty list of secrets is a mistake, and core says so.
        val active = if (secret == null) secrets else listOf(secret) + secrets.orEmpty()
        val flat = headers.flatMap { (name, values) -> values.map { Header(name, it) } }
        val received = crossing { com.imageintelligence.ffi.readWebhook(body, flat, active, kind, allowSha1) }
        return named(received)
    }

    /** The same for a body that is text already: its UTF-8 bytes are checked. */
    public fun parse(
        body: String,
        headers: Map<String, List<String>> = emptyMap(),
        secret: String? = null,
        secrets: List<String>? = null,
        kind: EventKind? = null,
        allowSha1: Boolean = false,
    ): WebhookEvent = parse(body.toByteArray(), headers, secret, secrets, kind, allowSha1)

    private fun named(received: Received): WebhookEvent = when (received) {
        is Received.Job -> when (val told = received.job) {
            is Told.Detect -> WebhookEvent.Detect(told.job)
            is Told.Match -> WebhookEvent.Match(told.job)
            is Told.Ask -> WebhookEvent.Ask(told.job)
            is Told.Recognize -> WebhookEvent.Recognize(told.job)
        }
        is Received.Event -> WebhookEvent.Event(received.event)
        is Received.Unknown -> WebhookEvent.Unknown(received.raw)
    }
}

/**
 * Makes and checks the tokens of callback URLs, `{base}/cb/{token}`: a sender that cannot sign has a URL that nobody can
 * guess.
 *
 * @param masters up to four keys of 32 random bytes by their id, 0 to 255; the last one signs, the others only check
 */
public class CallbackKeys(masters: Map<Int, ByteArray>) {
    private val native: NativeKeys = crossing { NativeKeys(masters.map { (id, bytes) -> Master(id, bytes) }) }

    /** The token of a job's callback URL, good until [expires], for the job that you call [rid] (32 hex digits). */
    public fun mint(kind: Kind, expires: Instant, rid: String, base: String): String =
        crossing { native.mint(kind, expires, rid, base) }

    /**
     * Checks a token, before anything else of a request is looked at. [bases] are the public base of today and up to three
     * former ones. Fails with [ImageIntelligenceException.WebhookVerification]: tell the sender 404 and no more.
     */
    public fun verify(token: String, bases: List<String>, now: Instant = Clock.System.now()): CallbackToken =
        crossing { native.verify(token, bases, now) }

    /** What to give to a job as its `webhookUrl`. */
    public fun callbackUrl(token: String, base: String): String =
        crossing { com.imageintelligence.ffi.callbackUrl(base, token) }

    override fun toString(): String = "CallbackKeys"
}
