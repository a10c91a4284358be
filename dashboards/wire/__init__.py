"""What the outside sees of the journal: one row becomes the wire events that it stands for."""
