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
            body = state.files.get(self.path.removeprefix("/sketchrnn/"))
            self.send_response(state.refusal if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            if body is not None:
                self.wfile.write(body[: len(body) - state.missing_bytes])

        def log_message(self, *arguments: object) -> None:
            """Tests are quiet."""

    return Handler
