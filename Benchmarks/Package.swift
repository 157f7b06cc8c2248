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

  // The peers that are written in Swift. They stand here, so that what they and we depend on, SwiftNIO and BoringSSL, is compiled once.
  package.dependencies += [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
  ]
  package.targets += [
    .executableTarget(
      name: "swiftbench",
      dependencies: [
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
      ],
      path: "peers/swift/swiftbench"),
    .executableTarget(
      name: "swifthttpbench",
      dependencies: [
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
      ],
      path: "peers/swift/swifthttpbench"),
    .executableTarget(
      name: "helloserver",
      dependencies: [.product(name: "Hummingbird", package: "hummingbird")],
      path: "peers/swift/helloserver"),
  ]
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
