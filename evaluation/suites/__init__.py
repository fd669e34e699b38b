"""What is asked of the feedback: samples, each with what a good mentor would say."""
