"""What each rule is called, how much it weighs, why it matters in practice, and where it is documented."""
