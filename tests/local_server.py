"""A local HTTP server that stands in for the one that publishes Quick, Draw!."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FileServer:
    """Serves `files` and counts what is asked for."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    """By path below the URL, as it is quoted there."""
    refusal: int = 404
    """The status for all other paths."""
    missing_bytes: int = 0
    """How many bytes short of the promised length a body breaks off."""
    etag: str = ""
    """What names the version of the files; with it, parts can be asked for."""
    promised_more: int = 0
    """How many bytes more than there are the length tells."""
    ranges: list[str] = field(default_factory=list)
    """The ranges asked for, empty where the whole was."""
    requests: list[str] = field(default_factory=list)


@contextmanager
def running_server() -> Iterator[FileServer]:
    """A server on a free port of this machine."""
    state = FileServer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    state.url = f"http://127.0.0.1:{server.server_port}/sketchrnn/"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(state: FileServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.requests.append(self.path)
            state.ranges.append(self.headers.get("Range", ""))
            body = state.files.get(self.path.removeprefix("/sketchrnn/"))
            if body is None:
                self.answer(state.refusal, b"")
                return
            wanted = self.headers.get("Range", "").removeprefix("bytes=").removesuffix("-")
            same = state.etag and self.headers.get("If-Range") == state.etag
            start = int(wanted) if wanted and same else 0
            if start >= len(body):
                self.answer(416, b"")
                return
            self.answer(206 if start else 200, body[start:], start)

        def answer(self, status: int, body: bytes, start: int = 0) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body) + (state.promised_more if body else 0)))
            if state.etag:
                self.send_header("ETag", state.etag)
            if status == 206:
                self.send_header("Content-Range", f"bytes {start}-{start + len(body) - 1}/{start + len(body)}")
            self.end_headers()
            self.wfile.write(body[: len(body) - state.missing_bytes] if state.missing_bytes < len(body) else b"")

        def log_message(self, *arguments: object) -> None:
            """Tests are quiet."""

    return Handler
