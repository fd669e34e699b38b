"""What mentors see of a class and of its learners."""
