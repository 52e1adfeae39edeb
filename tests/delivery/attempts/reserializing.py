"""Receivers that verify what their JSON library writes, in five languages: each path writes in its own way.

They are what receivers in the field do: the body is parsed first, and verified afterwards.
"""

import sys
from typing import Final

from msgspec import Struct

from tests.docs.receivers import Language

_PYTHON: Final = """\
import hashlib, hmac, json, os
from http.server import BaseHTTPRequestHandler, HTTPServer

WAYS = {
    "/default": lambda parsed, raw: json.dumps(parsed).encode(),
    "/compact": lambda parsed, raw: json.dumps(parsed, separators=(",", ":")).encode(),
    "/unicode": lambda parsed, raw: json.dumps(parsed, ensure_ascii=False).encode(),
    "/sorted": lambda parsed, raw: json.dumps(parsed, sort_keys=True).encode(),
    "/sorted-compact": lambda parsed, raw: json.dumps(parsed, sort_keys=True, separators=(",", ":")).encode(),
    "/canonical": lambda parsed, raw: json.dumps(
        parsed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(),
    "/indented": lambda parsed, raw: json.dumps(parsed, indent=2).encode(),
    "/ascii": lambda parsed, raw: raw.decode("ascii", "ignore").encode(),
    "/same": lambda parsed, raw: json.dumps(parsed, separators=(",", ":"), ensure_ascii=False).encode(),
}

class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        written = WAYS[self.path](json.loads(raw), raw)
        expected = hmac.new(os.environ["WEBHOOK_SECRET"].encode(), written, hashlib.sha256).hexdigest()
        self.send_response(204 if expected == self.headers["X-DCVaaS-Signature"] else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Receiver).serve_forever()
"""

_NODE: Final = """\
import { createHmac } from "node:crypto";
import { createServer } from "node:http";

const ways = {
  "/same": (body) => JSON.stringify(JSON.parse(body)),
  "/latin1": (body) => body.toString("latin1"),
  "/indented": (body) => JSON.stringify(JSON.parse(body), null, 2),
};
createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const written = ways[request.url](Buffer.concat(parts));
    const expected = createHmac("sha256", process.env.WEBHOOK_SECRET).update(written).digest("hex");
    response.writeHead(expected === request.headers["x-dcvaas-signature"] ? 204 : 401).end();
  });
}).listen(Number(process.env.PORT), "127.0.0.1");
"""

_PHP: Final = """\
<?php
$ways = [
    '/default' => 0,
    '/slashes' => JSON_UNESCAPED_SLASHES,
    '/unicode' => JSON_UNESCAPED_UNICODE,
    '/both' => JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE,
];
$written = json_encode(json_decode(file_get_contents('php://input'), true), $ways[$_SERVER['REQUEST_URI']]);
$expected = hash_hmac('sha256', $written, getenv('WEBHOOK_SECRET'));
http_response_code(hash_equals($expected, $_SERVER['HTTP_X_DCVAAS_SIGNATURE']) ? 204 : 401);
"""

_RUBY: Final = """\
require "json"
require "openssl"
require "webrick"

# The library has the option since 2.7; before that, this is what it writes.
SCRIPT_SAFE = lambda do |parsed|
  next JSON.generate(parsed, script_safe: true) if Gem::Version.new(JSON::VERSION) >= Gem::Version.new("2.7")

  JSON.generate(parsed).gsub("/", "\\\\/").gsub(/[\\u2028\\u2029]/) { |each| format("\\\\u%04x", each.ord) }
end
WAYS = {
  "/same" => ->(parsed) { JSON.generate(parsed) },
  "/script-safe" => SCRIPT_SAFE,
  "/slashes" => ->(parsed) { JSON.generate(parsed).gsub("/", "\\\\/") },
  # What to_json of Rails adds to the library's own: ActiveSupport::JSON::Encoding.
  "/rails" => ->(parsed) { JSON.generate(parsed).gsub(/[><&\\u2028\\u2029]/) { |each| format("\\\\u%04x", each.ord) } },
}
quiet = WEBrick::Log.new(File::NULL)
server = WEBrick::HTTPServer.new(BindAddress: "127.0.0.1", Port: ENV.fetch("PORT"), Logger: quiet, AccessLog: [])
server.mount_proc("/") do |request, response|
  written = WAYS.fetch(request.path).call(JSON.parse(request.body))
  expected = OpenSSL::HMAC.hexdigest("SHA256", ENV.fetch("WEBHOOK_SECRET"), written)
  response.status = expected == request["X-DCVaaS-Signature"] ? 204 : 401
end
server.start
"""

