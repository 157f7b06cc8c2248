// The façade: one import for the loop, coordination and the network. It holds no code of its own.

@_exported public import AsyncIOCoordination
@_exported public import AsyncIONetwork
@_exported public import AsyncIORuntime
