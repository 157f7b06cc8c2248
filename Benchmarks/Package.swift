// swift-tools-version: 6.3
import Foundation
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
      swiftSettings: settings)
  ]
)

// Its client library is the system's: where it is missing, the rest is built without it.
let headers = [
  "/usr/include/postgresql/libpq-fe.h", "/usr/include/libpq-fe.h", "/usr/local/include/libpq-fe.h",
]
if headers.contains(where: { FileManager.default.fileExists(atPath: $0) }) {
  package.targets.append(
    .executableTarget(
      name: "asynciodatabasebench",
      dependencies: [
        .product(name: "AsyncIO", package: "swift-asyncio"),
        .product(name: "AsyncIOPostgres", package: "swift-asyncio"),
      ],
      swiftSettings: settings))
}