_GO: Final = """\
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
)

type event struct {
	Event     string          `json:"event"`
	Timestamp string          `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
	ID        string          `json:"id"`
	Sequence  int64           `json:"sequence"`
}

func write(path string, body []byte) []byte {
	switch path {
	case "/map":
		var parsed map[string]any
		json.Unmarshal(body, &parsed)
		written, _ := json.Marshal(parsed)
		return written
	case "/struct":
		var parsed event
		json.Unmarshal(body, &parsed)
		written, _ := json.Marshal(parsed)
		return written
	}
	var parsed struct {
		Event     string `json:"event"`
		Timestamp string `json:"timestamp"`
		Data      struct {
			EndpointID string `json:"endpoint_id"`
			Message    string `json:"message"`
		} `json:"data"`
		ID       string `json:"id"`
		Sequence int64  `json:"sequence"`
	}
	json.Unmarshal(body, &parsed)
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	encoder.Encode(parsed)
	return bytes.TrimRight(buffer.Bytes(), "\\n")
}

func main() {
	http.HandleFunc("/", func(writer http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		mac := hmac.New(sha256.New, []byte(os.Getenv("WEBHOOK_SECRET")))
		mac.Write(write(request.URL.Path, body))
		if hex.EncodeToString(mac.Sum(nil)) != request.Header.Get("X-DCVaaS-Signature") {
			writer.WriteHeader(http.StatusUnauthorized)
			return
		}
		writer.WriteHeader(http.StatusNoContent)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
"""


class ReserializingReceiver(Struct, frozen=True):
    """A receiver, and what it does at each path: words of the verdict; None where it takes what was sent."""

    language: Language
    source: str
    ways: dict[str, str | None]


UNKNOWN: Final = "It changed the body, as by writing it anew"
WRONG_ENCODING: Final = "It read the body as ISO-8859-1"

RECEIVERS: Final = (
    ReserializingReceiver(
        Language(name="Python", file="receiver.py", programs=[sys.executable], run=[sys.executable, "receiver.py"]),
        _PYTHON,
        {
            "/default": "what json.dumps of Python makes of it",
            "/compact": "json.dumps of Python with compact separators",
            "/unicode": "json.dumps of Python with ensure_ascii=False",
            "/sorted": "json.dumps of Python with sort_keys=True makes",
            "/sorted-compact": "json.dumps of Python with sort_keys=True and compact separators",
            "/canonical": "a library that sorts the members",
            "/indented": "It did not accept a delivery that was rightly signed",
            "/ascii": UNKNOWN,
            "/same": None,
        },
    ),
    ReserializingReceiver(
        Language(name="Node", file="receiver.mjs", programs=["node"], run=["node", "receiver.mjs"]),
        _NODE,
        {
            "/same": None,
            "/latin1": WRONG_ENCODING,
            "/indented": "It did not accept a delivery that was rightly signed",
        },
    ),
    ReserializingReceiver(
        Language(
            name="PHP",
            file="receiver.php",
            programs=["php"],
            run=["php", "-q", "-S", "127.0.0.1:{port}", "receiver.php"],
        ),
        _PHP,
        {
            "/default": "what json_encode of PHP makes of it",
            "/slashes": "json_encode of PHP with JSON_UNESCAPED_SLASHES makes",
            "/unicode": "json_encode of PHP with JSON_UNESCAPED_UNICODE",
            "/both": "json_encode of PHP with JSON_UNESCAPED_SLASHES and JSON_UNESCAPED_UNICODE",
        },
    ),
    ReserializingReceiver(
        Language(name="Ruby", file="receiver.rb", programs=["ruby"], run=["ruby", "receiver.rb"]),
        _RUBY,
        {
            "/same": None,
            "/script-safe": "JSON.generate of Ruby with script_safe",
            "/slashes": "escapes slashes alone",
            "/rails": "to_json of Rails",
        },
    ),
    ReserializingReceiver(
        Language(
            name="Go",
            file="receiver.go",
            programs=["go"],
            compile=["go", "build", "-o", "receiver", "receiver.go"],
            run=["./receiver"],
        ),
        _GO,
        {
            "/map": "json.Marshal of Go with a map",
            "/struct": "json.Marshal of Go with a struct",
            "/plain": "an encoder of Go without the escapes of HTML",
        },
    ),
)
