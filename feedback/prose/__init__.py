"""What is looked at in any text before learners read it: language, markup, claims, lines, and its plain form."""
