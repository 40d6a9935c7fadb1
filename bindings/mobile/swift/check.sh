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
program() { # NAME SOURCE
    swiftc -O -parse-as-library "${seen[@]}" -o "$build/$1" "$2" -L "$build" -L "$(dirname "$library")" \
        -lImageIntelligence -lImageIntelligenceNative -limage_intelligence_mobile \
        -Xlinker -rpath -Xlinker "$(dirname "$library")"
}
program Detect "$root/examples/swift/Detect.swift"
program Check Tests/Check.swift

server=
trap '[ -z "$server" ] || kill "$server"' EXIT
served() { # PRINTED OPTIONS.. -- PROGRAM..: the program must print just that
    local wanted=$1 options=() line printed
    shift
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    exec 3< <(exec "$ii" serve --port 0 --json "${options[@]}")
    server=$!
    read -r -u 3 line
    printed=$(cd "$root" && II_CLIENT_ID=local II_CLIENT_SECRET=local \
        II_BASE_URL=$(sed -n 's/.*"baseUrl" *: *"\([^"]*\)".*/\1/p' <<< "$line") "$@")
    kill "$server"
    server=
    if [ "$printed" != "$wanted" ]; then
        echo "Swift: $1 printed: $printed" >&2
        exit 1
    fi
}
served "examples/photos/astronaut.jpg 0.73" -- "$build/Detect" examples/photos/astronaut.jpg examples/photos/rocket.jpg
served checked --progression never -- "$build/Check"
echo "Swift: compiled by $(swiftc --version 2> /dev/null | head -n 1), the example found the person, and the checks passed"
