"""The pages that are written from the code: failures, states and the format of a plan."""
