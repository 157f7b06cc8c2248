// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "swiftbench",
  traits: [.trait(name: "HTTP", description: "Also builds the HTTP client, which takes minutes.")],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
  ],
  targets: [
    .executableTarget(
      name: "swiftbench",
      dependencies: [
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
        .product(
          name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["HTTP"])),
      ])
  ]
)
