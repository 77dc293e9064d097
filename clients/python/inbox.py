"""Collects what a handler gets and waits for the one that is wanted."""

import asyncio


class Inbox:
    """`register` gets the coroutine function that takes (anything, item), or just an item."""

    def __init__(self, register):
        self.items = []
        self.changed = asyncio.Event()
        register(self.add)

    async def add(self, *arguments):
        self.items.append(arguments[-1])
        self.changed.set()

    async def wait(self, wanted, timeout=15):
        async def look():
            while True:
                self.changed.clear()
                for item in self.items:
                    if wanted(item):
                        return item
                await self.changed.wait()

        return await asyncio.wait_for(look(), timeout)
