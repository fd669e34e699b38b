"""The only public door: who you are, and where the call goes."""
