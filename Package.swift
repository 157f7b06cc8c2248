// swift-tools-version: 6.3
import Foundation
import PackageDescription

/// Every Swift target is built under the same rules.
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
  name: "swift-asyncio",
  products: [
    .library(name: "AsyncIO", targets: ["AsyncIO"]),
    .library(name: "AsyncIOHTTP", targets: ["AsyncIOHTTP"]),
    .library(name: "AsyncIOTLS", targets: ["AsyncIOTLS"]),
    .library(name: "AsyncIOTesting", targets: ["AsyncIOTesting"]),
    .executable(name: "asyncio", targets: ["asyncio"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
  ],
  targets: [
    // Floor 0: what the Glibc overlay does not show.
    .target(name: "CAsyncIO"),
    // Floor 1, sealed: the loop.
    .target(name: "AsyncIORuntime", dependencies: ["CAsyncIO"]),
    // Floor 2: tasks, cancellation, threads.
    .target(name: "AsyncIOCoordination", dependencies: ["AsyncIORuntime"]),
    // Floor 3: addresses, names, streams, listeners.
    .target(name: "AsyncIONetwork", dependencies: ["CAsyncIO", "AsyncIORuntime", "AsyncIOCoordination"]),
    // Floor 3: files, processes, signals, standard streams.
    .target(
      name: "AsyncIOSystem",
      dependencies: [
        "CAsyncIO", "AsyncIORuntime", "AsyncIOCoordination", "AsyncIONetwork",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    // The façade: one import for the floors above.
    .target(
      name: "AsyncIO",
      dependencies: ["AsyncIORuntime", "AsyncIOCoordination", "AsyncIONetwork", "AsyncIOSystem"]),
    // Floor 4: TLS, and whatever else comes as handlers of SwiftNIO.
    .target(
      name: "AsyncIOTLS",
      dependencies: [
        "AsyncIORuntime", "AsyncIOCoordination", "AsyncIONetwork",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOTLS", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ]),
    // The system's libraries that take the compression off a body.
    .systemLibrary(name: "CAsyncIOZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "CAsyncIOBrotli", pkgConfig: "libbrotlidec", providers: [.apt(["libbrotli-dev"])]),
    .systemLibrary(name: "CAsyncIOZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    // Floor 5: HTTP/1.1, and HTTP/2.
    .target(
      name: "AsyncIOHTTP",
      dependencies: [
        "AsyncIORuntime", "AsyncIOCoordination", "AsyncIONetwork", "AsyncIOSystem", "AsyncIOTLS",
        "CAsyncIOZlib", "CAsyncIOBrotli", "CAsyncIOZstd",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "NIOHPACK", package: "swift-nio-http2"),
      ]),
    // Virtual time for tests; the C target has a constructor, which Swift cannot have.
    .target(name: "CAsyncIOTesting"),
    .target(name: "CAsyncIOSanitizer"),
    .target(
      name: "AsyncIOTesting",
      dependencies: [
        "AsyncIORuntime", "AsyncIOCoordination", "AsyncIONetwork", "CAsyncIOTesting", "CAsyncIOSanitizer",
      ]),
    // The command-line tool.
    .executableTarget(
      name: "asyncio",
      dependencies: [
        "AsyncIO", "AsyncIOHTTP", "AsyncIOTLS",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
      ]),
    .testTarget(
      name: "AsyncIOHTTPTests",
      dependencies: [
        "AsyncIOHTTP", "AsyncIOTLS", "AsyncIONetwork", "AsyncIOSystem", "AsyncIOCoordination",
        "AsyncIORuntime",
        "AsyncIOTesting",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOCore", package: "swift-nio"),
      ]),
    // A program whose main is ours, for the tests of the mode under the language.
    .executableTarget(
      name: "asyncio-under-language",
      dependencies: ["CAsyncIO", "CAsyncIOSanitizer", "AsyncIORuntime", "AsyncIOCoordination"],
      path: "Tests/Executables/asyncio-under-language"),
    // What must hold everywhere; and programs that show it under the language, and where there is no loop.
    .target(
      name: "AsyncIOBehaviours", dependencies: ["AsyncIORuntime", "AsyncIOCoordination"],
      path: "Tests/Behaviours"),
    .executableTarget(
      name: "asyncio-behaviours", dependencies: ["AsyncIOBehaviours", "AsyncIORuntime", "CAsyncIOSanitizer"],
      path: "Tests/Executables/asyncio-behaviours"),
    .executableTarget(
      name: "asyncio-without-loop",
      dependencies: ["AsyncIOBehaviours", "AsyncIORuntime", "CAsyncIOSanitizer"],
      path: "Tests/Executables/asyncio-without-loop"),
    .testTarget(
      name: "AsyncIOCoordinationTests",
      dependencies: ["AsyncIOCoordination", "AsyncIORuntime", "AsyncIOTesting", "AsyncIOBehaviours"]),
    .testTarget(
      name: "AsyncIONetworkTests",
      dependencies: ["AsyncIONetwork", "AsyncIOCoordination", "AsyncIORuntime", "AsyncIOTesting"]),
    .testTarget(
      name: "AsyncIOSystemTests",
      dependencies: [
        "AsyncIOSystem", "AsyncIONetwork", "AsyncIOCoordination", "AsyncIORuntime", "AsyncIOTesting",
        "CAsyncIO",
      ]),
    .testTarget(
      name: "AsyncIORuntimeTests",
      dependencies: [
        "AsyncIORuntime", "AsyncIOTesting", "CAsyncIO",
        "asyncio-under-language", "asyncio-behaviours", "asyncio-without-loop",
      ]),
    .testTarget(name: "AsyncIOTestingTests", dependencies: ["AsyncIOTesting", "AsyncIORuntime"]),
    // One side of a TLS connection, for Tests/Interoperability.
    .executableTarget(
      name: "asyncio-tls-peer", dependencies: ["AsyncIOTLS", "AsyncIONetwork", "AsyncIORuntime"],
      path: "Tests/Executables/asyncio-tls-peer"),
    // One side of HTTP/2, for Tests/Interoperability.
    .executableTarget(
      name: "asyncio-http2-peer",
      dependencies: [
        "AsyncIOHTTP", "AsyncIOTLS", "AsyncIOCoordination", "AsyncIORuntime",
        .product(name: "HTTPTypes", package: "swift-http-types"),
      ],
      path: "Tests/Executables/asyncio-http2-peer"),
    // One side of a WebSocket, for Tests/Interoperability.
    .executableTarget(
      name: "asyncio-websocket-peer",
      dependencies: [
        "AsyncIOHTTP", "AsyncIONetwork", "AsyncIORuntime",
        .product(name: "HTTPTypes", package: "swift-http-types"),
      ],
      path: "Tests/Executables/asyncio-websocket-peer"),
    .testTarget(
      name: "AsyncIOTLSTests",
      dependencies: [
        "AsyncIOTLS", "AsyncIONetwork", "AsyncIOCoordination", "AsyncIORuntime", "AsyncIOTesting",
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      exclude: ["Certificates"]),
    .testTarget(
      name: "asyncioTests",
      dependencies: [
        "asyncio", "AsyncIO", "AsyncIOHTTP", "AsyncIOCoordination", "AsyncIORuntime", "AsyncIOTesting",
        .product(name: "HTTPTypes", package: "swift-http-types"),
      ]),
    // The code of the guide's pages.
    .testTarget(
      name: "AsyncIOGuideTests",
      dependencies: [
        "AsyncIO", "AsyncIOHTTP", "AsyncIOTLS", "AsyncIOTesting",
        .product(name: "HTTPTypes", package: "swift-http-types"),
      ]),
  ]
)

// Floor 4: databases. Their libraries are the system's: where one is missing, the rest is built without what needs it.

/// Whether a header of the system is there; says what to install if it is not.
func has(_ header: String, of package: String, for module: String) -> Bool {
  let folders = ["/usr/include/", "/usr/include/postgresql/", "/usr/local/include/"]
  if folders.contains(where: { FileManager.default.fileExists(atPath: $0 + header) }) { return true }
  // What the package was read as is kept, whatever is installed since: hence the second command.
  let advice = "\(header) is missing: apt-get install \(package), then swift package purge-cache"
  FileHandle.standardError.write(Data("\(module) is left out, as \(advice)\n".utf8))
  return false
}

/// Adds a module that the command-line tool uses where it is there, and a condition that says so to its sources and its tests.
@MainActor func addToTool(_ module: String, condition: String) {
  for target in package.targets where ["asyncio", "asyncioTests"].contains(target.name) {
    target.dependencies.append(.byName(name: module))
    target.swiftSettings = (target.swiftSettings ?? []) + [.define(condition)]
  }
}

if has("libpq-fe.h", of: "libpq-dev", for: "AsyncIOPostgres") {
  package.products.append(.library(name: "AsyncIOPostgres", targets: ["AsyncIOPostgres"]))
  package.targets += [
    .systemLibrary(name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .target(
      name: "AsyncIOPostgres", dependencies: ["CPostgreSQL", "AsyncIORuntime", "AsyncIOCoordination"]),
    // A worker on a queue, for Tests/Databases/queue-under-kill.
    .executableTarget(
      name: "asyncio-postgres-worker",
      dependencies: ["AsyncIOPostgres", "AsyncIOCoordination", "AsyncIORuntime"],
      path: "Tests/Executables/asyncio-postgres-worker"),
    .testTarget(
      name: "AsyncIOPostgresTests",
      dependencies: [
        "AsyncIOPostgres", "AsyncIOSystem", "AsyncIOCoordination", "AsyncIORuntime", "AsyncIOTesting",
      ]),
  ]
  addToTool("AsyncIOPostgres", condition: "ASYNCIO_POSTGRES")
}

if has("sqlite3.h", of: "libsqlite3-dev", for: "AsyncIOSQLite") {
  package.products.append(.library(name: "AsyncIOSQLite", targets: ["AsyncIOSQLite"]))
  package.dependencies.append(.package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"))
  package.targets += [
    .target(
      name: "AsyncIOSQLite",
      dependencies: [
        "AsyncIORuntime", "AsyncIOCoordination", .product(name: "GRDB", package: "GRDB.swift"),
      ]),
    .testTarget(
      name: "AsyncIOSQLiteTests",
      dependencies: ["AsyncIOSQLite", "AsyncIOCoordination", "AsyncIORuntime", "AsyncIOTesting"]),
  ]
}

// The programs of Examples are a package of their own; CI builds and tests them here, where what they need is built already.
if Context.environment["SWIFT_ASYNCIO_EXAMPLES"] != nil {
  package.targets += [
    .executableTarget(name: "Chat", dependencies: ["AsyncIO"], path: "Examples/Chat"),
    .executableTarget(name: "Gateway", dependencies: ["AsyncIO", "AsyncIOHTTP"], path: "Examples/Gateway"),
    .executableTarget(name: "Scraper", dependencies: ["AsyncIO", "AsyncIOHTTP"], path: "Examples/Scraper"),
    .testTarget(
      name: "ExampleTests",
      dependencies: ["Chat", "Gateway", "Scraper", "AsyncIO", "AsyncIOHTTP", "AsyncIOTesting"],
      path: "Examples/Tests"),
  ]
}

// The core without what is built on the packages of others, for `Tests/sanitize-threads`: BoringSSL alone takes longer to build
// under a sanitizer than all of the core.
if Context.environment["SWIFT_ASYNCIO_CORE"] != nil {
  let others = [
    "swift-nio", "swift-nio-ssl", "swift-nio-http2", "swift-http-types", "swift-argument-parser",
    "GRDB.swift",
  ]
  package.dependencies.removeAll { dependency in others.contains { "\(dependency.kind)".contains("/\($0)\"") }
  }
  package.targets.removeAll { target in
    ["HTTP", "http2", "websocket", "TLS", "tls", "Postgre", "postgre", "SQLite", "Zlib", "Brotli", "Zstd"]
      .contains {
        target.name.contains($0)
      }
      || ["asyncio", "asyncioTests", "AsyncIOGuideTests"].contains(target.name)
  }
  package.products.removeAll {
    ["AsyncIOHTTP", "AsyncIOTLS", "AsyncIOPostgres", "AsyncIOSQLite", "asyncio"].contains($0.name)
  }
}

for target in package.targets where !target.name.hasPrefix("CAsyncIO") && target.type != .system {
  target.swiftSettings = settings + (target.swiftSettings ?? [])
}
