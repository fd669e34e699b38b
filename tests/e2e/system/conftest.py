from playwright.sync_api import expect

expect.set_options(timeout=30_000)
