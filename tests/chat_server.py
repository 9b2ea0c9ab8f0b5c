"""A small real chat server on loopback, whose answers a test scripts."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def chat_server(reply):
    """Serves until the block ends; ``reply(request, number)`` gives a body, or a status, headers and a body.

    Yields the URL and the list of requests: headers and body of each.
    """
    seen, lock = [], threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                seen.append({"path": self.path, "headers": dict(self.headers), "body": body})
                number = len(seen)
            answer = reply(body, number)
            status, headers, text = answer if isinstance(answer, tuple) else (200, {}, answer)
            text = text if isinstance(text, str) else json.dumps(text)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text.encode()))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answer(text, tokens=None, read=100, written=10):
    """A chat completion."""
    choice = {"message": {"role": "assistant", "content": text}}
    if tokens is not None:
        choice["logprobs"] = {"content": tokens}
    return {"choices": [choice], "usage": {"prompt_tokens": read, "completion_tokens": written}}


@contextmanager
def dripping_server(part):
    """Serves one byte every tenth of a second, of the headers or of the body, and never comes to an end."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"\r\n" if part == "body" else b"X-Long: "))
            try:
                while not stopped.wait(0.1):
                    self.wfile.write(b"1")
            except OSError:
                pass  # the client has hung up

        def log_message(self, *args):
            pass

    stopped = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
