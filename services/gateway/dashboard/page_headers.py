"""What browsers are told that the desk's page may do, and that answers are nobody else's to keep."""

from typing import Final

POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        # The editor makes its style sheets as it runs; styles alone start nothing.
        "style-src 'self' 'unsafe-inline'",
        # The editor's style sheets hold small pictures of its own; learners' plots come as data. None is fetched.
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        # Learners' outputs come as text and pictures alone, what they wrote is shown as text: nothing needs a frame.
        "frame-src 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
PAGE_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
UNLESS_SAID: Final = {"Cache-Control": "no-store"}
"""Of answers that do not say themselves who may keep them."""
