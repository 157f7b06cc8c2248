internal import AsyncIORuntime

/// Ours: NIOCore has a type of the same name.
typealias IOError = AsyncIORuntime.IOError
