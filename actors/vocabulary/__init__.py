"""The words of work: frozen values, checked in their constructors. No asyncio, Ray, clock or disk."""
