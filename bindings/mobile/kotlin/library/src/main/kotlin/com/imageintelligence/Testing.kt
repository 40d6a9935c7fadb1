// For this project's own tests: not for users, and no part of what stays.
package com.imageintelligence.testing

import com.imageintelligence.crossing

/** Asks core to decide one case of a shared table of tests/vectors. */
public fun decide(table: String, case: String): String = crossing { com.imageintelligence.ffi.decide(table, case) }

/** Reads an answer of the API as the model of that name, and gives what was understood, as JSON. */
public fun readModel(model: String, body: ByteArray): String = crossing { com.imageintelligence.ffi.readModel(model, body) }
