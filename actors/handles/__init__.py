"""The processes of a fleet as others see them: plain interfaces over the handles of Ray actors."""
