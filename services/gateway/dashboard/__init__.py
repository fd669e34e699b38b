"""The browsers' door: the mentors' desk and its API, behind the Hub's proxy, with a sign-in of its own by the Hub."""
