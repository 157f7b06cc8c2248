print("asyncio")
