"""Talking to a language model: one protocol, its adapters, and what makes an unreliable server bearable."""
