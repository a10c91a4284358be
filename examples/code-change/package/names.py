"""Names for links."""


def slug(text: str) -> str:
    """The text in lower case, its words joined by dashes."""
    return text.lower().replace(" ", "-")
