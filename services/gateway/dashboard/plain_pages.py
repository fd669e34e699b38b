"""Pages that need no build: why somebody does not get in, or what is missing."""

from html import escape
from typing import Final

from fastapi.responses import HTMLResponse

from services.gateway.dashboard.place import DeskPlace
from services.gateway.dashboard.registration import PREFIX

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Caseloop</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 12vh auto 0; padding: 0 1.25rem; }}
h1 {{ font-size: 1.75rem; text-wrap: balance; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{text}</p>
<p><a href="{desk}">Mentors’ desk</a> · <a href="{cases}">Your cases</a> · <a href="{leave}">Sign out</a></p>
</main>
</body>
</html>
"""


def refusal_page(place: DeskPlace, status: int, title: str, text: str) -> HTMLResponse:
    """Make a page that says in plain words why there is nothing else."""
    page = _PAGE.format(
        title=escape(title),
        text=escape(text),
        desk=PREFIX,
        cases=escape(place.at_hub("/hub/cases")),
        leave=escape(place.at_hub("/hub/logout")),
    )
    return HTMLResponse(page, status, headers={"Cache-Control": "no-store"})
