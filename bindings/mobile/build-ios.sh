#!/usr/bin/env bash
# Builds what Package.swift takes on Apple's machines: the generated Swift sources, and the native library for iOS, its
# simulator and macOS as swift/generated/ImageIntelligenceFFI.xcframework.
#
#   bindings/mobile/build-ios.sh
#
# Needs: macOS with Xcode 15 or newer, and the Rust targets aarch64-apple-ios, aarch64-apple-ios-sim, x86_64-apple-ios,
# aarch64-apple-darwin and x86_64-apple-darwin (`rustup target add ..`).
#
# Not run by `cargo xtask test`: the project's own machines are not Apple's.
set -euo pipefail
cd "$(dirname "$0")/../.."

missing() { echo "$0: $1" >&2; exit 1; }
[ "$(uname -s)" = Darwin ] || missing "this needs macOS with Xcode; this machine is $(uname -s)"
command -v xcodebuild > /dev/null || missing "xcodebuild is missing; install Xcode"
installed=$(rustup target list --installed)
targets=(aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios aarch64-apple-darwin x86_64-apple-darwin)
for target in "${targets[@]}"; do
    grep -qx "$target" <<< "$installed" || missing "the Rust target $target is missing; rustup target add $target"
done

built=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
cargo build -p image-intelligence-bindgen
cargo rustc --release -p image-intelligence-mobile --lib --crate-type cdylib
bindings/mobile/generate.sh "$built/debug/image-intelligence-bindgen" "$built/release/libimage_intelligence_mobile.dylib"

export IPHONEOS_DEPLOYMENT_TARGET=16.0 MACOSX_DEPLOYMENT_TARGET=13.0
for target in "${targets[@]}"; do
    # Small, as `cargo xtask pack kotlin` builds it.
    CARGO_PROFILE_DIST_OPT_LEVEL=s cargo rustc --profile dist --target "$target" -p image-intelligence-mobile --lib --crate-type staticlib
done

generated=bindings/mobile/swift/generated
of() { echo "$built/$1/dist/libimage_intelligence_mobile.a"; }
fat=$built/xcframework
rm -rf "$fat" "$generated/ImageIntelligenceFFI.xcframework"
mkdir -p "$fat/simulator" "$fat/macos"
# One slice a platform: the two processors of each are joined.
lipo -create "$(of aarch64-apple-ios-sim)" "$(of x86_64-apple-ios)" -output "$fat/simulator/libimage_intelligence_mobile.a"
lipo -create "$(of aarch64-apple-darwin)" "$(of x86_64-apple-darwin)" -output "$fat/macos/libimage_intelligence_mobile.a"
xcodebuild -create-xcframework \
    -library "$(of aarch64-apple-ios)" -headers "$generated/ffi" \
    -library "$fat/simulator/libimage_intelligence_mobile.a" -headers "$generated/ffi" \
    -library "$fat/macos/libimage_intelligence_mobile.a" -headers "$generated/ffi" \
    -output "$generated/ImageIntelligenceFFI.xcframework"
