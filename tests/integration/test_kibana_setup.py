"""deploy/kibana-setup.sh against a server that answers as Kibana's import does."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from kibana.generate import FILE

SCRIPT = Path(__file__).parents[2] / "deploy/kibana-setup.sh"
pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="the script runs curl, which is not here")


@pytest.fixture
def kibana():
    """A server on loopback: what it was sent, and what it shall answer."""

    class Import(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.asked.append((self.path, self.headers["kbn-xsrf"], body))
            status, answer = self.server.answer
            self.send_response(status)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Import) as server:
        server.asked, server.answer = [], (200, b'{"success":true,"successCount":1}')
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(server):
    places = {"KIBANA": f"http://127.0.0.1:{server.server_port}", "DASHBOARDS": str(FILE), "ELASTIC_PASSWORD": "x"}
    command = ["sh", SCRIPT]
    return subprocess.run(command, env=os.environ | places, capture_output=True, text=True, check=False, timeout=60)


def test_the_whole_file_is_imported_over_what_is_there(kibana):
    """One request, with the header that Kibana asks for and every line of the file."""
    done = run(kibana)
    assert done.returncode == 0, done.stderr
    ((path, header, body),) = kibana.asked
    assert (path, header) == ("/api/saved_objects/_import?overwrite=true", "newswire")
    assert FILE.read_bytes() in body
    assert b'filename="newswire.ndjson"' in body, "Kibana goes by the ending"


@pytest.mark.parametrize(
    ("status", "answer"),
    [(200, b'{"success":false,"errors":[{"id":"newswire-arrivals"}]}'), (401, b'{"message":"who is it?"}')],
)
def test_an_import_in_part_or_a_refusal_fails_the_job(kibana, status, answer):
    """Kibana says 200 to an import in part; the job fails, tells why, and compose tries again."""
    kibana.answer = status, answer
    done = run(kibana)
    assert done.returncode == 1
    assert answer.decode() in done.stderr
