"""What goes into a prompt beside the task, within the room there is; texts of others stay data."""
