// The façade: one import for the loop, coordination, the network and the system. It holds no code of its own.

@_exported public import AsyncIOCoordination
@_exported public import AsyncIONetwork
@_exported public import AsyncIORuntime
@_exported public import AsyncIOSystem
