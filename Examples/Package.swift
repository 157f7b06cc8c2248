// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "examples",
  dependencies: [
    .package(name: "swift-asyncio", path: "..")  // elsewhere: its address, and a branch
  ],
  targets: [
    .executableTarget(
      name: "Chat", dependencies: [.product(name: "AsyncIO", package: "swift-asyncio")],
      path: "Chat"),
    .executableTarget(
      name: "Gateway",
      dependencies: [
        .product(name: "AsyncIO", package: "swift-asyncio"),
        .product(name: "AsyncIOHTTP", package: "swift-asyncio"),
      ], path: "Gateway"),
    .executableTarget(
      name: "Scraper",
      dependencies: [
        .product(name: "AsyncIO", package: "swift-asyncio"),
        .product(name: "AsyncIOHTTP", package: "swift-asyncio"),
      ], path: "Scraper"),
    .testTarget(
      name: "ExampleTests",
      dependencies: [
        "Chat", "Gateway", "Scraper",
        .product(name: "AsyncIO", package: "swift-asyncio"),
        .product(name: "AsyncIOHTTP", package: "swift-asyncio"),
        .product(name: "AsyncIOTesting", package: "swift-asyncio"),
      ], path: "Tests"),
  ]
)
