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

// The libraries of the databases are the system's: where one is missing, the rest is built without their program.
let folders = ["/usr/include/", "/usr/include/postgresql/", "/usr/local/include/"]
let isThere = ["libpq-fe.h", "sqlite3.h"].allSatisfy { header in
  folders.contains { FileManager.default.fileExists(atPath: $0 + header) }
}
if !core, isThere {
  package.targets.append(
    .executableTarget(
      name: "asynciodatabasebench",
      dependencies: [
        .product(name: "AsyncIO", package: "swift-asyncio"),
        .product(name: "AsyncIOPostgres", package: "swift-asyncio"),
        .product(name: "AsyncIOSQLite", package: "swift-asyncio"),
      ],
      swiftSettings: settings))
}
