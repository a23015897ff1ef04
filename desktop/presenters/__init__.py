"""What the screens do: logic and state as QObjects, without a single widget."""
