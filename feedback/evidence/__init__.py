"""What comparing observations with the reference's own showed: hard facts, no opinion, no I/O."""
