"""The four roles: data and prompts around one common way of working."""
