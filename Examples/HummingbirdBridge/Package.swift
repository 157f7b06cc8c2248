// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "HummingbirdOnAsyncIO",
  platforms: [.macOS(.v15)],
  dependencies: [
    // Named here, because SwiftPM would otherwise call it after the folder it was cloned into.
    .package(name: "swift-asyncio", path: "../.."),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
  ],
  targets: [
    .executableTarget(
      name: "HummingbirdOnAsyncIO",
      dependencies: [
        .product(name: "AsyncIO", package: "swift-asyncio"),
        .product(name: "AsyncIOHTTP", package: "swift-asyncio"),
        .product(name: "Hummingbird", package: "hummingbird"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("MemberImportVisibility")])
  ]
)
