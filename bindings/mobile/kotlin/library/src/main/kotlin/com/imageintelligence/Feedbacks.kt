// Feedback about detect jobs, and what a registered webhook is.
package com.imageintelligence

import com.imageintelligence.ffi.NativeClient

/** Telling the service where a detect job was wrong: [ImageIntelligence.feedback]. */
public class Feedbacks internal constructor(private val native: NativeClient) {
    /**
     * Says about which classes a detect job was wrong.
     *
     * ```kotlin
     * client.feedback.create(job.id, listOf(FeedbackClass("person", FeedbackCode.FalsePositive)))
     * ```
     *
     * It is sent once: where the answer is lost, that is [ImageIntelligenceException.OutcomeUnknown].
     */
    public suspend fun create(jobId: String, classes: List<FeedbackClass>): Feedback = crossing {
        whole("jobId", jobId)
        classes.forEachIndexed { at, wrong -> whole("classes[$at]", wrong.`class`) }
        native.giveFeedback(jobId, classes, null)
    }

    /** Feedback by its id. Fails with [ImageIntelligenceException.NotFound] where the API does not know it. */
    public suspend fun get(id: String): Feedback = crossing { native.feedback(id, null) }

    /** The feedback about a detect job, or all of it. */
    public suspend fun list(jobId: String? = null): List<Feedback> = crossing { native.feedbackList(jobId, null) }
}

/** A webhook that was registered: [ImageIntelligence.registerWebhook]. */
public class Registration internal constructor(
    /** The webhook. */
    public val webhook: RegisteredWebhook,
    /**
     * With which its events are signed: yours, or one that the service made up. Keep it: the API does not say it again.
     * Nothing prints it.
     */
    public val secretKey: String?,
) {
    override fun toString(): String = "Registration($webhook)"
}
