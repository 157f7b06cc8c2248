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
    // The hot paths of the core, for `count`.
    .executableTarget(
      name: "asynciocount",
      dependencies: [.product(name: "AsyncIO", package: "swift-asyncio")],
      swiftSettings: settings)
  ]
)

// With `SWIFT_ASYNCIO_CORE`, which the package itself looks at too, nothing that needs the packages of others is built.
let core = Context.environment["SWIFT_ASYNCIO_CORE"] != nil
if !core {
  package.targets.append(
    .executableTarget(
      name: "asynciobench",
      dependencies: [
        .product(name: "AsyncIO", package: "swift-asyncio"),
        .product(name: "AsyncIOTLS", package: "swift-asyncio"),
        .product(name: "AsyncIOHTTP", package: "swift-asyncio"),
      ],
      swiftSettings: settings))
}

// Its client library is the system's: where it is missing, the rest is built without it.
let headers = [
  "/usr/include/postgresql/libpq-fe.h", "/usr/include/libpq-fe.h", "/usr/local/include/libpq-fe.h",
]
if !core, headers.contains(where: { FileManager.default.fileExists(atPath: $0) }) {
  package.targets.append(
    .executableTarget(
      name: "asynciodatabasebench",
      dependencies: [
        .product(name: "AsyncIO", package: "swift-asyncio"),
        .product(name: "AsyncIOPostgres", package: "swift-asyncio"),
      ],
      swiftSettings: settings))
}
