#!/usr/bin/env bash
# Writes the generated half of the Kotlin and Swift libraries, from what a built library says of itself, and puts the
# library, stripped, where the jar takes it from. Nothing that it writes is in git.
#
#   cargo rustc --release -p image-intelligence-mobile --lib --crate-type cdylib
#   cargo build -p image-intelligence-bindgen
#   bindings/mobile/generate.sh target/debug/image-intelligence-bindgen target/release/libimage_intelligence_mobile.so
set -euo pipefail

if [ $# -ne 2 ]; then
    echo "usage: $0 BINDGEN LIBRARY (not stripped: a stripped one says nothing of itself)" >&2
    exit 2
fi
bindgen=$(realpath "$1")
library=$(realpath "$2")
cd "$(dirname "$0")"

kotlin=kotlin/library/target/uniffi
swift=swift/generated
rm -rf "$kotlin" "$swift"
# Kotlin's compiler sees what it wrote the last time, and takes a function of then for another one.
rm -rf kotlin/library/target/classes kotlin/tests/target/test-classes
mkdir -p "$kotlin/kotlin" "$kotlin/resources" "$swift"
"$bindgen" generate --config bindgen.toml --no-format --language kotlin --out-dir "$kotlin/kotlin" "$library"
"$bindgen" generate --config bindgen.toml --no-format --language swift --out-dir "$swift" "$library"
mkdir "$swift/ffi"
mv "$swift"/*.h "$swift/ffi/"
cp swift/module.modulemap "$swift/ffi/"

# JNA's name for the machine that the library is for.
case "$(uname -sm)" in
    "Linux x86_64") platform=linux-x86-64 ;;
    "Linux aarch64") platform=linux-aarch64 ;;
    "Darwin x86_64") platform=darwin-x86-64 ;;
    "Darwin arm64") platform=darwin-aarch64 ;;
    *) echo "$0: no name is known for this machine's libraries in a jar: $(uname -sm)" >&2; exit 1 ;;
esac
shipped=$kotlin/resources/$platform/$(basename "$library")
mkdir -p "$(dirname "$shipped")"
case "$(uname -s)" in
    Darwin) strip -x -o "$shipped" "$library" ;;
    *) strip --strip-unneeded -o "$shipped" "$library" ;;
esac
echo "native library for Kotlin: $(wc -c < "$shipped") bytes (goal: 6 MB)"
