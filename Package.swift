// swift-tools-version: 5.9
// The Swift library. Its generated half and its native library are built first, by bindings/mobile/generate.sh (Linux) or
// bindings/mobile/build-ios.sh (macOS, for iOS and macOS); neither is in git.
import PackageDescription

let swift = "bindings/mobile/swift"

#if os(Linux)
// The library is looked for where cargo puts it.
let native: Target = .systemLibrary(name: "ImageIntelligenceFFI", path: "\(swift)/generated/ffi")
let linked: [LinkerSetting] = [.unsafeFlags(["-Ltarget/release"])]
#else
let native: Target = .binaryTarget(
    name: "ImageIntelligenceFFI", path: "\(swift)/generated/ImageIntelligenceFFI.xcframework")
let linked: [LinkerSetting] = []
#endif

let package = Package(
    name: "ImageIntelligence",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [.library(name: "ImageIntelligence", targets: ["ImageIntelligence"])],
    targets: [
        native,
        .target(
            name: "ImageIntelligenceNative", dependencies: ["ImageIntelligenceFFI"], path: "\(swift)/generated",
            exclude: ["ffi"], sources: ["Models.swift", "Native.swift"], linkerSettings: linked),
        .target(
            name: "ImageIntelligence", dependencies: ["ImageIntelligenceNative"],
            path: "\(swift)/Sources/ImageIntelligence"),
        .executableTarget(name: "Detect", dependencies: ["ImageIntelligence"], path: "examples/swift"),
    ]
)
