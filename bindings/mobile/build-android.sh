#!/usr/bin/env bash
# Builds the native library for Android and lays it out as an Android library wants it: OUT/jniLibs/ABI/lib*.so, with the
# generated Kotlin in OUT/kotlin. Put both into a library module beside kotlin/library/src/main/kotlin, with JNA as an AAR
# (net.java.dev.jna:jna:5.13.0@aar) and minSdk 26.
#
#   bindings/mobile/build-android.sh [OUT]      OUT is target/android where it is not said
#
# Needs: the Android NDK (27 or newer) at $ANDROID_NDK_HOME, cargo-ndk (`cargo install cargo-ndk`), and the Rust targets
# aarch64-linux-android, armv7-linux-androideabi and x86_64-linux-android (`rustup target add ..`).
#
# Not run by `cargo xtask test`: the project's own machines have no NDK.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(realpath -m "${1:-target/android}")

missing() { echo "$0: $1" >&2; exit 1; }
[ -d "${ANDROID_NDK_HOME:-}" ] || missing "ANDROID_NDK_HOME names no NDK; install one with sdkmanager 'ndk;27.2.12479018'"
command -v cargo-ndk > /dev/null || missing "cargo-ndk is missing; cargo install cargo-ndk"
installed=$(rustup target list --installed)
targets=(aarch64-linux-android armv7-linux-androideabi x86_64-linux-android)
for target in "${targets[@]}"; do
    grep -qx "$target" <<< "$installed" || missing "the Rust target $target is missing; rustup target add $target"
done

rm -rf "$out"
mkdir -p "$out/kotlin" "$out/jniLibs"
# The sources are the same for every machine, so they come from a library for this one.
cargo build -p image-intelligence-bindgen
cargo rustc --release -p image-intelligence-mobile --lib --crate-type cdylib
built=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
library=$(find "$built/release" -maxdepth 1 -name 'libimage_intelligence_mobile.*' \( -name '*.so' -o -name '*.dylib' \))
"$built/debug/image-intelligence-bindgen" generate --config bindings/mobile/bindgen.toml --no-format \
    --language kotlin --out-dir "$out/kotlin" "$library"

abis=()
for target in "${targets[@]}"; do abis+=(--target "$target"); done
# Small, as `cargo xtask pack kotlin` builds it.
CARGO_PROFILE_DIST_OPT_LEVEL=s cargo ndk "${abis[@]}" --platform 26 --output-dir "$out/jniLibs" build --profile dist -p image-intelligence-mobile --lib
find "$out/jniLibs" -name '*.so' -exec ls -l {} +
