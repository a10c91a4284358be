"""The processes of a fleet: Ray actors as thin wrappers over plain classes.

No constructor raises: an exception there, during a restart, would make the actor dead for good.
"""
