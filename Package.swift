// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    // Debug builds, and so the tests, check each access to a property of an object; asking at every byte would cost a
    // release build a fifth of its time.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

// Without the trait, replay and profiler are resolved and built with two packages instead of twenty-odd.
let demo: TargetDependencyCondition? = .when(traits: ["Demo"])

// An object file that has the name of the commit; .ci/swift makes it.
let commit: [LinkerSetting] = Context.environment["TAPEDECK_COMMIT"].map { [.unsafeFlags([$0])] } ?? []

let package = Package(
    name: "tapedeck",
    products: [
        .executable(name: "profiler", targets: ["profiler"]),
        .executable(name: "replay", targets: ["replay"]),
        .executable(name: "demo-server", targets: ["demo-server"]),
        .executable(name: "traffic", targets: ["traffic"]),
    ],
    traits: [
        .default(enabledTraits: ["Demo"]),
        .trait(name: "Demo", description: "demo-server and traffic, and the packages that only they need."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    ],
    targets: [
        // The pipeline: events in, outputs out. No file, no clock, no /proc.
        .target(
            name: "Shared",
            dependencies: ["CCodecs", "CCrypto", "CNghttp2"],
            exclude: [
                "CCodecs", "CCrypto", "CNghttp2", "Collector", "Command", "Console", "Containers", "Digest", "Shipping",
            ],
            // `UniqueBytes` lends what it holds as a span, as an array does.
            // Optimised in debug builds, too: tests try each conversation cut at every byte, which takes four times as long
            // without. All checks stay.
            swiftSettings: settings + [
                .enableExperimentalFeature("Lifetimes"), .unsafeFlags(["-O"], .when(configuration: .debug)),
            ]),
        // zlib, brotli and zstd: the content codings of HTTP.
        .systemLibrary(
            name: "CCodecs", path: "Sources/Shared/CCodecs",
            providers: [.apt(["zlib1g-dev", "libbrotli-dev", "libzstd-dev"])]),

        // What opens TLS records.
        .systemLibrary(
            name: "CCrypto", path: "Sources/Shared/CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

        // HTTP/2's header blocks.
        .systemLibrary(
            name: "CNghttp2", path: "Sources/Shared/CNghttp2", pkgConfig: "libnghttp2",
            providers: [.apt(["libnghttp2-dev"])]),

        // What both programs write to: files, terminals.
        .target(name: "Console", dependencies: ["Shared"], path: "Sources/Shared/Console", swiftSettings: settings),
        // What the programs do alike between the first argument and the exit status.
        .target(
            name: "Command",
            dependencies: [
                "CCommit", "Console", "Shared", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/Shared/Command", exclude: ["CCommit"], swiftSettings: settings),
        .systemLibrary(name: "CCommit", path: "Sources/Shared/Command/CCommit"),

        // What a container runtime says, and how its words are read.
        .target(
            name: "Containers", dependencies: ["Shared"], path: "Sources/Shared/Containers", swiftSettings: settings),

        // What manifests say of bodies.
        .target(
            name: "Digest", dependencies: ["CNettle"], path: "Sources/Shared/Digest", exclude: ["CNettle"],
            swiftSettings: settings),
        .systemLibrary(
            name: "CNettle", path: "Sources/Shared/Digest/CNettle", pkgConfig: "nettle",
            providers: [.apt(["nettle-dev"])]),

        // Where telemetry is sent, and how it is sent there.
        .target(
            name: "Collector", dependencies: ["CCodecs", "CCurlOnDemand", "Console", "Shared"],
            path: "Sources/Shared/Collector", exclude: ["CCurlOnDemand"],
            swiftSettings: settings),
        // HTTP for whoever asks, endpoints of telemetry and container runtimes on a Unix socket: loaded then, with the
        // score of libraries that it brings.
        .target(name: "CCurlOnDemand", path: "Sources/Shared/Collector/CCurlOnDemand"),

        // Tapes of many hosts, by way of a stream of NATS.
        .target(
            name: "Shipping", dependencies: ["CCodecs", "CNatsOnDemand", "Console", "Shared"],
            path: "Sources/Shared/Shipping", exclude: ["CNatsOnDemand"],
            swiftSettings: settings),
        // libnats, loaded by who ships: its name tells its version, and each Debian has another.
        .target(name: "CNatsOnDemand", path: "Sources/Shared/Shipping/CNatsOnDemand"),

        // A recorded tape as the source.
        .executableTarget(
            name: "replay",
            dependencies: [
                "Shared", "Collector", "Command", "Console", "Containers", "Digest", "Shipping", "CCodecs", "CLibpcap",
                "CLibyaml",
                "CSQLite",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/Replay",
            exclude: ["CLibpcap", "CLibyaml", "CSQLite"],
            swiftSettings: settings,
            linkerSettings: commit),
        .systemLibrary(
            name: "CLibpcap", path: "Sources/Replay/CLibpcap", pkgConfig: "libpcap",
            providers: [.apt(["libpcap-dev"])]),
        // Profiles that somebody has written.
        .systemLibrary(
            name: "CLibyaml", path: "Sources/Replay/CLibyaml", pkgConfig: "yaml-0.1",
            providers: [.apt(["libyaml-dev"])]),
        // What is asked in SQL.
        .systemLibrary(
            name: "CSQLite", path: "Sources/Replay/CSQLite", pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"])]),

        // The kernel as the source: needs root, and is the only program that links libbpf.
        .executableTarget(
            name: "profiler",
            dependencies: [
                "Shared", "Collector", "Command", "Console", "Containers", "Shipping", "CCodecs", "CCurlOnDemand",
                "CLibbpf",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/Live",
            exclude: ["CLibbpf"],
            swiftSettings: settings,
            linkerSettings: commit,
            plugins: ["KernelObject"]),
        .systemLibrary(
            name: "CLibbpf", path: "Sources/Live/CLibbpf", pkgConfig: "libbpf",
            providers: [.apt(["libbpf-dev", "libelf-dev"])]),
        .plugin(name: "KernelObject", capability: .buildTool(), path: "bpf/plugin"),

        // PostgreSQL, Redis and NATS, each by its C client.
        .target(
            name: "Stores", dependencies: ["CHiredis", "CLibpq", "CNats"], exclude: ["CHiredis", "CLibpq", "CNats"],
            swiftSettings: settings),
        // No pkgConfig: SwiftPM warns of a flag in hiredis's, which nothing here needs.
        .systemLibrary(
            name: "CHiredis", path: "Sources/Stores/CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(
            name: "CLibpq", path: "Sources/Stores/CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(
            name: "CNats", path: "Sources/Stores/CNats", pkgConfig: "libnats", providers: [.apt(["libnats-dev"])]),

        // What the profiler is shown and tested with: services on real stores, and what drives them.
        .executableTarget(
            name: "demo-server",
            dependencies: [
                "Command", "Console", "Stores",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Hummingbird", package: "hummingbird", condition: demo),
                .product(name: "HummingbirdCore", package: "hummingbird", condition: demo),
                .product(name: "HummingbirdHTTP2", package: "hummingbird", condition: demo),
                .product(name: "HummingbirdTLS", package: "hummingbird", condition: demo),
                .product(name: "Logging", package: "swift-log", condition: demo),
                .product(name: "NIOCore", package: "swift-nio", condition: demo),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: demo),
                .product(name: "NIOPosix", package: "swift-nio", condition: demo),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: demo),
                .product(name: "NIOWebSocket", package: "swift-nio", condition: demo),
            ],
            path: "Sources/DemoServer",
            swiftSettings: settings,
            linkerSettings: commit),
        .executableTarget(
            name: "traffic",
            dependencies: [
                "CCodecs", "Command", "Console", "Digest", "Shared", "Stores",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio", condition: demo),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: demo),
                .product(name: "NIOHTTP2", package: "swift-nio-http2", condition: demo),
                .product(name: "NIOPosix", package: "swift-nio", condition: demo),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: demo),
                .product(name: "NIOWebSocket", package: "swift-nio", condition: demo),
            ],
            path: "Sources/Traffic",
            swiftSettings: settings,
            linkerSettings: commit),

        // What the tests of programs share: starting them, and finding them.
        .target(name: "TestSupport", path: "Tests/Support", swiftSettings: settings),
        // Moves known bytes in one known way, for the tests of the live capture.
        .executableTarget(name: "exerciser", path: "Tests/Exerciser"),

        // Yams reads back the YAML that Shared writes; no program is linked with it.
        .testTarget(
            name: "SharedTests",
            dependencies: ["TestSupport", "Shared", "Containers", .product(name: "Yams", package: "Yams")],
            swiftSettings: settings),
        .testTarget(
            name: "ReplayTests", dependencies: ["TestSupport", "replay", "Shared", "Collector", "Console"],
            swiftSettings: settings),
        // A real server of NATS, and programs that are killed.
        .testTarget(
            name: "ShippingTests", dependencies: ["TestSupport", "Shipping", "Console", "Shared", "replay"],
            swiftSettings: settings),
        // Real sockets and real stores: needs redis-server and nats-server.
        .testTarget(
            name: "DemoServerTests",
            dependencies: [
                "TestSupport", "Stores", "demo-server",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings),
        // Runs `traffic` against the real servers.
        .testTarget(
            name: "TrafficTests", dependencies: ["TestSupport", "traffic", "demo-server"], swiftSettings: settings),
        // Parts of the profiler that need no kernel.
        .testTarget(
            name: "ProfilerTests",
            dependencies: ["TestSupport", "Collector", "Console", "Containers", "Shared", "profiler"],
            swiftSettings: settings),
        // Runs the built programs against real processes: needs root, and a kernel that loads BPF.
        .testTarget(
            name: "LiveTests",
            dependencies: [
                "TestSupport", "Collector", "Console", "Containers", "Shared", "profiler", "replay", "traffic",
                "demo-server", "exerciser",
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)

// What has threads of its own, and its tests: under the thread sanitizer the demo's programs would take most of the build.
if Context.environment["TAPEDECK_THREADS"] != nil {
    let threads: Set = ["ProfilerTests", "ReplayTests", "ShippingTests"]
    let others = package.targets.filter { $0.type == .test && !threads.contains($0.name) }.map(\.name)
    let left = Set(others + ["demo-server", "traffic", "Stores", "exerciser"])
    package.products.removeAll { left.contains($0.name) }
    package.targets.removeAll { left.contains($0.name) }
    package.dependencies.removeSubrange(1...)
}
