// swift-tools-version: 6.3
import PackageDescription

/// The rules of the package itself.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("ImmutableWeakCaptures"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "Benchmarks",
  dependencies: [
    // Named here, because SwiftPM would otherwise call it after the folder it was cloned into.
    .package(name: "swift-asyncio", path: "..")
  ],
  targets: [
    .executableTarget(
      name: "asynciobench",
      dependencies: [
        .product(name: "AsyncIO", package: "swift-asyncio"),
        .product(name: "AsyncIOTLS", package: "swift-asyncio"),
        .product(name: "AsyncIOHTTP", package: "swift-asyncio"),
      ],
      swiftSettings: settings),
    // Needs libpq-dev.
    .executableTarget(
      name: "asynciodatabasebench",
      dependencies: [
        .product(name: "AsyncIO", package: "swift-asyncio"),
        .product(name: "AsyncIOPostgres", package: "swift-asyncio"),
      ],
      swiftSettings: settings),
  ]
)
