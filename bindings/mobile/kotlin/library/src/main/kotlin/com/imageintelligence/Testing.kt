// For this project's own tests: not for users, and no part of what stays.
package com.imageintelligence.testing

import com.imageintelligence.crossing
import com.imageintelligence.models.DetectJob

/** Asks core to decide one case of a shared table of tests/vectors. */
public fun decide(table: String, case: String): String = crossing { com.imageintelligence.ffi.decide(table, case) }

/** Reads the answer to a search. */
public fun readSearch(body: ByteArray): List<DetectJob> = crossing { com.imageintelligence.ffi.readSearch(body) }
