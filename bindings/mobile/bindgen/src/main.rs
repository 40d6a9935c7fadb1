//! Writes the Kotlin and Swift sources of the border: a crate of its own, so that the generator never ships.

fn main() {
    uniffi::uniffi_bindgen_main();
}
