"""The pages that are written from the code: failures and states."""
