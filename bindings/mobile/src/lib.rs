//! The Kotlin and Swift border of Image Intelligence.
