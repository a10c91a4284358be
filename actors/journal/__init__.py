"""Events, by what they happen to, and the rows that keep them. No asyncio, Ray, clock or disk."""
