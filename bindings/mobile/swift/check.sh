#!/usr/bin/env bash
# Compiles the Swift library and examples/swift, and runs the example against `ii serve`. Where there is no swiftc it says
# so and passes: CI shows the line.
#
#   bindings/mobile/swift/check.sh target/release/libimage_intelligence_mobile.so [II]
#
# ../generate.sh must have run. II is the `ii` to serve with, else $II_BIN.
set -euo pipefail

if ! command -v swiftc > /dev/null; then
    echo "Swift: skipped, there is no swiftc on the PATH; the sources were generated and nothing has compiled them here"
    exit 0
fi
library=$(realpath "$1")
ii=$(realpath "${2:-${II_BIN:?the ii to serve with}}")
cd "$(dirname "$0")"
root=$(realpath ../../..)
generated=$PWD/generated
build=$PWD/.build/check
rm -rf "$build"
mkdir -p "$build"

seen=(-Xcc "-fmodule-map-file=$generated/ffi/module.modulemap" -I "$generated/ffi" -I "$build")
compile() { # MODULE SOURCES..: what SwiftPM does for a target
    swiftc -O -parse-as-library -module-name "$1" -package-name image_intelligence -emit-module -emit-module-path "$build/$1.swiftmodule" \
        -emit-library -static -o "$build/lib$1.a" "${seen[@]}" "${@:2}"
}
compile ImageIntelligenceNative "$generated"/*.swift
compile ImageIntelligence -warnings-as-errors Sources/ImageIntelligence/*.swift
swiftc -O -parse-as-library "${seen[@]}" -o "$build/Detect" "$root/examples/swift/Detect.swift" \
    -L "$build" -L "$(dirname "$library")" -lImageIntelligence -lImageIntelligenceNative -limage_intelligence_mobile \
    -Xlinker -rpath -Xlinker "$(dirname "$library")"

exec 3< <(exec "$ii" serve --port 0 --json)
server=$!
trap 'kill "$server"' EXIT
read -r -u 3 line
base_url=$(sed -n 's/.*"baseUrl" *: *"\([^"]*\)".*/\1/p' <<< "$line")
cd "$root"
printed=$(II_BASE_URL=$base_url II_CLIENT_ID=local II_CLIENT_SECRET=local "$build/Detect" \
    examples/photos/astronaut.jpg examples/photos/rocket.jpg)
if [ "$printed" != "examples/photos/astronaut.jpg 0.73" ]; then
    echo "Swift: the example printed: $printed" >&2
    exit 1
fi
echo "Swift: compiled by $(swiftc --version 2> /dev/null | head -n 1), and the example found the person"
