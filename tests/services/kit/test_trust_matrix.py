async def test_smoke(town):
    from importlib import import_module
    from fastapi import FastAPI
    from services.kit.app import create_service

    await town.start(create_service("gateway", []), create_service("progress", []))
    async with town.client("gateway", "progress") as c:
        r = await c.get("/health/live")
        print(r.status_code, r.text, r.headers)
        r = await c.get("/nothing")
        print(r.status_code, r.text)
    async with town.client("supervisor", "progress") as c:
        r = await c.get("/health/ready")
        print(r.status_code, r.text)
        r = await c.get("/metrics")
        print(r.status_code, r.text[:600])
        r = await c.post("/metrics")
        print(r.status_code, r.text[:300])
        r = await c.get("/x")
        print(r.status_code, r.text[:300])
    import httpx

    async with town.client("linting", "progress") as c:
        try:
            r = await c.get("/health/live")
            print(r.status_code)
        except httpx.TransportError as e:
            print(repr(e))
