"""A small client of the Chrome DevTools protocol, over the pipe that Chromium offers its parent."""

import base64
import fcntl
import json
import os
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 20.0
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--mute-audio",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


class DevToolsError(Exception):
    """The browser refused a command, or a script in the page failed."""


class Browser:
    """A running Chromium, driven by commands that wait for their answers."""

    def __init__(self, program: str, profile: Path) -> None:
        from_us, to_them = os.pipe()
        from_them, to_us = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (from_us, to_us)]
        self._process = subprocess.Popen(
            # The shell puts our ends where Chromium looks for them.
            [
                "bash",
                "-c",
                f'exec 3<&{ends[0]} 4>&{ends[1]} && exec "$@"',
                "bash",
                program,
                *_FLAGS,
                "--remote-debugging-pipe",
                f"--user-data-dir={profile}",
                "about:blank",
            ],
            pass_fds=ends,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (from_us, to_us, *ends):
            os.close(end)
        self._out, self._in = to_them, from_them
        self._number = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._heard = threading.Condition()
        self._closed = False
        self._sending = threading.Lock()
        self.events: deque[dict[str, Any]] = deque(maxlen=5_000)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def send(self, method: str, session: str | None = None, **params: Any) -> int:
        """Send a command; returns its number."""
        with self._heard:
            self._number += 1
            number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        written = json.dumps(message).encode() + b"\0"
        with self._sending:
            while written:
                written = written[os.write(self._out, written) :]
        return number

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        number = self.send(method, session, **params)
        with self._heard:
            if not self._heard.wait_for(lambda: number in self._answers or self._closed, PATIENCE):
                raise DevToolsError(f"{method}: no answer")
            if number not in self._answers:
                raise DevToolsError(f"{method}: the browser is gone")
            answer = self._answers.pop(number)
        if "error" in answer:
            raise DevToolsError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    @contextmanager
    def device(self) -> "Iterator[Device]":
        """A browser of its own: storage, cookies and cache of nobody else."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        try:
            yield Device(self, context)
        finally:
            self.call("Target.disposeBrowserContext", browserContextId=context)

    def close(self) -> None:
        """End the browser; by force when it does not."""
        try:
            self.call("Browser.close")
            self._process.wait(PATIENCE)
        except (DevToolsError, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._listener.join(PATIENCE)
        os.close(self._out)
        os.close(self._in)

    def _listen(self) -> None:
        waiting = b""
        while chunk := os.read(self._in, 1 << 20):
            *messages, waiting = (waiting + chunk).split(b"\0")
            with self._heard:
                for message in map(json.loads, messages):
                    if "id" in message:
                        self._answers[message["id"]] = message
                    else:
                        self.events.append(message)
                self._heard.notify_all()
        with self._heard:
            self._closed = True
            self._heard.notify_all()


class Device:
    """One visitor's browser."""

    def __init__(self, browser: Browser, context: str) -> None:
        self._browser = browser
        self._context = context

    def page(self, url: str = "about:blank", **emulated: Any) -> "Page":
        """A new tab."""
        target = self._browser.call(
            "Target.createTarget", url="about:blank", browserContextId=self._context
        )["targetId"]
        page = Page(self._browser, target)
        if emulated:
            page.emulate(**emulated)
        if url != "about:blank":
            page.goto(url)
        return page

    def cookies(self) -> list[dict[str, Any]]:
        """All cookies of this device."""
        found: list[dict[str, Any]] = self._browser.call(
            "Storage.getCookies", browserContextId=self._context
        )["cookies"]
        return found


class Page:
    """A tab."""

    def __init__(self, browser: Browser, target: str) -> None:
        self._browser = browser
        self.target = target
        self._session = browser.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command to this tab."""
        return self._browser.call(method, self._session, **params)

    def events(self, method: str) -> list[dict[str, Any]]:
        """What the tab has told so far."""
        with self._browser._heard:
            return [
                event["params"]
                for event in self._browser.events
                if event["method"] == method and event.get("sessionId") == self._session
            ]

    def emulate(self, *, dark: bool = False, width: int = 0, script: bool = True) -> None:
        """Another kind of device."""
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        if width:
            self.call(
                "Emulation.setDeviceMetricsOverride",
                width=width,
                height=800,
                deviceScaleFactor=1,
                mobile=width < 600,
            )

    def cut_off(self) -> None:
        """No network from now on."""
        self._network(offline=True)

    def connect(self) -> None:
        """The network is there again."""
        self._network(offline=False)

    def _network(self, *, offline: bool) -> None:
        self.call(
            "Network.emulateNetworkConditions",
            offline=offline,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )

    def goto(self, url: str) -> None:
        """Open an address and wait until the page is loaded."""
        before = len(self.events("Page.loadEventFired"))
        answer = self.call("Page.navigate", url=url)
        if "errorText" in answer:
            raise DevToolsError(f"{url}: {answer['errorText']}")
        self.until(lambda: len(self.events("Page.loadEventFired")) > before, f"{url} is loaded")

    def reload(self) -> None:
        """Load the page anew."""
        before = len(self.events("Page.loadEventFired"))
        self.call("Page.reload")
        self.until(lambda: len(self.events("Page.loadEventFired")) > before, "it is loaded again")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page; promises are awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            said = details.get("exception", {}).get("description") or details["text"]
            raise DevToolsError(f"{expression}: {said}")
        return answer["result"].get("value")

    def wait_for(self, condition: str, patience: float = PATIENCE) -> None:
        """Until the condition is true in the page."""

        def is_true() -> bool:
            try:
                return bool(self.evaluate(f"!!({condition})"))
            except DevToolsError:
                # While one page goes and the next comes there is none to ask.
                return False

        self.until(is_true, condition, patience)

    def until(self, condition: Any, what: str, patience: float = PATIENCE) -> None:
        """Wait for something outside of the page."""
        deadline = time.monotonic() + patience
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"it never came true: {what}")
            time.sleep(0.02)

    def fill(self, selector: str, text: str) -> None:
        """Type into a field, as a person does."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """Press and release the mouse over an element."""
        x, y = self.evaluate(
            f"""(() => {{
              const element = document.querySelector({json.dumps(selector)});
              element.scrollIntoView({{ block: "center", behavior: "instant" }});
              const box = element.getBoundingClientRect();
              return [box.x + box.width / 2, box.y + box.height / 2];
            }})()"""
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def text(self) -> str:
        """What a person can read."""
        return str(self.evaluate("document.body.innerText"))

    def screenshot(self, path: Path) -> None:
        """The whole page as a picture."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        picture = self.call(
            "Page.captureScreenshot",
            captureBeyondViewport=True,
            clip={"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1},
        )
        path.write_bytes(base64.b64decode(picture["data"]))

    def complaints(self) -> list[str]:
        """Exceptions of the page's scripts that nobody caught."""
        return [
            event["exceptionDetails"].get("exception", {}).get("description", "")
            or event["exceptionDetails"]["text"]
            for event in self.events("Runtime.exceptionThrown")
        ]

    def close(self) -> None:
        """Close the tab, whatever it is doing."""
        self._browser.call("Target.closeTarget", targetId=self.target)

    def crash(self) -> None:
        """Take the tab's process away; there is nobody left to answer."""
        self._browser.send("Page.crash", self._session)
