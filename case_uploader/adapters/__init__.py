"""What `case_uploader` needs from outside, done in one particular way."""
