"""The state of one run, and all that it decides: events in, commands out. No asyncio, Ray, clock or disk."""
