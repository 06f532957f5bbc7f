"""A real Chromium for tests of the page: found, started, and watched for requests and complaints."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MISSING = "no Chromium on this machine: the page is not tested in a browser (on Debian: apt-get install chromium)"


def chromium() -> str:
    """The path of a Chromium, '' if there is none; `CHROMIUM` in the environment goes before what is installed."""
    return os.environ.get("CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), "")


def required() -> str:
    """The path of a Chromium. Without one the test is skipped, and the summary at the end says so aloud."""
    found = chromium()
    if not found:
        pytest.skip(MISSING)
    return found


@contextmanager
def started(path: str) -> Iterator[Browser]:
    """A browser that knows no network, and no sandbox: tests may run as root."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page from disk, with all that it asked the network for and all that it complained of."""

    def __init__(self, browser: Browser, path: Path, width: int = 1400, height: int = 900) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": height}, offline=True)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("#stage .gg-node", state="attached")
        self.page.wait_for_selector("#legend svg", state="attached")

    # -- what is seen -----------------------------------------------------------------------------

    def boxes(self) -> list[tuple[str, float, float, float]]:
        """Key, middle and width of each node that is drawn, in order."""
        found: Any = self.page.evaluate("[...page.state.layout.boxes].map(([n, b]) => [n.key, b.x, b.y, b.width])")
        return [(key, x, y, width) for key, x, y, width in found]

    def points(self) -> list[list[tuple[float, float]]]:
        """Where each wire that is drawn passes, in order."""
        found: Any = self.page.evaluate("page.state.layout.wires.map(wire => wire.points)")
        return [[(x, y) for x, y in points] for points in found]

    def opened(self) -> set[int]:
        return set(self.page.evaluate("[...page.state.opened]"))

    def drawn(self) -> list[str]:
        """The keys of the nodes in the picture, as their tips tell them."""
        return [text.splitlines()[0] for text in self.page.locator("#stage .gg-node > title").all_text_contents()]

    def near(self) -> set[str]:
        """The keys of the nodes that are highlighted."""
        found = self.page.locator("#stage .gg-far .gg-node.near > title, #stage .gg-far.gg .gg-node.near > title")
        return {text.splitlines()[0] for text in found.all_text_contents()}

    def panel(self) -> str:
        return self.page.inner_text("#panel")

    def focused(self) -> str:
        """The label of what has the focus."""
        return str(self.page.evaluate("document.activeElement.getAttribute('aria-label') ?? ''"))

    # -- hands ------------------------------------------------------------------------------------

    def node(self, key: str) -> Any:
        """The element of a drawn node, by the first line of its tip."""
        index = self.drawn().index(key)
        return self.page.locator("#stage .gg-node").nth(index)

    def click(self, key: str, shift: bool = False) -> None:
        # A node's texts lie on its shape: the middle is of either, and both belong to it.
        self.node(key).locator("path:not(.gg-ring)").first.click(modifiers=["Shift"] if shift else [], force=True)
