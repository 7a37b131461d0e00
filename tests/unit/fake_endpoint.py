"""A small OpenAI-compatible server on loopback whose answers a test scripts."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """`hold` is waited for before anything is sent; with `drip_seconds` the body comes byte by byte, so far apart."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hold: threading.Event | None = None
    drip_seconds: float = 0.0


@dataclass
class Served:
    """What the server has seen: request bodies, their headers, and the most requests at the same time."""

    url: str
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def turns_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The turns that a request tells of."""
    found: list[dict[str, Any]] = json.loads(body["messages"][1]["content"])["turns"]
    return found


def completion(content: str) -> bytes:
    """An answer with this text."""
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()


def good(body: dict[str, Any]) -> Answer:
    """One utterance for each turn, wrapped as models like to wrap it."""
    utterances = [f"utterance {number} to {turn['does']}" for number, turn in enumerate(turns_of(body))]
    return Answer(body=completion(f"Sure!\n```json\n{json.dumps({'utterances': utterances})}\n```"))


@contextmanager
def serving(answer: Callable[[dict[str, Any], int], Answer]) -> Iterator[Served]:
    """Run a server; `answer` gets the request's body and how many came before it."""
    served = Served("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with served.lock:
                number = len(served.bodies)
                served.bodies.append({"path": self.path, **body})
                served.headers.append(dict(self.headers.items()))
                served.at_once += 1
                served.most_at_once = max(served.most_at_once, served.at_once)
            try:
                self._send(answer(body, number))
            finally:
                with served.lock:
                    served.at_once -= 1

        def _send(self, scripted: Answer) -> None:
            if scripted.hold is not None:
                scripted.hold.wait(30)
            try:
                self.send_response(scripted.status)
                for name, value in scripted.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(scripted.body)))
                self.end_headers()
                self._write(scripted)
            except OSError:
                self.close_connection = True  # the client has given up, as some tests want

        def _write(self, scripted: Answer) -> None:
            if not scripted.drip_seconds:
                self.wfile.write(scripted.body)
                return
            for byte in scripted.body:
                self.wfile.write(bytes([byte]))
                time.sleep(scripted.drip_seconds)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
